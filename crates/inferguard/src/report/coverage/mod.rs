//! `inferguard observability-coverage`: engine and cache side by side.

mod backends;
mod capabilities;
mod connectors;
mod gaps;
mod graph;
mod headline;
mod offload;
pub(super) mod questions;

use std::collections::BTreeMap;

use coverage_model::bridge::Bridge;
use coverage_model::{FamilyRow, Mode, Status};
use diagnosis_rules::InForce;
use lmcache_prom::contract::{Catalog, Product};
use serde::Serialize;

pub use backends::{BackendRow, BackendStatus};
pub use capabilities::{CapabilityRow, SupportLevel};
pub use connectors::{ConnectorRow, Currency};
pub use gaps::{ClosedBy, CoverageGap};
pub use graph::{ProcessEdge, ProcessGraph, ProcessNode};
pub use offload::{Direction, EmbeddedTransfer, KvCacheOffload, MpTransfer, VllmNativeOffload};
pub use questions::{QUESTIONS, Question, UpstreamQuestion, document as questions_document};

use super::Finding;
use super::check::judge;
use super::compat::{CompatReport, SurfaceRow, label_values, of_judged, pages_of, surfaces};
use super::findings::NotEvaluable;
use super::parts::{ArchitectureRow, Options, Releases, Tool};
use crate::packet::{Artifact, Packet};

/// What the user declared for this report.
#[derive(Debug, Clone, Default)]
pub struct CoverageOptions {
    /// What all reports take.
    pub base: Options,
    /// Engine that should run; `None` for any.
    pub expected_engine: Option<Product>,
    /// `--external-cache-configured`.
    pub external_cache_configured: bool,
    /// `--cpu-offload-configured`.
    pub cpu_offload_configured: bool,
    /// `--disaggregated-or-external-cache`.
    pub disaggregated: bool,
}

/// What was declared, as scripts read it.
#[expect(clippy::struct_excessive_bools, reason = "the keys that scripts know")]
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CoverageConfig {
    /// `--external-cache-configured`.
    pub external_cache_configured: bool,
    /// `--cpu-offload-configured`.
    pub cpu_offload_configured: bool,
    /// `--l2-configured`.
    pub l2_configured: bool,
    /// `--disaggregated-or-external-cache`.
    pub disaggregated_or_external_cache: bool,
}

/// What was observed, in numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CoverageObserved {
    /// Distinct names of known products.
    pub total_series: usize,
    /// Those with a value other than zero.
    pub populated_nonzero_series: usize,
}

/// The report of `inferguard observability-coverage`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CoverageReport {
    /// `inferguard-observability-coverage/v1`.
    pub schema_version: String,
    /// The same, under the name that all reports share.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// What runs and what is the matter with it, in one sentence.
    pub headline: String,
    /// Pages of engines.
    pub engine_source: String,
    /// Pages of LMCache.
    pub lmcache_source: String,
    /// Everything that was named.
    pub inputs: Vec<Artifact>,
    /// Engine that the user expects.
    pub expected_engine: String,
    /// Engines that were found.
    pub detected_engines: Vec<String>,
    /// Mode that the user expects.
    pub expect_lmcache_mode: String,
    /// Mode that was found.
    pub detected_lmcache_mode: Mode,
    /// Why it is said.
    pub detected_lmcache_mode_because: String,
    /// Architecture labels.
    pub architecture: ArchitectureRow,
    /// Connectors that are named.
    pub connectors: Vec<ConnectorRow>,
    /// Processes and who talks to whom.
    pub process_graph: ProcessGraph,
    /// Releases by product.
    pub releases: Releases,
    /// What was declared.
    pub config: CoverageConfig,
    /// What was observed, in numbers.
    pub observed: CoverageObserved,
    /// The engine's claims beside LMCache's counts.
    pub bridge: Bridge,
    /// KV cache moved between GPU and CPU.
    pub kv_cache_offload: KvCacheOffload,
    /// Places where LMCache keeps KV.
    pub backends: Vec<BackendRow>,
    /// What can be said, capability by capability.
    pub capabilities: Vec<CapabilityRow>,
    /// Surfaces of the engines.
    pub surfaces: BTreeMap<String, SurfaceRow>,
    /// Families of the engines; LMCache's are in `lmcache_compat`.
    pub families: Vec<FamilyRow>,
    /// What an operator can act on.
    pub coverage_gaps: Vec<CoverageGap>,
    /// Questions that only authors can answer.
    pub upstream_questions: Vec<UpstreamQuestion>,
    /// What of the rules' configuration is in force, where it sets anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<InForce>,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// What could not be told.
    pub not_evaluable: Vec<NotEvaluable>,
    /// The compatibility report of the same evidence.
    pub lmcache_compat: CompatReport,
}

/// Which results end the command with exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageFailOn {
    /// None.
    Never,
    /// A coverage gap.
    Gaps,
    /// Something that does not fit: between engine and cache, or with what was expected.
    Mismatch,
}

impl CoverageFailOn {
    /// Whether the report breaches the policy.
    pub fn breached(self, report: &CoverageReport) -> bool {
        match self {
            Self::Never => false,
            Self::Gaps => !report.coverage_gaps.is_empty(),
            Self::Mismatch => {
                let expected = report.expected_engine.as_str();
                report.bridge.mismatches.iter().any(|m| m.code.is_wrong())
                    || report
                        .lmcache_compat
                        .failure_reasons
                        .iter()
                        .any(|f| f.code == "lmcache_mode_mismatch")
                    || (expected != "auto"
                        && !report.detected_engines.is_empty()
                        && !report.detected_engines.iter().any(|e| e == expected))
            }
        }
    }
}

/// Surfaces whose families are an engine's.
fn of_engine(surface: &str) -> bool {
    surface.starts_with("vllm") || surface.starts_with("sglang") || surface == "lmcache_connector"
}

/// Makes the report. The packet's pages are used up.
pub fn coverage(
    catalog: &Catalog,
    mut packet: Packet,
    options: &CoverageOptions,
) -> CoverageReport {
    let labels = label_values(&packet);
    let mut base = options.base.clone();
    base.external_cache_configured |= options.external_cache_configured || options.disaggregated;
    base.cpu_offload_configured |= options.cpu_offload_configured;
    let judged = judge(catalog, &mut packet, &base);
    let connectors = connectors::rows(&judged.evidence, &judged.releases);
    let coverage_gaps = gaps::find(&judged, options);
    let upstream_questions = questions::raised(&judged, &base);
    let families = judged.coverage.families.clone();
    let absent = |surface: &str, family: &str| {
        let row = families.iter().find(|f| f.surface == surface && f.family == family);
        match row.map_or(Status::Unknown, |f| f.status) {
            // Another series of the family is there; these are not.
            Status::Populated | Status::Zero => Status::NotEmitted,
            status => status,
        }
    };
    let mode = &judged.coverage.mode;
    let engines: Vec<FamilyRow> =
        families.iter().filter(|f| of_engine(&f.surface)).cloned().collect();
    let mut detected_engines: Vec<String> = ["vllm", "sglang"]
        .into_iter()
        .filter(|e| judged.targets.iter().any(|t| t.is.iter().any(|w| w == e)))
        .map(str::to_owned)
        .collect();
    detected_engines.dedup();
    let report = CoverageReport {
        schema_version: "inferguard-observability-coverage/v1".into(),
        schema: "inferguard-observability-coverage/v1".into(),
        tool: Tool::this(),
        headline: headline::of(&judged, &connectors),
        engine_source: pages_of(&judged, true),
        lmcache_source: pages_of(&judged, false),
        inputs: packet.artifacts.clone(),
        expected_engine: match options.expected_engine {
            Some(Product::Vllm) => "vllm",
            Some(Product::Sglang) => "sglang",
            _ => "auto",
        }
        .into(),
        detected_engines,
        expect_lmcache_mode: base.expect_mode.map_or("auto", Mode::name).to_owned(),
        detected_lmcache_mode: mode.mode,
        detected_lmcache_mode_because: mode.because.clone(),
        architecture: ArchitectureRow {
            headline: judged.coverage.architecture.headline.clone(),
            labels: judged.coverage.architecture.labels.clone(),
        },
        process_graph: graph::build(&judged, &judged.timelines),
        releases: judged.releases.clone(),
        config: CoverageConfig {
            external_cache_configured: options.external_cache_configured,
            cpu_offload_configured: options.cpu_offload_configured,
            l2_configured: base.l2_configured,
            disaggregated_or_external_cache: options.disaggregated,
        },
        observed: CoverageObserved { total_series: 0, populated_nonzero_series: 0 },
        kv_cache_offload: offload::take(&judged.timelines, &absent),
        backends: backends::rows(&families, &judged.timelines),
        capabilities: capabilities::rows(&families, mode.mode, &judged.bridge),
        surfaces: surfaces(&engines),
        families: engines,
        coverage_gaps,
        upstream_questions,
        configuration: base.settings.in_force(),
        findings: judged.findings.clone(),
        not_evaluable: judged.not_evaluable.clone(),
        bridge: judged.bridge.clone(),
        connectors,
        lmcache_compat: of_judged(catalog, judged, labels, packet.artifacts, &base),
    };
    let observed = CoverageObserved {
        total_series: report.lmcache_compat.observed.total_series,
        populated_nonzero_series: report.lmcache_compat.observed.populated_nonzero_series,
    };
    CoverageReport { observed, ..report }
}
