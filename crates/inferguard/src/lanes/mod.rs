//! The lanes beside metrics: what was read of their artifacts, and what that states.
//!
//! A lane has a parser crate of its own. This module holds what the parsers gave, by artifact,
//! and turns it into facts and readings for the coverage model.

mod replay;
mod trace;

use coverage_model::{Evidence, Fact, LaneReading};
use lmcache_trace::{ReplayEvidence, TraceEvidence};
use serde::Serialize;

/// Everything that was read of lanes other than metrics.
#[derive(Debug, Default)]
pub struct Lanes {
    /// Traces, each with the index of its artifact.
    pub traces: Vec<(usize, TraceEvidence)>,
    /// Outputs of LMCache's trace tools, as they are, each with the index of its artifact.
    pub(crate) replay_outputs: Vec<(usize, Vec<u8>)>,
    /// Replay evidence that was read before, by this tool or another.
    pub(crate) replay_evidence: Vec<(usize, ReplayEvidence)>,
}

/// One trace as reports show it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TraceRow {
    /// Path of the artifact.
    pub path: String,
    /// What was read, in the form of `lmcache_trace_evidence.json`.
    #[serde(flatten)]
    pub evidence: TraceEvidence,
}

/// The lanes in the form in which reports show them.
#[derive(Debug, Default)]
pub(crate) struct LaneRows {
    pub(crate) traces: Vec<TraceRow>,
    pub(crate) replay: Option<ReplayEvidence>,
}

/// What a lane adds to the evidence.
#[derive(Debug, Default)]
struct Statements {
    facts: Vec<Fact>,
    readings: Vec<LaneReading>,
}

/// Adds what the lanes state to the evidence, and gives their rows.
pub(crate) fn join(lanes: Lanes, paths: &[String], evidence: &mut Evidence) -> LaneRows {
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
    evidence.facts.append(&mut out.facts);
    evidence.lanes.append(&mut out.readings);
    LaneRows { traces, replay }
}
