//! LMCache finds tokens that the engine neither held nor loaded.

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
    code: "engine_cache_mismatch_hits_not_loaded",
    aliases: &[],
    title: "LMCache finds tokens that the engine neither held nor loaded",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "What a lookup finds is either in the engine's own cache or loaded. A rest means loads \
        that fail or are given up: the tokens are computed although they were found.",
    confirm: "Growth of lookup_hit_tokens against external and local hits of all engines of the \
        server.",
    action: "Read both logs for retrieves that fail; check that the worker side of the connector is \
        registered (GET /status).",
    false_positives: "Chunks and blocks round: a tolerance of a chunk a request is granted. Other engines of \
        the same server explain it too.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "LMCache finds tokens that the engine neither held nor loaded",
        files: &[
            File::text(
                "lmcache/http/status.json",
                r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 60}}}"#,
            ),
            MP_ENGINE,
            VLLM_BEGIN,
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 0, asked: 60000, promised: 0, by_source: [0, 0, 60000], start: 5, cpu: 2),
            ),
            MP_BEGIN,
            File::text(
                "lmcache/1.prom",
                mp_page!(lookups: 20, requested: 60000, hit: 40960, cpu: 2),
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty", "vllm_external_prefix_no_hits"],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::HitsNotLoaded, cx.threshold(&LEAST))
}
