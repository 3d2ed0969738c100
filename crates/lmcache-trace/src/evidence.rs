//! The evidence files `lmcache_trace_evidence.json` and
//! `lmcache_trace_replay_evidence.json`.
//!
//! The first keys of each are those that scripts around the older Python tool read;
//! `summary`, `check` and `report` beside them hold everything. Two of the older keys
//! mean less than they seem: `storage_calls` counts by a short name, and `latency_ms`
//! has no percentiles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::check::{Observation, check};
use crate::error::TraceError;
use crate::header::Header;
use crate::replay::{ReplayKind, ReplayReport};
use crate::summary::{EndKind, RecordFacts, TraceSummary};

/// How a statement of an evidence file is known.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ClaimStatus {
    /// From numbers of a live process.
    Measured,
    /// The file is there and holds nothing that was measured.
    #[default]
    NotProven,
    /// The file could not be read.
    ParseFailed,
    /// Another status, of a file that another tool wrote.
    #[serde(other)]
    Other,
}

/// `lmcache_trace_evidence.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct TraceEvidence {
    /// `inferguard-lmcache-trace-evidence/v1`.
    pub schema_version: String,
    /// Whether a trace was given.
    pub present: bool,
    /// How it is known.
    pub claim_status: ClaimStatus,
    /// Bytes of the file that were read.
    pub file_size_bytes: u64,
    /// SHA-256 of the file in hex; empty where it was not computed.
    pub sha256: String,
    /// The header's fields under the names that they have in the file; empty where
    /// there is no header. The configuration is left out unless it was asked for.
    pub header: serde_json::Map<String, serde_json::Value>,
    /// Whole records.
    pub record_count: u64,
    /// The last frame is cut off, or the reading was stopped.
    pub truncated: bool,
    /// Records by operation's short name.
    pub storage_calls: BTreeMap<String, u64>,
    /// The first record.
    pub first_record: Option<RecordFacts>,
    /// The last record.
    pub last_record: Option<RecordFacts>,
    /// Why the file could not be read; empty where it could.
    pub parse_error: String,
    /// Everything that was found.
    pub summary: Option<TraceSummary>,
    /// What is wrong.
    pub check: Vec<Observation>,
}

impl TraceEvidence {
    /// The value of `schema_version`.
    pub const SCHEMA: &'static str = "inferguard-lmcache-trace-evidence/v1";

    /// Evidence of a trace that was read. `sha256` may be empty; the header's
    /// configuration is put in where `header` is given.
    pub fn new(summary: TraceSummary, sha256: &str, header: Option<&Header>) -> Self {
        let mut storage_calls = BTreeMap::new();
        for op in &summary.ops {
            *storage_calls.entry(op.short.clone()).or_insert(0) += op.count;
        }
        let claim_status =
            if summary.records > 0 { ClaimStatus::Measured } else { ClaimStatus::NotProven };
        TraceEvidence {
            schema_version: Self::SCHEMA.to_owned(),
            present: true,
            claim_status,
            file_size_bytes: summary.bytes,
            sha256: sha256.to_owned(),
            header: header_map(&summary, header),
            record_count: summary.records,
            truncated: matches!(
                summary.end.kind,
                EndKind::Torn | EndKind::Stopped | EndKind::Unreadable | EndKind::ReadError
            ),
            storage_calls,
            first_record: summary.first.clone(),
            last_record: summary.last.clone(),
            parse_error: String::new(),
            check: check(&summary),
            summary: Some(summary),
        }
    }

    /// Evidence of a file that is no readable trace.
    pub fn unreadable(error: &TraceError, bytes: u64, sha256: &str) -> Self {
        TraceEvidence {
            schema_version: Self::SCHEMA.to_owned(),
            present: true,
            claim_status: ClaimStatus::ParseFailed,
            file_size_bytes: bytes,
            sha256: sha256.to_owned(),
            header: serde_json::Map::new(),
            record_count: 0,
            truncated: matches!(error, TraceError::TornHeader { .. }),
            storage_calls: BTreeMap::new(),
            first_record: None,
            last_record: None,
            parse_error: error.to_string(),
            summary: None,
            check: Vec::new(),
        }
    }
}

/// The header under the names of the file.
fn header_map(
    summary: &TraceSummary,
    header: Option<&Header>,
) -> serde_json::Map<String, serde_json::Value> {
    let facts = &summary.header;
    let mut map = serde_json::Map::new();
    let mut put = |name: &str, value: serde_json::Value| {
        map.insert(name.to_owned(), value);
    };
    put("type", "header".into());
    put("magic", "<bytes:4>".into());
    put("level", facts.level.as_str().into());
    put("format_version", facts.format_version.into());
    put("trace_schema_version", facts.trace_schema_version.into());
    put("t_mono_start", facts.t_mono_start.into());
    put("t_wall_start", facts.t_wall_start.into());
    put("sm_config_digest", facts.sm_config_digest.as_str().into());
    if let Some(header) = header {
        put("sm_config_json", header.sm_config_json.as_str().into());
    }
    if !facts.level_meta.is_empty() {
        put("level_meta", serde_json::to_value(&facts.level_meta).unwrap_or_default());
    }
    map
}

/// Smallest, largest and mean latency of an operation, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LatencyFacts {
    /// Calls.
    pub count: u64,
    /// Smallest.
    pub min: Option<f64>,
    /// Largest.
    pub max: Option<f64>,
    /// Mean over the calls; of several runs weighted by their calls.
    pub avg: Option<f64>,
}

/// `lmcache_trace_replay_evidence.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ReplayEvidence {
    /// `inferguard-lmcache-trace-replay-evidence/v1`.
    pub schema_version: String,
    /// Whether any file was given.
    pub present: bool,
    /// How it is known.
    pub claim_status: ClaimStatus,
    /// `ops_csv`, `json`, `jsonl`, `trace_info`, `replay_text` or `events_text` for one
    /// file, `directory` for several, `unknown` where none could be read.
    pub source_kind: String,
    /// Size of all files together.
    pub file_size_bytes: u64,
    /// Facts on the trace and the replay: level, versions, digest, totals.
    pub replay_info: serde_json::Map<String, serde_json::Value>,
    /// Duration of the replay in seconds; of several runs their sum. Where only
    /// `trace info` was given, the trace's own.
    pub duration_s: Option<f64>,
    /// Calls by operation, each run once.
    pub op_counts: BTreeMap<String, u64>,
    /// Failed calls by operation.
    pub op_errors: BTreeMap<String, u64>,
    /// Latency by operation.
    pub latency_ms: BTreeMap<String, LatencyFacts>,
    /// Rows of JSON lines; without them, calls replayed.
    pub rows_seen: u64,
    /// Of these, rows that failed.
    pub failed_rows: u64,
    /// What could not be read.
    pub parse_errors: Vec<String>,
    /// Number of replays.
    pub runs: u64,
    /// Everything that was found.
    pub report: ReplayReport,
}

impl ReplayEvidence {
    /// The value of `schema_version`.
    pub const SCHEMA: &'static str = "inferguard-lmcache-trace-replay-evidence/v1";

    /// Evidence of what [`collect`](crate::replay::collect) found.
    pub fn new(report: ReplayReport) -> Self {
        let source_kind = match report.files.as_slice() {
            [] => "unknown".to_owned(),
            [file] => kind_name(file.kind).to_owned(),
            _ => "directory".to_owned(),
        };
        let claim_status = if report.files.is_empty() {
            ClaimStatus::ParseFailed
        } else if report.runs.iter().all(|run| run.ops.is_empty())
            && report.events.is_empty()
            && report.infos.iter().all(|info| info.ops.is_empty())
        {
            ClaimStatus::NotProven
        } else {
            ClaimStatus::Measured
        };
        let mut out = ReplayEvidence {
            schema_version: Self::SCHEMA.to_owned(),
            present: !report.files.is_empty() || !report.issues.is_empty(),
            claim_status,
            source_kind,
            file_size_bytes: report.files.iter().map(|file| file.bytes).sum(),
            replay_info: replay_info(&report),
            duration_s: None,
            op_counts: BTreeMap::new(),
            op_errors: BTreeMap::new(),
            latency_ms: BTreeMap::new(),
            rows_seen: 0,
            failed_rows: 0,
            parse_errors: report
                .issues
                .iter()
                .map(|issue| match issue.line {
                    0 => format!("{}: {}", issue.file, issue.message),
                    line => format!("{}:{line}: {}", issue.file, issue.message),
                })
                .collect(),
            runs: report.runs.len() as u64,
            report: ReplayReport::default(),
        };
        for run in &report.runs {
            if let Some(duration) = run.duration_s {
                *out.duration_s.get_or_insert(0.0) += duration;
            }
            let calls: u64 = run.ops.values().map(|op| op.count + op.errors.unwrap_or(0)).sum();
            out.rows_seen += if run.rows_seen > 0 { run.rows_seen } else { calls };
            out.failed_rows += if run.rows_seen > 0 {
                run.failed_rows
            } else {
                run.records_failed
                    .unwrap_or_else(|| run.ops.values().filter_map(|op| op.errors).sum())
            };
            for (name, op) in &run.ops {
                *out.op_counts.entry(name.clone()).or_insert(0) += op.count;
                *out.op_errors.entry(name.clone()).or_insert(0) += op.errors.unwrap_or(0);
                out.latency_ms.entry(name.clone()).or_default().add(op);
            }
        }
        if report.runs.is_empty()
            && let [info, ..] = report.infos.as_slice()
        {
            out.duration_s = info.duration_s;
            out.op_counts.clone_from(&info.ops);
        }
        out.report = report;
        out
    }
}

impl LatencyFacts {
    fn add(&mut self, op: &crate::replay::OpLatency) {
        if op.count == 0 {
            return;
        }
        let before = self.count as f64;
        self.avg = match (self.avg, op.mean_ms) {
            (Some(a), Some(b)) => {
                let n = op.count as f64;
                Some((a * before + b * n) / (before + n))
            }
            // A mean of which a part is not known is not known.
            (None, mean) if self.count == 0 => mean,
            _ => None,
        };
        let first = self.count == 0;
        let join = |have: Option<f64>, new: Option<f64>, pick: fn(f64, f64) -> f64| {
            if first { new } else { have.zip(new).map(|(a, b)| pick(a, b)) }
        };
        self.min = join(self.min, op.min_ms, f64::min);
        self.max = join(self.max, op.max_ms, f64::max);
        self.count += op.count;
    }
}

fn kind_name(kind: ReplayKind) -> &'static str {
    match kind {
        ReplayKind::OpsCsv => "ops_csv",
        ReplayKind::Json => "json",
        ReplayKind::Jsonl => "jsonl",
        ReplayKind::TraceInfo => "trace_info",
        ReplayKind::ReplayText => "replay_text",
        ReplayKind::EventsText => "events_text",
    }
}

fn replay_info(report: &ReplayReport) -> serde_json::Map<String, serde_json::Value> {
    let mut map = serde_json::Map::new();
    let mut put = |name: &str, value: Option<serde_json::Value>| {
        if let Some(value) = value {
            map.insert(name.to_owned(), value);
        }
    };
    if let [info, ..] = report.infos.as_slice() {
        put("level", info.level.as_deref().map(Into::into));
        put("format_version", info.format_version.map(Into::into));
        put("trace_schema_version", info.trace_schema_version.map(Into::into));
        put("sm_config_digest", info.sm_config_digest.as_deref().map(Into::into));
        put("total_records", info.total_records.map(Into::into));
        put("trace_duration_s", info.duration_s.map(Into::into));
        put("torn_at", info.torn_at.map(Into::into));
    }
    let sum = |pick: fn(&crate::replay::ReplayRun) -> Option<u64>| {
        let values: Vec<u64> = report.runs.iter().filter_map(pick).collect();
        (!values.is_empty()).then(|| values.iter().sum::<u64>().into())
    };
    put("records_replayed", sum(|run| run.records_replayed));
    put("records_skipped", sum(|run| run.records_skipped));
    put("records_failed", sum(|run| run.records_failed));
    let verdicts: Vec<&str> = report
        .runs
        .iter()
        .filter_map(|run| run.digest.as_ref())
        .map(|digest| if digest.matches { "match" } else { "mismatch" })
        .collect();
    if let [first, rest @ ..] = verdicts.as_slice() {
        let same = rest.iter().all(|verdict| verdict == first);
        put("config_digest", Some(if same { *first } else { "mixed" }.into()));
    }
    map
}
