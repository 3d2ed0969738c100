//! A larger L1 brings nothing.

use super::{LEAST_LOOKUPS, gib, held, places};
use crate::rules::prelude::*;

/// Share of all tokens that any larger cache could add.
const LEFT: Threshold = Threshold {
    name: "left_ratio",
    unit: "ratio",
    default: 0.01,
    about: "share of the tokens asked for that any larger cache could add, at most",
};

/// Rate above which nobody asks for more.
const GOOD: Threshold = Threshold {
    name: "good_ratio",
    unit: "ratio",
    default: 0.8,
    about: "hit rate of a cache without limit above which there is nothing to explain",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_reuse_bound_reached",
    aliases: &[],
    title: "A larger cache brings nothing: the prompts hold no more reuse",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Mixed, Mode::Unknown],
    needs: &[Need::Hashes, Need::Trace],
    thresholds: &[&LEFT, &GOOD, &LEAST_LOOKUPS],
    releases: "",
    explanation: "An LRU cache of the size in force serves what one without limit would serve. What is missed \
        was never asked before, or lies behind the last whole chunk: only other prompts or smaller chunks change \
        that.",
    confirm: "inferguard capacity PACKET: the bound beside what the current size gets",
    action: "Leave the size. Look at where prompts leave the known ones: `inferguard misses PACKET`.",
    false_positives: "A recording that is shorter than the time after which prompts come again.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_l1_size_below_working_set"],
    evaluate,
    example: Example {
        title: "Half of the prompts are new, and L1 holds them all",
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
    counter_example: Example {
        title: "The same lookups and an L1 that holds a few of them",
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
        also: &["l1-too-small"],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let (sizing, l1) = match held(cx) {
        Ok(held) => held,
        Err(outcome) => return outcome,
    };
    let curve = &sizing.curve;
    let all = curve.sums.tokens.max(1) as f64;
    // What a pass of its eviction loop leaves in it, not its whole size.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below l1")]
    let held = (l1 as f64 * sizing.left_after_eviction) as u64;
    let (here, bound) = (curve.hit_tokens(held), curve.bound());
    let left = bound.saturating_sub(here.low) as f64 / all;
    if left > cx.threshold(&LEFT) || bound as f64 / all >= cx.threshold(&GOOD) {
        return Outcome::Clear;
    }
    let percent = |tokens: u64| format!("{:.1} %", tokens as f64 / all * 100.0);
    let text = format!(
        "of {} recorded tokens a cache without limit serves {}, the L1 of {} serves {}",
        curve.sums.tokens,
        percent(bound),
        gib(l1),
        percent(here.tokens)
    );
    let sources = places(sizing);
    Outcome::from_signs(vec![Sign::inferred(0.9, text, sources)], 0.0).map(|hit| {
        hit.title = Some(format!(
            "A larger cache brings nothing: {} is the most that these prompts allow",
            percent(bound)
        ));
    })
}
