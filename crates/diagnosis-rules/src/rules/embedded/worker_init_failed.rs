//! LMCache did not start inside the engine.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_embedded_worker_init_failed",
    aliases: &[],
    title: "LMCache did not start inside the engine: everything is computed again",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "The engine goes on without LMCache where a part of it could not be made (a storage \
        backend, memory, a configuration key). It stays healthy and never stores.",
    confirm: "grep -e \"degraded mode\" -e \"post_init\" in the engine log.",
    action: "Read the exception that the line names, correct it, and restart the engine.",
    false_positives: "None known: LMCache says it of itself.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A component could not be made",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache ERROR: Failed to initialize LMCacheManager components: no space. System will operate in degraded mode (recompute). (manager.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "It started",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Post initializing LMCacheEngine (cache_engine.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(
        log_signs(cx, 0.95, &[(&["embedded.degraded"], "LMCache says that it runs degraded")]),
        0.0,
    )
}
