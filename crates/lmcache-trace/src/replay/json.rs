//! `trace_replay_summary.json`.

use serde_json::Value;

use super::ReplayError;
use super::run::{OpLatency, ReplayRun};

pub(super) fn read(
    bytes: &[u8],
    note: &mut impl FnMut(usize, String),
) -> Result<ReplayRun, ReplayError> {
    let root: Value = serde_json::from_slice(bytes)
        .map_err(|error| ReplayError::NotJson { line: error.line(), column: error.column() })?;
    let number = |value: &Value, name: &str| value.get(name).and_then(Value::as_f64);
    let count = |value: &Value, name: &str| value.get(name).and_then(Value::as_u64);
    let mut run = ReplayRun {
        duration_s: number(&root, "duration_s"),
        level: root.get("level").and_then(Value::as_str).map(str::to_owned),
        records_total: count(&root, "total_records"),
        records_replayed: count(&root, "records_replayed"),
        records_skipped: count(&root, "records_skipped"),
        records_failed: count(&root, "records_failed"),
        ..ReplayRun::default()
    };
    let mut add = |name: &str, op: &Value| match count(op, "count") {
        Some(n) => {
            let latency = OpLatency {
                count: n,
                errors: count(op, "errors"),
                mean_ms: number(op, "mean_ms"),
                p50_ms: number(op, "p50_ms"),
                p90_ms: number(op, "p90_ms"),
                p99_ms: number(op, "p99_ms"),
                min_ms: number(op, "min_ms"),
                max_ms: number(op, "max_ms"),
            };
            run.ops.insert(name.to_owned(), latency);
        }
        None => note(0, format!("{name} has no count")),
    };
    match root.get("ops") {
        Some(Value::Object(ops)) => ops.iter().for_each(|(name, op)| add(name, op)),
        Some(Value::Array(ops)) => {
            for op in ops {
                match op.get("qualname").and_then(Value::as_str) {
                    Some(name) => add(name, op),
                    None => add("(unnamed)", op),
                }
            }
        }
        _ => return Err(ReplayError::NoOps),
    }
    Ok(run)
}
