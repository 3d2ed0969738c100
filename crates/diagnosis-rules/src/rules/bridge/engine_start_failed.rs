//! An engine never became ready.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "engine_start_failed",
    aliases: &[],
    title: "An engine did not start",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EngineLog, Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "The engine ended before it served. Its log names a cause; everything else that is seen \
        comes after it.",
    confirm: "The last lines of the engine log, from the first traceback on.",
    action: "Read the innermost exception of the first traceback in the engine log, correct it, start \
        again.",
    false_positives: "A log that goes on with a second, successful start is not counted.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The engine core did not come up",
        files: &[File::text(
            "engine.log",
            "(EngineCore_DP0 pid=7) ERROR 03-01 10:00:00 [core.py:700] EngineCore failed to start.\n\
             (APIServer pid=1) INFO 03-01 10:00:00 [api_server.py:1] vLLM API server version 0.32.0\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "It warmed up and serves",
        files: &[File::text(
            "engine.log",
            "(APIServer pid=1) INFO 03-01 10:00:00 [api_server.py:1] vLLM API server version 0.32.0\n\
             (EngineCore_DP0 pid=7) INFO 03-01 10:00:09 [core.py:200] init engine (profile, create kv cache, warmup model) took 4.2 seconds\n\
             ",
        )],
        also: &[],
    },
};

const FAILED: &[&str] = &[
    "vllm.engine_failed",
    "config.invalid",
    "connector.unsupported",
    "sglang.scheduler_exception",
];
const READY: &[&str] = &["vllm.warmup", "sglang.ready", "vllm.stats", "sglang.prefill"];

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for log in &cx.view.logs {
        let last = |ids: &[&str]| {
            ids.iter().filter_map(|id| log.evidence.events.get(*id)).map(|e| e.last_line).max()
        };
        let Some(failed) = last(FAILED) else { continue };
        if last(READY).is_some_and(|ready| ready > failed) {
            continue;
        }
        // A failure after it served is an end, not a start.
        let first_failure =
            FAILED.iter().filter_map(|id| log.evidence.events.get(*id)).map(|e| e.first_line).min();
        if last(READY).is_some_and(|ready| first_failure.is_some_and(|f| ready < f)) {
            continue;
        }
        let place = FAILED.iter().find_map(|id| {
            let stat = log.evidence.events.get(*id)?;
            Some(Source {
                line: Some(stat.example.line),
                ..Source::new(log.path, stat.example.text.clone())
            })
        });
        signs.push(Sign::inferred(
            0.9,
            "the engine's log says so, and no line says that it serves",
            place.into_iter().collect(),
        ));
    }
    Outcome::from_signs(signs, 0.0)
}
