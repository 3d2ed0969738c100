//! Eviction takes a large share of what is written.

use crate::rules::prelude::*;

const SHARE: Threshold = Threshold {
    name: "min_evicted_share",
    unit: "ratio",
    default: 0.2,
    about: "evicted chunks to written ones above which eviction is pressure",
};
const LEAST: Threshold = Threshold {
    name: "min_evicted_chunks",
    unit: "chunks",
    default: 32.0,
    about: "evicted chunks below which nothing is said",
};
const HIGH: Threshold = Threshold {
    name: "min_usage_ratio",
    unit: "ratio",
    default: 0.75,
    about: "usage that L1 has to have reached where the release does not count eviction runs",
};

const WELL: Threshold = Threshold {
    name: "healthy_hit_rate",
    unit: "ratio",
    default: 0.6,
    about: "share of the looked-up tokens that hit from which on eviction is what a full cache does",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_eviction_pressure",
    aliases: &[],
    title: "L1 evicts a large share of what is written into it",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[&SHARE, &LEAST, &HIGH, &WELL],
    releases: "",
    explanation: "Chunks leave L1 before they can be used again: the working set is larger than L1, or the \
        watermark is low for it. Where most of what is looked up hits and no allocation fails, eviction is \
        what a full cache does: information.",
    confirm: "Growth of l1_evicted_chunks to that of l1_write_chunks between two scrapes, with \
        l1_eviction_loop_triggered growing and usage near the watermark.",
    action: "Give L1 more room (--l1-size-gb) or an L2 adapter; with several tenants set quotas.",
    false_positives: "l1_evicted also counts what is dropped after a load from L2 and what /cache/clear \
        removes. Only runs of the eviction loop (l1_eviction_loop_triggered, or its log line) \
        make it pressure.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_low_hit_rate_after_warmup"],
    evaluate,
    example: Example {
        title: "Most of what is written is evicted",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 412\n\
             lmcache_mp_l1_evicted_chunks_total{l1_tag=\"_default\"} 283\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 60\n\
             lmcache_mp_l1_eviction_loop_triggered_total{l1_tag=\"_default\"} 10\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.79\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "As much is dropped after loads from L2, and eviction never ran",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l1_write_chunks_total{l1_tag=\"_default\"} 512\n\
             lmcache_mp_l1_evicted_chunks_total{l1_tag=\"_default\"} 464\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 60\n\
             lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.02\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let (mut signs, mut dropped, mut hurts) = (Vec::new(), None, false);
    for target in cx.view.with("mp.l1.evictions") {
        let of = |signal| target.growth(signal);
        let Some(evicted) = of("mp.l1.evictions") else { continue };
        let written = of("mp.l1.write").map_or(0.0, |g| g.value);
        if evicted.value < cx.threshold(&LEAST) || evicted.value < written * cx.threshold(&SHARE) {
            continue;
        }
        let runs = of("mp.l1.eviction_loop_triggered").map_or(0.0, |g| g.value);
        let logged = cx.view.count(&["mp.l1.evicting"]) > 0;
        let reached = target.extremes("mp.l1.usage_ratio").map(|(_, most)| most);
        // A release that counts its loop's ticks counts its runs too: without one it was a drop.
        let counts_runs = target.has("mp.l1.eviction_loop_ticks");
        let pressure = runs > 0.0
            || logged
            || !counts_runs && reached.is_none_or(|most| most >= cx.threshold(&HIGH));
        if !pressure {
            dropped = Some(evicted.value);
            continue;
        }
        let (asked, hit) = (of("mp.lookup.requested_tokens"), of("mp.lookup.hit_tokens"));
        let well = asked.filter(|asked| asked.value > 0.0).is_some_and(|asked| {
            hit.is_some_and(|hit| hit.value >= asked.value * cx.threshold(&WELL))
        });
        let failed = ["mp.l1.allocation_failure", "mp.l2.prefetch_failure"];
        hurts |= !well || failed.iter().any(|s| of(s).is_some_and(|failed| failed.value > 0.0));
        let share =
            if written > 0.0 { percent(evicted.value / written) } else { "more than 100 %".into() };
        signs.push(Sign::measured(
            if runs > 0.0 || logged { 0.9 } else { 0.6 },
            format!("{:.0} chunks evicted, {share} of the {written:.0} written", evicted.value),
            vec![evicted.source],
        ));
        if runs > 0.0
            && let Some(reading) = target.last("mp.l1.eviction_loop_triggered")
        {
            signs.push(Sign::measured(
                0.5,
                format!("eviction ran {runs:.0} times"),
                vec![reading.source],
            ));
        }
    }
    match dropped {
        Some(chunks) if signs.is_empty() => Outcome::RuledOut(format!(
            "{chunks:.0} chunks left L1 without a run of eviction: dropped after a load from L2, or cleared"
        )),
        _ => Outcome::from_signs(signs, 0.0).map(|hit| {
            if !hurts {
                hit.severity = Some(Severity::Info);
            }
        }),
    }
}
