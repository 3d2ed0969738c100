//! Metrics are switched off.

use coverage_model::FactKind;

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_observability_disabled",
    aliases: &[],
    title: "LMCache's metrics are switched off",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "With --disable-metrics or --disable-observability the page answers and carries no \
        series of LMCache: nothing can be judged by it.",
    confirm: "The server's launch line",
    action: "Start the server without --disable-metrics and --disable-observability.",
    false_positives: "None known: the launch line or the configuration says so.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The server was started without metrics",
        files: &[File::text(
            "command.json",
            r#"{"argv": ["lmcache", "server", "--l1-size-gb", "4", "--disable-metrics"], "env": {}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Nothing is declared",
        files: &[File::text("metrics.prom", "lmcache_mp_l1_usage_ratio 0.5\n")],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    if cx.view.declared.metrics_off {
        let what = "--mp-metrics-disabled or --mp-observability-disabled";
        let source = Source::new("command line", what);
        signs.push(Sign::inferred(1.0, "it was declared", vec![source]));
    }
    let facts = cx.view.facts.facts.iter().filter(|f| f.kind == FactKind::MetricsDisabled);
    let sources: Vec<Source> = facts.map(|f| f.source.clone()).collect();
    if !sources.is_empty() {
        signs.push(Sign::inferred(0.95, "the server was started so", sources));
    }
    Outcome::from_signs(signs, 0.0)
}
