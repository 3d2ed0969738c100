//! `cargo xtask catalog`: contract tables (CSV, written by people) to Rust tables.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::generated::{Mode, ensure_contents};

/// CSV file stem, generated module, releases of the product in order.
const TABLES: &[(&str, &str)] = &[
    ("lmcache-mp", "lmcache_mp"),
    ("lmcache-embedded", "lmcache_embedded"),
    ("vllm", "vllm"),
    ("sglang", "sglang"),
];

const CONTRACT: &str = "crates/lmcache-prom/contract";
const OUT: &str = "crates/lmcache-prom/src/contract/tables";

/// Regenerates, or with `Mode::Check` verifies, the Rust tables.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let mut events = BTreeSet::new();
    let event_rows = rows(&root.join(CONTRACT).join("events.csv"))?;
    for row in &event_rows {
        ensure!(events.insert(row[0].clone()), "events.csv: {} stands twice", row[0]);
    }
    let releases = read_releases(&root.join(CONTRACT).join("releases.csv"))?;
    let mut signals = BTreeSet::new();
    let mut all = Vec::new();
    for (stem, module) in TABLES {
        let file = root.join(CONTRACT).join(format!("{stem}.csv"));
        let table = rows(&file)?;
        for (n, row) in table.iter().enumerate() {
            check_row(row, &events).with_context(|| format!("{}: entry {}", stem, n + 1))?;
            signals.insert(row[0].clone());
        }
        all.push((*module, table));
    }
    for row in &event_rows {
        for signal in row[1].split_whitespace() {
            ensure!(signals.contains(signal), "events.csv: {}: no signal {signal}", row[0]);
        }
    }
    for (module, table) in &all {
        for row in table {
            for signal in row[10].split_whitespace() {
                ensure!(signals.contains(signal), "{module}: {}: no signal {signal}", row[0]);
            }
        }
    }
    let command = "cargo xtask catalog";
    for (module, table) in &all {
        let text = render_table(module, table)?;
        ensure_contents(&root.join(OUT).join(format!("{module}.rs")), &text, mode, command)?;
    }
    ensure_contents(&root.join(OUT).join("events.rs"), &render_events(&event_rows), mode, command)?;
    ensure_contents(&root.join(OUT).join("releases.rs"), &render_releases(&releases), mode, command)
}

fn rows(path: &Path) -> Result<Vec<Vec<String>>> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(b'|')
        .comment(Some(b'#'))
        .quoting(false)
        .from_path(path)
        .with_context(|| format!("{}", path.display()))?;
    let mut out = Vec::new();
    for record in reader.records() {
        let record = record.with_context(|| format!("{}", path.display()))?;
        out.push(record.iter().map(str::to_owned).collect());
    }
    Ok(out)
}

fn read_releases(path: &Path) -> Result<BTreeMap<String, Vec<String>>> {
    let mut out = BTreeMap::new();
    for row in rows(path)? {
        out.insert(row[0].clone(), row[2].split_whitespace().map(str::to_owned).collect());
    }
    Ok(out)
}

fn check_row(row: &[String], events: &BTreeSet<String>) -> Result<()> {
    ensure!(row.len() == 11, "{} columns, not 11", row.len());
    ensure!(!row[0].is_empty() && !row[1].is_empty(), "a signal and a name are needed");
    release(&row[5])?;
    if row[6] != "-" {
        release(&row[6])?;
    }
    when(&row[7])?;
    if let Some(event) = row[7].strip_prefix("after:") {
        ensure!(events.contains(event), "{}: event {event} is not in events.csv", row[0]);
    }
    for label in row[9].split_whitespace() {
        label_rule(label)?;
    }
    Ok(())
}

fn release(text: &str) -> Result<String> {
    let (body, post) = match text.split_once(".post") {
        Some((body, post)) => (body, post.parse::<u16>().context("post number")?),
        None => (text, 0),
    };
    let n: Vec<u16> = body
        .split('.')
        .map(str::parse)
        .collect::<Result<_, _>>()
        .with_context(|| format!("release {text:?}"))?;
    ensure!(n.len() == 3, "release {text:?}");
    Ok(format!("r({}, {}, {}, {post})", n[0], n[1], n[2]))
}

fn when(text: &str) -> Result<String> {
    Ok(match text.split_once(':') {
        Some(("with", x)) => format!("W::With({x:?})"),
        Some(("after", x)) => format!("W::After({x:?})"),
        Some(("failure", x)) => format!("W::Failure({x:?})"),
        Some(("sampled", x)) => format!("W::Sampled({x:?})"),
        None if text == "in_flight" => "W::InFlight".into(),
        None if text == "first_use" => "W::FirstUse".into(),
        _ => bail!("when {text:?} is not known"),
    })
}

fn label_rule(text: &str) -> Result<String> {
    let (head, span) = match text.split_once('@') {
        Some((head, span)) => (head, Some(span)),
        None => (text, None),
    };
    let (name, optional) = match head.strip_suffix('?') {
        Some(name) => (name, true),
        None => (head, false),
    };
    let (from, to) = match span {
        None => ("None".to_owned(), "None".to_owned()),
        Some(span) => match span.split_once("..") {
            Some((a, b)) => (format!("Some({})", release(a)?), format!("Some({})", release(b)?)),
            None => (format!("Some({})", release(span)?), "None".to_owned()),
        },
    };
    Ok(format!("l({name:?}, {optional}, {from}, {to})"))
}

fn strings(words: &str) -> String {
    let quoted: Vec<String> = words.split_whitespace().map(|w| format!("{w:?}")).collect();
    format!("&[{}]", quoted.join(", "))
}

fn component(signal: &str) -> Result<&'static str> {
    Ok(match signal.split('.').next().unwrap_or_default() {
        "mp" => "C::Mp",
        "blend" => "C::Blend",
        "coordinator" => "C::Coordinator",
        "embedded" => "C::Embedded",
        "controller" => "C::Controller",
        "vllm" if signal.starts_with("vllm.lmcache_mp_") => "C::Connector",
        "vllm" | "sglang" => "C::Engine",
        other => bail!("signal prefix {other:?} is not known"),
    })
}

const HEAD: &str =
    "// Generated by `cargo xtask catalog` from the tables in `contract/`. Do not edit.\n";

fn render_table(module: &str, table: &[Vec<String>]) -> Result<String> {
    let mut out = String::from(HEAD);
    out.push_str("#![cfg_attr(rustfmt, rustfmt_skip)]\n\n");
    out.push_str("use super::{C, K, SpellingRow as S, W, l, r};\n");
    if !table.iter().any(|row| row[9].contains(|_| true)) {
        out = out.replace(", l, r}", ", r}");
    }
    let _ = write!(
        out,
        "\n/// Spellings of `{module}`.\npub(in crate::contract) const ROWS: &[S] = &[\n"
    );
    for row in table {
        let labels: Vec<String> =
            row[9].split_whitespace().map(label_rule).collect::<Result<_>>()?;
        let kind = match row[3].as_str() {
            "counter" => "K::Counter",
            "gauge" => "K::Gauge",
            "histogram" => "K::Histogram",
            "summary" => "K::Summary",
            other => bail!("type {other:?}"),
        };
        let to =
            if row[6] == "-" { "None".to_owned() } else { format!("Some({})", release(&row[6])?) };
        let _ = writeln!(
            out,
            "    S {{ signal: {:?}, name: {:?}, otel: {:?}, kind: {kind}, unit: {:?}, from: {}, to: {to}, when: {}, needs: {}, labels: &[{}], nearest: {}, component: {} }},",
            row[0],
            row[1],
            row[2],
            row[4],
            release(&row[5])?,
            when(&row[7])?,
            strings(&row[8]),
            labels.join(", "),
            strings(&row[10]),
            component(&row[0])?,
        );
    }
    out.push_str("];\n");
    Ok(out)
}

fn render_events(table: &[Vec<String>]) -> String {
    let mut out = String::from(HEAD);
    out.push_str("#![cfg_attr(rustfmt, rustfmt_skip)]\n\nuse crate::contract::EventRule as E;\n\n");
    out.push_str(
        "/// What one event proves about others.\npub(in crate::contract) const ROWS: &[E] = &[\n",
    );
    for row in table {
        let _ = writeln!(
            out,
            "    E {{ event: {:?}, proved_by: {}, implies: {}, unless: {}, meaning: {:?} }},",
            row[0],
            strings(&row[1]),
            strings(&row[2]),
            strings(&row[3]),
            row[4]
        );
    }
    out.push_str("];\n");
    out
}

fn render_releases(table: &BTreeMap<String, Vec<String>>) -> String {
    let mut out = String::from(HEAD);
    out.push_str(
        "#![cfg_attr(rustfmt, rustfmt_skip)]\n\nuse super::r;\nuse crate::contract::Release;\n",
    );
    for (product, releases) in table {
        let list: Vec<String> = releases.iter().map(|x| release(x).unwrap_or_default()).collect();
        let _ = write!(
            out,
            "\n/// Examined releases of {product}, oldest first.\npub(in crate::contract) const {}: &[Release] = &[{}];\n",
            product.to_uppercase(),
            list.join(", ")
        );
    }
    out
}
