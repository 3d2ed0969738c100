//! Spans are exported and none are here.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_trace_enabled_without_spans",
    aliases: &["otel_tracing_enabled_but_no_spans"],
    title: "The server exports spans and none were given",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "The launch or the log says that spans are exported. Without them latencies of single \
        requests cannot be told. It is a warning where the user declared tracing and gave spans \
        of nothing.",
    confirm: "The collector's file exporter, or its debug exporter, while requests run.",
    action: "Point the OTLP collector at a file (exporters: file) and give it with \
        --lmcache-otel-file; check --otlp-endpoint of the server.",
    false_positives: "Spans may go to a collector that was not asked: without a declaration it is information \
        only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The log says that spans are exported",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: OTel TracerProvider initialised with OTLP exporter (http://collector:4317), resource={} (otel_init.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Nothing is exported",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: OTel MeterProvider initialised with Prometheus fallback (http://0.0.0.0:9090/metrics), resource={} (otel_init.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if cx.view.spans.iter().any(|s| s.evidence.span_count > 0) {
        return Outcome::Clear;
    }
    let declared = cx.view.declared.tracing;
    let mut signs = log_signs(
        cx,
        0.8,
        &[(&["mp.obs.tracing"], "the server's log says that spans are exported")],
    );
    if let Some((true, place)) = cx.view.flag("observability.tracing") {
        signs.push(Sign::inferred(0.7, "the launch asks for tracing", vec![place]));
    }
    if declared {
        let place = Source::new("command line", "--mp-tracing-enabled");
        signs.push(Sign::inferred(0.9, "tracing was declared", vec![place]));
    }
    Outcome::from_signs(signs, 0.0).map(|hit| {
        if declared {
            hit.severity = Some(Severity::Warning);
        }
    })
}
