//! The user expects another mode than the evidence shows.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mode_mismatch",
    aliases: &[],
    title: "Another mode runs than was expected",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[],
    thresholds: &[],
    releases: "",
    explanation: "The mode that --expect-mode names is not the one that metrics, logs and launch lines \
        show.",
    confirm: "inferguard check DIR names what shows the mode.",
    action: "Check that the page belongs to the process that you mean, and how the engine is \
        launched.",
    false_positives: "None known: it is said only where a mode was expected.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A multiprocess server where --expect-mode embedded was said",
        files: &[File::text("metrics.prom", "lmcache_mp_l1_usage_ratio 0.5\n")],
        also: &[],
    },
    counter_example: Example {
        title: "No mode is expected",
        files: &[File::text("metrics.prom", "lmcache_mp_l1_usage_ratio 0.5\n")],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let found = &cx.view.coverage.mode;
    let Some(expected) = cx.view.declared.expect_mode.filter(|e| *e != found.mode) else {
        return Outcome::Clear;
    };
    let sign = Sign::inferred(1.0, found.because.clone(), found.evidence.clone());
    Outcome::from_signs(vec![sign], 0.0).map(|hit| {
        hit.title = Some(if found.mode == Mode::Unknown {
            format!("Expected mode {} is not proven: {}", expected.name(), found.because)
        } else {
            format!("Expected mode {}, found {}", expected.name(), found.mode.name())
        });
    })
}
