//! L1 is smaller than what is asked for again.

use super::{LEAST_LOOKUPS, gib, held, places};
use crate::rules::prelude::*;

/// Share of all tokens that size alone costs.
const LOST: Threshold = Threshold {
    name: "lost_ratio",
    unit: "ratio",
    default: 0.05,
    about: "share of the tokens asked for that a larger cache would have served",
};

/// Tokens below which a share says nothing.
const LEAST_LOST: Threshold = Threshold {
    name: "least_lost_tokens",
    unit: "tokens",
    default: 10_000.0,
    about: "tokens that a larger cache would have served, at least",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_l1_size_below_working_set",
    aliases: &[],
    title: "L1 is smaller than the chunks that are asked for again",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Mixed, Mode::Unknown],
    needs: &[Need::Hashes, Need::Trace],
    thresholds: &[&LOST, &LEAST_LOST, &LEAST_LOOKUPS],
    releases: "",
    explanation: "The recorded lookups ask again for chunks that an LRU cache of this size has thrown out by \
        then: more room would have served them. LMCache evicts a share of its keys once L1 is filled to \
        its watermark, so it holds less than its size.",
    confirm: "inferguard capacity PACKET (the curve), inferguard misses PACKET (what was missed for its size)",
    action: "Set --l1-size-gb to what `inferguard capacity PACKET` names, or add an L2 adapter.",
    false_positives: "Prompts of different salts that look alike: lookups do not record salts. A recording \
        that covers an unusual time.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_reuse_bound_reached"],
    evaluate,
    example: Example {
        title: "Sixty chunks in turn, twice, and an L1 of sixteen",
        files: &[
            File::text(
                "lookup_hashes_20261124_031746_000000.jsonl",
                include_str!("../../../data/lookups_in_turn.jsonl"),
            ),
            File::text(
                "lmcache.command.json",
                r#"{"argv": ["lmcache", "server", "--l1-size-gb", "0.002", "--chunk-size", "256"]}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "The same lookups and an L1 that holds them all",
        files: &[
            File::text(
                "lookup_hashes_20261124_031746_000000.jsonl",
                include_str!("../../../data/lookups_in_turn.jsonl"),
            ),
            File::text(
                "lmcache.command.json",
                r#"{"argv": ["lmcache", "server", "--l1-size-gb", "1", "--chunk-size", "256"]}"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let (sizing, l1) = match held(cx) {
        Ok(held) => held,
        Err(outcome) => return outcome,
    };
    let curve = &sizing.curve;
    let (here, bound) = (curve.hit_tokens(l1), curve.bound());
    // Of an estimate the bound that speaks against it.
    let lost = bound.saturating_sub(here.high);
    let all = curve.sums.tokens.max(1) as f64;
    let share = lost as f64 / all;
    if share < cx.threshold(&LOST) || (lost as f64) < cx.threshold(&LEAST_LOST) {
        return Outcome::Clear;
    }
    let enough = curve.enough_bytes();
    let percent = |tokens: u64| format!("{:.1} %", tokens as f64 / all * 100.0);
    let text = format!(
        "of {} recorded tokens an LRU cache of {} serves {}, one of {} serves {}",
        curve.sums.tokens,
        gib(l1),
        percent(here.tokens),
        gib(enough),
        percent(bound)
    );
    let sources = places(sizing);
    let mut hit = Hit {
        signs: vec![Sign::inferred(0.9, text, sources)],
        title: Some(format!(
            "L1 of {} is below the working set: {} of the tokens asked for are missed for its size alone",
            gib(l1),
            percent(lost)
        )),
        action: Some(format!(
            "Set --l1-size-gb to {:.3} or more, which leaves room below the watermark: `inferguard capacity \
             PACKET` has the sizes in between. An L2 adapter serves them too.",
            enough as f64 / (1_u64 << 30) as f64 / 0.8
        )),
        severity: None,
    };
    if sizing.l2 {
        // What L1 lost L2 may still serve: slower, and not lost.
        hit.severity = Some(Severity::Info);
    }
    Outcome::Finding(Box::new(hit))
}
