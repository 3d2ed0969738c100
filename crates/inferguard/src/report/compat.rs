//! `inferguard lmcache-compat`: the compatibility report, with the keys that scripts know.

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::{FactKind, FamilyRow, Mode, RequiredWhen, Status};
use lmcache_logs::lookup_hash::LookupHashEvidence;
use lmcache_prom::contract::{Catalog, Component, Release, When};
use lmcache_trace::ReplayEvidence;
use serde::Serialize;

use super::check::{Judged, TargetRow, judge};
use super::coverage::UpstreamQuestion;
use super::findings::{Finding, NotEvaluable};
use super::numbers::{CacheblendSummary, L2Summary, Numbers};
use super::parts::{ArchitectureRow, MpDeclared, Options, Releases, Tool};
use crate::lanes::{HttpRow, LaunchRow, LogRow, SpanRow, TraceRow};
use crate::packet::{Artifact, Packet};

/// A reason for `--fail-on`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Failure {
    /// Stable code.
    pub code: String,
    /// Family that it is about, if any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub family: Option<String>,
    /// What fails, with its proof.
    pub message: String,
}

/// Which failures end the command with exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// None.
    Never,
    /// A mode other than the expected one.
    ModeMismatch,
    /// Any failure reason.
    MissingRequired,
}

impl FailOn {
    /// Whether the report breaches the policy.
    pub fn breached(self, report: &CompatReport) -> bool {
        match self {
            Self::Never => false,
            Self::ModeMismatch => {
                report.failure_reasons.iter().any(|f| f.code == "lmcache_mode_mismatch")
            }
            Self::MissingRequired => !report.failure_reasons.is_empty(),
        }
    }
}

/// One surface: how many of its families are in which state.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SurfaceRow {
    /// Families.
    pub family_count: usize,
    /// Families by status.
    pub populated: usize,
    /// Families by status.
    pub zero: usize,
    /// Families by status.
    pub not_emitted: usize,
    /// Families by status.
    pub missing: usize,
    /// Families by status.
    pub disabled: usize,
    /// Families by status.
    pub not_applicable: usize,
    /// Families by status.
    pub unknown: usize,
    /// Families that have to be there in some condition.
    pub required_family_count: usize,
    /// Required families that are populated.
    pub required_populated: usize,
    /// Required families that are zero.
    pub required_zero: usize,
    /// Required families that are missing.
    pub required_missing: usize,
    /// `complete`, `partial`, `zero`, `missing`, `not_emitted`, `disabled`, `unknown`, `not_applicable`.
    pub status: String,
}

/// What was observed, in numbers.
#[expect(clippy::struct_excessive_bools, reason = "the keys that scripts know")]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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

/// What the MP server's own labels and series say of its observability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MpObservability {
    /// What the user declared of the launch.
    pub config: MpDeclared,
    /// Explicit instance ids.
    pub service_instance_ids: Vec<String>,
    /// Cache salts that occur as label values.
    pub cache_salt_values: Vec<String>,
    /// Their number.
    pub cache_salt_cardinality: usize,
    /// More than 100 of them.
    pub cache_salt_cardinality_risk: bool,
    /// L2 adapters that occur as label values.
    pub l2_names: Vec<String>,
    /// Names of the event bus' own series.
    pub event_bus_metric_names: Vec<String>,
    /// Names of sampled histograms that are there.
    pub sampled_histogram_names: Vec<String>,
}

/// The report of `inferguard lmcache-compat`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
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
        failure_reasons: failures(&judged, options),
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

fn failures(judged: &Judged, options: &Options) -> Vec<Failure> {
    let mut out = Vec::new();
    let lane = |name: &str| {
        judged
            .evidence
            .facts
            .iter()
            .any(|f| matches!(f.kind, FactKind::Lane(l, n) if l == name && n > 0))
    };
    for (declared, name, code, message) in [
        (
            options.mp.trace_recording_enabled,
            "lct",
            "lmcache_mp_trace_enabled_but_no_trace_artifact",
            "trace recording is declared to be on, and no .lct trace or trace evidence was given",
        ),
        (
            options.mp.tracing_enabled,
            "otel",
            "otel_tracing_enabled_but_no_spans",
            "tracing is declared to be on, and no spans or span evidence was given",
        ),
    ] {
        if declared == Some(true) && !lane(name) {
            out.push(Failure { code: code.into(), family: None, message: message.into() });
        }
    }
    if options.mp.metrics_off() {
        out.push(Failure {
            code: "lmcache_mp_observability_disabled".into(),
            family: None,
            message: "metrics are declared to be switched off".into(),
        });
    }
    // What is required cannot be shown to be there on a page that lacks parts all over.
    for (role, why) in &judged.coverage.excerpts {
        out.push(Failure {
            code: "lmcache_page_is_an_excerpt".into(),
            family: None,
            message: format!("{role}: {why}"),
        });
    }
    if let Some(expected) = options.expect_mode
        && expected != judged.coverage.mode.mode
    {
        out.push(Failure {
            code: "lmcache_mode_mismatch".into(),
            family: None,
            message: format!(
                "expected {}, found {}: {}",
                expected.name(),
                judged.coverage.mode.mode.name(),
                judged.coverage.mode.because
            ),
        });
    }
    for row in judged.coverage.families.iter().filter(|f| f.status == Status::Missing) {
        let code = match row.surface.as_str() {
            "lmcache_mp" => "lmcache_mp_family_missing",
            "lmcache_cacheblend" => "lmcache_cacheblend_family_missing",
            "lmcache_embedded" => "lmcache_embedded_family_missing",
            _ => "engine_family_missing",
        };
        if matches!(row.required_when, RequiredWhen::Optional | RequiredWhen::Sampled) {
            continue;
        }
        out.push(Failure {
            code: code.into(),
            family: Some(row.family.clone()),
            message: row.because.clone(),
        });
    }
    out
}

pub(super) fn surfaces(families: &[FamilyRow]) -> BTreeMap<String, SurfaceRow> {
    let mut out: BTreeMap<String, SurfaceRow> = BTreeMap::new();
    for family in families {
        let row = out.entry(family.surface.clone()).or_default();
        row.family_count += 1;
        let slot = match family.status {
            Status::Populated => &mut row.populated,
            Status::Zero => &mut row.zero,
            Status::NotEmitted => &mut row.not_emitted,
            Status::Missing => &mut row.missing,
            Status::Disabled => &mut row.disabled,
            Status::NotApplicable => &mut row.not_applicable,
            Status::Unknown => &mut row.unknown,
        };
        *slot += 1;
        if !matches!(family.required_when, RequiredWhen::Optional | RequiredWhen::Sampled) {
            row.required_family_count += 1;
            match family.status {
                Status::Populated => row.required_populated += 1,
                Status::Zero => row.required_zero += 1,
                Status::Missing => row.required_missing += 1,
                _ => {}
            }
        }
    }
    for row in out.values_mut() {
        // A counter that is healthy at zero, or that has had no event yet, lowers nothing.
        row.status = if row.missing > 0 {
            if row.populated > 0 { "partial" } else { "missing" }
        } else if row.populated > 0 {
            "complete"
        } else if row.zero > 0 {
            "zero"
        } else if row.disabled > 0 {
            "disabled"
        } else if row.unknown > 0 {
            "unknown"
        } else if row.not_emitted > 0 {
            "not_emitted"
        } else {
            "not_applicable"
        }
        .into();
    }
    out
}

#[derive(Default)]
pub(super) struct LabelValues {
    salts: BTreeSet<String>,
    l2_names: BTreeSet<String>,
    instances: BTreeSet<String>,
}

/// Label values that the report lists, read before the pages are used up.
pub(super) fn label_values(packet: &Packet) -> LabelValues {
    let mut out = LabelValues::default();
    for page in &packet.pages {
        for name in page.scrape.sample_names() {
            if name == "target_info" {
                out.instances.extend(
                    page.scrape
                        .series(name)
                        .filter_map(|s| s.label("service_instance_id").map(str::to_owned)),
                );
            }
            if !name.starts_with("lmcache") || name.ends_with("_bucket") {
                continue;
            }
            for series in page.scrape.series(name) {
                for (label, into) in
                    [("cache_salt", &mut out.salts), ("l2_name", &mut out.l2_names)]
                {
                    if let Some(value) = series.label(label)
                        && !into.contains(value)
                    {
                        into.insert(value.to_owned());
                    }
                }
            }
        }
    }
    out
}

fn mp_observability(
    catalog: &Catalog,
    judged: &Judged,
    mut labels: LabelValues,
    options: &Options,
) -> MpObservability {
    labels.instances.extend(options.mp.service_instance_id.clone());
    let names = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        let found: BTreeSet<String> = judged
            .evidence
            .targets
            .iter()
            .flat_map(|t| t.signals.iter())
            .filter(|(id, _)| keep(id))
            .flat_map(|(_, o)| o.names.iter().cloned())
            .collect();
        found.into_iter().collect()
    };
    let sampled = |id: &str| {
        id.starts_with("mp.")
            && catalog.signal(id).iter().any(|s| matches!(s.when, When::Sampled(_)))
    };
    MpObservability {
        config: options.mp.clone(),
        service_instance_ids: labels.instances.into_iter().collect(),
        cache_salt_cardinality: labels.salts.len(),
        cache_salt_cardinality_risk: labels.salts.len() > 100,
        cache_salt_values: labels.salts.into_iter().collect(),
        l2_names: labels.l2_names.into_iter().collect(),
        event_bus_metric_names: names(&|id| id.starts_with("mp.event_bus.")),
        sampled_histogram_names: names(&sampled),
    }
}

fn locked(catalog: &Catalog, releases: &Releases) -> LockedMetrics {
    let span = |row: &Option<super::parts::ReleaseRow>| -> Vec<Release> {
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
