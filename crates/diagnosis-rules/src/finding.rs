//! Findings as reports carry them.

use coverage_model::{Claim, Source};
use serde::Serialize;

/// Something that is wrong, or that an operator should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// Older codes of the same finding.
    pub aliases: Vec<String>,
    /// `critical`, `warning` or `info`: [`Severity::name`](crate::Severity::name).
    pub severity: String,
    /// `cause`, `symptom` or `gap`: [`Kind::name`](crate::Kind::name).
    pub kind: String,
    /// Cause class, where the finding names one.
    pub cause: Option<String>,
    /// How it is known.
    pub claim: Claim,
    /// How sure, from 0 to 1.
    pub confidence: f64,
    /// What speaks for it, in words.
    pub confidence_reasons: Vec<String>,
    /// One line.
    pub title: String,
    /// What it means.
    pub explanation: String,
    /// What it was read from.
    pub evidence: Vec<Source>,
    /// Numbers that it was held against.
    pub thresholds: Vec<ThresholdUsed>,
    /// How to make sure.
    pub confirm: String,
    /// What to do next.
    pub action: String,
    /// Codes of findings that this one explains.
    pub explains: Vec<String>,
    /// Codes of findings that explain this one.
    pub explained_by: Vec<String>,
    /// Alternatives that the evidence speaks against.
    pub ruled_out: Vec<RuledOut>,
    /// Whether it may be shown to a customer as it stands.
    pub customer_safe: bool,
}

impl Finding {
    /// A finding that somebody else made: its code, severity, kind and title, and nothing besides.
    pub fn new(
        code: impl Into<String>,
        severity: impl Into<String>,
        kind: impl Into<String>,
        title: impl Into<String>,
    ) -> Self {
        Self {
            code: code.into(),
            aliases: Vec::new(),
            severity: severity.into(),
            kind: kind.into(),
            cause: None,
            claim: Claim::Inferred,
            confidence: 0.0,
            confidence_reasons: Vec::new(),
            title: title.into(),
            explanation: String::new(),
            evidence: Vec::new(),
            thresholds: Vec::new(),
            confirm: String::new(),
            action: String::new(),
            explains: Vec::new(),
            explained_by: Vec::new(),
            ruled_out: Vec::new(),
            customer_safe: false,
        }
    }
}

/// A threshold and the value in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ThresholdUsed {
    /// Name.
    pub name: String,
    /// Value in force.
    pub value: f64,
    /// Unit.
    pub unit: String,
}

/// An alternative that the evidence speaks against.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RuledOut {
    /// Its code.
    pub code: String,
    /// Its cause class, where it names one.
    pub cause: Option<String>,
    /// What speaks against it.
    pub why: String,
}

/// A question that the evidence could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NotEvaluable {
    /// Stable code.
    pub code: String,
    /// Why not.
    pub why: String,
    /// What would settle it.
    pub would_settle: Vec<String>,
}

impl NotEvaluable {
    /// A question with its reason, and what would settle it.
    pub fn new(code: impl Into<String>, why: impl Into<String>, settle: &[&str]) -> Self {
        let would_settle = settle.iter().map(|s| (*s).to_owned()).collect();
        Self { code: code.into(), why: why.into(), would_settle }
    }
}

/// Rules that found nothing, by what they answered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SilentRules {
    /// It is not so.
    pub clear: Vec<String>,
    /// The evidence speaks against it.
    pub ruled_out: Vec<String>,
    /// The question makes no sense for this deployment.
    pub not_applicable: Vec<String>,
    /// The configuration silences it: it was not asked.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub silenced: Vec<String>,
}
