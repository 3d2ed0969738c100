//! Loads from L2 fail.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_failures",
    aliases: &[],
    title: "Chunks found in L2 fail to load into L1",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "A chunk that fails to load cuts the prefix: chunks after the gap are loaded in vain. \
        Lookups then hit less than L2 holds.",
    confirm: "curl -s http://HOST:8080/metrics | grep l2_prefetch_failure; the label reason tells \
        why.",
    action: "Look at the label reason: l1_oom asks for a larger L1, not_found for the adapter's \
        own log.",
    false_positives: "A chunk that another process removed from a shared store between lookup and load \
        counts here too.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The counter stands above zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_prefetch_failure_chunks_total{reason=\"l1_oom\"} 24\n",
        )],
        also: &["l2-load-failure", "lmcache_mp_l2_prefetch_memory_crowding"],
    },
    counter_example: Example {
        title: "The counter is there and stands at zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_prefetch_failure_chunks_total{reason=\"l1_oom\"} 0\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    counted(cx, &["mp.l2.prefetch_failure"])
}
