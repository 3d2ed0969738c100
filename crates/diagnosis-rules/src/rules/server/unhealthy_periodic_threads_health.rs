//! `/periodic-threads-health` says that the server is not healthy.

use super::answers::said_unhealthy;
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_http_periodic_threads_health_unhealthy",
    aliases: &[],
    title: "The LMCache server answers that a part of it is not healthy",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Answers],
    thresholds: &[],
    releases: "",
    explanation: "The server says of itself that it, or a thread of it, is not healthy.",
    confirm: "curl -s http://HOST:8080/periodic-threads-health",
    action: "Look for the thread's traceback in the server's log, restart the server, and watch \
        GET /status (is_healthy, thread_alive), not GET /healthcheck.",
    false_positives: "A server that is still starting answers so for some seconds.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The answer is unhealthy",
        files: &[File::text(
            "http/periodic_threads_health.json",
            r#"{"healthy": false, "unhealthy_threads": ["l1-eviction"]}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The answer is healthy",
        files: &[File::text(
            "http/periodic_threads_health.json",
            r#"{"healthy": true, "unhealthy_threads": []}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    said_unhealthy(cx, "periodic_threads_health")
}
