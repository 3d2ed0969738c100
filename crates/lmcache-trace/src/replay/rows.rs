//! The rows of `--jsonl-out`: one replayed call a line.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::run::{OpLatency, ReplayRun};

/// Rows of one operation that are kept for percentiles; beyond it there are none.
const MAX_ROWS: usize = 8 << 20;

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    qualname: std::borrow::Cow<'a, str>,
    #[serde(default)]
    latency_ms: Option<f64>,
    #[serde(default)]
    failed: bool,
}

pub(super) fn read(bytes: &[u8], note: &mut impl FnMut(usize, String)) -> ReplayRun {
    let mut run = ReplayRun::default();
    let mut latencies: BTreeMap<String, (Vec<f64>, u64, u64)> = BTreeMap::new();
    let mut seen = 0;
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        seen += line.len() + 1;
        if line.trim_ascii().is_empty() {
            continue;
        }
        let row: Row<'_> = match serde_json::from_slice(line) {
            Ok(row) => row,
            Err(error) => {
                let is_last = seen > bytes.len();
                let cut = if is_last { "the last line is cut off" } else { "not a row" };
                note(index + 1, format!("{cut} (column {})", error.column()));
                continue;
            }
        };
        run.rows_seen += 1;
        if !latencies.contains_key(row.qualname.as_ref()) {
            latencies.insert(row.qualname.clone().into_owned(), (Vec::new(), 0, 0));
        }
        let Some((values, count, errors)) = latencies.get_mut(row.qualname.as_ref()) else {
            continue;
        };
        if row.failed {
            run.failed_rows += 1;
            if row.latency_ms == Some(0.0) {
                run.skipped_rows += 1;
            } else {
                *errors += 1;
            }
            continue;
        }
        *count += 1;
        if let Some(ms) = row.latency_ms.filter(|ms| ms.is_finite())
            && values.len() < MAX_ROWS
        {
            values.push(ms);
        }
    }
    for (name, (mut values, count, errors)) in latencies {
        let mut latency = OpLatency { count, errors: Some(errors), ..OpLatency::default() };
        if values.len() as u64 == count && count > 0 {
            values.sort_unstable_by(f64::total_cmp);
            let at = |percent: usize| {
                let index = values.len().saturating_mul(percent) / 100;
                values.get(index.min(values.len() - 1)).copied()
            };
            latency.mean_ms = Some(values.iter().sum::<f64>() / values.len() as f64);
            latency.p50_ms = at(50);
            latency.p90_ms = at(90);
            latency.p99_ms = at(99);
            latency.min_ms = values.first().copied();
            latency.max_ms = values.last().copied();
        }
        run.ops.insert(name, latency);
    }
    run
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failed_and_skipped_rows_are_told_apart() {
        let text = b"{\"qualname\":\"a\",\"latency_ms\":2.0,\"failed\":false}\n\
            {\"qualname\":\"a\",\"latency_ms\":1.0,\"failed\":true}\n\
            {\"qualname\":\"a\",\"latency_ms\":0.0,\"failed\":true}\n\
            nonsense\n\
            {\"qualname\":\"a\",\"latency_ms\":4.0,\"failed\":false}\n{\"qual";
        let mut notes = Vec::new();
        let run = read(text, &mut |line, message| notes.push((line, message)));
        assert_eq!((run.rows_seen, run.failed_rows, run.skipped_rows), (4, 2, 1));
        let op = run.ops["a"];
        assert_eq!((op.count, op.errors, op.mean_ms), (2, Some(1), Some(3.0)));
        assert_eq!((op.p50_ms, op.min_ms, op.max_ms), (Some(4.0), Some(2.0), Some(4.0)));
        assert_eq!(notes.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [4, 6]);
        assert!(notes[1].1.contains("cut off"), "{notes:?}");
    }
}
