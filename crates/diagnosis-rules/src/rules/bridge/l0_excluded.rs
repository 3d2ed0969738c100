//! LMCache's hits hold what the engine had itself.

use super::pages::{MP_BEGIN, MP_ENGINE, VLLM_BEGIN, mp_page, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that both sides count as theirs below which nothing is said",
};
const SHARE: Threshold = Threshold {
    name: "min_share",
    unit: "ratio",
    default: 0.1,
    about: "share of LMCache's hits that the engine had itself, below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "vllm_l0_excluded_caveat",
    aliases: &[],
    title: "LMCache's hit rate counts tokens that the engine had in its own cache",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::EnginePage],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "LMCache looks up whole prompts, and the engine loads only what lies beyond its own cache. \
        LMCache's hits are the engine's external hits and its own hits together: as a measure of what LMCache \
        saves they are too high.",
    confirm: "Hits of LMCache's lookups less vllm:external_prefix_cache_hits, beside vllm:prefix_cache_hits, of \
        one window.",
    action: "Take vllm:prompt_tokens_by_source (external_kv_transfer) or the external hits for what LMCache \
        saves: inferguard observability-coverage shows both.",
    false_positives: "A fact of how both sides count, and no fault.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Of 20,480 tokens found the engine had half itself",
        files: &[
            MP_ENGINE,
            VLLM_BEGIN,
            File::text(
                "vllm/1.prom",
                vllm_page!(
                    requests: 8, seconds: 0.8, prompt: 40000, local: 10240, asked: 29760, promised: 10240,
                    by_source: [10240, 10240, 19520], start: 5, cpu: 2
                ),
            ),
            MP_BEGIN,
            File::text(
                "lmcache/1.prom",
                mp_page!(lookups: 40, requested: 40000, hit: 20480, cpu: 2),
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: super::pages::LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let Some(total) = &cx.view.bridge.total else { return Outcome::Clear };
    let t = &total.tokens;
    let (Some(hits), Some(external), Some(own)) = (&t.hits, &t.external, &t.engine_local) else {
        return Outcome::Clear;
    };
    let vllm = cx.view.targets.iter().any(|target| target.any("vllm."));
    // What LMCache found and the engine did not load, as far as the engine says that it had it.
    let both = (hits.value - external.value).min(own.value);
    if !vllm || both < cx.threshold(&LEAST) || both < hits.value * cx.threshold(&SHARE) {
        return Outcome::Clear;
    }
    let text = format!(
        "at least {both:.0} of {:.0} hit tokens were in the engine's own cache",
        hits.value
    );
    let sources = [hits, external, own].into_iter().filter_map(|a| a.sources.first().cloned());
    Outcome::from_signs(vec![Sign::measured(1.0, text, sources.collect())], 0.0)
}
