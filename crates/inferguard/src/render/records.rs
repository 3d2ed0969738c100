//! What was written while it ran: logs and traces.

use super::text::{LABEL, Sheet, count, head, near_path, plural, safe, seconds, short_path};
use crate::lanes::LogRow;
use crate::report::CheckReport;

/// Most logs and most tracebacks of each that the screen shows.
const LOG_LINES: usize = 6;
const TRACEBACK_LINES: usize = 3;

/// A line a log, and the tracebacks in it; unless `all` is set, only of logs that say something.
pub(super) fn logs(sheet: &mut Sheet, report: &CheckReport, all: bool) {
    let shown = |row: &&LogRow| all || loud(row) > 0 || !row.evidence.tracebacks.is_empty();
    let rows: Vec<&LogRow> = report.logs.iter().filter(shown).collect();
    let mut label = "LOGS";
    for row in rows.iter().take(LOG_LINES) {
        let log = &row.evidence;
        let start = if log.covers_start() { "" } else { ", not from its start" };
        sheet.entry(
            label,
            &safe(&format!(
                "{}: {} lines{start}; {} warnings and errors",
                near_path(&row.path),
                count(log.line_count as f64),
                count(loud(row) as f64)
            )),
        );
        label = "";
        for traceback in log.tracebacks.iter().take(TRACEBACK_LINES) {
            let times = count(traceback.count as f64);
            let line = format!("{times} x {}", traceback.last_line);
            let place = format!(" (line {})", traceback.first_line);
            let room = sheet.width().saturating_sub(LABEL + 2 + place.chars().count());
            let line = if all { line } else { head(&line, room) };
            sheet.entry_at("", 2, &safe(&format!("{line}{place}")));
        }
    }
    if rows.len() > LOG_LINES {
        sheet
            .entry("", &format!("{} more; --json has them", plural(rows.len() - LOG_LINES, "log")));
    }
    let silent = report.logs.len() - rows.len();
    if silent > 0 {
        sheet.entry(label, &format!("{} without a warning", plural(silent, "log")));
        label = "";
    }
    if label.is_empty() {
        sheet.blank();
    }
}

/// Lines that warn or worse.
fn loud(row: &LogRow) -> u64 {
    ["WARNING", "ERROR", "CRITICAL", "warning", "error", "critical"]
        .iter()
        .filter_map(|level| row.evidence.levels.get(*level))
        .sum()
}

/// Most traces that the screen shows.
const TRACE_LINES: usize = 6;

/// A line a trace, and what is wrong with it.
pub(super) fn traces(sheet: &mut Sheet, report: &CheckReport) {
    let mut label = "TRACES";
    for row in report.traces.iter().take(TRACE_LINES) {
        let evidence = &row.evidence;
        let name = short_path(&row.path);
        let text = if evidence.parse_error.is_empty() {
            let length = evidence
                .summary
                .as_ref()
                .and_then(|s| s.clocks.duration_mono_s)
                .map_or_else(String::new, |s| format!(" over {}", seconds(s)));
            let calls = count(evidence.record_count as f64);
            let end = evidence.summary.as_ref().map_or("", |s| s.end.meaning.as_str());
            if evidence.record_count == 0 {
                format!("{name}: no calls: {end}")
            } else {
                format!("{name}: {calls} calls{length}")
            }
        } else {
            format!("{name}: {}", evidence.parse_error)
        };
        sheet.entry(label, &safe(&text));
        label = "";
        for defect in evidence.check.iter().filter(|o| o.grade == lmcache_trace::Grade::Defect) {
            sheet.entry_at("", 2, &safe(&defect.message));
        }
    }
    if report.traces.len() > TRACE_LINES {
        let more = plural(report.traces.len() - TRACE_LINES, "more trace");
        sheet.entry("", &format!("{more}: inferguard trace info shows them"));
    }
    if let Some(replay) = &report.trace_replay {
        let runs = usize::try_from(replay.runs).unwrap_or(usize::MAX);
        let text = if runs > 0 {
            format!(
                "{}: {} of {} calls failed",
                plural(runs, "replay"),
                count(replay.failed_rows as f64),
                count(replay.rows_seen as f64)
            )
        } else {
            format!(
                "{} of lmcache trace info, no replay",
                plural(replay.report.infos.len(), "output")
            )
        };
        sheet.entry(label, &text);
        label = "";
    }
    if label.is_empty() {
        sheet.blank();
    }
}
