//! Chunks are loaded from L2 in vain.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_wasted_chunks",
    unit: "chunks",
    default: 16.0,
    about: "wasted chunks below which nothing is said",
};
const SHARE: Threshold = Threshold {
    name: "max_hit_share",
    unit: "ratio",
    default: 0.5,
    about: "share of the loaded chunks that has to hit",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_loads_wasted",
    aliases: &[],
    title: "Chunks are loaded from L2 and do not count as hits",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[&LEAST, &SHARE],
    releases: "0.5.6 and newer count hits of L2 in chunks",
    explanation: "A hit is a prefix: one chunk that fails to load cuts it off, and the chunks after the \
        gap were loaded for nothing.",
    confirm: "Growth of l2_prefetch_load_completed_chunks against lookup_hit_l2_keys.",
    action: "Find out why single loads fail (lmcache_mp_l2_failures, label reason) before adding \
        bandwidth.",
    false_positives: "Loads that a lookup did not wait for may count later: the share has to be low over the \
        volume.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l2_failures"],
    evaluate,
    example: Example {
        title: "37 loaded, 6 hit",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_prefetch_load_completed_chunks_total 37\n\
             lmcache_mp_lookup_hit_l2_keys_total{cache_salt=\"\",model_name=\"m\"} 6\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "All that were loaded hit",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_prefetch_load_completed_chunks_total 160\n\
             lmcache_mp_lookup_hit_l2_keys_total{cache_salt=\"\",model_name=\"m\"} 160\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if let Some(outcome) = dropped(cx) {
        return outcome;
    }
    let mut signs = Vec::new();
    for target in cx.view.with("mp.lookup.hit_l2_keys") {
        let Some(loaded) = target.growth("mp.l2.prefetch_load_completed") else { continue };
        let hit = target.growth("mp.lookup.hit_l2_keys").map_or(0.0, |g| g.value);
        if loaded.value - hit < cx.threshold(&LEAST) || hit > loaded.value * cx.threshold(&SHARE) {
            continue;
        }
        signs.push(Sign::measured(
            0.8,
            format!("{:.0} chunks loaded from L2, {hit:.0} of them hit", loaded.value),
            vec![loaded.source],
        ));
    }
    Outcome::from_signs(signs, 0.0)
}
