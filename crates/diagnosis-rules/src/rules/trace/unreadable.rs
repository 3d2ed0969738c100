//! A file that was given as a trace is none.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_trace_file_parse_failure",
    aliases: &[],
    title: "A file that was given as a trace is none that can be read",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Trace],
    thresholds: &[],
    releases: "",
    explanation: "The file has no frame of a trace where one should begin: it is another file, it was \
        changed on its way (a text-mode copy, a partial download), or it ends within its header (the \
        server was killed at its start, or the disk was full).",
    confirm: "inferguard trace check FILE",
    action: "Check that the file is what the server wrote to --trace-output, copied whole and in \
        binary; inferguard trace check FILE says more.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Text under the name of a trace",
        files: &[File::text("trace.lct", "this is no trace\n")],
        also: &[],
    },
    counter_example: Example {
        title: "No trace at all",
        files: &[File::text("notes.txt", "this is no trace\n")],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let sources: Vec<Source> = cx
        .view
        .traces
        .iter()
        .filter(|t| !t.evidence.parse_error.is_empty())
        .map(|t| Source::new(t.path, t.evidence.parse_error.clone()))
        .collect();
    one_sign(1.0, "the reader refused it", sources)
}
