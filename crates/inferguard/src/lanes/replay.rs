//! What outputs of LMCache's trace tools state.

use coverage_model::{LaneReading, Status};
use lmcache_trace::ReplayEvidence;
use lmcache_trace::replay::collect;

use super::Statements;

/// Joins all outputs, each run counted once; evidence that was read before stands where no
/// output is there.
pub(super) fn join(
    outputs: &[(String, Vec<u8>)],
    read: Vec<(String, ReplayEvidence)>,
    out: &mut Statements,
) -> Option<ReplayEvidence> {
    let evidence = if outputs.is_empty() {
        read.into_iter().map(|(_, evidence)| evidence).max_by_key(|e| e.rows_seen)?
    } else {
        ReplayEvidence::new(collect(
            outputs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())),
        ))
    };
    let calls: u64 = evidence.op_counts.values().sum();
    let (status, because) = if calls > 0 {
        let failed = if evidence.failed_rows > 0 {
            format!(", {} of them failed", evidence.failed_rows)
        } else {
            String::new()
        };
        let text = match evidence.runs {
            0 => format!("trace info on {calls} calls; no replay"),
            1 => format!("{calls} calls in one replay{failed}"),
            runs => format!("{calls} calls in {runs} replays{failed}"),
        };
        (Status::Populated, text)
    } else if evidence.report.files.is_empty() && !evidence.parse_errors.is_empty() {
        (Status::Unknown, evidence.parse_errors.join("; "))
    } else {
        (Status::Zero, "the trace tools' output counts no call".into())
    };
    out.readings.push(LaneReading {
        surface: "lmcache_trace_replay",
        family: "replay_outputs",
        status,
        seen: evidence.op_counts.keys().cloned().collect(),
        series: evidence.op_counts.len() as u64,
        nonzero: evidence.op_counts.values().filter(|n| **n > 0).count() as u64,
        because,
    });
    Some(evidence)
}
