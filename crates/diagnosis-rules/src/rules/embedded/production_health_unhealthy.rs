//! A worker says that it is not healthy.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_production_health_unhealthy",
    aliases: &[],
    title: "LMCache inside a worker says that it is not healthy",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage, Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "An unhealthy LMCache skips stores, retrieves and lookups; the engine computes \
        everything.",
    confirm: "lmcache:lmcache_is_healthy of the worker; \"entering degraded mode\" in the log.",
    action: "Read the health check that failed in the engine log and the backend that it names.",
    false_positives: "The scheduler's own series reads 0 in healthy engines: it is left out.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A worker at 0 in both scrapes",
        files: &[
            File::text(
                "0.prom",
                "lmcache:lmcache_is_healthy{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:lmcache_is_healthy{model_name=\"m\",role=\"scheduler\",worker_id=\"0\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache:lmcache_is_healthy{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:lmcache_is_healthy{model_name=\"m\",role=\"scheduler\",worker_id=\"0\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Only the scheduler at 0",
        files: &[
            File::text(
                "0.prom",
                "lmcache:lmcache_is_healthy{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 1\n\
             lmcache:lmcache_is_healthy{model_name=\"m\",role=\"scheduler\",worker_id=\"0\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache:lmcache_is_healthy{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 1\n\
             lmcache:lmcache_is_healthy{model_name=\"m\",role=\"scheduler\",worker_id=\"0\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let signal = "embedded.lmcache_is_healthy";
    let sources: Vec<Source> = cx
        .view
        .with(signal)
        .flat_map(|t| t.series(signal))
        .filter(|s| s.value == 0.0 && s.label("role") == "worker")
        .map(|s| s.source)
        .collect();
    let mut signs = Vec::new();
    if !sources.is_empty() {
        signs.push(Sign::measured(0.8, "a worker's health gauge is 0", sources));
    }
    if cx.view.count(&["health.up"]) < cx.view.count(&["health.down"]) {
        signs.extend(log_signs(
            cx,
            0.7,
            &[(&["health.down"], "the health monitor went down and did not recover")],
        ));
    }
    Outcome::from_signs(signs, 0.0)
}
