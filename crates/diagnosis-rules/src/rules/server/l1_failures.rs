//! L1 has no room, or what it had is gone.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_failures",
    aliases: &[],
    title: "L1 allocations or reads fail: chunks are not stored, or not served although a lookup \
        found them",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "Where L1 has no room for a store, the store is answered as done and the chunk is not \
        there: no request fails and no engine counts it. A failed read is a hit that was \
        promised and not served.",
    confirm: "curl -s http://HOST:8080/metrics | grep -E \
        'l1_(allocation|read)_failure|l1_usage_ratio', and GET /status for locked objects.",
    action: "Compare lmcache_mp_l1_usage_ratio with the eviction watermark; give L1 more room \
        (--l1-size-gb) or find out what keeps chunks locked (GET /status).",
    false_positives: "A few failures at the start of a burst cost some hits only; the growth between two \
        scrapes tells whether it goes on.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The counter stands above zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_allocation_failure_chunks_total 37\n\
         lmcache_mp_l1_usage_ratio 0.98\n",
        )],
        also: &["l1-alloc-failure"],
    },
    counter_example: Example {
        title: "The counter is there and stands at zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_allocation_failure_chunks_total 0\n\
         lmcache_mp_l1_usage_ratio 0.98\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    counted(cx, &["mp.l1.allocation_failure", "mp.l1.read_failure"])
}
