//! The words of the model: statuses, claims, modes.

use serde::Serialize;

/// What is known of a family or a signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Present, and some value is not zero.
    Populated,
    /// Present, every value zero.
    Zero,
    /// The release registers it on its first event, and nothing says that the event happened.
    NotEmitted,
    /// The release should show it, given what else is proven, and it is not there.
    Missing,
    /// Switched off by a configuration that was seen.
    Disabled,
    /// Another mode, a feature that is not in use, or a release that never had it.
    NotApplicable,
    /// What would tell was not supplied, could not be read, or proves nothing.
    Unknown,
}

impl Status {
    /// Every status, in the order in which reports list them.
    pub const ALL: [Self; 7] = [
        Self::Missing,
        Self::Populated,
        Self::Zero,
        Self::NotEmitted,
        Self::Disabled,
        Self::Unknown,
        Self::NotApplicable,
    ];

    /// The word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Populated => "populated",
            Self::Zero => "zero",
            Self::NotEmitted => "not_emitted",
            Self::Missing => "missing",
            Self::Disabled => "disabled",
            Self::NotApplicable => "not_applicable",
            Self::Unknown => "unknown",
        }
    }
}

/// How a statement is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// Numbers in an artifact of a live process.
    Measured,
    /// Logs, flags, other signals.
    Inferred,
    /// The evidence says that it was made.
    Synthetic,
    /// Nothing proves it.
    NotProven,
}

impl Claim {
    /// The word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Measured => "measured",
            Self::Inferred => "inferred",
            Self::Synthetic => "synthetic",
            Self::NotProven => "not_proven",
        }
    }
}

/// Which kind of LMCache runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A multiprocess LMCache server beside the engine.
    Mp,
    /// LMCache inside the serving process.
    Embedded,
    /// Both.
    Mixed,
    /// A multiprocess server with the CacheBlend engine.
    Cacheblend,
    /// An engine without LMCache.
    None,
    /// Nothing seen tells.
    Unknown,
}

impl Mode {
    /// The word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mp => "mp",
            Self::Embedded => "embedded",
            Self::Mixed => "mixed",
            Self::Cacheblend => "cacheblend",
            Self::None => "none",
            Self::Unknown => "unknown",
        }
    }
}

/// Under which condition a family has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RequiredWhen {
    /// As soon as the process runs.
    Always,
    /// Once traffic reached this component.
    AfterTraffic,
    /// When sampling saw enough events.
    Sampled,
    /// With an L2 adapter.
    L2Configured,
    /// With the CacheBlend engine.
    CacheblendObserved,
    /// With peers.
    P2pConfigured,
    /// With a KV connector or external cache at the engine.
    ExternalCacheConfigured,
    /// With CPU offload at the engine.
    CpuOffloadConfigured,
    /// Never required.
    Optional,
}

impl RequiredWhen {
    /// The word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Always => "always",
            Self::AfterTraffic => "after_traffic",
            Self::Sampled => "sampled",
            Self::L2Configured => "l2_configured",
            Self::CacheblendObserved => "cacheblend_observed",
            Self::P2pConfigured => "p2p_configured",
            Self::ExternalCacheConfigured => "external_cache_configured",
            Self::CpuOffloadConfigured => "cpu_offload_configured",
            Self::Optional => "optional",
        }
    }
}
