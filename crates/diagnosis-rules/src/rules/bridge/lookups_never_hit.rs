//! LMCache never finds what provably comes again.

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
    code: "engine_cache_mismatch_lookups_never_hit",
    aliases: &[],
    title: "LMCache never finds what provably comes again",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "The engine's own cache finds tokens again, or the lookup hashes repeat prefixes, that \
        LMCache was asked for in the same windows and never found: keys differ between store and \
        lookup, or what is stored does not stay.",
    confirm: "Send one prompt twice with the engine's prefix cache reset between.",
    action: "Compare hash seed (PYTHONHASHSEED), hash algorithm, chunk size and salts of everything \
        that stores and looks up.",
    false_positives: "It is said only where repetition is proven.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[
        "lmcache_embedded_zero_hit_rate_after_replay",
        "lmcache_mp_low_hit_rate_after_warmup",
    ],
    evaluate,
    example: Example {
        title: "LMCache never finds what provably comes again",
        files: &[
            File::text(
                "lmcache/http/status.json",
                r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 60}}}"#,
            ),
            MP_ENGINE,
            VLLM_BEGIN,
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 18, seconds: 1.8, prompt: 90000, local: 30000, asked: 60000, promised: 0, by_source: [0, 30000, 60000], start: 5, cpu: 2),
            ),
            MP_BEGIN,
            File::text("lmcache/1.prom", mp_page!(lookups: 90, requested: 90000, hit: 0, cpu: 2)),
        ],
        also: &[
            "lmcache_mp_low_hit_rate_after_warmup",
            "vllm_external_prefix_no_hits",
            "lmcache_mp_cache_salt_empty",
        ],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::LookupsNeverHit, cx.threshold(&LEAST))
}
