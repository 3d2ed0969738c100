//! CacheBlend operations fail.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_cacheblend_failures",
    aliases: &[],
    title: "CacheBlend operations fail",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "A blend engine needs the registered KV cache of the worker that asks. Failed \
        lookups, stores and retrieves are recomputed by the engine.",
    confirm: "curl -s http://HOST:8080/metrics | grep cacheblend.*fail",
    action: "Check that the engine has registered its KV caches (GET /status) before it asks, and \
        read the server's log.",
    false_positives: "A worker that asks before it registered fails once.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The counter stands above zero",
        files: &[File::text("metrics.prom", "lmcache_blend_retrieve_failures_total 4\n")],
        also: &[],
    },
    counter_example: Example {
        title: "The counter is there and stands at zero",
        files: &[File::text("metrics.prom", "lmcache_blend_retrieve_failures_total 0\n")],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    counted(
        cx,
        &[
            "blend.retrieve.failures",
            "blend.store.pre_computed_failures",
            "blend.store.final_failures",
            "blend.lookup.no_gpu_context_errors",
        ],
    )
}
