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
        title: "L1 is read and written, no lookup series",
        files: &[File::text(
            "metrics.prom",
            "# TYPE lmcache_mp_l1_read_chunks counter\n\
             lmcache_mp_l1_read_chunks_total{l1_tag=\"_default\"} 142\n\
             lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 50\n\
             lmcache_mp_lookups_requests_total{cache_salt=\"\",model_name=\"m\"} 48\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             lmcache_mp_l1_memory_usage_bytes{backend=\"dram\",l1_tag=\"_default\"} 7\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             ",
        )],
        also: &[],
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
