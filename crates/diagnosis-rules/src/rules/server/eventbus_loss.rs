//! Events were dropped before anything counted them.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_eventbus_loss",
    aliases: &[],
    title: "LMCache's event bus dropped events: counters, traces and lookup hashes are \
        incomplete",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "Metrics, traces, spans and lookup hashes of the multiprocess server are all made by \
        subscribers of one event bus with a bounded queue. What is dropped there is missing \
        everywhere: more stores may finish than were submitted, lookup hashes may have a \
        line for one lookup in a hundred.",
    confirm: "curl -s http://HOST:8080/metrics | grep event_bus; the queue's depth and lag read 0 \
        again at scrape time even after a burst.",
    action: "Raise --event-bus-queue-size (or lower the event rate) and restart; until then trust \
        none of this server's other counters.",
    false_positives: "None known: the counter only counts drops.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The counter stands above zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_event_bus_dropped_events_total 412\n\
         lmcache_mp_event_bus_queue_depth 0\n",
        )],
        also: &["telemetry-incomplete"],
    },
    counter_example: Example {
        title: "The counter is there and stands at zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_event_bus_dropped_events_total 0\n\
         lmcache_mp_event_bus_queue_depth 0\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    counted(cx, &["mp.event_bus.dropped_events"])
}
