//! Lookups happen and their counters are not on the page.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_lookup_counters_missing",
    aliases: &["lmcache_mp_lookup_tokens_prometheus_missing_with_live_lookup_evidence"],
    title: "Lookups happen and their counters are not on the metrics page",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "Without lookup_requested_tokens and lookup_hit_tokens no hit rate can be told. Another \
        series, or another lane, proves that lookups happened.",
    confirm: "curl -s http://HOST:8080/metrics | grep lookup_",
    action: "Check whether a relabelling rule or exporter drops lmcache_mp_lookup_*; otherwise report \
        it to LMCache with this report.",
    false_positives: "An idle server has none of them: that is no finding. On an excerpt of a page, or with \
        dropped events, it is not told.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Lookups are counted, their tokens are not",
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
             lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 40\n\
             lmcache_mp_lookup_hit_l1_tokens_total{cache_salt=\"\",model_name=\"m\"} 30960\n\
             lmcache_mp_lookup_hit_l2_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_lookup_hit_l1_keys_total{cache_salt=\"\",model_name=\"m\"} 121\n\
             lmcache_mp_lookup_hit_l2_keys_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_active_p2p_lookup_jobs 0\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 72\n\
             lmcache_mp_l1_read_chunks_total{l1_tag=\"_default\"} 192\n\
             ",
        )],
        also: &["lmcache_mp_family_missing"],
    },
    counter_example: Example {
        title: "An idle server",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0\n\
             lmcache_mp_l1_memory_usage_bytes{backend=\"dram\",l1_tag=\"_default\"} 0\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    missing_family(cx, "lmcache_mp", "lookup_tokens").map(|hit| {
        let logged = cx.view.places(&["mp.prefetch_done"]);
        let rows = cx.view.hashes.map_or(0, |h| h.row_count);
        if rows > 0 || !logged.is_empty() {
            hit.severity = Some(Severity::Critical);
            hit.signs.push(Sign::inferred(0.5, "logs or lookup hashes show lookups", logged));
        }
    })
}
