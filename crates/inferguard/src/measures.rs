//! Numbers of one target over time: windows, ratios, totals, gauges, histograms.
//!
//! A ratio is taken over a window and over one process, never over lifetime totals when there
//! are two scrapes; a restart ends a window.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::{Catalog, Part, SeriesType};
use lmcache_prom::{Histogram, Restart, Scrape, Timeline, Window};
use serde::Serialize;

use crate::observe::base_name;

/// One scrape of a target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ScrapeRow {
    /// Artifact it was read from.
    pub artifact: String,
    /// Seconds since 1970, where known.
    pub at: Option<f64>,
    /// Index of the process in `processes`.
    pub process: usize,
}

/// Last, smallest and largest value of a gauge, summed over its label sets.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GaugeRow {
    /// In the last scrape that has it.
    pub last: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Largest value of a single label set: of a share, the sum says nothing.
    pub largest: f64,
    /// Number of scrapes that have it.
    pub present_in: usize,
}

/// A histogram over its label sets.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HistogramRow {
    /// Observations.
    pub count: f64,
    /// Their sum, in the family's unit.
    pub sum: f64,
    /// `sum / count`; `null` without observations.
    pub mean: Option<f64>,
    /// Median by interpolation, with the bounds of its bucket.
    pub p50: Option<QuantileRow>,
    /// 99th percentile by interpolation, with the bounds of its bucket.
    pub p99: Option<QuantileRow>,
}

/// A quantile that a histogram gives, and how far it may be off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct QuantileRow {
    /// Interpolated value.
    pub value: f64,
    /// Lower bound of the bucket that holds it; `null` for none.
    pub above: Option<f64>,
    /// Upper bound of the bucket that holds it; `null` for none.
    pub up_to: Option<f64>,
}

/// One process of a target: from its start, or the first scrape, to its end.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessRow {
    /// `process_start_time_seconds`, where the page has it.
    pub started: Option<f64>,
    /// Counters at its last scrape, summed over label sets.
    pub counters: BTreeMap<String, f64>,
    /// Gauges over its scrapes.
    pub gauges: BTreeMap<String, GaugeRow>,
    /// Histograms at its last scrape.
    pub histograms: BTreeMap<String, HistogramRow>,
}

/// A ratio over one window.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RatioRow {
    /// `lookup_hit_rate`, `external_prefix_hit_rate`, ...
    pub ratio: String,
    /// Numerator over the window.
    pub hit: f64,
    /// Denominator over the window.
    pub requested: f64,
    /// `hit / requested`; `null` when nothing was requested.
    pub rate: Option<f64>,
    /// Unit of both.
    pub unit: String,
    /// The same by model and cache salt, where there is more than one of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by: Vec<RatioSplit>,
}

/// A ratio for one label set.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RatioSplit {
    /// Label name.
    pub label: String,
    /// Label value; empty for series without it.
    pub value: String,
    /// Numerator.
    pub hit: f64,
    /// Denominator.
    pub requested: f64,
    /// `hit / requested`.
    pub rate: Option<f64>,
}

/// The time between two scrapes.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct WindowRow {
    /// Artifact of the first scrape.
    pub from: String,
    /// Artifact of the second scrape.
    pub to: String,
    /// Length in seconds, where both times are known.
    pub seconds: Option<f64>,
    /// Why the process is another one at the end; such a window gives no ratio.
    pub restart: Option<String>,
    /// Ratios over the window.
    pub ratios: Vec<RatioRow>,
    /// Counters that grew, and by how much.
    pub increases: BTreeMap<String, f64>,
}

/// All numbers of one target.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Measures {
    /// Scrapes in order of time.
    pub scrapes: Vec<ScrapeRow>,
    /// Processes in order of time.
    pub processes: Vec<ProcessRow>,
    /// Windows between scrapes.
    pub windows: Vec<WindowRow>,
    /// Counters: last values, summed over label sets and over processes.
    pub totals: BTreeMap<String, f64>,
    /// LMCache's counters and gauges, and how many requests run and wait, scrape by scrape;
    /// `null` where a scrape lacks one.
    pub by_scrape: BTreeMap<String, Vec<Option<f64>>>,
}

/// A ratio that reports show: id, unit, numerator, denominator.
const RATIOS: &[(&str, &str, &str, &str)] = &[
    ("lookup_hit_rate", "tokens", "mp.lookup.hit_tokens", "mp.lookup.requested_tokens"),
    ("blend_lookup_hit_rate", "tokens", "blend.lookup.hit_tokens", "blend.lookup.requested_tokens"),
    (
        "embedded_lookup_hit_rate",
        "tokens",
        "embedded.num_lookup_hits",
        "embedded.num_lookup_tokens",
    ),
    (
        "embedded_retrieve_hit_rate",
        "tokens",
        "embedded.num_hit_tokens",
        "embedded.num_requested_tokens",
    ),
    ("local_prefix_hit_rate", "tokens", "vllm.prefix_cache_hits", "vllm.prefix_cache_queries"),
    (
        "external_prefix_hit_rate",
        "tokens",
        "vllm.external_prefix_cache_hits",
        "vllm.external_prefix_cache_queries",
    ),
];

/// Gauges of engines that are kept scrape by scrape: only together with each other they tell.
const REQUESTS_AT_ONCE: &[&str] = &[
    "vllm:num_requests_running",
    "vllm:num_requests_waiting",
    "sglang:num_running_reqs",
    "sglang:num_queue_reqs",
];

/// What a ratio is called in prose.
pub(crate) fn ratio_title(id: &str) -> &'static str {
    match id {
        "lookup_hit_rate" => "LMCache lookups",
        "blend_lookup_hit_rate" => "CacheBlend lookups",
        "embedded_lookup_hit_rate" => "LMCache lookups (embedded)",
        "embedded_retrieve_hit_rate" => "LMCache retrieves (embedded)",
        "local_prefix_hit_rate" => "vLLM's own prefix cache",
        _ => "vLLM's external cache (promised)",
    }
}

/// Takes the numbers of a target.
pub(crate) fn take(catalog: &Catalog, timeline: &Timeline, paths: &[String]) -> Measures {
    let path = |id: usize| paths.get(id).cloned().unwrap_or_default();
    let windows = timeline.windows();
    let mut process = 0usize;
    let mut scrapes = Vec::new();
    for (i, captured) in timeline.scrapes().iter().enumerate() {
        if i > 0 && windows.get(i - 1).is_some_and(|w| w.restart.is_some()) {
            process += 1;
        }
        scrapes.push(ScrapeRow { artifact: path(captured.id), at: captured.time, process });
    }
    let names = sample_names(timeline);
    let counters: Vec<&str> = names
        .iter()
        .copied()
        .filter(|n| {
            part_of(catalog, n).is_some_and(|(k, p)| k == SeriesType::Counter && p == Part::Value)
        })
        .collect();
    let processes: Vec<ProcessRow> = (0..=process)
        .map(|p| {
            let own: Vec<&Scrape> = timeline
                .scrapes()
                .iter()
                .zip(&scrapes)
                .filter(|(_, row)| row.process == p)
                .map(|(c, _)| &*c.scrape)
                .collect();
            process_row(catalog, &own, &names)
        })
        .collect();
    let mut totals: BTreeMap<String, f64> = BTreeMap::new();
    for row in &processes {
        for (name, value) in &row.counters {
            *totals.entry(name.clone()).or_default() += value;
        }
    }
    let rows = windows
        .iter()
        .map(|w| WindowRow {
            from: path(timeline.scrapes()[w.from].id),
            to: path(timeline.scrapes()[w.to].id),
            seconds: w.seconds,
            restart: w.restart.as_ref().map(restart_words),
            ratios: if w.restart.is_some() { vec![] } else { ratios(catalog, timeline, w, &names) },
            increases: counters
                .iter()
                .filter_map(|n| {
                    let grown = timeline.increase(w, n, &[])?;
                    (grown.value > 0.0).then(|| ((*n).to_owned(), grown.value))
                })
                .collect(),
        })
        .collect();
    let by_scrape = names
        .iter()
        .filter(|n| n.starts_with("lmcache") || REQUESTS_AT_ONCE.contains(n))
        .filter(|n| part_of(catalog, n).is_some_and(|(_, p)| p == Part::Value))
        .map(|n| {
            let values = timeline.scrapes().iter().map(|c| c.scrape.sum(n)).collect();
            ((*n).to_owned(), values)
        })
        .collect();
    Measures { scrapes, processes, windows: rows, totals, by_scrape }
}

fn sample_names(timeline: &Timeline) -> BTreeSet<&str> {
    timeline.scrapes().iter().flat_map(|c| c.scrape.sample_names()).collect()
}

fn part_of(catalog: &Catalog, name: &str) -> Option<(SeriesType, Part)> {
    let named = catalog.name(name)?;
    Some((named.newest()?.kind, named.part))
}

fn process_row(catalog: &Catalog, scrapes: &[&Scrape], names: &BTreeSet<&str>) -> ProcessRow {
    let started = scrapes
        .iter()
        .find_map(|s| s.series("process_start_time_seconds").next().map(|x| x.value()));
    let mut out = ProcessRow {
        started,
        counters: BTreeMap::new(),
        gauges: BTreeMap::new(),
        histograms: BTreeMap::new(),
    };
    for name in names {
        let Some((kind, part)) = part_of(catalog, name) else { continue };
        match (kind, part) {
            (SeriesType::Counter, Part::Value) => {
                if let Some(value) = scrapes.iter().rev().find_map(|s| s.sum(name)) {
                    out.counters.insert((*name).to_owned(), value);
                }
            }
            (SeriesType::Gauge, Part::Value) => {
                let values: Vec<f64> = scrapes.iter().filter_map(|s| s.sum(name)).collect();
                if let Some(last) = values.last().copied() {
                    let min = values.iter().copied().fold(f64::INFINITY, f64::min);
                    let max = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                    let largest = scrapes
                        .iter()
                        .flat_map(|s| s.series(name).map(|x| x.value()))
                        .fold(f64::NEG_INFINITY, f64::max);
                    let row = GaugeRow { last, min, max, largest, present_in: values.len() };
                    out.gauges.insert((*name).to_owned(), row);
                }
            }
            (SeriesType::Histogram, Part::Count) => {
                let base = base_name(name, part);
                if let Some(row) = scrapes.iter().rev().find_map(|s| histogram_row(s, base)) {
                    out.histograms.insert(base.to_owned(), row);
                }
            }
            _ => {}
        }
    }
    out
}

fn histogram_row(scrape: &Scrape, base: &str) -> Option<HistogramRow> {
    let count = scrape.sum(&format!("{base}_count"))?;
    let sum = scrape.sum(&format!("{base}_sum")).unwrap_or(f64::NAN);
    let merged = Histogram::merge(&scrape.histograms(base)).ok().flatten();
    let quantile = |q: f64| {
        let found = merged.as_ref()?.quantile(q)?;
        let finite = |v: f64| v.is_finite().then_some(v);
        Some(QuantileRow {
            value: found.value,
            above: finite(found.lower),
            up_to: finite(found.upper),
        })
    };
    let mean = (count > 0.0 && sum.is_finite()).then(|| sum / count);
    let sum = if sum.is_finite() { sum } else { 0.0 };
    Some(HistogramRow { count, sum, mean, p50: quantile(0.5), p99: quantile(0.99) })
}

pub(crate) fn restart_words(restart: &Restart) -> String {
    match restart {
        Restart::StartTimeChanged { from, to } => {
            format!(
                "the process was restarted: process_start_time_seconds went from {from} to {to}"
            )
        }
        Restart::CountersFell { series } => {
            format!("the process was restarted: {series} counter series fell")
        }
        _ => "the process was restarted".into(),
    }
}

fn ratios(
    catalog: &Catalog,
    timeline: &Timeline,
    window: &Window,
    names: &BTreeSet<&str>,
) -> Vec<RatioRow> {
    RATIOS
        .iter()
        .filter_map(|(id, unit, hit, requested)| {
            let of = |signal: &str| {
                names.iter().copied().find(|n| {
                    catalog.name(n).is_some_and(|x| x.signal() == signal && x.part == Part::Value)
                })
            };
            let (hit, requested) = (of(hit), of(requested)?);
            let asked = timeline.increase(window, requested, &[])?.value;
            let got = hit.and_then(|h| timeline.increase(window, h, &[])).map_or(0.0, |i| i.value);
            Some(RatioRow {
                ratio: (*id).to_owned(),
                hit: got,
                requested: asked,
                rate: rate(got, asked),
                unit: (*unit).to_owned(),
                by: splits(timeline, window, hit, requested),
            })
        })
        .collect()
}

fn rate(hit: f64, requested: f64) -> Option<f64> {
    (requested > 0.0).then(|| hit / requested)
}

fn splits(
    timeline: &Timeline,
    window: &Window,
    hit: Option<&str>,
    requested: &str,
) -> Vec<RatioSplit> {
    let mut out = Vec::new();
    for label in ["model_name", "cache_salt"] {
        let asked = timeline.increase_by(window, requested, label);
        if asked.values().filter(|i| i.value > 0.0).count() < 2 {
            continue;
        }
        let got = hit.map(|h| timeline.increase_by(window, h, label)).unwrap_or_default();
        for (value, increase) in asked {
            let hit = got.get(&value).map_or(0.0, |i| i.value);
            out.push(RatioSplit {
                label: label.to_owned(),
                rate: rate(hit, increase.value),
                value,
                hit,
                requested: increase.value,
            });
        }
    }
    out
}
