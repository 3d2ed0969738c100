//! Of several engines one never hits, although its prompts come again.

use coverage_model::bridge::MismatchCode;

use super::pages::{LOADS, MP_ENGINE, mp_page, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that do not fit below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "engine_cache_mismatch_one_engine_never_hits",
    aliases: &[],
    title: "Of several engines one never hits, although its prompts come again",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "A sibling hits, so the server works: this engine stores or looks up under other keys \
        (hash seed, salt, model name, chunk size), or its worker is not registered.",
    confirm: "External hits of each engine of the server.",
    action: "Compare launch line and environment of the engines that hit and that do not.",
    false_positives: "It is said only where the engine's own cache proves that its prompts come again.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Of several engines one never hits, although its prompts come again",
        files: &[
            File::text(
                "lmcache/http/status.json",
                r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 60}}}"#,
            ),
            MP_ENGINE,
            File::text(
                "vllm-a/0.prom",
                vllm_page!(requests: 2, seconds: 0.2, prompt: 10000, local: 0, asked: 10000, promised: 0, by_source: [0, 0, 10000], start: 5, cpu: 1),
            ),
            File::text(
                "vllm-a/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 0, asked: 60000, promised: 30720, by_source: [30720, 0, 29280], start: 5, cpu: 2),
            ),
            File::text(
                "vllm-b/0.prom",
                vllm_page!(requests: 2, seconds: 0.2, prompt: 10000, local: 0, asked: 10000, promised: 0, by_source: [0, 0, 10000], start: 6, cpu: 1),
            ),
            File::text(
                "vllm-b/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 20000, asked: 40000, promised: 0, by_source: [0, 20000, 40000], start: 6, cpu: 2),
            ),
            File::text("lmcache/0.prom", mp_page!(lookups: 4, requested: 20000, hit: 0, cpu: 1)),
            File::text(
                "lmcache/1.prom",
                mp_page!(lookups: 24, requested: 120000, hit: 30720, cpu: 2),
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::OneEngineNeverHits, cx.threshold(&LEAST))
}
