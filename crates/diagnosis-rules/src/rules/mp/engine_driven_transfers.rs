//! The engine copies, so the server counts no stores and retrieves.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_engine_driven_transfers",
    aliases: &[],
    title: "The engine copies chunks itself: the server counts no stores, retrieves or loads",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp],
    needs: &[Need::ServerLog, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "With engine-driven transfers the server only hands out memory. Its store, retrieve and \
        load series and the spans mp.store and mp.retrieve never come; the log lines \"Stored N \
        tokens\" and \"Retrieved N tokens\" are all there is.",
    confirm: "grep -e \"transfer strategy\" -e \"mode=\" in the logs; \
        lmcache_mp_num_finished_stores_total is absent while l1_write_chunks grows.",
    action: "Nothing to do. Judge loads by vllm:external_prefix_cache_hits_total.",
    false_positives: "It is said only where the server log shows stores and no store series is on the page.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Stores in the log, none on the page",
        files: &[
            File::text(
                "server.log",
                "[2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.012 seconds (server.py:1:lmcache.v1.multiprocess.server)\n\
             [2026-03-01 10:00:01,000] LMCache INFO: Retrieved 1024 tokens in 0.010 seconds (server.py:1:lmcache.v1.multiprocess.server)\n\
             ",
            ),
            File::text(
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
             ",
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty", "lmcache_mp_family_missing"],
    },
    counter_example: Example {
        title: "Stores in the log and on the page",
        files: &[
            File::text(
                "server.log",
                "[2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.012 seconds (server.py:1:lmcache.v1.multiprocess.server)\n\
             ",
            ),
            File::text(
                "metrics.prom",
                "lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 72\n\
             lmcache_mp_num_finished_stores_total{device=\"cpu\"} 32\n\
             lmcache_mp_num_submitted_stores_total{device=\"cpu\"} 32\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if cx.view.is_partial() || cx.view.count(&["mp.store"]) == 0 {
        return Outcome::Clear;
    }
    // Releases that count stores at all.
    let sources: Vec<Source> = cx
        .view
        .with("mp.l1.write")
        .filter(|t| t.has("mp.lookup.requests") && !t.any("mp.transfer.") && !t.any("mp.l0_l1."))
        .filter_map(|t| t.last("mp.l1.write"))
        .filter(|r| r.value > 0.0)
        .map(|r| r.source)
        .collect();
    one_sign(0.8, "the log shows stores and the page has no store series", sources)
}
