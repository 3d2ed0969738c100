//! What LMCache's own trace tools print and write: `lmcache trace info`,
//! `trace replay` (text, CSV, JSON, JSON lines) and `trace replay-events`, as LMCache
//! 0.4.4 to 0.5.6 do.
//!
//! One replay leaves up to four files. [`collect`] recognises each file by its
//! content, and counts a run once, however many of its files there are. Percentiles
//! are taken from where they stand or computed from all rows; they are never averaged.

mod csv;
mod info;
mod json;
mod merge;
mod rows;
mod run;
mod text;

use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use info::TraceInfo;
pub use run::{DigestMeaning, DigestVerdict, EventsReplay, OpLatency, ReplayRun};

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ReplayKind {
    /// `trace_replay_ops.csv`.
    OpsCsv,
    /// `trace_replay_summary.json`.
    Json,
    /// The rows of `--jsonl-out`: one call a line.
    Jsonl,
    /// What `lmcache trace info` prints.
    TraceInfo,
    /// What `lmcache trace replay` prints.
    ReplayText,
    /// What `lmcache trace replay-events` prints.
    EventsText,
}

/// Why a file, or a line of it, could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file is none that the trace tools write.
    #[error("no output of LMCache's trace tools")]
    NotRecognised,
    /// The CSV's first line lacks a column that is needed.
    #[error("the column {0:?} is missing")]
    MissingColumn(&'static str),
    /// The JSON is not well-formed.
    #[error("line {line}, column {column}: not JSON")]
    NotJson {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
    },
    /// The JSON has no map or list `ops`.
    #[error("there is no map or list \"ops\"")]
    NoOps,
    /// The text says that the tool failed.
    #[error("the tool failed before it printed a result")]
    ToolFailed,
}

/// A line of a file that could not be read; the others were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReplayIssue {
    /// Name of the file.
    pub file: String,
    /// Line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// A file that was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReplayFile {
    /// Its name, as the caller gave it.
    pub name: String,
    /// What it is.
    pub kind: ReplayKind,
    /// Its size in bytes.
    pub bytes: u64,
    /// Rows in it: calls for JSON lines, operations for the others.
    pub rows: u64,
}

/// What the given files say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReplayReport {
    /// The files that were read.
    pub files: Vec<ReplayFile>,
    /// The replays, each once.
    pub runs: Vec<ReplayRun>,
    /// Replays of cache events.
    pub events: Vec<EventsReplay>,
    /// Outputs of `trace info`.
    pub infos: Vec<TraceInfo>,
    /// What could not be read.
    pub issues: Vec<ReplayIssue>,
}

/// One file's content.
#[derive(Debug)]
enum Content {
    Run(Box<ReplayRun>),
    Info(TraceInfo),
    Events(EventsReplay),
}

/// Tells what a file is from its content; its name is not looked at.
///
/// ```
/// use lmcache_trace::replay::{ReplayKind, recognise};
///
/// assert_eq!(recognise(b"qualname,count,errors,mean_ms\n"), Some(ReplayKind::OpsCsv));
/// assert_eq!(recognise(b"Trace file: a.lct\n  level: storage\n"), Some(ReplayKind::TraceInfo));
/// assert_eq!(recognise(b"hello"), None);
/// ```
pub fn recognise(bytes: &[u8]) -> Option<ReplayKind> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let start = bytes.trim_ascii_start();
    if start.starts_with(b"qualname,") {
        return Some(ReplayKind::OpsCsv);
    }
    if start.starts_with(b"{") || start.starts_with(b"[") {
        // One object a line is JSON lines, also where there is one line only.
        let line = start.split(|&b| b == b'\n').next().unwrap_or_default();
        let is_row = serde_json::from_slice::<serde_json::Value>(line)
            .is_ok_and(|row| row.get("qualname").is_some() && row.get("latency_ms").is_some());
        return Some(if is_row { ReplayKind::Jsonl } else { ReplayKind::Json });
    }
    let has = |needle: &[u8]| memchr::memmem::find(bytes, needle).is_some();
    if has(b"Events Replay Result") {
        Some(ReplayKind::EventsText)
    } else if has(b"Trace Replay Result") || has(b"trace replay: file=") {
        Some(ReplayKind::ReplayText)
    } else if has(b"Trace file:") || has(b"TraceReader") || has(b"trace/info_command.py") {
        Some(ReplayKind::TraceInfo)
    } else {
        None
    }
}

/// Reads files and counts each run once.
///
/// ```
/// use lmcache_trace::replay::collect;
///
/// let csv = b"qualname,count,errors,mean_ms,p50_ms,p90_ms,p99_ms,min_ms,max_ms\n\
///             m.finish_write,2,0,0.150000,0.200000,0.200000,0.200000,0.100000,0.200000\n";
/// let rows = b"{\"qualname\": \"m.finish_write\", \"latency_ms\": 0.1, \"failed\": false}\n\
///              {\"qualname\": \"m.finish_write\", \"latency_ms\": 0.2, \"failed\": false}\n";
/// let report = collect([("ops.csv", &csv[..]), ("rows.jsonl", &rows[..])]);
/// assert_eq!(report.runs.len(), 1);
/// assert_eq!(report.runs[0].ops["m.finish_write"].count, 2);
/// ```
pub fn collect<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> ReplayReport {
    let mut report = ReplayReport::default();
    for (name, bytes) in files {
        let mut issues = Vec::new();
        let found = read(name, bytes, &mut issues);
        report.issues.append(&mut issues);
        match found {
            Ok((kind, content)) => {
                let rows = match &content {
                    Content::Run(run) => run.rows_seen.max(run.ops.len() as u64),
                    Content::Info(info) => info.ops.len() as u64,
                    Content::Events(_) => 0,
                };
                let bytes = bytes.len() as u64;
                report.files.push(ReplayFile { name: name.to_owned(), kind, bytes, rows });
                match content {
                    Content::Run(run) => merge::add(&mut report.runs, *run),
                    Content::Info(info) => merge::add_info(&mut report.infos, info),
                    Content::Events(events) => {
                        if !report.events.iter().any(|have| have.same_run(&events)) {
                            report.events.push(events);
                        }
                    }
                }
            }
            Err(error) => report.issues.push(ReplayIssue {
                file: name.to_owned(),
                line: 0,
                message: error.to_string(),
            }),
        }
    }
    report
}

fn read(
    name: &str,
    bytes: &[u8],
    issues: &mut Vec<ReplayIssue>,
) -> Result<(ReplayKind, Content), ReplayError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let kind = recognise(bytes).ok_or(ReplayError::NotRecognised)?;
    let mut note = |line: usize, message: String| {
        if issues.len() < 64 {
            issues.push(ReplayIssue { file: name.to_owned(), line, message });
        }
    };
    let content = match kind {
        ReplayKind::OpsCsv => Content::Run(Box::new(csv::read(bytes, &mut note)?)),
        ReplayKind::Json => Content::Run(Box::new(json::read(bytes, &mut note)?)),
        ReplayKind::Jsonl => Content::Run(Box::new(rows::read(bytes, &mut note))),
        ReplayKind::ReplayText => Content::Run(Box::new(text::read_replay(bytes)?)),
        ReplayKind::EventsText => Content::Events(text::read_events(bytes)?),
        ReplayKind::TraceInfo => Content::Info(info::read(bytes)?),
    };
    let content = match content {
        Content::Run(mut run) => {
            run.files.push(name.to_owned());
            run.kinds.push(kind);
            Content::Run(run)
        }
        Content::Info(mut info) => {
            info.files.push(name.to_owned());
            Content::Info(info)
        }
        Content::Events(mut events) => {
            events.files.push(name.to_owned());
            Content::Events(events)
        }
    };
    Ok((kind, content))
}
