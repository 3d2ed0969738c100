//! `/status` says that a part of the server is not healthy.

use lmcache_http::Body;

use super::answers::answers;
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_http_status_unhealthy",
    aliases: &[],
    title: "The LMCache server answers that a part of it is not healthy",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Answers],
    thresholds: &[],
    releases: "",
    explanation: "GET /status reports every controller and manager with is_healthy and thread_alive. \
        GET /healthcheck stays green beside a dead eviction thread: it only proves that the \
        HTTP server answers.",
    confirm: "curl -s http://HOST:8080/status | grep -o '\"[a-z_]*\": false'",
    action: "Look for the thread's traceback in the server's log, restart the server, and watch \
        GET /status (is_healthy, thread_alive), not GET /healthcheck.",
    false_positives: "None known: the server says it of itself.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The eviction thread is dead",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": false, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 4}, "prefetch_controller": {"is_healthy": false, "thread_alive": false}}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Every part is healthy",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 4}, "prefetch_controller": {"is_healthy": true, "thread_alive": true}}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    let mut dead = false;
    for endpoint in answers(cx.view, "status") {
        let mut sources = Vec::new();
        if let Body::Status(status) = &endpoint.body {
            dead |= !status.dead_threads.is_empty();
            for (parts, what) in [
                (&status.dead_threads, "thread_alive is false"),
                (&status.unhealthy_parts, "is_healthy is false"),
            ] {
                sources.extend(parts.iter().take(4).map(|part| Source {
                    value: Some(part.clone()),
                    ..Source::new(endpoint.source.clone(), what)
                }));
            }
        }
        if sources.is_empty() {
            sources.push(Source::new(endpoint.source.clone(), "/status"));
        }
        signs.push(Sign::measured(1.0, "the server says so itself", sources));
    }
    Outcome::from_signs(signs, 0.0).map(|hit| {
        if dead {
            hit.severity = Some(Severity::Critical);
            hit.title = Some(
                "A thread of the LMCache server is dead, whatever its health check says".into(),
            );
        }
    })
}
