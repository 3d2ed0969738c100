//! Who formats log lines, and how bad they say it is.

/// Who formatted a line.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// LMCache's logger.
    Lmcache,
    /// vLLM's logger.
    Vllm,
    /// SGLang's logger.
    Sglang,
    /// uvicorn: `INFO:     ...`.
    Uvicorn,
    /// Prometheus and others that write `time=... level=...`.
    Prometheus,
    /// glog, klog and Rust's tracing.
    Native,
    /// No prefix that is known.
    #[default]
    Unknown,
}

impl Product {
    /// Its name in the evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lmcache => "lmcache",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::Uvicorn => "uvicorn",
            Self::Prometheus => "prometheus",
            Self::Native => "native",
            Self::Unknown => "unknown",
        }
    }
}

/// Severity as written.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Serialize,
    serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs)]
pub enum Level {
    Critical,
    Error,
    Warning,
    Info,
    Debug,
    #[default]
    None,
}

impl Level {
    /// Its name in the evidence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::None => "none",
        }
    }

    pub(crate) fn parse(word: &[u8]) -> Option<Self> {
        Some(match word {
            b"INFO" | b"info" => Self::Info,
            b"WARNING" | b"WARN" | b"warn" | b"warning" => Self::Warning,
            b"ERROR" | b"error" => Self::Error,
            b"DEBUG" | b"debug" | b"TRACE" => Self::Debug,
            b"CRITICAL" | b"FATAL" => Self::Critical,
            _ => return None,
        })
    }
}
