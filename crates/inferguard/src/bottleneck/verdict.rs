//! What the rules of the bottleneck decide, and how that is known.

use coverage_model::Claim;
use serde::Serialize;

use super::measures::Numbers;

/// The eight verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The time to the first token is most of a request.
    PrefillBound,
    /// The time between tokens is.
    DecodeBound,
    /// Requests wait for their turn.
    QueueBound,
    /// The KV cache is full, or moving it fails.
    KvBound,
    /// The links between nodes are slow.
    NetworkBound,
    /// The CPU keeps the GPU waiting.
    HostBound,
    /// The engine did not start.
    ModelLaunchBound,
    /// The evidence does not tell.
    NotEnoughEvidence,
}

impl Verdict {
    /// The word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrefillBound => "prefill_bound",
            Self::DecodeBound => "decode_bound",
            Self::QueueBound => "queue_bound",
            Self::KvBound => "kv_bound",
            Self::NetworkBound => "network_bound",
            Self::HostBound => "host_bound",
            Self::ModelLaunchBound => "model_launch_bound",
            Self::NotEnoughEvidence => "not_enough_evidence",
        }
    }
}

/// What a rule answers.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// It fires, because of what is said.
    Fires(Fired),
    /// It does not apply to what was measured.
    Clear(String),
    /// These inputs are missing.
    NotEvaluable(Vec<&'static str>),
}

/// A rule that fired.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Fired {
    /// Name of the rule or of its variant.
    pub(crate) rule: &'static str,
    pub(crate) verdict: Verdict,
    pub(crate) confidence: f64,
    pub(crate) because: String,
    /// Ids of numbers that decided.
    pub(crate) primary: &'static [&'static str],
    /// Ids of numbers beside them.
    pub(crate) secondary: &'static [&'static str],
    /// Which claim was taken back, to what, and why, where one was.
    pub(crate) downgrade: Option<(&'static str, &'static str)>,
}

/// The claim of a verdict: no better than what it rests on.
pub(crate) fn claim(numbers: &Numbers, fired: &Fired) -> Claim {
    if fired.verdict == Verdict::ModelLaunchBound {
        return if fired.confidence < 1.0 { Claim::Inferred } else { Claim::Measured };
    }
    let of = |ids: &[&str]| -> Vec<Claim> {
        ids.iter().filter_map(|id| numbers.get(id)).map(|n| n.claim).collect()
    };
    let claims = of(fired.primary);
    if claims.contains(&Claim::Synthetic) {
        Claim::Synthetic
    } else if fired.verdict == Verdict::NotEnoughEvidence && !fired.rule.starts_with("sglang_")
        || claims.contains(&Claim::NotProven)
    {
        Claim::NotProven
    } else {
        Claim::Inferred
    }
}
