//! The remote backend fails.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_ping_errors",
    unit: "errors",
    default: 3.0,
    about: "failed pings below which nothing is said",
};
const SHARE: Threshold = Threshold {
    name: "min_error_share",
    unit: "ratio",
    default: 0.1,
    about: "share of the pings that has to fail",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_embedded_remote_backend_errors",
    aliases: &["lmcache_remote_backend_unhealthy"],
    title: "The remote backend fails",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage, Need::EngineLog],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "Stores and loads at a remote backend that does not answer are lost, and each may cost \
        its timeout.",
    confirm: "lmcache:remote_ping_errors_total and remote_ping_successes_total between two scrapes; \
        the engine log.",
    action: "Check that the backend answers from the host of the engine (ping it with its own \
        client), then its credentials and its log.",
    false_positives: "A backend that restarts fails a few pings: a floor and a share both have to be passed.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "One ping in three fails",
        files: &[
            File::text(
                "0.prom",
                "lmcache:remote_ping_errors_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:remote_ping_successes_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache:remote_ping_errors_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 20\n\
             lmcache:remote_ping_successes_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 50\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &["remote-unreachable"],
    },
    counter_example: Example {
        title: "All pings succeed",
        files: &[
            File::text(
                "0.prom",
                "lmcache:remote_ping_errors_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:remote_ping_successes_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache:remote_ping_errors_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:remote_ping_successes_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 70\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    if let Some(errors) = cx.view.growth("embedded.remote_ping_errors") {
        let good = cx.view.growth("embedded.remote_ping_successes").map_or(0.0, |g| g.value);
        if errors.value >= cx.threshold(&LEAST)
            && errors.value >= (errors.value + good) * cx.threshold(&SHARE)
        {
            signs.push(Sign::measured(
                0.9,
                format!("{:.0} pings failed and {good:.0} succeeded", errors.value),
                vec![errors.source],
            ));
        }
    }
    for signal in ["embedded.put_failed_count", "embedded.get_blocking_failed_count"] {
        for reading in cx.view.with(signal).filter_map(|t| t.last(signal)).filter(|r| r.value > 0.0)
        {
            signs.push(Sign::measured(
                0.7,
                format!("{:.0} calls to a backend failed", reading.value),
                vec![reading.source],
            ));
        }
    }
    signs.extend(log_signs(
        cx,
        0.7,
        &[
            (
                &["remote.down", "remote.contains_failed", "health.ping"],
                "the log says that the backend does not answer",
            ),
            (&["remote.get_timeout"], "reads from the backend time out"),
            (&["remote.not_retrieved"], "what the backend lists cannot be read"),
        ],
    ));
    Outcome::from_signs(signs, 0.0)
}
