//! An endpoint could not be read.

use std::collections::BTreeSet;

use lmcache_launch::environment::Probe;

use crate::rules::prelude::*;

const FAILED: Threshold = Threshold {
    name: "min_failures",
    unit: "requests",
    default: 2.0,
    about: "Requests of a collector without an answer before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "endpoint_unreachable",
    aliases: &[],
    title: "An endpoint that was to be read did not answer",
    kind: Kind::Cause,
    cause: Some("endpoint-unreachable"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[&FAILED],
    releases: "",
    explanation: "The collector asked and got no answer: the connection was refused, or the deadline \
        passed. A server that hangs answers nothing on any route while its process runs; one \
        that is down refuses. What such an endpoint would have told is unknown.",
    confirm: "curl -v --max-time 5 URL from the same host; the process list of the server's host.",
    action: "Start or restart the process that should answer there, or correct the address; then \
        collect again.",
    false_positives: "A server that was restarted while the collector ran fails some requests only: the \
        finding names how many of how many.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["telemetry-incomplete"],
    related: &["mp-server-unreachable"],
    evaluate,
    example: Example {
        title: "The collector wrote down what failed",
        files: &[File::text(
            "http_index.json",
            r#"[{"endpoint": "/metrics", "status": null, "error": "Connection refused", "phase": "down"}, {"endpoint": "/status", "status": null, "error": "Connection refused", "phase": "down"}]"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "All requests were answered",
        files: &[File::text(
            "http_index.json",
            r#"[{"endpoint": "/metrics", "status": 200, "phase": "up"}, {"endpoint": "/status", "status": 200, "phase": "up"}]"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let probes: Vec<_> = view.launch.iter().flat_map(|l| &l.environment.probes).collect();
    let failed: Vec<Source> = probes
        .iter()
        .filter(|p| p.status.is_none() && p.error.is_some())
        .map(|p| placed(&p.place, p.endpoint.clone(), p.error.clone()))
        .collect();
    if failed.len() as f64 >= cx.threshold(&FAILED) {
        signs.push(Sign::measured(
            0.9,
            format!("{} of {} requests of the collector got no answer", failed.len(), probes.len()),
            failed,
        ));
    }
    let other = |p: &&&Probe| p.error.is_some() && p.status.is_some_and(|s| s < 500);
    let strange: Vec<Source> = probes
        .iter()
        .filter(other)
        .map(|p| placed(&p.place, p.endpoint.clone(), p.error.clone()))
        .collect();
    if strange.len() as f64 >= cx.threshold(&FAILED)
        && strange.len() == probes.len()
        && view.count(&["mp.running", "mp.listening"]) > 0
    {
        signs.push(Sign::inferred(
            0.7,
            format!(
                "something else than the LMCache server answers all {} requests",
                strange.len()
            ),
            strange,
        ));
    }
    // A packet of ours: its manifest names every exchange.
    let listed: BTreeSet<&str> =
        probes.iter().filter_map(|p| p.place.artifact.as_deref()).collect();
    let silent: Vec<Source> = view
        .http
        .iter()
        .filter(|row| row.evidence.of_lmcache)
        .flat_map(|row| row.evidence.unanswered())
        .filter(|(endpoint, _)| !listed.contains(endpoint.source.as_str()))
        .map(|(endpoint, error)| Source {
            value: Some(error.to_owned()),
            ..Source::new(endpoint.source.clone(), endpoint.path.clone().unwrap_or_default())
        })
        .collect();
    if !silent.is_empty() {
        let routes = silent.len();
        signs.push(Sign::measured(
            0.95,
            format!("a server of LMCache gave no answer on {routes} of its routes"),
            silent,
        ));
    }
    let unread: Vec<Source> = view
        .declared
        .unreachable
        .iter()
        .map(|(url, why)| Source {
            value: Some(why.clone()),
            ..Source::new(url.clone(), "not fetched")
        })
        .collect();
    if !unread.is_empty() {
        signs.push(Sign::measured(0.95, "an endpoint that was named did not answer", unread));
    }
    Outcome::from_signs(signs, 0.5)
}
