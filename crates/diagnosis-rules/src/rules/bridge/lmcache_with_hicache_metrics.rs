//! LMCache and HiCache side by side.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "sglang_lmcache_with_hicache_metrics",
    aliases: &[],
    title: "LMCache and SGLang's own hierarchical cache run side by side",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::EnginePage],
    thresholds: &[],
    releases: "",
    explanation: "Both keep chunks outside the GPU. Hits of one are misses of the other, and memory is \
        used twice.",
    confirm: "sglang:cached_tokens_total by cache_source.",
    action: "Decide for one of them, or size both on purpose.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Both are seen",
        files: &[
            File::text(
                "metrics.prom",
                "sglang:hicache_host_used_tokens{engine_type=\"unified\",model_name=\"m\"} 400\n\
             sglang:hicache_host_total_tokens{engine_type=\"unified\",model_name=\"m\"} 1000\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 1\n\
             ",
            ),
            File::text(
                "lmcache.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "LMCache alone",
        files: &[
            File::text(
                "metrics.prom",
                "sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 1\n\
             ",
            ),
            File::text(
                "lmcache.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if !lmcache_is_there(cx.view) {
        return Outcome::Clear;
    }
    one_sign(0.9, "series of both are there", hicache(cx.view))
}
