//! The server takes connections and answers nothing.

use std::collections::BTreeMap;

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_timeouts",
    unit: "requests",
    default: 3.0,
    about: "requests in a row that time out",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_server_hung",
    aliases: &[],
    title: "A server takes connections and answers nothing: it hangs",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "A connection that is refused means that nobody listens. One that is taken and never \
        answered means a process that is stopped, deadlocked or starved: every route times out, \
        health included.",
    confirm: "curl --max-time 5 on /healthcheck and /metrics; the state of the process (ps -o stat, \
        py-spy dump).",
    action: "Take a stack dump of the process (py-spy dump --pid PID) before you restart it.",
    false_positives: "A collector with a short deadline on a slow machine times out once in a while: several \
        routes in one phase have to.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["endpoint_unreachable"],
    evaluate,
    example: Example {
        title: "Every route times out",
        files: &[File::text(
            "http_index.json",
            r#"[{"endpoint": "/healthcheck", "status": null, "error": "timed out", "set": "hung"}, {"endpoint": "/status", "status": null, "error": "timed out", "set": "hung"}, {"endpoint": "/metrics", "status": null, "error": "timed out", "set": "hung"}]"#,
        )],
        also: &["endpoint-unreachable"],
    },
    counter_example: Example {
        title: "Every route refuses",
        files: &[File::text(
            "http_index.json",
            r#"[{"endpoint": "/healthcheck", "status": null, "error": "[Errno 111] Connection refused", "set": "down"}, {"endpoint": "/status", "status": null, "error": "[Errno 111] Connection refused", "set": "down"}, {"endpoint": "/metrics", "status": null, "error": "[Errno 111] Connection refused", "set": "down"}]"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    // Probes by the phase in which they were made: with an answer among them it does not hang.
    let mut phases: BTreeMap<&str, (Vec<Source>, usize)> = BTreeMap::new();
    for probe in cx.view.launch.iter().flat_map(|l| &l.environment.probes) {
        let phase = phases.entry(probe.phase.as_deref().unwrap_or_default()).or_default();
        let error = probe.error.as_deref().unwrap_or_default().to_ascii_lowercase();
        if probe.status.is_some() {
            phase.1 += 1;
        } else if error.contains("timed out") || error.contains("timeout") {
            phase.0.push(placed(&probe.place, probe.endpoint.clone(), probe.error.clone()));
        }
    }
    let signs = phases
        .into_values()
        .filter(|(silent, answered)| *answered == 0 && silent.len() as f64 >= cx.threshold(&LEAST))
        .map(|(silent, _)| {
            Sign::measured(
                0.9,
                format!("{} requests timed out and none was answered", silent.len()),
                silent,
            )
        })
        .collect();
    Outcome::from_signs(signs, 0.0)
}
