//! The result tables that `trace replay` and `trace replay-events` print.

use std::borrow::Cow;

use super::ReplayError;
use super::run::{DigestVerdict, EventsReplay, OpLatency, ReplayRun};
use crate::record::Op;

/// A line without terminal colours.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    if !line.contains('\u{1b}') {
        return Cow::Borrowed(line);
    }
    let mut out = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        out.push_str(before);
        // ESC [ parameters letter
        let after = after.strip_prefix('[').unwrap_or(after);
        rest = after
            .find(|c: char| c.is_ascii_alphabetic())
            .and_then(|end| after.get(end + 1..))
            .unwrap_or("");
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// A table's row: what stands before the last colon, and what after it.
fn row(line: &str) -> Option<(&str, &str)> {
    let (label, value) = line.split_once(": ").or_else(|| line.split_once(':'))?;
    Some((label.trim(), value.trim()))
}

fn count(value: &str) -> Option<u64> {
    value.replace(',', "").parse().ok()
}

fn number(value: &str) -> Option<f64> {
    value.replace(',', "").parse().ok().filter(|value: &f64| value.is_finite())
}

/// The verdict of `Config digest`: `match (2b3625f4)` or
/// `MISMATCH (rec=2b3625f4, run=d0ee3846)`.
fn verdict(value: &str) -> Option<DigestVerdict> {
    let (word, rest) = value.split_once('(')?;
    let inner = rest.trim_end_matches(')');
    match word.trim() {
        "match" => {
            Some(DigestVerdict { matches: true, recorded: inner.trim().to_owned(), replayed: None })
        }
        "MISMATCH" => {
            let part = |name: &str| {
                inner.split(',').find_map(|part| part.trim().strip_prefix(name)).map(str::to_owned)
            };
            Some(DigestVerdict { matches: false, recorded: part("rec=")?, replayed: part("run=") })
        }
        _ => None,
    }
}

pub(super) fn read_replay(bytes: &[u8]) -> Result<ReplayRun, ReplayError> {
    let text = String::from_utf8_lossy(bytes);
    let mut run = ReplayRun::default();
    let mut in_table = false;
    for line in text.lines() {
        let line = plain(line);
        if let Some((_, rest)) = line.split_once("trace replay: file=")
            && let Some((file, rest)) = rest.rsplit_once(" records=")
        {
            run.trace = Some(file.to_owned());
            let digits = rest.split_whitespace().next().unwrap_or("");
            run.records_total = count(digits);
            continue;
        }
        if line.contains("Trace Replay Result") {
            in_table = true;
            continue;
        }
        if !in_table {
            continue;
        }
        let Some((label, value)) = row(&line) else { continue };
        match label {
            "Trace level" => run.level = Some(value.to_owned()),
            "Records replayed" => run.records_replayed = count(value),
            "Records skipped" => run.records_skipped = count(value),
            "Records failed" => run.records_failed = count(value),
            "Replay duration (s)" => run.duration_s = number(value),
            "Config digest" => run.digest = verdict(value),
            _ => {
                let Some((short, stat)) = label.rsplit_once(' ') else { continue };
                let name = Op::named(short).map_or(short, |op| op.qualname()).to_owned();
                let op: &mut OpLatency = run.ops.entry(name).or_default();
                match stat {
                    "count" => op.count = count(value).unwrap_or(0),
                    "mean" => op.mean_ms = number(value),
                    "p50" => op.p50_ms = number(value),
                    "p99" => op.p99_ms = number(value),
                    _ => {}
                }
            }
        }
    }
    if in_table { Ok(run) } else { Err(ReplayError::ToolFailed) }
}

pub(super) fn read_events(bytes: &[u8]) -> Result<EventsReplay, ReplayError> {
    let text = String::from_utf8_lossy(bytes);
    let mut run = EventsReplay::default();
    let mut in_table = false;
    for line in text.lines() {
        let line = plain(line);
        in_table |= line.contains("Events Replay Result");
        let Some((label, value)) = row(&line).filter(|_| in_table) else { continue };
        let slot = match label {
            "Files" => &mut run.trace_files,
            "Servers" => &mut run.servers,
            "Records" => &mut run.records,
            "Batches delivered" => &mut run.batches_delivered,
            "Batches applied" => &mut run.batches_applied,
            "Batches duplicate" => &mut run.batches_duplicate,
            "Batches stale" => &mut run.batches_stale,
            "Start marks" => &mut run.start_marks,
            "Stop marks" => &mut run.stop_marks,
            "Streams cut without stop" => &mut run.streams_cut,
            "Records skipped" => &mut run.records_skipped,
            "Replay duration (s)" => {
                run.duration_s = number(value);
                continue;
            }
            _ => continue,
        };
        *slot = count(value);
    }
    if in_table { Ok(run) } else { Err(ReplayError::ToolFailed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_go() {
        assert_eq!(plain("\u{1b}[32;20mOK\u{1b}[0m x"), "OK x");
        assert_eq!(plain("a\u{1b}"), "a");
    }

    #[test]
    fn verdicts() {
        let same = verdict("match (09e9a43e)").unwrap();
        assert!(same.matches && same.recorded == "09e9a43e");
        let other = verdict("MISMATCH (rec=2b3625f4, run=d0ee3846)").unwrap();
        assert!(!other.matches);
        assert_eq!(other.replayed.as_deref(), Some("d0ee3846"));
        assert_eq!(verdict("unknown"), None);
    }

    #[test]
    fn events_table() {
        let text = "\n==== Events Replay Result ====\n---- Overall ----\nFiles:   1\nServers: 2\n\
            Records:  192\nBatches delivered: 190\nBatches applied: 1,190\nStart marks: 1\n\
            Replay duration (s):  0.52\n";
        let run = read_events(text.as_bytes()).unwrap();
        assert_eq!(run.batches_applied, Some(1190));
        assert_eq!(run.duration_s, Some(0.52));
        assert_eq!(run.stop_marks, None);
    }
}
