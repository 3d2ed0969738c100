//! What ends the command with exit code 1, each reason with its proof.

use coverage_model::{FactKind, RequiredWhen, Status};
use serde::Serialize;

use super::super::check::Judged;
use super::super::parts::Options;
use super::CompatReport;

/// A reason for `--fail-on`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
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

/// The reasons that a judgement gives.
pub(super) fn failures(judged: &Judged, options: &Options) -> Vec<Failure> {
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
