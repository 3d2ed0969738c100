//! A recording is cut off or damaged.

use lmcache_trace::{EndKind, IssueEntry, TraceSummary};

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_trace_damaged",
    aliases: &[],
    title: "The trace recording is cut off or damaged: calls or their keys are missing from it",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Trace],
    thresholds: &[],
    releases: "",
    explanation: "Cut off at its end: a recorder whose write fails drops the record and stays silent \
        but for a WARNING; a recording that failed does not resume, and no counter moves, while the \
        server goes on. Damaged before its end: bytes changed or got lost after they were written \
        (disk, copy, transfer); the calls in these places, or their keys, are lost, and what follows them was read.",
    confirm: "Cut off: grep 'trace recorder' in the server's log; df on the trace's file system; ulimit -f. \
        Damaged before its end: compare the SHA-256 with that of the original file.",
    action: CUT_OFF,
    false_positives: "A file that was copied while the server wrote to it ends in the middle of a frame.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The last frame is cut off",
        files: &[File::bytes("trace.lct", include_bytes!("../../../data/torn.lct"))],
        also: &[],
    },
    counter_example: Example {
        title: "Whole frames",
        files: &[File::bytes("trace.lct", include_bytes!("../../../data/whole.lct"))],
        also: &[],
    },
};

/// What to do where the end is missing.
const CUT_OFF: &str = "Check the disk and the file size limit of the server (its log has the WARNING), \
    then restart the server to record again: a recording that failed does not resume.";

/// What to do where bytes are damaged and the recording goes on behind them.
const HOLES: &str = "Copy the trace again from where it was recorded and compare the SHA-256; if the \
    original is damaged too, check that disk. The server need not be restarted for it: its recording \
    goes on behind the damage.";

fn evaluate(cx: &Context<'_>) -> Outcome {
    let (mut cut, mut holes) = (Vec::new(), Vec::new());
    for trace in &cx.view.traces {
        let Some(summary) = &trace.evidence.summary else { continue };
        // One of each fault, so that none hides behind another.
        let being_written = summary.issues.count("grew") > 0;
        for issue in summary.issues.firsts() {
            // What is still being written ends within a frame as often as not.
            if being_written && (issue.code == "grew" || is_of_the_end(summary, issue)) {
                continue;
            }
            let list = if is_of_the_end(summary, issue) { &mut cut } else { &mut holes };
            let count = summary.issues.count(&issue.code);
            let times = if count > 1 { format!(", the first of {count}") } else { String::new() };
            list.push(Source {
                value: Some(format!("at byte {}{times}", issue.offset)),
                ..Source::new(trace.path, format!("{}: {}", issue.code, issue.message))
            });
        }
    }
    let title = match (cut.is_empty(), holes.is_empty()) {
        (false, true) => {
            "The trace recording is cut off: what came after is not in it, while the server went on"
        }
        (true, false) => {
            "The trace recording is damaged before its end: calls or their keys are missing there, \
             what follows was read"
        }
        _ => RULE.title,
    };
    let action = if cut.is_empty() { HOLES } else { CUT_OFF };
    let signs = [("it is cut off", cut), ("it is damaged before its end", holes)]
        .into_iter()
        .filter(|(_, sources)| !sources.is_empty())
        .map(|(text, sources)| Sign::measured(1.0, text, sources))
        .collect();
    Outcome::from_signs(signs, 0.0).map(|hit| {
        hit.title = Some(title.to_owned());
        hit.action = Some(action.to_owned());
    })
}

/// Whether nothing of the trace follows a fault.
fn is_of_the_end(summary: &TraceSummary, issue: &IssueEntry) -> bool {
    let ends_damaged =
        matches!(summary.end.kind, EndKind::Torn | EndKind::Unreadable | EndKind::ReadError);
    ends_damaged && summary.end.offset.is_some_and(|at| issue.offset >= at)
}
