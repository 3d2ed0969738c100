//! LMCache is asked by an engine that is not among those shown.

use coverage_model::bridge::MismatchCode;

use super::pages::{LOADS, MP_BEGIN, mp_page, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that do not fit below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "engine_cache_mismatch_lookups_without_external",
    aliases: &[],
    title: "LMCache is asked by an engine that is not among those shown",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "Another engine uses this server: hit rates of the two sides are not of the same \
        requests.",
    confirm: "Compare lookup tokens with prompt tokens of all engines of the server.",
    action: "Scrape every engine of this server, then check again.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "LMCache is asked by an engine that is not among those shown",
        files: &[
            File::text(
                "engine.command.json",
                "{\"argv\": [\"vllm\", \"serve\", \"m\"], \"env\": {}}",
            ),
            File::text(
                "vllm/0.prom",
                vllm_page!(requests: 2, seconds: 0.2, prompt: 10000, local: 0, asked: 0, promised: 0, by_source: [], start: 5, cpu: 1),
            ),
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 4, seconds: 0.4, prompt: 20000, local: 0, asked: 0, promised: 0, by_source: [], start: 5, cpu: 2),
            ),
            MP_BEGIN,
            File::text(
                "lmcache/1.prom",
                mp_page!(lookups: 60, requested: 60000, hit: 30720, cpu: 2),
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::LookupsWithoutExternal, cx.threshold(&LEAST))
}
