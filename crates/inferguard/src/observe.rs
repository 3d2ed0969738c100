//! From the pages of a target to what the coverage model is given.

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::{Observation, Source, Target};
use lmcache_prom::Scrape;
use lmcache_prom::contract::{Catalog, Part, Product, SeenName, infer};

use crate::packet::Export;

/// Labels whose values the model asks about.
const ASKED_LABELS: &[&str] = &["cache_type", "cache_source", "role"];

/// Prefixes of names that belong to a product whose contract is known.
const PREFIXES: &[&str] = &["lmcache", "vllm:", "sglang:"];

/// Prefixes of series that every Python process exposes.
const PROCESS: &[&str] = &["process_", "python_", "target_info"];

/// Series that the process collector of every Prometheus client library on Linux exposes together
/// (Python's `prometheus_client` 0.25: one block that either gives all or none). Checked on the
/// captured packets: all 410 pages that have one of them have all.
const PROCESS_COLLECTOR: &[&str] = &[
    "process_virtual_memory_bytes",
    "process_resident_memory_bytes",
    "process_start_time_seconds",
    "process_cpu_seconds_total",
];

/// The series of the process collector that is there, and the one that should be beside it and
/// is not: then something took series off the page.
fn taken_off(scrape: &Scrape) -> Option<(&'static str, &'static str)> {
    let has = |name: &&&str| scrape.series(name).next().is_some();
    let there = PROCESS_COLLECTOR.iter().find(has)?;
    let gone = PROCESS_COLLECTOR.iter().find(|name| !has(name))?;
    Some((there, gone))
}

/// One page of a target, and where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sight<'a> {
    /// Path of its artifact.
    pub(crate) path: &'a str,
    /// Where the page is one export of a file.
    pub(crate) export: Option<Export>,
    /// The page.
    pub(crate) scrape: &'a Scrape,
}

/// Builds the model's target from the scrapes of one process, in order of time.
pub(crate) fn target(catalog: &Catalog, role: &str, scrapes: &[Sight<'_>]) -> Target {
    let mut out = Target { role: role.to_owned(), ..Target::default() };
    let mut labels: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for &Sight { path, export, scrape } in scrapes {
        if out.artifacts.last().is_none_or(|last| last != path) {
            out.artifacts.push(path.to_owned());
        }
        let mut counts: BTreeMap<&'static str, (u64, u64)> = BTreeMap::new();
        for name in scrape.sample_names() {
            let Some(named) = catalog.name(name) else {
                if PREFIXES.iter().any(|p| name.starts_with(p)) {
                    out.unknown_names.insert(name.to_owned());
                } else if PROCESS.iter().any(|p| name.starts_with(p)) {
                    out.process_series = true;
                }
                continue;
            };
            let Some(spelling) = named.newest() else { continue };
            let seen = labels.entry(name.to_owned()).or_default();
            let observed = out.signals.entry(spelling.signal).or_default();
            if named.part == Part::Created {
                // A timestamp: proves that the series exists, says nothing of its value.
                observed.names.insert(base_name(name, named.part).to_owned());
                continue;
            }
            observed.names.insert(base_name(name, named.part).to_owned());
            seen.extend(scrape.empty_labels(name).map(str::to_owned));
            let counted = matches!(named.part, Part::Value | Part::Count);
            let (series, nonzero) = counts.entry(spelling.signal).or_default();
            for one in scrape.series(name) {
                for (label, value) in one.labels() {
                    if !seen.contains(label) {
                        seen.insert(label.to_owned());
                    }
                    if let Some(asked) = ASKED_LABELS.iter().find(|a| **a == label)
                        && !value.is_empty()
                    {
                        observed.labels.entry(asked).or_default().insert(value.to_owned());
                    }
                }
                if !counted {
                    continue;
                }
                *series += 1;
                let value = one.value();
                let live = value != 0.0 && !value.is_nan();
                *nonzero += u64::from(live);
                let at = export.map_or_else(|| Some(one.line()), |e| e.line);
                note_source(observed, (path, at), name, value, live);
            }
        }
        for (signal, (series, nonzero)) in counts {
            if let Some(observed) = out.signals.get_mut(signal) {
                observed.series = observed.series.max(series);
                observed.nonzero = observed.nonzero.max(nonzero);
            }
        }
    }
    // A whole page among them shows what belongs there.
    let holes: Option<Vec<_>> = scrapes.iter().map(|one| taken_off(one.scrape)).collect();
    if let Some((there, gone)) = holes.and_then(|all| all.first().copied()) {
        out.taken_off = Some(format!("{there} is there without {gone}"));
    }
    let names: Vec<SeenName<'_>> = labels
        .iter()
        .map(|(name, l)| SeenName { name, labels: l.iter().map(String::as_str).collect() })
        .collect();
    for product in [Product::Lmcache, Product::Vllm, Product::Sglang] {
        if let Some(inference) = infer(catalog, product, &names) {
            out.releases.insert(product, inference);
        }
    }
    out
}

/// Keeps the last sighting, and a live one rather than a zero.
fn note_source(
    observed: &mut Observation,
    (path, line): (&str, Option<u64>),
    name: &str,
    value: f64,
    nonzero: bool,
) {
    let kept_is_live =
        observed.source.as_ref().and_then(|s| s.value.as_deref()).is_some_and(|v| v != "0");
    if kept_is_live && !nonzero {
        return;
    }
    observed.source = Some(Source {
        artifact: path.to_owned(),
        line,
        what: name.to_owned(),
        value: Some(number(value)),
    });
}

/// A number as people write it: no exponent, no trailing zeros.
pub(crate) fn number(value: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let size = value.abs();
    if !(1e-4..1e15).contains(&size) {
        return format!("{value:e}");
    }
    let text = if size >= 1000.0 { format!("{value:.1}") } else { format!("{value:.6}") };
    let text =
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    text.to_owned()
}

/// The family's name behind a sample name.
pub(crate) fn base_name(name: &str, part: Part) -> &str {
    let suffix = match part {
        Part::Bucket => "_bucket",
        Part::Sum => "_sum",
        Part::Count => "_count",
        Part::Created => "_created",
        Part::Value => return name,
    };
    name.strip_suffix(suffix).unwrap_or(name)
}
