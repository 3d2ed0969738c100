//! Writing a column: rows close, rows begin, labels come and go; what was judged stays.

use lmcache_prom::contract::Release;

use super::drift::Drift;
use super::facts::{Fact, Kind, Reading};
use super::tables::layout::{Layout, Releases, cell};
use super::tables::lines::Line;
use super::tables::{Catalog, Entry, spans};

/// What stands where a person has not judged yet. It is what claims least.
const UNJUDGED: &str = "not judged yet";

/// Where metrics of LMCache are told of: beginning of the name, part of the table's path, signal.
const METRIC_TABLES: &[(&str, &str, &str)] = &[
    ("lmcache_blend", "lmcache-mp", "blend"),
    ("lmcache_coordinator", "lmcache-mp", "coordinator"),
    ("lmcache_mp", "lmcache-mp", "mp"),
    ("vllm:lmcache_mp_", "lmcache-mp", "vllm"),
    ("lmcache:cache_controller_", "lmcache-embedded", "controller"),
    ("lmcache:", "lmcache-embedded", "embedded"),
    ("vllm:", "vllm", "vllm"),
    ("sglang:", "sglang", "sglang"),
];

/// Writes the column of a release into a catalog that ends before it, or that has it already: what
/// is there stays as it was judged.
pub(crate) fn write(
    mut catalog: Catalog,
    drift: &Drift,
    reading: &Reading,
    (previous, release): (Release, Release),
) -> Catalog {
    let old = catalog.column(previous);
    let there = catalog.column(release);
    let has = |kind: Kind, key: &str| there.get(&(kind, key.to_owned()));
    if !catalog.order.contains(&release) {
        catalog.order.push(release);
        catalog.set_order();
    }
    if catalog.product == "lmcache"
        && catalog.build(release).is_none()
        && let Some(build) = reading.of(Kind::Build).next()
    {
        let row = vec![release.to_string(), build.key.clone()];
        catalog.commits.lines.push(Line::Row(row));
    }
    for (kind, key) in &drift.gone {
        catalog.close(*kind, key, previous);
    }
    let layout_of =
        |catalog: &Catalog, entry: &Entry| catalog.tables.get(entry.table).map(|(l, _)| *l);
    for change in drift.changes.iter().filter(|c| c.what == "type") {
        if has(change.kind, &change.key).is_some_and(|e| cell(&e.row, 3) == change.new) {
            continue;
        }
        catalog.close(change.kind, &change.key, previous);
        let Some(entry) = old.get(&(change.kind, change.key.clone())) else { continue };
        let Some(layout) = layout_of(&catalog, entry) else { continue };
        let mut row = begun(&layout, &entry.row, release);
        set(&mut row, 3, &change.new);
        catalog.insert(entry.table, row);
    }
    for rename in &drift.renamed {
        catalog.close(rename.kind, &rename.old, previous);
        if has(rename.kind, &rename.new).is_some() {
            continue;
        }
        let Some(entry) = old.get(&(rename.kind, rename.old.clone())) else { continue };
        let Some(layout) = layout_of(&catalog, entry) else { continue };
        let mut row = begun(&layout, &entry.row, release);
        renamed(&layout, &mut row, &rename.old, &rename.new);
        let fact = reading.get(rename.kind, &rename.new);
        if let (Kind::Metric, Some(fact)) = (rename.kind, fact) {
            metric(&mut row, fact);
            set(&mut row, 9, &labels_of(fact));
        }
        catalog.insert(entry.table, row);
        if rename.kind == Kind::Route {
            let next = rename.new.rsplit(' ').next().unwrap_or_default().to_owned();
            catalog.change(rename.kind, &rename.old, previous, |_, row| set(row, 9, &next));
        }
    }
    for (kind, key) in &drift.new {
        let Some(fact) = reading.get(*kind, key) else { continue };
        if has(*kind, key).is_none()
            && let Some(number) = table_of(&catalog, fact)
        {
            catalog.insert(number, fresh(fact, release));
        }
    }
    for change in &drift.labels {
        let mark = if change.kind == Kind::Metric { "?" } else { "" };
        let known = has(change.kind, &change.key).map(|e| e.labels.clone()).unwrap_or_default();
        let differing = |names: &[String], there: bool| -> Vec<String> {
            names.iter().filter(|n| known.contains_key(*n) == there).cloned().collect()
        };
        let (came, went) = (differing(&change.came, false), differing(&change.went, true));
        catalog.change(change.kind, &change.key, release, |layout, row| {
            let (Some((at, marks_last)), Some(own)) = (layout.labels, layout.span(row)) else {
                return;
            };
            if own.from == Some(release) {
                return;
            }
            let releases = (previous, release);
            let text =
                spans::change(cell(row, at), own, releases, (&came, &went), mark, marks_last);
            set(row, at, &text);
        });
    }
    catalog
}

fn set(row: &mut [String], at: usize, text: &str) {
    if let Some(cell) = row.get_mut(at) {
        text.clone_into(cell);
    }
}

/// A row as it begins anew with a release.
fn begun(layout: &Layout, row: &[String], release: Release) -> Vec<String> {
    let mut row = row.to_vec();
    match layout.releases {
        Releases::Columns(from, to, open) => {
            set(&mut row, from, &release.to_string());
            set(&mut row, to, open);
        }
        Releases::Dotted(at) => set(&mut row, at, &format!("{release}..")),
    }
    if let Some((at, marks_last)) = layout.labels {
        let kept: Vec<spans::Member> = spans::members(cell(&row, at))
            .into_iter()
            .filter(|m| m.span.has(release))
            .map(|m| spans::Member { span: spans::Span { from: None, to: None }, ..m })
            .collect();
        set(&mut row, at, &spans::cell(&kept, marks_last));
    }
    row
}

fn renamed(layout: &Layout, row: &mut [String], old: &str, new: &str) {
    if let [at] = layout.key {
        set(row, *at, new);
        return;
    }
    let parts: Vec<&str> = new.splitn(layout.key.len(), ' ').collect();
    for (at, part) in layout.key.iter().zip(parts) {
        set(row, *at, part);
    }
    if layout.kind == Kind::Route {
        set(row, 8, old.rsplit(' ').next().unwrap_or_default());
        set(row, 9, "");
    }
}

fn labels_of(fact: &Fact) -> String {
    let names = fact.labels.names.iter();
    names
        .map(|(name, optional)| format!("{name}{}", if *optional { "?" } else { "" }))
        .collect::<Vec<_>>()
        .join(" ")
}

fn metric(row: &mut [String], fact: &Fact) {
    set(row, 1, &fact.key);
    set(row, 2, fact.says("otel"));
    set(row, 3, fact.says("type"));
    if !fact.says("otel").is_empty() {
        set(row, 4, fact.says("unit"));
    }
}

/// The table for a new fact.
fn table_of(catalog: &Catalog, fact: &Fact) -> Option<usize> {
    let part = if fact.kind == Kind::Metric {
        METRIC_TABLES.iter().find(|(prefix, ..)| fact.key.starts_with(prefix))?.1
    } else {
        ""
    };
    catalog.tables.iter().position(|(l, _)| l.kind == fact.kind && l.path.contains(part))
}

/// A row for a name that nobody judged: it claims as little as a row can.
fn fresh(fact: &Fact, release: Release) -> Vec<String> {
    let release = release.to_string();
    let names: Vec<String> = fact.labels.names.keys().cloned().collect();
    let (labels, signal, names) = (labels_of(fact), signal(fact), names.join(" "));
    let cells: Vec<&str> = match fact.kind {
        Kind::Metric => {
            let (otel, unit) = (fact.says("otel"), fact.says("unit"));
            let kind = fact.says("type");
            vec![&signal, &fact.key, otel, kind, unit, &release, "-", "first_use", "", &labels, ""]
        }
        Kind::Route => {
            let method = fact.says("method");
            let class = if method == "GET" { "conditional" } else { "mutating" };
            vec![
                fact.says("component"),
                method,
                fact.says("path"),
                &release,
                "-",
                class,
                UNJUDGED,
                "",
                "",
                "",
                "",
                "",
            ]
        }
        Kind::Span => {
            vec![&fact.key, fact.says("tracer"), "", "phase", &release, "-", &names]
        }
        Kind::TracedCall => vec![&fact.key, &release, "-", &names],
        Kind::Codec => vec![&fact.key, &release, "-"],
        Kind::ConfigKey => vec![&fact.key, &release, ""],
        Kind::Connector => {
            let source = format!("vllm {release}");
            return ["vllm", &fact.key, "other", &release, "", &source, ""]
                .map(str::to_owned)
                .to_vec();
        }
        _ => vec![&fact.key],
    };
    cells.into_iter().map(str::to_owned).collect()
}

fn signal(fact: &Fact) -> String {
    let Some((prefix, _, head)) =
        METRIC_TABLES.iter().find(|(prefix, ..)| fact.key.starts_with(prefix))
    else {
        return fact.key.clone();
    };
    let name = if fact.says("otel").is_empty() { fact.key.as_str() } else { fact.says("otel") };
    let name = name.strip_prefix(prefix).unwrap_or(name);
    let name = name.strip_suffix("_total").unwrap_or(name);
    let inner = if *prefix == "vllm:lmcache_mp_" { "lmcache_mp_" } else { "" };
    format!("{head}.{inner}{}", name.trim_start_matches(['.', '_', ':']))
}
