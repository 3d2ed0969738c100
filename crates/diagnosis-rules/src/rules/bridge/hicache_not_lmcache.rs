//! SGLang's own hierarchical cache, and no LMCache.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "sglang_hicache_not_lmcache",
    aliases: &[],
    title: "What offloads here is SGLang's own hierarchical cache, not LMCache",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::EnginePage],
    thresholds: &[],
    releases: "",
    explanation: "SGLang has a host cache of its own (HiCache). Its series tell nothing of LMCache.",
    confirm: "--enable-hierarchical-cache on the launch line, no --enable-lmcache.",
    action: "Nothing to do; to judge LMCache start SGLang with --enable-lmcache.",
    false_positives: "None known: it is said only where nothing of LMCache is seen.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "HiCache alone",
        files: &[File::text(
            "metrics.prom",
            "sglang:hicache_host_used_tokens{engine_type=\"unified\",model_name=\"m\"} 400\n\
             sglang:hicache_host_total_tokens{engine_type=\"unified\",model_name=\"m\"} 1000\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 1\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "SGLang alone",
        files: &[File::text(
            "metrics.prom",
            "sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 1\n\
             sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 0\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if lmcache_is_there(cx.view) {
        return Outcome::Clear;
    }
    one_sign(0.9, "HiCache series are there and nothing of LMCache is", hicache(cx.view))
}
