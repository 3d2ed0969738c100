//! Fleet matching times out.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_cacheblend_coordinator_timeouts",
    aliases: &[],
    title: "CacheBlend waits for a coordinator that does not answer in time",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerPage, Need::ServerLog],
    thresholds: &[],
    releases: "",
    explanation: "Matches of other servers are asked of the coordinator with a deadline; beyond it only \
        local ones count, after the wait.",
    confirm: "lmcache_blend_coordinator_match_timeouts_total; \"coordinator match deadline exceeded\" \
        in the log.",
    action: "Check the coordinator's load and its distance; switch on --coordinator-event-reporting \
        where the log asks for it.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Deadlines pass",
        files: &[File::text(
            "metrics.prom",
            "lmcache_blend_coordinator_match_timeouts_total 7\n\
             lmcache_blend_lookup_requests_total 9\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "None do",
        files: &[File::text(
            "metrics.prom",
            "lmcache_blend_coordinator_match_timeouts_total 0\n\
             lmcache_blend_lookup_requests_total 9\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let signal = "blend.coordinator_match_timeouts";
    let sources: Vec<Source> = cx
        .view
        .with(signal)
        .filter_map(|t| t.last(signal))
        .filter(|r| r.value > 0.0)
        .map(|r| r.source)
        .collect();
    let mut signs = Vec::new();
    if !sources.is_empty() {
        signs.push(Sign::measured(0.9, "deadlines passed", sources));
    }
    signs.extend(log_signs(
        cx,
        0.8,
        &[
            (&["blend.coord_timeout"], "the log tells of deadlines"),
            (&["blend.fleet_off"], "fleet matching is off"),
        ],
    ));
    Outcome::from_signs(signs, 0.0)
}
