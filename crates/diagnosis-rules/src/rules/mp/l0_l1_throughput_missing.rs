//! Chunks are copied to the engine and no copy is timed.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_chunks_loaded",
    unit: "chunks",
    default: 16.0,
    about: "loaded chunks from which a timed copy is expected",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l0_l1_throughput_missing",
    aliases: &[],
    title: "Chunks are copied to the engine and no copy is timed",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[&LEAST],
    releases: "0.4.5 and newer",
    explanation: "On the LMCache-driven path the server copies chunks itself and times each copy. On the \
        engine-driven path the engine copies: neither the chunks nor the times are counted \
        there, which is no gap.",
    confirm: "curl -s http://HOST:8080/metrics | grep -e num_chunks_loaded -e l0_l1",
    action: "Check whether something between server and scrape drops lmcache_mp_l0_l1_*; nothing is \
        wrong with the cache itself.",
    false_positives: "Nothing is said below the volume, with dropped events, or on an excerpt of a page.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Chunks are loaded, nothing is timed",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_event_bus_queue_depth 0\n\
             lmcache_mp_event_bus_drain_lag_seconds 0\n\
             lmcache_mp_kv_events_log_depth 72\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 9\n\
             lmcache_mp_l1_memory_usage_bytes{backend=\"dram\",l1_tag=\"_default\"} 7\n\
             lmcache_mp_l1_staging_bytes{backend=\"dram\",l1_tag=\"_default\"} 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             lmcache_mp_l2_store_adapters{state=\"active\"} 0\n\
             lmcache_mp_l2_prefetch_adapters{state=\"active\"} 0\n\
             lmcache_mp_l2_usage_bytes{l2_name=\"x\"} 0\n\
             lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 40\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 40960\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 30960\n\
             lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} 30960\n\
             lmcache_mp_lookup_hit_l2_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_lookup_hit_l1_keys_total{cache_salt=\"\",model_name=\"m\"} 121\n\
             lmcache_mp_lookup_hit_l2_keys_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 72\n\
             lmcache_mp_l1_read_chunks_total{l1_tag=\"_default\"} 192\n\
             lmcache_mp_num_chunks_loaded_total{cache_salt=\"\",model_name=\"m\",worker_id=\"1\"} 142\n\
             lmcache_mp_num_submitted_retrieves_total{device=\"cpu\"} 47\n\
             lmcache_mp_num_finished_retrieves_total{device=\"cpu\"} 47\n\
             lmcache_mp_num_submitted_stores_total{device=\"cpu\"} 24\n\
             lmcache_mp_num_finished_stores_total{device=\"cpu\"} 24\n\
             ",
        )],
        also: &["lmcache_mp_cache_salt_empty", "lmcache_mp_family_missing"],
    },
    counter_example: Example {
        title: "Chunks are loaded and timed",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_num_chunks_loaded_total{cache_salt=\"\",model_name=\"m\",worker_id=\"1\"} 142\n\
             # TYPE lmcache_mp_l0_l1_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_bucket{device=\"cpu\",engine_id=\"1\",model_name=\"m\",le=\"5.0\"} 47\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_bucket{device=\"cpu\",engine_id=\"1\",model_name=\"m\",le=\"+Inf\"} 47\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_count{device=\"cpu\",engine_id=\"1\",model_name=\"m\"} 47\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_sum{device=\"cpu\",engine_id=\"1\",model_name=\"m\"} 15.6\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if let Some(outcome) = partial(cx) {
        return outcome;
    }
    let sources: Vec<Source> = cx
        .view
        .with("mp.transfer.chunks_loaded")
        .filter(|t| !t.any("mp.l0_l1."))
        .filter_map(|t| t.last("mp.transfer.chunks_loaded"))
        .filter(|r| r.value >= cx.threshold(&LEAST))
        .map(|r| r.source)
        .collect();
    one_sign(0.8, "chunks were loaded and no throughput series is there", sources)
}
