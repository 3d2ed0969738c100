//! A trace is recorded and none is here.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_trace_recording_enabled_without_lct",
    aliases: &["lmcache_mp_trace_enabled_but_no_trace_artifact"],
    title: "The server records a trace and no trace file was given",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "The launch or the log says that a .lct trace is recorded. It is a warning where the user \
        declared recording and gave no trace.",
    confirm: "The path after \"trace recorder writing to\" in the server log.",
    action: "Copy the .lct file and give it with --lmcache-trace-file.",
    false_positives: "The file may simply not be in the packet: without a declaration it is information only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The log says that a trace is written",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: trace recorder writing to /data/t.lct (level=storage) (recorder.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Nothing is recorded",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: LMCache cache server is running... (server.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if !cx.view.traces.is_empty() {
        return Outcome::Clear;
    }
    let declared = cx.view.declared.trace_recording;
    let mut signs = log_signs(
        cx,
        0.8,
        &[(
            &["mp.trace.writing", "mp.trace.default_place"],
            "the server's log says that a trace is written",
        )],
    );
    if let Some((_, place)) = cx.view.text("observability.trace_output") {
        signs.push(Sign::inferred(0.7, "the launch names a trace file", vec![place]));
    }
    if declared {
        let place = Source::new("command line", "--mp-trace-recording-enabled");
        signs.push(Sign::inferred(0.9, "recording was declared", vec![place]));
    }
    Outcome::from_signs(signs, 0.0).map(|hit| {
        if declared {
            hit.severity = Some(Severity::Warning);
        }
    })
}
