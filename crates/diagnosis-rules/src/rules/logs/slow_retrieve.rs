//! Retrieves are slower than the threshold that LMCache is set to.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_slow_retrieves",
    aliases: &[],
    title: "Retrieves are slower than the threshold that LMCache is set to",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "LMCache measures each retrieve and logs those beyond its own threshold.",
    confirm: "The line names time and speed.",
    action: "Compare with prefill time: a load that takes longer saves nothing.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "One was slow",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache WARNING: Retrieve request 3 surpassed threshold: time_to_retrieve=2.5 s (threshold=1.0 s), retrieve_speed=400.0 tokens/s (threshold=1000.0) (observability.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A retrieve",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: [req_id=r] Retrieved 256 out of 256 required tokens (from 300 total tokens). size: 0.01 gb, cost 1.2 ms, throughput: 8.1 GB/s; (cache_engine.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(
        log_signs(
            cx,
            0.8,
            &[(&["embedded.slow"], "retrieves pass the threshold that LMCache is set to")],
        ),
        0.0,
    )
}
