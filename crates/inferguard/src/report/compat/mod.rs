//! `inferguard lmcache-compat`: the compatibility report, with the keys that scripts know.

mod failures;
mod observability;
mod surfaces;

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::{FamilyRow, Mode, Status};
use lmcache_logs::lookup_hash::LookupHashEvidence;
use lmcache_prom::contract::{Catalog, Component, Release};
use lmcache_trace::ReplayEvidence;
use serde::Serialize;

use super::check::{Judged, TargetRow, judge};
use super::coverage::UpstreamQuestion;
use super::findings::{Finding, NotEvaluable};
use super::numbers::{CacheblendSummary, L2Summary, Numbers};
use super::parts::{ArchitectureRow, Options, ReleaseRow, Releases, Tool};
use crate::lanes::{HttpRow, LaunchRow, LogRow, SpanRow, TraceRow};
use crate::packet::{Artifact, Packet};

pub use failures::{FailOn, Failure};
pub(super) use observability::{LabelValues, label_values};
use observability::{MpObservability, mp_observability};
pub use surfaces::SurfaceRow;
pub(super) use surfaces::surfaces;

/// What was observed, in numbers.
#[expect(clippy::struct_excessive_bools, reason = "the keys that scripts know")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Observed {
    /// Series of a multiprocess server are there.
    pub lmcache_mp: bool,
    /// Series of CacheBlend are there.
    pub lmcache_cacheblend: bool,
    /// Series of an embedded engine are there.
    pub lmcache_embedded: bool,
    /// Series of vLLM are there.
    pub vllm: bool,
    /// Series of SGLang are there.
    pub sglang: bool,
    /// Distinct names of known products.
    pub total_series: usize,
    /// Distinct names with a value other than zero.
    pub populated_nonzero_series: usize,
}

/// The report of `inferguard lmcache-compat`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CompatReport {
    /// `inferguard-observability-compat/v1`.
    pub schema_version: String,
    /// The same, under the name that all reports share.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// Pages of engines.
    pub engine_source: String,
    /// Pages of LMCache.
    pub lmcache_source: String,
    /// Everything that was named.
    pub inputs: Vec<Artifact>,
    /// Mode that the user expects.
    pub expect_mode: String,
    /// Mode that was found.
    pub detected_mode: Mode,
    /// Why it is said.
    pub detected_mode_because: String,
    /// Architecture labels.
    pub detected_architecture: DetectedArchitecture,
    /// Releases by product.
    pub releases: Releases,
    /// Whether L2 is configured or seen.
    pub l2_configured: bool,
    /// Reasons for `--fail-on`.
    pub failure_reasons: Vec<Failure>,
    /// Findings.
    pub diagnostic_findings: Vec<Finding>,
    /// What could not be told.
    pub not_evaluable: Vec<NotEvaluable>,
    /// Questions that only authors can answer.
    pub upstream_questions: Vec<UpstreamQuestion>,
    /// What was observed, in numbers.
    pub observed: Observed,
    /// The MP server's own observability.
    pub lmcache_mp_observability: MpObservability,
    /// L2 in numbers.
    pub lmcache_l2_summary: L2Summary,
    /// CacheBlend in numbers.
    pub lmcache_cacheblend_summary: CacheblendSummary,
    /// Answers of the HTTP API; of several servers the one with the most routes.
    pub lmcache_http_evidence: Option<HttpRow>,
    /// Answers of all servers.
    pub lmcache_http: Vec<HttpRow>,
    /// The log; of several that with the most lines of LMCache.
    pub lmcache_log_evidence: Option<LogRow>,
    /// All logs.
    pub lmcache_logs: Vec<LogRow>,
    /// The trace; of several the first storage trace that holds a call.
    pub lmcache_trace_evidence: Option<TraceRow>,
    /// All traces.
    pub lmcache_traces: Vec<TraceRow>,
    /// Spans; of several files the one with the most spans of LMCache.
    pub lmcache_otel_evidence: Option<SpanRow>,
    /// What LMCache's trace tools wrote.
    pub lmcache_trace_replay_evidence: Option<ReplayEvidence>,
    /// Lookup hashes, all files together.
    pub lmcache_lookup_hash_evidence: Option<LookupHashEvidence>,
    /// Boundary events between engine and CacheBlend.
    pub lmcache_cacheblend_boundary_evidence: Option<serde_json::Value>,
    /// Processes as they were launched.
    pub processes: Vec<LaunchRow>,
    /// Processes and their numbers.
    pub targets: Vec<TargetRow>,
    /// Surfaces.
    pub surfaces: BTreeMap<String, SurfaceRow>,
    /// Coverage, a row a family.
    pub families: Vec<FamilyRow>,
    /// Names of the contract that the inferred releases have.
    pub locked_metrics: LockedMetrics,
}

/// Architecture with the key that scripts know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DetectedArchitecture {
    /// The headline.
    pub label: String,
    /// How the headline is known.
    pub claim_status: coverage_model::Claim,
    /// All labels.
    #[serde(flatten)]
    pub all: ArchitectureRow,
}

/// Names of the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LockedMetrics {
    /// LMCache's.
    pub lmcache: Vec<String>,
    /// vLLM's.
    pub vllm: Vec<String>,
}

/// Makes the report. The packet's pages are used up.
pub fn compat(catalog: &Catalog, mut packet: Packet, options: &Options) -> CompatReport {
    let labels = label_values(&packet);
    let judged = judge(catalog, &mut packet, options);
    of_judged(catalog, judged, labels, packet.artifacts, options)
}

/// Artifacts of the pages of engines, or of all others.
pub(super) fn pages_of(judged: &Judged, engine: bool) -> String {
    let pages: Vec<&str> = judged
        .targets
        .iter()
        .filter(|t| t.is.iter().any(|w| matches!(w.as_str(), "vllm" | "sglang")) == engine)
        .flat_map(|t| t.measures.scrapes.iter().map(|s| s.artifact.as_str()))
        .collect();
    pages.join(", ")
}

/// The report of a judgement.
pub(super) fn of_judged(
    catalog: &Catalog,
    judged: Judged,
    labels: LabelValues,
    inputs: Vec<Artifact>,
    options: &Options,
) -> CompatReport {
    let shows = |prefix: &str| {
        judged.evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with(prefix)))
    };
    let numbers = Numbers { catalog, targets: &judged.targets };
    let source = |engine: bool| pages_of(&judged, engine);
    let architecture = ArchitectureRow {
        headline: judged.coverage.architecture.headline.clone(),
        labels: judged.coverage.architecture.labels.clone(),
    };
    let l2 = shows("mp.l2.")
        && judged
            .coverage
            .families
            .iter()
            .any(|f| f.family == "l2_counters" && f.status != Status::NotApplicable);
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut live: BTreeSet<&str> = BTreeSet::new();
    for observed in judged.evidence.targets.iter().flat_map(|t| t.signals.values()) {
        seen.extend(observed.names.iter().map(String::as_str));
        if observed.nonzero > 0 {
            live.extend(observed.names.iter().map(String::as_str));
        }
    }
    CompatReport {
        schema_version: "inferguard-observability-compat/v1".into(),
        schema: "inferguard-observability-compat/v1".into(),
        tool: Tool::this(),
        engine_source: source(true),
        lmcache_source: source(false),
        inputs,
        expect_mode: options.expect_mode.map_or("auto", Mode::name).to_owned(),
        detected_mode: judged.coverage.mode.mode,
        detected_mode_because: judged.coverage.mode.because.clone(),
        detected_architecture: DetectedArchitecture {
            label: architecture.headline.clone(),
            claim_status: architecture
                .labels
                .first()
                .map_or(coverage_model::Claim::NotProven, |l| l.claim),
            all: architecture,
        },
        releases: judged.releases.clone(),
        l2_configured: options.l2_configured || l2,
        failure_reasons: failures::failures(&judged, options),
        diagnostic_findings: judged.findings.clone(),
        not_evaluable: judged.not_evaluable.clone(),
        upstream_questions: super::coverage::questions::raised(&judged, options),
        observed: Observed {
            lmcache_mp: shows("mp."),
            lmcache_cacheblend: shows("blend."),
            lmcache_embedded: shows("embedded."),
            vllm: shows("vllm."),
            sglang: shows("sglang."),
            total_series: seen.len(),
            populated_nonzero_series: live.len(),
        },
        lmcache_mp_observability: mp_observability(catalog, &judged, labels, options),
        lmcache_l2_summary: numbers.l2(shows("mp.l2.")),
        lmcache_cacheblend_summary: numbers.cacheblend(shows("blend.")),
        lmcache_http_evidence: judged
            .lanes
            .http
            .iter()
            .max_by_key(|h| h.evidence.endpoints.values().filter(|e| e.present).count())
            .cloned(),
        lmcache_http: judged.lanes.http,
        lmcache_log_evidence: judged
            .lanes
            .logs
            .iter()
            .max_by_key(|l| l.evidence.coverage.products.get("lmcache").map_or(0, |p| p.lines))
            .cloned(),
        lmcache_logs: judged.lanes.logs,
        lmcache_trace_evidence: foremost(&judged.lanes.traces).cloned(),
        lmcache_traces: judged.lanes.traces,
        lmcache_otel_evidence: judged
            .lanes
            .spans
            .into_iter()
            .max_by_key(|row| row.evidence.lmcache_span_count),
        lmcache_trace_replay_evidence: judged.lanes.replay,
        lmcache_lookup_hash_evidence: judged.lanes.lookup_hashes,
        lmcache_cacheblend_boundary_evidence: judged.lanes.boundary,
        processes: judged.lanes.processes,
        surfaces: surfaces(&judged.coverage.families),
        locked_metrics: locked(catalog, &judged.releases),
        targets: judged.targets,
        families: judged.coverage.families,
    }
}

/// The trace that speaks for all where scripts expect one.
fn foremost(traces: &[TraceRow]) -> Option<&TraceRow> {
    let storage = |row: &&TraceRow| {
        row.evidence.record_count > 0
            && row.evidence.summary.as_ref().is_some_and(|s| s.events.is_none())
    };
    traces.iter().find(storage).or(traces.first())
}

fn locked(catalog: &Catalog, releases: &Releases) -> LockedMetrics {
    let span = |row: &Option<ReleaseRow>| -> Vec<Release> {
        row.iter().flat_map(|r| r.candidates.iter().filter_map(|c| c.parse().ok())).collect()
    };
    let of =
        |keep: &dyn Fn(Component) -> bool, prefix: &str, candidates: &[Release]| -> Vec<String> {
            let found: BTreeSet<&str> = catalog
                .spellings()
                .filter(|s| keep(s.component) && s.name.starts_with(prefix))
                .filter(|s| candidates.iter().any(|r| s.in_release(*r)))
                .map(|s| s.name)
                .collect();
            found.into_iter().map(str::to_owned).collect()
        };
    LockedMetrics {
        lmcache: of(&|c| c != Component::Engine, "lmcache", &span(&releases.lmcache)),
        vllm: of(&|c| c == Component::Engine, "vllm", &span(&releases.vllm)),
    }
}
