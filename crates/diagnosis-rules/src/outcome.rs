//! What a rule answers.

use coverage_model::{Claim, Source};

use crate::rule::Severity;

/// The answer of a rule.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is so.
    Finding(Box<Hit>),
    /// It is not so, as far as the evidence goes.
    Clear,
    /// The evidence speaks against it: said where it is an alternative to a finding.
    RuledOut(String),
    /// The evidence cannot tell.
    NotEvaluable {
        /// Why not.
        why: String,
        /// What would settle it.
        settle: Vec<&'static str>,
    },
    /// The question makes no sense for this deployment.
    NotApplicable,
}

impl Outcome {
    /// A finding of these signs; clear without any, or where all of them together are weaker
    /// than `least`.
    pub fn from_signs(signs: Vec<Sign>, least: f64) -> Self {
        let hit = Hit { signs, ..Hit::default() };
        if hit.signs.is_empty() || hit.confidence() < least {
            Self::Clear
        } else {
            Self::Finding(Box::new(hit))
        }
    }

    /// The evidence cannot tell.
    pub fn not_evaluable(why: impl Into<String>, settle: &[&'static str]) -> Self {
        Self::NotEvaluable { why: why.into(), settle: settle.to_vec() }
    }

    /// Changes the hit, where there is one.
    #[must_use]
    pub fn map(self, change: impl FnOnce(&mut Hit)) -> Self {
        match self {
            Self::Finding(mut hit) => {
                change(&mut hit);
                Self::Finding(hit)
            }
            other => other,
        }
    }
}

/// One thing that speaks for a finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Sign {
    /// How much it says alone, from 0 to 1.
    pub weight: f64,
    /// What it is, with its numbers, as a sentence without a full stop.
    pub text: String,
    /// How it is known.
    pub claim: Claim,
    /// Where it was read.
    pub sources: Vec<Source>,
}

impl Sign {
    /// Read off numbers of a live process.
    pub fn measured(weight: f64, text: impl Into<String>, sources: Vec<Source>) -> Self {
        Self { weight, text: text.into(), claim: Claim::Measured, sources }
    }

    /// Read off logs, flags, configuration.
    pub fn inferred(weight: f64, text: impl Into<String>, sources: Vec<Source>) -> Self {
        Self { weight, text: text.into(), claim: Claim::Inferred, sources }
    }
}

/// A rule's finding, before the registry's texts are put to it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hit {
    /// What speaks for it.
    pub signs: Vec<Sign>,
    /// Severity, where the evidence says otherwise than the rule.
    pub severity: Option<Severity>,
    /// Title with the numbers of this deployment, where the rule's own says less.
    pub title: Option<String>,
    /// Next action with the values of this deployment, where the rule's own says less.
    pub action: Option<String>,
}

impl Hit {
    /// How sure: signs are taken to be independent.
    pub fn confidence(&self) -> f64 {
        let doubt: f64 = self.signs.iter().map(|s| 1.0 - s.weight.clamp(0.0, 1.0)).product();
        ((1.0 - doubt) * 100.0).round() / 100.0
    }

    /// `measured` if anything of it is.
    pub fn claim(&self) -> Claim {
        if self.signs.iter().any(|s| s.claim == Claim::Measured) {
            Claim::Measured
        } else {
            Claim::Inferred
        }
    }
}
