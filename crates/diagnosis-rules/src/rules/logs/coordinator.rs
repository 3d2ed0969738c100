//! The coordinator or controller lost servers, or does not answer.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_coordinator_trouble",
    aliases: &[],
    title: "The coordinator or controller lost servers, or does not answer",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "Without it peers are not found and its picture of who holds what is wrong.",
    confirm: "GET /instances of the coordinator; the lines named.",
    action: "Check that every server reaches the coordinator's URL; restart what it lost.",
    false_positives: "A restart of the coordinator shows once on every server.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Heartbeats fail",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache WARNING: Coordinator registration/heartbeat failed: refused (coordinator_client.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Registered",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Registered with coordinator as lmcache-a (coordinator_client.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(
        log_signs(
            cx,
            0.8,
            &[
                (
                    &["coordinator.failed", "coordinator.publish_failed"],
                    "the coordinator does not answer",
                ),
                (
                    &["coordinator.evicted", "coordinator.unknown", "coordinator.gap"],
                    "the coordinator lost a server",
                ),
                (
                    &["controller.register_fail", "controller.heartbeat"],
                    "the controller does not answer",
                ),
            ],
        ),
        0.0,
    )
}
