//! Spans end with an error.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_otel_span_errors",
    aliases: &[],
    title: "Spans of LMCache end with an error",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Spans],
    thresholds: &[],
    releases: "",
    explanation: "A span with status ERROR is an operation that raised. The server may count it as \
        finished.",
    confirm: "The span's events hold the exception.",
    action: "Read the exception of the span, then the server log at its time.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A store failed",
        files: &[File::text(
            "spans.otlp.jsonl",
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":[]},\"scopeSpans\":[{\"scope\":{\"name\":\"lmcache\"},\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"mp.store\",\"kind\":1,\"startTimeUnixNano\":\"1795488470000000000\",\"endTimeUnixNano\":\"1795488470100000000\",\"status\":{\"code\":2},\"attributes\":[]}]}]}]}\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A store went well",
        files: &[File::text(
            "spans.otlp.jsonl",
            "{\"resourceSpans\":[{\"resource\":{\"attributes\":[]},\"scopeSpans\":[{\"scope\":{\"name\":\"lmcache\"},\"spans\":[{\"traceId\":\"5b8efff798038103d269b633813fc60c\",\"spanId\":\"eee19b7ec3c1b174\",\"name\":\"mp.store\",\"kind\":1,\"startTimeUnixNano\":\"1795488470000000000\",\"endTimeUnixNano\":\"1795488470100000000\",\"status\":{\"code\":1},\"attributes\":[]}]}]}]}\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for lane in &cx.view.spans {
        for (name, stats) in lane.evidence.names.iter().filter(|(_, n)| n.errors > 0) {
            let errors = stats.errors;
            let place =
                source(lane.path, None, name.clone(), format!("{errors} with status ERROR"));
            signs.push(Sign::measured(0.9, format!("{errors} {name}"), vec![place]));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
