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
    false_positives: "A single tenant has nothing to separate: the finding is information; it names other \
        salts where they are in use beside it.",
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
            let salted = !sample.label("cache_salt").is_empty();
            if salted {
                others += usize::from(sample.value > 0.0);
            } else if sample.value > 0.0
                && target.writes_empty("mp.lookup.requested_tokens", "cache_salt")
            {
                sources.push(sample.source);
            }
        }
    }
    one_sign(1.0, "lookups were counted under an empty salt", sources).map(|hit| {
        if others > 0 {
            hit.title = Some(format!(
                "Some lookups carry an empty cache_salt beside {others} other salts: they share chunks across tenants"
            ));
        }
    })
}
