//! A recording is cut off or damaged.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_trace_damaged",
    aliases: &[],
    title: "The trace recording is cut off or damaged: what came after is not in it, while the \
        server went on",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Trace],
    thresholds: &[],
    releases: "",
    explanation: "A recorder whose write fails drops the record and stays silent but for a WARNING; a \
        recording that failed does not resume, and no counter moves.",
    confirm: "grep 'trace recorder' in the server's log; df on the trace's file system; ulimit -f",
    action: "Check the disk and the file size limit of the server (its log has the WARNING), then \
        restart the server to record again: a recording that failed does not resume.",
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

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut sources = Vec::new();
    for trace in &cx.view.traces {
        for issue in trace.evidence.summary.iter().flat_map(|s| s.issues.first.iter()).take(3) {
            sources.push(Source {
                value: Some(format!("at byte {}", issue.offset)),
                ..Source::new(trace.path, issue.message.clone())
            });
        }
    }
    one_sign(1.0, "frames are cut off or damaged", sources)
}
