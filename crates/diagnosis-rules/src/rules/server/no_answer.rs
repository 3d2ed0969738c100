//! A server of LMCache gave no answer while the evidence was taken.

use crate::rules::prelude::*;

/// Signs that are shown; one server fails at every route in the same way.
const SHOWN: usize = 3;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_server_no_answer",
    aliases: &[],
    title: "A server of LMCache gave no answer while the evidence was taken",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "The server was asked and did not answer: it hung, it was gone, or the way to it was \
        closed. Numbers from before say nothing of now.",
    confirm: "curl -sm 5 http://HOST:8080/healthcheck; ps -o pid,stat,etime,args -C lmcache",
    action: "Where the connection was refused, look at the end of the server's log and for an OOM kill in \
        the kernel's messages, and start it again. Where the answer did not come in time, look at the state \
        of the process (T is stopped, D waits for a device) and at its threads.",
    false_positives: "A server that had not started yet, or was stopped on purpose.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate: evaluate,
    example: Example {
        title: "The health check ran into its deadline",
        files: &[File::text(
            "http_index.json",
            r#"[{"endpoint": "/healthcheck", "status": null, "error": "timed out"}]"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A route that the release does not have",
        files: &[
            File::text(
                "http_index.json",
                r#"[{"endpoint": "/conf", "status": 404, "inline_body": {"detail": "Not Found"}}]"#,
            ),
            File::text("http/healthcheck.json", r#"{"status": "healthy"}"#),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut sources = Vec::new();
    for row in cx.view.http.iter().filter(|row| row.evidence.of_lmcache) {
        let silent: Vec<_> = row.evidence.unanswered().collect();
        for (shown, (endpoint, error)) in silent.iter().take(SHOWN).enumerate() {
            let path = endpoint.path.as_deref().unwrap_or("a route");
            let more = silent.len().saturating_sub(SHOWN);
            let rest = match more {
                0 => String::new(),
                _ if shown + 1 < SHOWN => String::new(),
                _ => format!(", and so {more} more routes"),
            };
            sources
                .push(Source::new(endpoint.source.clone(), format!("GET {path}: {error}{rest}")));
        }
    }
    one_sign(1.0, "it was asked and did not answer", sources)
}
