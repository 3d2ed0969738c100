//! Lookup series have no salt label.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_cache_salt_missing",
    aliases: &["lmcache_mp_cache_salt_empty_or_missing"],
    title: "Lookup counters carry no cache_salt label",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "lookup counters carry the label since they exist (0.4.5)",
    explanation: "Without the label nothing tells whose lookups hit: tenants cannot be told apart, and an \
        empty salt cannot be seen.",
    confirm: "curl -s http://HOST:8080/metrics | grep lookup_requested_tokens",
    action: "Check whether a relabelling rule (labeldrop) or an exporter takes cache_salt away.",
    false_positives: "None known: every examined release writes the label, empty where no salt is set.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The label is not there",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{model_name=\"m\"} 49152\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The label is there and empty",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 49152\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let sources: Vec<Source> = cx
        .view
        .with("mp.lookup.requested_tokens")
        .filter(|t| !t.writes_empty("mp.lookup.requested_tokens", "cache_salt"))
        .flat_map(|t| t.series("mp.lookup.requested_tokens"))
        .filter(|s| s.label("cache_salt").is_empty())
        .map(|s| s.source)
        .collect();
    one_sign(1.0, "the series has no cache_salt label", sources)
}
