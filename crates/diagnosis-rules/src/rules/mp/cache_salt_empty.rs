//! Lookups carry an empty salt.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_cache_salt_empty",
    aliases: &["lmcache_mp_empty_cache_salt"],
    title: "Lookups carry an empty cache_salt: their chunks are shared by everybody",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[],
    releases: "",
    explanation: "Without a salt every request may hit what any other request stored. With one tenant that \
        is right. With several it is a leak between them, and quotas by salt do not apply.",
    confirm: "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\"} above zero.",
    action: "With one tenant: nothing. With several: have the gateway set cache_salt in every \
        request.",
    false_positives: "A single tenant has nothing to separate: the finding is information. It is a warning \
        only where other salts are in use on the same server.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "All lookups without a salt",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 49152\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "All lookups with a salt",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"tenant-a\",model_name=\"m\"} 49152\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let (mut sources, mut others) = (Vec::new(), 0usize);
    for target in cx.view.with("mp.lookup.requested_tokens") {
        for sample in target.series("mp.lookup.requested_tokens") {
            match sample.labels.get("cache_salt") {
                Some(salt) if salt.is_empty() && sample.value > 0.0 => sources.push(sample.source),
                Some(salt) if !salt.is_empty() && sample.value > 0.0 => others += 1,
                _ => {}
            }
        }
    }
    one_sign(1.0, "lookups were counted under an empty salt", sources).map(|hit| {
        if others > 0 {
            hit.severity = Some(Severity::Warning);
            hit.title = Some(format!(
                "Some lookups carry an empty cache_salt beside {others} other salts: they share chunks across tenants"
            ));
        }
    })
}
