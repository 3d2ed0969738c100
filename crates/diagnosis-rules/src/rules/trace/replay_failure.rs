//! Calls of a replayed trace failed.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_trace_replay_failure",
    aliases: &[],
    title: "Calls of a replayed trace failed or were skipped",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "A replay repeats the calls of a trace against a fresh storage manager. A call fails \
        where its arguments have another shape in the release that replays, or where L1 has \
        no room.",
    confirm: "lmcache trace replay FILE.lct --format json",
    action: "Replay with the LMCache release that recorded the trace (inferguard trace info names \
        it) and with room for its keys in L1.",
    false_positives: "Keys that the recorded server had evicted are absent in the replay too.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Failed rows",
        files: &[File::text(
            "lmcache_trace_replay_evidence.json",
            r#"{"schema_version": "inferguard-lmcache-trace-replay-evidence/v1", "rows_seen": 12, "failed_rows": 3, "success_rows": 9}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "No failed row",
        files: &[File::text(
            "lmcache_trace_replay_evidence.json",
            r#"{"schema_version": "inferguard-lmcache-trace-replay-evidence/v1", "rows_seen": 12, "failed_rows": 0, "success_rows": 12}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let Some(replay) = cx.view.replay.filter(|r| r.failed_rows > 0) else { return Outcome::Clear };
    let value = format!("{} of {}", replay.failed_rows, replay.rows_seen);
    let source = Source { value: Some(value), ..Source::new("trace replay", "calls that failed") };
    one_sign(1.0, "the replay's output counts them", vec![source])
}
