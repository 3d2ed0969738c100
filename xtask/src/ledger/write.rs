//! The ledger as people and programs read it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use lmcache_prom::contract::{Catalog, Product};
use serde_json::{Value, json};

use super::fixture::Fixture;
use super::model::{Category, Ledger, Row};
use super::proof::{Level, Outcomes, Shown};
use crate::catalog_import::manifest::Source;

/// Credit of every row, from 0 to 1, and the sums.
pub(crate) struct Score {
    rows: Vec<f64>,
    points: f64,
    of: f64,
    categories: BTreeMap<Category, (f64, usize)>,
    proven: usize,
    parts: usize,
}

impl Score {
    pub(crate) fn new(ledger: &Ledger, outcomes: &Outcomes) -> Self {
        let mut rows = vec![0.0; ledger.row.len()];
        let mut categories: BTreeMap<Category, (f64, usize)> = BTreeMap::new();
        let (mut proven, mut parts) = (0, 0);
        for (index, row) in ledger.row.iter().enumerate().filter(|(_, r)| r.of.is_empty()) {
            let mut sum = 0.0;
            for (p, part) in row.part.iter().enumerate() {
                let credit = outcomes.get(&(index, p)).map_or(0.0, |s| s.level.credit());
                sum += credit;
                parts += 1;
                proven += usize::from(credit > 0.0);
                let category = categories.entry(part.category()).or_default();
                category.0 += credit;
                category.1 += 1;
            }
            rows[index] = sum / row.part.len().max(1) as f64;
        }
        for (index, row) in ledger.row.iter().enumerate().filter(|(_, r)| !r.of.is_empty()) {
            let (mut got, mut all) = (0.0, 0.0);
            for (other, source) in ledger.row.iter().enumerate() {
                if row.of.contains(&source.table) {
                    got += rows[other] * source.weight;
                    all += source.weight;
                }
            }
            rows[index] = if all > 0.0 { got / all } else { 0.0 };
        }
        let (mut points, mut of) = (0.0, 0.0);
        if let Some(first) = ledger.table.first() {
            for (index, row) in ledger.row.iter().enumerate().filter(|(_, r)| r.table == first.id) {
                points += rows[index] * row.weight;
                of += row.weight;
            }
        }
        Self { rows, points, of, categories, proven, parts }
    }

    /// The score in one line.
    pub(crate) fn line(&self) -> String {
        format!(
            "score {:.1} of {:.0}; {} of {} parts proven",
            self.points, self.of, self.proven, self.parts
        )
    }
}

/// The status of a row: the least that any of its parts that is shown has.
fn status(index: usize, row: &Row, outcomes: &Outcomes) -> (Level, usize) {
    let levels: Vec<Level> = (0..row.part.len())
        .filter_map(|p| outcomes.get(&(index, p)).map(|s| s.level))
        .filter(|level| *level != Level::MissingSignal)
        .collect();
    (levels.iter().copied().min().unwrap_or(Level::MissingSignal), levels.len())
}

pub(crate) fn markdown(
    ledger: &Ledger,
    fixtures: &BTreeMap<String, Fixture>,
    outcomes: &Outcomes,
    score: &Score,
    packages: &[Source],
) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# Scoring ledger\n");
    let _ = writeln!(
        out,
        "Written by `cargo xtask ledger`; `cargo xtask ledger --check` fails when it differs. \
         Nobody types a score: every part names a command, and the task runs it on the fixture and \
         on a copy from which the evidence was taken, where it must not hold.\n"
    );
    let _ = writeln!(out, "**{}**\n", score.line());
    let _ = writeln!(
        out,
        "A part is worth its whole share with a fixture of a live server whose report is pinned by \
         a golden snapshot (`live_validated`), {:.0} % with other captured evidence \
         (`fixture_backed`), {:.0} % with evidence that was made (`parser_only`), nothing without \
         (`missing_signal`). A route that changes state is covered when it is known and never \
         called (`destructive_skipped`). The status of a row is the least of its parts that are \
         shown.\n",
        Level::FixtureBacked.credit() * 100.0,
        Level::ParserOnly.credit() * 100.0
    );
    manifest(&mut out, fixtures, packages);
    let _ = writeln!(out, "## Percent by category\n\n| category | parts | shown |\n|---|---|---|");
    for category in Category::ALL {
        if let Some((sum, parts)) = score.categories.get(&category) {
            let share = 100.0 * sum / (*parts).max(1) as f64;
            let _ = writeln!(out, "| {} | {parts} | {share:.0} % |", category.title());
        }
    }
    lowest(&mut out, ledger, outcomes, score);
    for table in &ledger.table {
        let _ = writeln!(out, "\n## {}\n", table.title);
        let _ = writeln!(out, "| row | weight | done | status | parts | missing, and what next |");
        let _ = writeln!(out, "|---|---|---|---|---|---|");
        for (index, row) in ledger.row.iter().enumerate().filter(|(_, r)| r.table == table.id) {
            let (level, shown) = status(index, row, outcomes);
            let (word, parts) = if row.of.is_empty() {
                (level.name().to_owned(), format!("{shown} of {}", row.part.len()))
            } else {
                (format!("from: {}", row.of.join(", ")), "–".to_owned())
            };
            let done = score.rows[index] * row.weight;
            let _ = writeln!(
                out,
                "| {} | {} | {done:.2} | {word} | {parts} | {} |",
                row.name,
                row.weight,
                gaps(index, row, outcomes)
            );
        }
    }
    let _ = writeln!(out, "\n## Proofs\n");
    for (index, row) in ledger.row.iter().enumerate().filter(|(_, r)| r.of.is_empty()) {
        let _ = writeln!(out, "### {}: {}\n", row.table, row.name);
        for (p, part) in row.part.iter().enumerate() {
            let Some(shown) = outcomes.get(&(index, p)) else { continue };
            let _ = writeln!(out, "- {}: {}{}", part.what, shown.level.name(), cpu(fixtures, part));
            if part.missing.is_none() {
                let _ = writeln!(out, "  - `{}`\n  - `{}`", shown.command, shown.expected);
            }
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len());
    out.push('\n');
    out
}

fn cpu(fixtures: &BTreeMap<String, Fixture>, part: &super::model::Part) -> &'static str {
    let fixture = part.fixture.as_ref().and_then(|name| fixtures.get(name));
    if fixture.is_some_and(|f| f.cpu) { " (CPU)" } else { "" }
}

/// What the numbers rest on.
fn manifest(out: &mut String, fixtures: &BTreeMap<String, Fixture>, packages: &[Source]) {
    let catalog = Catalog::new();
    let _ = writeln!(out, "## Sources\n");
    for (product, name) in
        [(Product::Lmcache, "LMCache"), (Product::Vllm, "vLLM"), (Product::Sglang, "SGLang")]
    {
        let releases = catalog.releases(product);
        let held = packages.iter().filter(|p| p.product == product.name()).count();
        if let (Some(first), Some(last)) = (releases.first(), releases.last()) {
            let _ = writeln!(
                out,
                "- contract of {name}: {first} to {last}, {} releases, {held} of them held against \
                 their packages",
                releases.len()
            );
        }
    }
    let _ = writeln!(
        out,
        "- packages that columns of the contract were read from or held against \
         (`xtask/catalog/packages.csv`; [how](catalog-import.md)):\n"
    );
    let _ = writeln!(out, "| package | SHA-256 | built | read |\n|---|---|---|---|");
    for package in packages {
        let _ = writeln!(
            out,
            "| {} {} | `{}` | {} | {} |",
            package.product,
            package.release,
            package.sha256,
            if package.built.is_empty() { "–" } else { &package.built },
            package.read
        );
    }
    out.push('\n');
    let _ = writeln!(
        out,
        "- fixtures that a part names, {} of them ([all](fixtures.md)):\n",
        fixtures.len()
    );
    let _ = writeln!(out, "| fixture | claim | versions | report pinned |\n|---|---|---|---|");
    for fixture in fixtures.values() {
        let _ = writeln!(
            out,
            "| `{}` | {}{} | {} | {} |",
            fixture.name,
            fixture.claim,
            if fixture.cpu { ", CPU" } else { "" },
            fixture.versions.join(", "),
            if fixture.pinned { "yes" } else { "no" }
        );
    }
    out.push('\n');
}

/// The rows that are furthest from done, by the points that they lack.
fn lowest(out: &mut String, ledger: &Ledger, outcomes: &Outcomes, score: &Score) {
    let mut rows: Vec<(usize, &Row)> = ledger
        .row
        .iter()
        .enumerate()
        .filter(|(index, row)| row.of.is_empty() && score.rows[*index] < 1.0)
        .collect();
    rows.sort_by(|a, b| score.rows[a.0].total_cmp(&score.rows[b.0]).then(a.0.cmp(&b.0)));
    if rows.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n## The lowest rows, and what would raise them\n");
    for (index, row) in rows.iter().take(10) {
        let share = 100.0 * score.rows[*index];
        let _ = writeln!(
            out,
            "1. **{}** ({}), {share:.0} %: {}",
            row.name,
            row.table,
            gaps(*index, row, outcomes)
        );
    }
}

fn gaps(index: usize, row: &Row, outcomes: &Outcomes) -> String {
    let mut out = Vec::new();
    for (p, part) in row.part.iter().enumerate() {
        let shown: Option<&Shown> = outcomes.get(&(index, p));
        if let Some(missing) = &part.missing {
            let next = part.next.as_deref().unwrap_or_default();
            out.push(format!("{missing}: `{next}`"));
        } else if shown.is_some_and(|s| s.broken.is_some()) {
            out.push(format!("the proof of \"{}\" does not hold", part.what));
        }
    }
    if out.is_empty() { "–".into() } else { out.join("; ") }
}

pub(crate) fn json(
    ledger: &Ledger,
    fixtures: &BTreeMap<String, Fixture>,
    outcomes: &Outcomes,
    score: &Score,
    packages: &[Source],
) -> Result<String> {
    let round = |value: f64| (value * 1000.0).round() / 1000.0;
    let tables: Vec<Value> = ledger
        .table
        .iter()
        .map(|table| {
            let rows: Vec<Value> = ledger
                .row
                .iter()
                .enumerate()
                .filter(|(_, r)| r.table == table.id)
                .map(|(index, row)| {
                    let parts: Vec<Value> = row
                        .part
                        .iter()
                        .enumerate()
                        .filter_map(|(p, part)| Some((part, outcomes.get(&(index, p))?)))
                        .map(|(part, shown)| {
                            json!({
                                "what": part.what,
                                "status": shown.level.name(),
                                "fixture": part.fixture,
                                "command": shown.command,
                                "expected": shown.expected,
                                "missing": part.missing,
                                "next": part.next,
                            })
                        })
                        .collect();
                    json!({
                        "name": row.name,
                        "weight": row.weight,
                        "done": round(score.rows[index] * row.weight),
                        "status": row.of.is_empty().then(|| status(index, row, outcomes).0.name()),
                        "of": row.of,
                        "parts": parts,
                    })
                })
                .collect();
            json!({"id": table.id, "title": table.title, "points": table.points, "rows": rows})
        })
        .collect();
    let categories: BTreeMap<String, Value> = score
        .categories
        .iter()
        .map(|(c, (sum, parts))| {
            let share = round(sum / (*parts).max(1) as f64);
            (c.title().to_owned(), json!({"parts": parts, "share": share}))
        })
        .collect();
    let fixtures: Vec<Value> = fixtures
        .values()
        .map(|f| json!({"name": f.name, "claim": f.claim, "versions": f.versions, "cpu": f.cpu, "pinned": f.pinned}))
        .collect();
    let all = json!({
        "schema": "inferguard/scoring-ledger/v1",
        "score": round(score.points),
        "of": score.of,
        "parts": score.parts,
        "parts_proven": score.proven,
        "packages": packages,
        "categories": categories,
        "fixtures": fixtures,
        "tables": tables,
    });
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}
