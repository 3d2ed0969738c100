//! Pages of an engine and a server for the examples of the bridge's rules: every rule needs whole
//! pages, and only a few of their numbers speak.

use crate::rules::prelude::*;

/// A page of vLLM.
macro_rules! vllm_page {
    (
        requests: $requests:literal, seconds: $seconds:literal, prompt: $prompt:literal,
        local: $local:literal, asked: $asked:literal, promised: $promised:literal,
        by_source: [$($external:literal, $own:literal, $computed:literal)?],
        start: $start:literal, cpu: $cpu:literal
    ) => {
        concat!(
            "vllm:cache_config_info{block_size=\"16\",enable_prefix_caching=\"True\",engine=\"0\"} 1\n",
            "# TYPE vllm:time_to_first_token_seconds histogram\n",
            "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"5.0\"} ", $requests, "\n",
            "vllm:time_to_first_token_seconds_bucket{engine=\"0\",model_name=\"m\",le=\"+Inf\"} ", $requests, "\n",
            "vllm:time_to_first_token_seconds_count{engine=\"0\",model_name=\"m\"} ", $requests, "\n",
            "vllm:time_to_first_token_seconds_sum{engine=\"0\",model_name=\"m\"} ", $seconds, "\n",
            "vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} ", $prompt, "\n",
            "vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} ", $prompt, "\n",
            "vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} ", $local, "\n",
            "vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} ", $asked, "\n",
            "vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} ", $promised, "\n",
            "vllm:num_requests_running{engine=\"0\",model_name=\"m\"} 0\n",
            "vllm:num_requests_waiting{engine=\"0\",model_name=\"m\"} 0\n",
            "vllm:request_success_total{engine=\"0\",finished_reason=\"stop\",model_name=\"m\"} ", $requests, "\n",
            $(
                "vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"external_kv_transfer\"} ", $external, "\n",
                "vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_cache_hit\"} ", $own, "\n",
                "vllm:prompt_tokens_by_source_total{engine=\"0\",model_name=\"m\",source=\"local_compute\"} ", $computed, "\n",
            )?
            "process_start_time_seconds ", $start, "\n",
            "process_cpu_seconds_total ", $cpu, "\n",
        )
    };
}

/// A page of LMCache's multiprocess server.
macro_rules! mp_page {
    (lookups: $lookups:literal, requested: $requested:literal, hit: $hit:literal, cpu: $cpu:literal) => {
        concat!(
            "lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} ",
            $lookups,
            "\n",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} ",
            $requested,
            "\n",
            "lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} ",
            $hit,
            "\n",
            "lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} ",
            $hit,
            "\n",
            "lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 60\n",
            "lmcache_mp_event_bus_dropped_events_total 0\n",
            "lmcache_mp_active_prefetch_jobs 0\n",
            "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.1\n",
            "process_start_time_seconds 9\n",
            "process_cpu_seconds_total ",
            $cpu,
            "\n",
        )
    };
}

pub(super) use {mp_page, vllm_page};

/// An engine with LMCache's connector to a server.
pub(super) const MP_ENGINE: File = File::text(
    "engine.command.json",
    r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheMPConnector\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
);

/// The engine before the window of an example.
pub(super) const VLLM_BEGIN: File = File::text(
    "vllm/0.prom",
    vllm_page!(
        requests: 2, seconds: 0.2, prompt: 10000, local: 0, asked: 10000, promised: 0,
        by_source: [0, 0, 10000], start: 5, cpu: 1
    ),
);

/// The server before the window of an example.
pub(super) const MP_BEGIN: File =
    File::text("lmcache/0.prom", mp_page!(lookups: 10, requested: 10000, hit: 0, cpu: 1));

/// An engine and a server that fit each other: the counter-example of every mismatch.
pub(super) const LOADS: Example = Example {
    title: "What LMCache finds, the engine loads",
    files: &[
        MP_ENGINE,
        VLLM_BEGIN,
        File::text(
            "vllm/1.prom",
            vllm_page!(
                requests: 8, seconds: 0.8, prompt: 40000, local: 0, asked: 40000, promised: 20480,
                by_source: [20480, 0, 19520], start: 5, cpu: 2
            ),
        ),
        MP_BEGIN,
        File::text("lmcache/1.prom", mp_page!(lookups: 40, requested: 40000, hit: 20480, cpu: 2)),
    ],
    also: &[],
};
