//! CacheBlend retrieves fail.

use crate::rules::prelude::*;

const SHARE: Threshold = Threshold {
    name: "min_noop_share",
    unit: "ratio",
    default: 0.5,
    about: "share of the retrieves that place nothing from which reuse is lost",
};
const LEAST: Threshold = Threshold {
    name: "min_requests",
    unit: "requests",
    default: 4.0,
    about: "retrieves below which no share is taken",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_cacheblend_retrieve_failures",
    aliases: &[],
    title: "CacheBlend retrieves fail or place nothing",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::ServerPage, Need::ServerLog],
    thresholds: &[&SHARE, &LEAST],
    releases: "",
    explanation: "Matches were found and could not be put into the request's blocks: the reuse is lost and \
        the tokens are computed again.",
    confirm: "lmcache_blend_retrieve_failures_total and _noops_total by reason; \"CB retrieve: no \
        scatter\" in the log.",
    action: "Read the reason (label, or the log line that is written once per reason): a worker that \
        is not registered, a missing native library, or a layout.",
    false_positives: "A retrieve whose matches were evicted in between places nothing once in a while: a share \
        has to be passed.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_mp_retrieve_failures"],
    related: &["lmcache_cacheblend_failures"],
    evaluate,
    example: Example {
        title: "Three of three fail",
        files: &[File::text(
            "metrics.prom",
            "lmcache_blend_retrieve_requests_total 3\n\
             lmcache_blend_retrieve_failures_total 3\n\
             lmcache_blend_lookup_requests_total 5\n\
             ",
        )],
        also: &["lmcache_cacheblend_failures"],
    },
    counter_example: Example {
        title: "None fail",
        files: &[File::text(
            "metrics.prom",
            "lmcache_blend_retrieve_requests_total 12\n\
             lmcache_blend_retrieve_failures_total 0\n\
             lmcache_blend_lookup_requests_total 20\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for target in cx.view.with("blend.retrieve.requests") {
        let of = |signal| target.growth(signal);
        let asked = of("blend.retrieve.requests").map_or(0.0, |g| g.value);
        if let Some(failed) = of("blend.retrieve.failures").filter(|g| g.value > 0.0) {
            signs.push(Sign::measured(
                0.95,
                format!("{:.0} of {asked:.0} retrieves failed", failed.value),
                vec![failed.source],
            ));
        }
        if let Some(noops) = of("blend.retrieve.noops")
            && asked >= cx.threshold(&LEAST)
            && noops.value >= asked * cx.threshold(&SHARE)
        {
            signs.push(Sign::measured(
                0.8,
                format!("{:.0} of {asked:.0} retrieves placed nothing", noops.value),
                vec![noops.source],
            ));
        }
    }
    signs.extend(log_signs(
        cx,
        0.7,
        &[(
            &["blend.noop", "blend.retrieve_error", "blend.native_missing"],
            "the log says that reuse was lost",
        )],
    ));
    Outcome::from_signs(signs, 0.0)
}
