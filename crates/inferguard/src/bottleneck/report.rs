//! The diagnosis of a job, with the keys that scripts know and the LMCache findings beside it.

use std::collections::BTreeMap;

use coverage_model::{Claim, Mode};
use serde::Serialize;
use serde_json::Value;

use super::documents::ParseError;
use super::thresholds::ThresholdRow;
use super::verdict::Verdict;
use crate::packet::Artifact;
use crate::report::{Finding, InForce, NotEvaluable, Tool};

/// One piece of evidence.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EvidenceRow {
    /// What was measured, as its source names it.
    pub metric: String,
    /// File.
    pub source: String,
    /// How it is known.
    pub claim_status: Claim,
    /// The number, where it is no 95th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<f64>,
    /// The number, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value_p95: Option<f64>,
    /// Which statistic it is, and over how many samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// What one rule answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RuleRow {
    /// Rule.
    pub rule: String,
    /// `fires`, `clear` or `not_evaluable`.
    pub outcome: String,
    /// Why, or what is missing.
    pub because: String,
}

/// A claim that was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Downgrade {
    /// What was claimed.
    pub claim_id: String,
    /// How it was known.
    pub from: String,
    /// How it is known now.
    pub to: String,
    /// Why.
    pub reason: String,
}

/// A finding about LMCache. It stands beside the verdict and never replaces it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LmcacheFinding {
    /// What found it: `evidence` for what was read here, else the report that holds it.
    pub found_by: String,
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
}

/// The diagnosis.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BottleneckReport {
    /// `inferguard-bottleneck-diagnosis/v1`.
    pub schema_version: String,
    /// The tool.
    pub tool: Tool,
    /// Job.
    pub job_id: String,
    /// `job` or `packet`.
    pub layout: String,
    /// One of eight.
    pub verdict: Verdict,
    /// From 0 to 1.
    pub confidence: f64,
    /// What the confidence rests on.
    pub confidence_because: Vec<String>,
    /// How the verdict is known.
    pub claim_status: Claim,
    /// Rule that gave the verdict.
    pub rule_fired: String,
    /// Why, in a sentence.
    pub reasoning: String,
    /// What to measure next.
    pub recommended_next_probe: String,
    /// What decided.
    pub primary_evidence: Vec<EvidenceRow>,
    /// What stands beside it.
    pub secondary_evidence: Vec<EvidenceRow>,
    /// Requests that show it most, at most five.
    pub supporting_request_rows: Vec<String>,
    /// Every number that was read.
    pub metric_values: BTreeMap<String, Value>,
    /// Claims that were taken back.
    pub downgrades: Vec<Downgrade>,
    /// What every rule answered, in order.
    pub rules: Vec<RuleRow>,
    /// Thresholds in force.
    pub thresholds: BTreeMap<String, ThresholdRow>,
    /// Files that a bottleneck is told from and that are not there or say nothing.
    pub missing_inputs: Vec<String>,
    /// What could not be read.
    pub parse_errors: Vec<ParseError>,
    /// Files that were read.
    pub evidence_paths: Vec<String>,
    /// Which LMCache runs.
    pub lmcache_mode: Mode,
    /// What of the rules' configuration is in force, where it sets anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<InForce>,
    /// Findings about LMCache, the likeliest root cause first.
    pub lmcache_findings: Vec<LmcacheFinding>,
    /// What about LMCache could not be told.
    pub lmcache_not_evaluable: Vec<NotEvaluable>,
    /// Everything in the directory.
    pub inputs: Vec<Artifact>,
}

impl BottleneckReport {
    /// Schema of the report.
    pub const SCHEMA: &'static str = "inferguard-bottleneck-diagnosis/v1";

    /// The line that scripts read.
    pub fn line(&self) -> String {
        format!(
            "inferguard diagnose-bottleneck: verdict={} confidence={:.3} evidence_paths={} claim={}",
            self.verdict.name(),
            self.confidence,
            self.evidence_paths.len(),
            self.claim_status.name()
        )
    }
}
