//! Nothing tells whether the event bus drops events.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_eventbus_drop_unobservable",
    aliases: &[
        "lmcache_mp_eventbus_taildrop_unobservable",
        "lmcache_eventbus_self_metrics_missing",
        "lmcache_mp_eventbus_taildrop_risk",
    ],
    title: "Nothing tells whether the event bus drops events",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "self metrics exist since 0.4.5",
    explanation: "Counters, spans, traces and lookup hashes are fed by a queue that drops its tail when \
        full. Without its own counters an absence or a low number proves nothing.",
    confirm: "curl -s http://HOST:8080/metrics | grep event_bus",
    action: "Scrape the whole page; with a release older than 0.4.5 upgrade, or watch the log for \
        \"EventBus queue full\".",
    false_positives: "It is said only where events are counted (a server with traffic) and the page is whole.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Events are counted, the bus itself is not",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_write_keys_total 50\n\
             lmcache_mp_l1_read_keys_total 20\n\
             lmcache_mp_sm_read_requests_total 3\n\
             lmcache_mp_sm_write_requests_total 3\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The bus counts no drops",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 4096\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             lmcache_mp_event_bus_queue_depth 0\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if !cx.view.coverage.excerpts.is_empty() {
        return Outcome::not_evaluable(
            "Whether the event bus drops events: the page is an excerpt",
            &["the whole metrics page as the process serves it"],
        );
    }
    let sources: Vec<Source> = cx
        .view
        .targets
        .iter()
        .filter(|t| t.any("mp.lookup.") || t.any("mp.l1."))
        .filter(|t| !t.any("mp.event_bus."))
        .filter_map(|t| {
            ["mp.lookup.requested_tokens", "mp.l1.write", "mp.l1.read"]
                .iter()
                .find_map(|s| t.last(s))
        })
        .filter(|r| r.value > 0.0)
        .map(|r| r.source)
        .collect();
    one_sign(0.9, "events are counted and no series of the bus is there", sources)
}
