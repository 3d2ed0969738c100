//! Rows of the timeline: one a sample and group.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::fields::{FIELDS, Field, GROUPS, LMCACHE, OPEN, RATIOS};
use super::page::{PageView, Reading, finite};
use super::stats::FieldKind;

/// A row of `engine_metrics_timeline.jsonl`: one group of one sample.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EngineRow {
    /// `inferguard-engine-metrics-timeline/v1`.
    pub schema_version: String,
    /// Number of the sample, counted from 0.
    pub sequence: u32,
    /// When the page was complete, RFC 3339 in UTC; where there is none, when it was due.
    pub observed_at: String,
    /// Engine that the user named.
    pub engine: String,
    /// `prefill`, `decode`, `queue`, `kv_cache`, `prefix_cache` or `lmcache`.
    pub group: String,
    /// Models of the page, where labels name them.
    pub model_name: Option<String>,
    /// Series by name, summed over label sets; buckets and creation times left out.
    pub metrics: BTreeMap<String, f64>,
    /// Names that the normalised fields were read from.
    pub source_metrics: Vec<String>,
    /// Fields by their established names. A field that no series tells is absent.
    pub normalized: BTreeMap<String, Value>,
    /// `measured`, `inferred`, or `not_proven` where there is no field.
    pub claim_status: String,
    /// The same field by field.
    pub claim_status_per_field: BTreeMap<String, String>,
    /// Labels of the run.
    pub labels: BTreeMap<String, String>,
    /// Why the sample is missing; empty where it is not.
    pub scrape_error: String,
}

/// A row of `raw_samples.jsonl`: one answer, redacted as everything in a packet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RawSampleRow {
    /// `inferguard-raw-prom-samples/v1`.
    pub schema_version: String,
    /// Number of the sample.
    pub sequence: u32,
    /// When it was taken.
    pub observed_at: String,
    /// `engine`, `lmcache` or `dcgm`.
    pub source: String,
    /// URL without credentials.
    pub url: String,
    /// Status of HTTP.
    pub http_status: Option<u16>,
    /// Why the sample is missing; empty where it is not.
    pub scrape_error: String,
    /// The page; `null` where there is none.
    pub raw_text: Option<String>,
    /// Labels of the run.
    pub labels: BTreeMap<String, String>,
}

/// `partial_results.json`: the run was interrupted, and what is there is whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartialResults {
    /// `inferguard-partial-results/v1`.
    pub schema_version: String,
    /// `collect-metrics`.
    pub command: String,
    /// Engine that the user named.
    pub engine: String,
    /// Why: `interrupted`.
    pub reason: String,
    /// Samples that were planned.
    pub planned_samples: u32,
    /// Samples of the engine that came.
    pub sample_count: u32,
    /// Files that are there.
    pub files: Vec<String>,
}

/// What all rows of one sample share.
#[derive(Debug, Clone)]
pub(crate) struct SampleHead<'a> {
    pub(crate) sequence: u32,
    pub(crate) observed_at: &'a str,
    pub(crate) engine: &'a str,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) scrape_error: &'a str,
}

/// The rows of a sample, and what its fields were read from. `pages` holds the engine's page and
/// LMCache's own, as far as they came.
pub(crate) fn engine_rows<'p>(
    head: &SampleHead<'_>,
    pages: &[PageView<'p>],
) -> Vec<(EngineRow, Vec<Told<'p>>)> {
    GROUPS.iter().map(|group| row(head, group, pages)).collect()
}

/// A number of a row, for the summary.
#[derive(Debug, Clone)]
pub(crate) struct Told<'p> {
    pub(super) field: String,
    pub(super) value: f64,
    pub(super) kind: FieldKind,
    pub(super) names: Vec<&'p str>,
    pub(super) label: Option<(&'static str, &'static str)>,
    pub(super) page: usize,
}

fn row<'p>(
    head: &SampleHead<'_>,
    group: &str,
    pages: &[PageView<'p>],
) -> (EngineRow, Vec<Told<'p>>) {
    let mut out = Draft::default();
    for field in FIELDS.iter().filter(|f| f.group == group) {
        let Some(told) = take(field, pages) else { continue };
        if let (true, Some(name)) = (field.tell_source, told.names.first()) {
            out.word(&format!("{}_source", field.name), Value::from(*name));
        }
        out.number(told);
    }
    for (_, prefix) in OPEN.iter().filter(|(of, _)| *of == group) {
        for (page, view) in pages.iter().enumerate() {
            for name in view.beginning(prefix) {
                let Some(value) = view.sum(name) else { continue };
                let field = name.strip_prefix("vllm:").unwrap_or(name).to_owned();
                let counter = name.ends_with("_total");
                let kind = if counter { FieldKind::Counter } else { FieldKind::Gauge };
                out.number(Told { field, value, kind, names: vec![name], label: None, page });
            }
        }
    }
    for ratio in RATIOS.iter().filter(|r| r.group == group) {
        if !out.normalized.contains_key(ratio.name)
            && let (Some(part), Some(whole)) = (out.value(ratio.part), out.value(ratio.whole))
            && let Some(rate) = (whole > 0.0).then(|| part / whole).and_then(finite)
        {
            out.number(Told {
                field: ratio.name.to_owned(),
                value: rate,
                kind: FieldKind::Ratio,
                names: vec![],
                label: None,
                page: 0,
            });
        }
    }
    if group == LMCACHE {
        out.lmcache(pages);
    }
    speculative(group, pages, &mut out);
    let mut metrics = BTreeMap::new();
    for view in pages {
        let own = out.told.iter().flat_map(|t| t.names.iter().copied());
        let lmcache = view.lmcache.iter().copied().filter(|_| group == LMCACHE);
        for name in own.chain(lmcache).filter(|n| !n.ends_with("_bucket")) {
            if let Some(value) = view.sum(name) {
                metrics.entry(name.to_owned()).or_insert(value);
            }
        }
    }
    let mut source_metrics: Vec<String> =
        out.told.iter().flat_map(|t| &t.names).map(|n| (*n).to_owned()).collect();
    source_metrics.sort();
    source_metrics.dedup();
    let claim = if out.told.is_empty() {
        "not_proven"
    } else if out.claims.values().all(|c| *c == "measured") || group == LMCACHE {
        "measured"
    } else {
        "inferred"
    };
    let mut models: Vec<&str> = pages.iter().flat_map(|p| p.label_values("model_name")).collect();
    models.sort_unstable();
    models.dedup();
    let row = EngineRow {
        schema_version: "inferguard-engine-metrics-timeline/v1".into(),
        sequence: head.sequence,
        observed_at: head.observed_at.to_owned(),
        engine: head.engine.to_owned(),
        group: group.to_owned(),
        model_name: (!models.is_empty()).then(|| models.join(",")),
        metrics,
        source_metrics,
        normalized: out.normalized,
        claim_status: claim.into(),
        claim_status_per_field: out.claims.into_iter().map(|(k, v)| (k, v.to_owned())).collect(),
        labels: head.labels.clone(),
        scrape_error: head.scrape_error.to_owned(),
    };
    (row, out.told)
}

/// Reads a field from the first page that tells it: LMCache's own page first for its own group,
/// which is the last of them.
fn take<'p>(field: &Field, pages: &[PageView<'p>]) -> Option<Told<'p>> {
    let read = |page: usize| {
        let Reading { value, kind, names, label } = pages.get(page)?.read(field)?;
        Some(Told { field: field.name.to_owned(), value, kind, names, label, page })
    };
    if field.group == LMCACHE {
        (0..pages.len()).rev().find_map(read)
    } else {
        (0..pages.len()).find_map(read)
    }
}

#[derive(Default)]
struct Draft<'p> {
    normalized: BTreeMap<String, Value>,
    claims: BTreeMap<String, &'static str>,
    told: Vec<Told<'p>>,
}

impl<'p> Draft<'p> {
    fn claim(&mut self, field: &str, claim: &'static str) {
        self.claims.insert(field.to_owned(), claim);
    }

    fn number(&mut self, told: Told<'p>) {
        self.claim(&told.field, "measured");
        self.normalized.insert(told.field.clone(), Value::from(told.value));
        self.told.push(told);
    }

    fn word(&mut self, field: &str, value: Value) {
        self.normalized.insert(field.to_owned(), value);
    }

    fn value(&self, field: &str) -> Option<f64> {
        self.normalized.get(field).and_then(Value::as_f64)
    }

    /// What the names themselves tell: inferred, since no series states it.
    fn lmcache(&mut self, pages: &[PageView<'p>]) {
        let (mp, embedded) = (pages.iter().any(|p| p.mp), pages.iter().any(|p| p.embedded));
        let backend = match (mp, embedded) {
            (true, true) => "mixed",
            (true, false) => "mp",
            (false, true) => "embedded",
            (false, false) => return,
        };
        self.word("backend", Value::from(backend));
        self.claim("backend", "inferred");
        if mp {
            self.word("mp_mode_enabled", Value::from(true));
            self.claim("mp_mode_enabled", "inferred");
        }
    }
}

/// With speculative decoding SGLang's own hit rate stays at 0 whatever happens, so that a 0 is no
/// measurement there.
fn speculative(group: &str, pages: &[PageView<'_>], out: &mut Draft<'_>) {
    let zero = out.told.iter().any(|t| {
        t.field == "hit_rate" && t.value == 0.0 && t.names.iter().any(|n| n.starts_with("sglang"))
    });
    if group == "prefix_cache"
        && zero
        && pages.iter().any(|p| p.beginning("sglang:spec_").next().is_some())
    {
        out.claim("hit_rate", "inferred");
    }
}
