//! L1's memory gauge is not on the page.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_memory_gauge_missing",
    aliases: &["lmcache_mp_l1_memory_prometheus_missing_with_http_memory_evidence"],
    title: "The gauge of L1's memory is not on the metrics page",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "l1_memory_usage_bytes is registered when the server starts. Without it neither plateau \
        nor pressure of L1 can be told from metrics.",
    confirm: "curl -s http://HOST:8080/metrics | grep l1_memory_usage_bytes",
    action: "Check whether something between server and scrape drops it; GET /status shows the memory \
        meanwhile.",
    false_positives: "On an excerpt of a page it is not told.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Gauges of the same registration are there, this one is not",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_active_p2p_lookup_jobs 0\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_event_bus_queue_depth 0\n\
             lmcache_mp_event_bus_drain_lag_seconds 0\n\
             lmcache_mp_kv_events_log_depth 0\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 9\n\
             lmcache_mp_l1_staging_bytes{backend=\"dram\",l1_tag=\"_default\"} 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             lmcache_mp_l2_store_adapters{state=\"active\"} 0\n\
             lmcache_mp_l2_prefetch_adapters{state=\"active\"} 0\n\
             ",
        )],
        also: &["lmcache_mp_family_missing"],
    },
    counter_example: Example {
        title: "It is there",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_l1_memory_usage_bytes{backend=\"dram\",l1_tag=\"_default\"} 0\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    missing_family(cx, "lmcache_mp", "l1_memory").map(|hit| {
        let told: Vec<Source> = cx
            .view
            .statuses()
            .filter(|(_, s)| s.l1.values().any(|l1| l1.used_bytes.is_some_and(|b| b > 0)))
            .map(|(path, _)| Source::new(path, "/status tells of L1 memory in use"))
            .collect();
        if !told.is_empty() {
            hit.severity = Some(Severity::Critical);
            hit.signs.push(Sign::measured(
                0.5,
                "/status shows memory that the page does not",
                told,
            ));
        }
    })
}
