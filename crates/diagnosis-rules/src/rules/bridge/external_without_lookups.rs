//! The engine counts tokens from an external cache, and LMCache was asked for none.

use coverage_model::bridge::MismatchCode;

use super::pages::{LOADS, MP_ENGINE, VLLM_BEGIN, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that do not fit below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "engine_cache_mismatch_external_without_lookups",
    aliases: &[],
    title: "The engine counts tokens from an external cache, and LMCache was asked for none",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "Either another cache serves them, or lookups reach another server than the one shown.",
    confirm: "vllm:external_prefix_cache_hits_total grows while \
        lmcache_mp_lookup_requested_tokens_total stands still.",
    action: "Check host and port of the connector against the server that was scraped.",
    false_positives: "It is said only where both pages were taken together and no event was dropped.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The engine counts tokens from an external cache, and LMCache was asked for none",
        files: &[
            MP_ENGINE,
            VLLM_BEGIN,
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 0, asked: 60000, promised: 30720, by_source: [30720, 0, 29280], start: 5, cpu: 2),
            ),
            File::text(
                "lmcache/0.prom",
                "lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n\
             process_start_time_seconds 9\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "lmcache/1.prom",
                "lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n\
             process_start_time_seconds 9\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::ExternalWithoutLookups, cx.threshold(&LEAST))
}
