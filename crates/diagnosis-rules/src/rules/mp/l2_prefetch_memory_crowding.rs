//! Loads from L2 find no room in L1.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_failures",
    unit: "chunks",
    default: 8.0,
    about: "chunks that found no room below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_prefetch_memory_crowding",
    aliases: &[],
    title: "Loads from L2 find no room in L1",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage, Need::ServerLog],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "A chunk found in L2 is loaded into L1 first. Where L1 is full of chunks that eviction \
        may not take (locked, or being loaded), the load fails and the prefix is cut.",
    confirm: "lmcache_mp_l2_prefetch_failure_chunks_total{reason=\"l1_oom\"}, and \
        inflight_load_memory_usage_bytes against the size of L1.",
    action: "Give L1 more room (--l1-size-gb), lower --l2-prefetch-max-in-flight, and find what keeps \
        chunks locked (GET /status).",
    false_positives: "Failures for other reasons are not counted here.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l2_failures", "lmcache_mp_l1_leak"],
    evaluate,
    example: Example {
        title: "64 chunks found no room",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_prefetch_failure_chunks_total{model_name=\"m\",reason=\"l1_oom\"} 64\n\
             ",
        )],
        also: &["l2-load-failure", "lmcache_mp_l2_failures"],
    },
    counter_example: Example {
        title: "Chunks that were gone",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_prefetch_failure_chunks_total{model_name=\"m\",reason=\"not_found\"} 64\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = log_signs(
        cx,
        0.6,
        &[(&["mp.l1.oom_prefetch"], "the server log says that prefetches find no memory")],
    );
    for target in cx.view.with("mp.l2.prefetch_failure") {
        let crowded = target
            .series("mp.l2.prefetch_failure")
            .into_iter()
            .filter(|s| s.label("reason").contains("oom"));
        for sample in crowded.filter(|s| s.value >= cx.threshold(&LEAST)) {
            signs.insert(
                0,
                Sign::measured(
                    0.9,
                    format!("{:.0} chunks found no room", sample.value),
                    vec![sample.source],
                ),
            );
        }
    }
    Outcome::from_signs(signs, 0.0)
}
