//! The trace recording lost records.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_trace_recording_stopped",
    aliases: &[],
    title: "The trace recording lost records: the server could not write its file",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerLog],
    thresholds: &[],
    releases: "",
    explanation: "A full disk or a file size limit stops the recording in mid-frame. The server only warns \
        and goes on; no counter moves.",
    confirm: "grep \"trace recorder\" in the server log; df on the disk of the trace; ulimit -f of the \
        server.",
    action: "Free space or raise the limit, then restart the server to record again: a recording that \
        failed does not resume.",
    false_positives: "None known: the recorder says it of itself.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Writes fail",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache WARNING: trace recorder: write failed; dropping record (recorder.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache WARNING: trace recorder closed; 41 record(s) dropped (recorder.py:1:lmcache.v1)\n\
             ",
        )],
        also: &["telemetry-incomplete"],
    },
    counter_example: Example {
        title: "It closed cleanly",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: trace recorder closed cleanly: /data/t.lct (recorder.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(
        log_signs(
            cx,
            0.9,
            &[(
                &["mp.trace.write_failed", "mp.trace.dropped"],
                "the recorder says that it lost records",
            )],
        ),
        0.0,
    )
}
