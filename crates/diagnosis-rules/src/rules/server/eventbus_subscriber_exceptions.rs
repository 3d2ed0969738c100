//! A subscriber of the event bus raised.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_eventbus_subscriber_exceptions",
    aliases: &[],
    title: "A subscriber of LMCache's event bus raised exceptions: what it counts is incomplete",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "A subscriber that raises has not counted the event it was given; the numbers that it \
        keeps are too low by as many events.",
    confirm: "grep 'EventBus: error in callback' in the server's log; the line names the \
        subscriber and the event.",
    action: "Read the server's log for the traceback that names the subscriber.",
    false_positives: "None known: the counter only counts exceptions.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The counter stands above zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_event_bus_subscriber_exceptions_total 3\n",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The counter is there and stands at zero",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_event_bus_subscriber_exceptions_total 0\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    counted(cx, &["mp.event_bus.subscriber_exceptions"])
}
