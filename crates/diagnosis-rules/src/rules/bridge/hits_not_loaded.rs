//! LMCache finds tokens that the engine neither held nor loaded.

use coverage_model::bridge::MismatchCode;

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
            File::text(
                "engine.command.json",
                r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheMPConnector\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
            ),
            File::text(
                "vllm/0.prom",
                "vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"True\",engine=\"0\"} 1\n\
             # TYPE vllm:time_to_first_token_seconds histogram\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"5.0\"} 2\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"+Inf\"} 2\n\
             vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"m\"} 2\n\
             vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"m\"} 0.2\n\
             vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"m\"} 2\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"external_kv_transfer\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_cache_hit\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_compute\"} 10000\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "vllm/1.prom",
                "vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"True\",engine=\"0\"} 1\n\
             # TYPE vllm:time_to_first_token_seconds histogram\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"5.0\"} 12\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"+Inf\"} 12\n\
             vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"m\"} 12\n\
             vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"m\"} 1.2\n\
             vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 60000\n\
             vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 60000\n\
             vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 60000\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"m\"} 12\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"external_kv_transfer\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_cache_hit\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_compute\"} 60000\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "lmcache/0.prom",
                "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 10\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 10000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 60\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n\
             process_start_time_seconds 9\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "lmcache/1.prom",
                "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 20\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 60000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 40960\n\
             lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} 40960\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 60\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n\
             process_start_time_seconds 9\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "What LMCache finds, the engine loads",
        files: &[
            File::text(
                "engine.command.json",
                r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheMPConnector\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
            ),
            File::text(
                "vllm/0.prom",
                "vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"True\",engine=\"0\"} 1\n\
             # TYPE vllm:time_to_first_token_seconds histogram\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"5.0\"} 2\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"+Inf\"} 2\n\
             vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"m\"} 2\n\
             vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"m\"} 0.2\n\
             vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"m\"} 2\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"external_kv_transfer\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_cache_hit\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_compute\"} 10000\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "vllm/1.prom",
                "vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"True\",engine=\"0\"} 1\n\
             # TYPE vllm:time_to_first_token_seconds histogram\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"5.0\"} 8\n\
             vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"+Inf\"} 8\n\
             vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"m\"} 8\n\
             vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"m\"} 0.8\n\
             vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 40000\n\
             vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 40000\n\
             vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 40000\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 20480\n\
             vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"m\"} 8\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"external_kv_transfer\"} 20480\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_cache_hit\"} 0\n\
             vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_compute\"} 19520\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "lmcache/0.prom",
                "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 10\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 10000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 60\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n\
             process_start_time_seconds 9\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "lmcache/1.prom",
                "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 40\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 40000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 20480\n\
             lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} 20480\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 60\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n\
             process_start_time_seconds 9\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::HitsNotLoaded, cx.threshold(&LEAST))
}
