//! The external tokens are those of another connector, not of LMCache.

use coverage_model::bridge::MismatchCode;

use super::pages::{LOADS, VLLM_BEGIN, vllm_page};
use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 1_024.0,
    about: "tokens that do not fit below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "engine_cache_mismatch_external_not_lmcache",
    aliases: &[],
    title: "The external tokens are those of another connector, not of LMCache",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::EnginePage, Need::ServerPage, Need::EmbeddedPage],
    thresholds: &[&LEAST],
    releases: "",
    explanation: "External hits alone do not prove LMCache: other connectors count in the same series.",
    confirm: "The kv_connector of the launch line.",
    action: "Nothing to do; do not credit LMCache with these tokens.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The external tokens are those of another connector, not of LMCache",
        files: &[
            File::text(
                "engine.command.json",
                r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\": \"ExampleConnector\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
            ),
            VLLM_BEGIN,
            File::text(
                "vllm/1.prom",
                vllm_page!(requests: 12, seconds: 1.2, prompt: 60000, local: 0, asked: 60000, promised: 30720, by_source: [30720, 0, 29280], start: 5, cpu: 2),
            ),
        ],
        also: &[],
    },
    counter_example: LOADS,
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    bridged(cx, MismatchCode::ExternalNotLmcache, cx.threshold(&LEAST))
}
