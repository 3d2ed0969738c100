//! The lanes beside metrics: what was read of their artifacts, and what that states.
//!
//! A lane has a parser crate of its own. This module holds what the parsers gave, by artifact,
//! and turns it into facts and readings for the coverage model.

mod hashes;
mod http;
mod launch;
mod log;
mod replay;
mod span;
mod trace;

use std::collections::BTreeMap;

use coverage_model::{Evidence, Fact, LaneReading};
use lmcache_http::HttpEvidence;
use lmcache_logs::LogEvidence;
use lmcache_logs::lookup_hash::LookupHashEvidence;
use lmcache_otel::SpanEvidence;
use lmcache_trace::{ReplayEvidence, TraceEvidence};
use serde::Serialize;

/// Everything that was read of lanes other than metrics. Of a log and of its evidence only one is
/// given by a packet of ours: the raw file is read again.
#[derive(Debug, Default)]
pub struct Lanes {
    /// Traces, each with the index of its artifact.
    pub traces: Vec<(usize, TraceEvidence)>,
    /// Logs, each with the index of its artifact.
    pub logs: Vec<(usize, LogEvidence)>,
    /// Evidence of logs that was read before: it stands where no log is there.
    pub(crate) log_evidence: Vec<(usize, LogEvidence)>,
    /// Spans, each file with the index of its artifact.
    pub spans: Vec<(usize, SpanEvidence)>,
    /// Evidence of spans that was read before: it stands where no spans are there.
    pub(crate) span_evidence: Vec<(usize, SpanEvidence)>,
    /// All lookup-hash logs together.
    pub lookup_hashes: Option<LookupHashEvidence>,
    /// Processes, configuration, environment and boundary events.
    pub launch: Option<lmcache_launch::Evidence>,
    /// Answers of HTTP APIs.
    pub(crate) http: http::Exchanges,
    /// Outputs of LMCache's trace tools, as they are, each with the index of its artifact.
    pub(crate) replay_outputs: Vec<(usize, Vec<u8>)>,
    /// Replay evidence that was read before, by this tool or another.
    pub(crate) replay_evidence: Vec<(usize, ReplayEvidence)>,
}

/// One trace as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceRow {
    /// Path of the artifact.
    pub path: String,
    /// What was read, in the form of `lmcache_trace_evidence.json`.
    #[serde(flatten)]
    pub evidence: TraceEvidence,
}

/// One log as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LogRow {
    /// Path of the artifact.
    pub path: String,
    /// What was read, in the form of `lmcache_log_evidence.json`.
    #[serde(flatten)]
    pub evidence: LogEvidence,
}

/// One file of spans as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SpanRow {
    /// Path of the artifact.
    pub path: String,
    /// What was read, in the form of `lmcache_otel_evidence.json`.
    #[serde(flatten)]
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub evidence: SpanEvidence,
}

/// The answers of one server as reports show them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HttpRow {
    /// Directory of the answers, or the evidence file.
    pub path: String,
    /// The server that was asked, where an index or the URL tells.
    pub server: Option<String>,
    /// What was read, in the form of `lmcache_http_evidence.json`.
    #[serde(flatten)]
    pub evidence: HttpEvidence,
}

/// One process as it was launched.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LaunchRow {
    /// Artifact that tells of it.
    pub path: String,
    /// `vllm`, `sglang`, `lmcache-server`, ...
    pub product: String,
    /// KV connector classes, in the order in which they stand.
    pub connectors: Vec<String>,
    /// Settings of flags, variables and configuration, under one name each; secrets are taken
    /// out.
    pub settings: BTreeMap<String, serde_json::Value>,
}

/// The lanes in the form in which reports show them.
#[derive(Debug, Default)]
pub(crate) struct LaneRows {
    pub(crate) traces: Vec<TraceRow>,
    pub(crate) replay: Option<ReplayEvidence>,
    pub(crate) logs: Vec<LogRow>,
    pub(crate) spans: Vec<SpanRow>,
    pub(crate) http: Vec<HttpRow>,
    pub(crate) processes: Vec<LaunchRow>,
    pub(crate) boundary: Option<serde_json::Value>,
    pub(crate) lookup_hashes: Option<LookupHashEvidence>,
    pub(crate) launch: Option<lmcache_launch::Evidence>,
}

/// What a lane adds to the evidence.
#[derive(Debug, Default)]
struct Statements {
    facts: Vec<Fact>,
    readings: Vec<LaneReading>,
}

/// Adds what the lanes state to the evidence, and gives their rows.
pub(crate) fn join(mut lanes: Lanes, paths: &[String], evidence: &mut Evidence) -> LaneRows {
    let path = |index: usize| paths.get(index).cloned().unwrap_or_default();
    let mut out = Statements::default();
    let mut traces: Vec<TraceRow> = Vec::new();
    for (index, evidence) in lanes.traces {
        // A trace and the evidence of it are one trace.
        let known = |row: &TraceRow| {
            !row.evidence.sha256.is_empty() && row.evidence.sha256 == evidence.sha256
        };
        if !traces.iter().any(known) {
            traces.push(TraceRow { path: path(index), evidence });
        }
    }
    for row in &traces {
        trace::state(row, &mut out);
    }
    let outputs: Vec<(String, Vec<u8>)> =
        lanes.replay_outputs.into_iter().map(|(index, bytes)| (path(index), bytes)).collect();
    let read: Vec<(String, ReplayEvidence)> =
        lanes.replay_evidence.into_iter().map(|(index, e)| (path(index), e)).collect();
    let replay = replay::join(&outputs, read, &mut out);
    if lanes.logs.is_empty() {
        std::mem::swap(&mut lanes.logs, &mut lanes.log_evidence);
    }
    let logs: Vec<LogRow> = lanes
        .logs
        .into_iter()
        .map(|(index, evidence)| LogRow { path: path(index), evidence })
        .collect();
    for row in &logs {
        log::state(row, &mut out);
    }
    if lanes.spans.is_empty() {
        std::mem::swap(&mut lanes.spans, &mut lanes.span_evidence);
    }
    let spans: Vec<SpanRow> = lanes
        .spans
        .into_iter()
        .map(|(index, evidence)| SpanRow { path: path(index), evidence })
        .collect();
    for row in &spans {
        span::state(row, &mut out);
    }
    let http = http::join(lanes.http, paths, &mut out);
    let (mut processes, mut boundary) = (Vec::new(), None);
    if let Some(evidence) = &mut lanes.launch {
        evidence.launch.join_environments();
        launch::state(evidence, &mut out);
        processes = launch::rows(evidence);
        boundary = evidence.boundary.first().and_then(|b| serde_json::to_value(b).ok());
    }
    if let Some(evidence) = &lanes.lookup_hashes {
        hashes::state(evidence, &mut out);
    }
    evidence.facts.append(&mut out.facts);
    evidence.lanes.append(&mut out.readings);
    LaneRows {
        traces,
        replay,
        logs,
        spans,
        http,
        processes,
        boundary,
        lookup_hashes: lanes.lookup_hashes,
        launch: lanes.launch,
    }
}
