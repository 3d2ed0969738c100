//! Metrics are declared to be switched off.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_observability_disabled",
    aliases: &[],
    title: "LMCache's metrics are declared to be switched off",
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
    false_positives: "None known: it is said only where it was declared.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate: evaluate,
    example: Example {
        title: "Needs --mp-metrics-disabled",
        files: &[File::text("notes.txt", "")],
        also: &[],
    },
    counter_example: Example {
        title: "Nothing is declared",
        files: &[File::text("metrics.prom", "lmcache_mp_l1_usage_ratio 0.5\n")],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if !cx.view.declared.metrics_off {
        return Outcome::Clear;
    }
    let what = "--mp-metrics-disabled or --mp-observability-disabled";
    let sign = Sign::inferred(1.0, "it was declared", vec![Source::new("command line", what)]);
    Outcome::from_signs(vec![sign], 0.0)
}
