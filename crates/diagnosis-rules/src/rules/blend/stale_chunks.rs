//! CacheBlend matches chunks that are gone.

use crate::rules::prelude::*;

const SHARE: Threshold = Threshold {
    name: "min_stale_share",
    unit: "ratio",
    default: 0.2,
    about: "share of the matches that has to be stale",
};
const LEAST: Threshold = Threshold {
    name: "min_stale_chunks",
    unit: "chunks",
    default: 8.0,
    about: "stale chunks below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_cacheblend_stale_chunks",
    aliases: &[],
    title: "CacheBlend matches chunks that are not in the cache any more",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerPage],
    thresholds: &[&SHARE, &LEAST],
    releases: "",
    explanation: "Fingerprints outlive the chunks they stand for: a match that is found and not there \
        costs a lookup and gives nothing.",
    confirm: "lmcache_blend_lookup_stale_chunks_total against fingerprint hits.",
    action: "Give L1 more room, so that chunks live as long as their fingerprints.",
    false_positives: "A few stale chunks after /cache/clear are normal: a share and a floor have to be passed.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Half of the matches are stale",
        files: &[File::text(
            "metrics.prom",
            "lmcache_blend_lookup_requests_total 40\n\
             lmcache_blend_fingerprint_matches_total 60\n\
             lmcache_blend_lookup_fingerprint_hits_total 60\n\
             lmcache_blend_lookup_stale_chunks_total 30\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "None are",
        files: &[File::text(
            "metrics.prom",
            "lmcache_blend_lookup_requests_total 40\n\
             lmcache_blend_lookup_fingerprint_hits_total 60\n\
             lmcache_blend_lookup_stale_chunks_total 0\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for target in cx.view.with("blend.lookup.stale_chunks") {
        let of = |signal| target.growth(signal);
        let Some(stale) = of("blend.lookup.stale_chunks") else { continue };
        let matched = ["blend.lookup.fingerprint_hits", "blend.fingerprint_matches"]
            .iter()
            .filter_map(|s| of(s))
            .map(|g| g.value)
            .fold(0.0, f64::max);
        if stale.value < cx.threshold(&LEAST) || stale.value < matched * cx.threshold(&SHARE) {
            continue;
        }
        signs.push(Sign::measured(
            0.8,
            format!("{:.0} stale chunks, {matched:.0} matches", stale.value),
            vec![stale.source],
        ));
    }
    Outcome::from_signs(signs, 0.0)
}
