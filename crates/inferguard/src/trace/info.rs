//! `trace info` and `trace check`.

use lmcache_trace::{Grade, InfoOptions, Observation, TraceError, TraceEvidence, summarize};
use serde::Serialize;

use super::Watch;
use super::source::{self, Failure};
use crate::report::Tool;

/// One trace that was read.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceFile {
    /// Path as the user named it, or `-`.
    pub path: String,
    /// The reading was stopped: everything is about the part before.
    pub partial: bool,
    /// Why nothing can be said; `null` where something can.
    pub error: Option<String>,
    /// What was read, in the form of `lmcache_trace_evidence.json`.
    #[serde(flatten)]
    pub evidence: TraceEvidence,
}

impl TraceFile {
    /// Whether anything was read.
    pub fn is_usable(&self) -> bool {
        self.evidence.summary.is_some()
    }

    /// Whether something is wrong with the trace.
    pub fn has_defects(&self) -> bool {
        self.error.is_some() || self.evidence.check.iter().any(|o| o.grade == Grade::Defect)
    }
}

/// The report of `trace info`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceInfoReport {
    /// `inferguard/trace-info/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// One entry a trace, in the order in which they were named.
    pub files: Vec<TraceFile>,
}

impl TraceInfoReport {
    /// A report on traces that were read.
    pub fn new(files: Vec<TraceFile>) -> Self {
        Self { schema: "inferguard/trace-info/v1".into(), tool: Tool::this(), files }
    }
}

/// What is wrong with one trace.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceCheckRow {
    /// Path as the user named it, or `-`.
    pub path: String,
    /// Whole records.
    pub records: u64,
    /// Bytes of the file that were read.
    pub bytes: u64,
    /// SHA-256 of the file; empty where it was not computed.
    pub sha256: String,
    /// The reading was stopped.
    pub partial: bool,
    /// No defect was found in what was read.
    pub sound: bool,
    /// Why nothing can be said; `null` where something can.
    pub error: Option<String>,
    /// Defects first.
    pub observations: Vec<Observation>,
}

/// The report of `trace check`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceCheckReport {
    /// `inferguard/trace-check/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// No trace has a defect.
    pub sound: bool,
    /// One entry a trace.
    pub files: Vec<TraceCheckRow>,
}

impl TraceCheckReport {
    /// A report on traces that were read.
    pub fn new(files: Vec<TraceFile>) -> Self {
        let files: Vec<TraceCheckRow> = files
            .into_iter()
            .map(|file| TraceCheckRow {
                sound: !file.has_defects(),
                records: file.evidence.record_count,
                bytes: file.evidence.file_size_bytes,
                sha256: file.evidence.sha256,
                path: file.path,
                partial: file.partial,
                error: file.error,
                observations: file.evidence.check,
            })
            .collect();
        Self {
            schema: "inferguard/trace-check/v1".into(),
            tool: Tool::this(),
            sound: files.iter().all(|f| f.sound),
            files,
        }
    }
}

/// Reads one trace. Never fails: what cannot be read is an entry that says why.
///
/// ```no_run
/// use inferguard::trace::{Watch, read_info};
/// use lmcache_trace::InfoOptions;
///
/// let file = read_info("trace.lct", &InfoOptions::default(), true, &mut Watch::default());
/// println!("{} records, SHA-256 {}", file.evidence.record_count, file.evidence.sha256);
/// ```
pub fn read_info(
    path: &str,
    options: &InfoOptions,
    hash: bool,
    watch: &mut Watch<'_>,
) -> TraceFile {
    let outcome = source::with(path, hash, watch, |body, size, hooks| {
        summarize(body, &options.with_expected_bytes(size.filter(|n| *n > 0)), hooks)
    });
    let sha256 = outcome.sha256.unwrap_or_default();
    let (partial, error, mut evidence) = match outcome.result {
        Ok(summary) => (summary.partial, None, TraceEvidence::new(summary, &sha256, None)),
        Err(Failure::Trace(error)) => {
            let evidence = TraceEvidence::unreadable(&error, outcome.bytes, &sha256);
            (false, Some(hint(&error)), evidence)
        }
        Err(failure) => {
            let mut evidence = TraceEvidence::default();
            TraceEvidence::SCHEMA.clone_into(&mut evidence.schema_version);
            evidence.parse_error = failure.to_string();
            let stopped = matches!(failure, Failure::Stopped);
            (stopped, Some(failure.to_string()), evidence)
        }
    };
    evidence.file_size_bytes = outcome.bytes;
    TraceFile { path: path.to_owned(), partial, error, evidence }
}

/// The error, and what the user can do about it.
fn hint(error: &TraceError) -> String {
    match error {
        TraceError::UnknownVersion { found } => format!(
            "trace format version {found} is not known (known: 1); --force reads it as far as its shape allows"
        ),
        other => other.to_string(),
    }
}
