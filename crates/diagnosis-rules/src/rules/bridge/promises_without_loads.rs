//! The connector promises tokens that are not loaded.

use coverage_model::bridge::MismatchCode;

use super::pages::{LOADS, MP_BEGIN, MP_ENGINE, VLLM_BEGIN, mp_page, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that do not fit below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "engine_cache_mismatch_promises_without_loads",
    aliases: &[],
    title: "The connector promises tokens that are not loaded",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "external_prefix_cache_hits counts what the connector promised at scheduling, \
        prompt_tokens_by_source what came. A difference is computed again, or its requests fail.",
    confirm: "vllm:external_prefix_cache_hits_total against \
        prompt_tokens_by_source_total{source=\"external_kv_transfer\"}, with no request running.",
    action: "grep -e \"Recovered from KV load failure\" -e \"Failing\" in the engine log, then the \
        server log at that time.",
    false_positives: "In a burst the first leads for a moment; requests that end early are left out.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The connector promises tokens that are not loaded",
        files: &[
            MP_ENGINE,
            VLLM_BEGIN,
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 0, asked: 60000, promised: 30720, by_source: [10240, 0, 49760], start: 5, cpu: 2),
            ),
            MP_BEGIN,
            File::text(
                "lmcache/1.prom",
                mp_page!(lookups: 60, requested: 60000, hit: 30720, cpu: 2),
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::PromisesWithoutLoads, cx.threshold(&LEAST))
}
