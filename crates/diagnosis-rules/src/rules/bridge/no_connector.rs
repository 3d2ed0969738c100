//! An engine with traffic has no connector to the LMCache server beside it.

use coverage_model::bridge::MismatchCode;

use super::pages::{LOADS, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that do not fit below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "engine_cache_mismatch_no_connector",
    aliases: &[],
    title: "An engine with traffic has no connector to the LMCache server beside it",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "The server is healthy and idle, the engine works and has no KV connector: nothing is \
        ever stored or looked up. Both halves look well by themselves.",
    confirm: "The launch line of the engine: --kv-transfer-config is not there.",
    action: "Start the engine with --kv-transfer-config \
        '{\"kv_connector\":\"LMCacheMPConnector\",\"kv_role\":\"kv_both\"}' and the host and \
        port of the server.",
    false_positives: "A server that waits for engines not yet started looks the same: the engine has to have \
        had traffic.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "An engine with traffic has no connector to the LMCache server beside it",
        files: &[
            File::text(
                "engine.command.json",
                "{\"argv\": [\"vllm\", \"serve\", \"m\"], \"env\": {}}",
            ),
            File::text(
                "vllm/0.prom",
                vllm_page!(requests: 2, seconds: 0.2, prompt: 10000, local: 0, asked: 0, promised: 0, by_source: [], start: 5, cpu: 1),
            ),
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 9000, asked: 0, promised: 0, by_source: [], start: 5, cpu: 2),
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
    bridged(cx, MismatchCode::NoConnector, cx.threshold(&LEAST))
}
