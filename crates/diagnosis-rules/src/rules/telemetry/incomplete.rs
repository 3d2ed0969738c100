//! Telemetry has holes.

use crate::rules::prelude::*;

const LAG: Threshold = Threshold {
    name: "drain_lag",
    unit: "seconds",
    default: 10.0,
    about: "Lag of the event bus from which its numbers are old",
};

pub(crate) const RULE: Rule = Rule {
    code: "telemetry_incomplete",
    aliases: &[],
    title: "Telemetry has holes: what is missing in it proves nothing",
    kind: Kind::Cause,
    cause: Some("telemetry-incomplete"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Page, Need::Log, Need::Scraper],
    thresholds: &[&LAG],
    releases: "",
    explanation: "Scrapes that time out, events that a full queue dropped, a recorder that lost \
        records: counters, traces, spans and lookup hashes then undercount by an unknown \
        amount. A page that is served beside the cache's own work answers late under load.",
    confirm: "up and scrape_duration_seconds of the target in Prometheus; \
        lmcache_mp_event_bus_dropped_events_total; grep -E 'discarded|dropped' lmcache.log",
    action: "Raise scrape_timeout (and scrape_interval with it), raise --event-bus-queue-size, \
        and judge nothing by the time in between.",
    false_positives: "One failed scrape while a process restarts is normal; the rule names how many there \
        were.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_mp_eventbus_loss",
        "lmcache_mp_trace_recording_stopped",
        "lmcache_lookup_hash_incomplete",
    ],
    related: &["metrics-not-exported", "mp-server-unreachable"],
    evaluate,
    example: Example {
        title: "The event bus dropped events",
        files: &[File::text(
            "metrics.prom",
            r"# TYPE lmcache_mp_event_bus_dropped_events_total counter
lmcache_mp_event_bus_dropped_events_total 412
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Nothing was dropped",
        files: &[File::text(
            "metrics.prom",
            r"# TYPE lmcache_mp_event_bus_dropped_events_total counter
lmcache_mp_event_bus_dropped_events_total 0
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let environment = view.launch.map(|l| &l.environment);
    let failed: Vec<Source> = environment
        .into_iter()
        .flat_map(|e| &e.scraper_log)
        .filter(|m| HOLES.contains(&m.code.as_str()))
        .map(|m| placed(&m.place, m.example.clone(), Some(format!("{} times", m.count))))
        .collect();
    if !failed.is_empty() {
        signs.push(Sign::inferred(0.8, "the scraper could not read its target", failed));
    }
    let down: Vec<Source> = environment
        .into_iter()
        .flat_map(|e| &e.targets)
        .filter(|t| t.up == Some(false) || t.last_error.is_some())
        .map(|t| placed(&t.place, "up", Some(t.last_error.clone().unwrap_or_else(|| "0".into()))))
        .collect();
    if !down.is_empty() {
        signs.push(Sign::measured(0.6, "a target is down for the scraper", down));
    }
    let mut zero = Vec::new();
    for target in &view.targets {
        if let Some(page) = target.timeline.scrapes().last() {
            let path = target.pages().last().unwrap_or_default();
            zero.extend(
                page.scrape
                    .series("up")
                    .filter(|s| s.value() == 0.0)
                    .map(|s| source(path, Some(s.line()), "up", "0")),
            );
        }
    }
    if !zero.is_empty() {
        signs.push(Sign::measured(0.6, "a target did not answer its last scrape", zero));
    }
    let lost: Vec<Source> = view
        .targets
        .iter()
        .filter_map(|t| t.last("mp.event_bus.dropped_events"))
        .filter(|r| r.value > 0.0)
        .map(|r| r.source)
        .collect();
    if !lost.is_empty() {
        signs.push(Sign::measured(0.9, "the event bus dropped events", lost));
    }
    for (weight, text, ids) in [
        (0.85, "the event bus dropped events", &["mp.bus.drops", "mp.bus.telemetry_drops"][..]),
        (0.7, "the recorder lost records", &["mp.trace.dropped", "mp.trace.write_failed"]),
        (
            0.6,
            "cache events were lost on their way",
            &["coordinator.gap", "coordinator.publish_failed"],
        ),
    ] {
        signs.extend(logged(view, weight, text, ids));
    }
    let behind = cx.threshold(&LAG);
    for target in &view.targets {
        if let Some((_, lag)) =
            target.extremes("mp.event_bus.drain_lag_seconds").filter(|(_, l)| *l >= behind)
        {
            let source = target.last("mp.event_bus.drain_lag_seconds").map(|r| r.source);
            signs.push(Sign::measured(
                0.6,
                format!("the event bus is {lag:.0} s behind"),
                source.into_iter().collect(),
            ));
        }
    }
    Outcome::from_signs(signs, 0.5)
}

/// Messages of the scraper that mean a hole.
const HOLES: &[&str] = &[
    "scrape-timeout",
    "connection-refused",
    "connection-reset",
    "no-such-host",
    "host-unreachable",
    "http-status",
    "body-too-large",
    "sample-limit",
    "parse-error",
    "scrape-failed",
    "append-failed",
];
