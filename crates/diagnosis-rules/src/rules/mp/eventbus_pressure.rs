//! The event bus is close to dropping.

use crate::rules::prelude::*;

const FULL: Threshold = Threshold {
    name: "min_queue_share",
    unit: "ratio",
    default: 0.5,
    about: "share of the queue in use from which it is close",
};
const LAG: Threshold = Threshold {
    name: "max_drain_lag",
    unit: "seconds",
    default: 1.0,
    about: "lag of the drain above which it falls behind",
};
const QUEUE: Threshold = Threshold {
    name: "default_queue_size",
    unit: "events",
    default: 10_000.0,
    about: "size of the queue where nothing says it",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_eventbus_pressure",
    aliases: &[],
    title: "The event bus is close to dropping events",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[&FULL, &LAG, &QUEUE],
    releases: "",
    explanation: "Events are taken from a bounded queue by one thread. A queue that fills or a drain that \
        lags drops its tail next, and the counters become wrong.",
    confirm: "lmcache_mp_event_bus_queue_depth and _drain_lag_seconds over several scrapes under load.",
    action: "Raise --event-bus-queue-size, lower --metrics-sample-rate, and look for slow subscribers \
        in the log.",
    false_positives: "Both gauges read 0 at scrape time even while events are dropped: their zero proves \
        nothing, their height does.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_eventbus_loss"],
    evaluate,
    example: Example {
        title: "Most of the queue is in use",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_event_bus_queue_depth 8200\n\
             lmcache_mp_event_bus_drain_lag_seconds 0.4\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A few events wait",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_event_bus_queue_depth 12\n\
             lmcache_mp_event_bus_drain_lag_seconds 0.01\n\
             lmcache_mp_event_bus_dropped_events_total 0\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let size = cx
        .view
        .number("observability.event_bus_queue_size")
        .map_or(cx.threshold(&QUEUE), |(size, _)| size);
    let mut signs = Vec::new();
    for (signal, most, what) in [
        ("mp.event_bus.queue_depth", size * cx.threshold(&FULL), "events in the queue"),
        ("mp.event_bus.drain_lag_seconds", cx.threshold(&LAG), "seconds of lag"),
    ] {
        for target in cx.view.with(signal) {
            let Some((_, peak)) = target.extremes(signal) else { continue };
            if peak > 0.0
                && peak >= most
                && let Some(reading) = target.last(signal)
            {
                signs.push(Sign::measured(0.8, format!("{peak:.1} {what}"), vec![reading.source]));
            }
        }
    }
    Outcome::from_signs(signs, 0.0)
}
