//! vLLM is asked for the connector of its V0 engine.

use lmcache_launch::Product;

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_stale_connector",
    aliases: &["lmcache_log_stale_connector"],
    title: "vLLM is asked for LMCacheConnector, the connector of its V0 engine",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::Launch, Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "LMCacheConnector belonged to the V0 engine of vLLM 0.6 to 0.8. The V1 engine knows \
        LMCacheConnectorV1, LMCacheConnectorV1Dynamic and LMCacheMPConnector, and does not start \
        with another name.",
    confirm: "The value of kv_connector in --kv-transfer-config of the engine.",
    action: "--kv-transfer-config \
        '{\"kv_connector\":\"LMCacheConnectorV1\",\"kv_role\":\"kv_both\"}', or \
        LMCacheMPConnector beside a running lmcache server.",
    false_positives: "SGLang has a connector class of the same name, which is right there: only vLLM is looked \
        at.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The old name",
        files: &[File::text(
            "engine.command.json",
            r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnector\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The V1 connector",
        files: &[File::text(
            "engine.command.json",
            r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for process in
        cx.view.engines().filter(|p| matches!(p.product, Product::Vllm | Product::DynamoVllm))
    {
        if process.connectors.iter().any(|c| c.name == STALE) {
            signs.push(Sign::inferred(
                0.95,
                "the launch line asks for it",
                vec![placed(&process.place, "kv_connector", Some(STALE.into()))],
            ));
        }
    }
    for log in &cx.view.logs {
        let vllm = log.evidence.any("vllm.");
        if vllm && log.evidence.config.stale_lmcache_connector_seen {
            signs.push(Sign::inferred(
                0.8,
                "the engine's log names it",
                vec![Source::new(log.path, "kv_connector LMCacheConnector")],
            ));
        }
    }
    Outcome::from_signs(signs, 0.0)
}

/// The connector of vLLM's V0 engine.
const STALE: &str = "LMCacheConnector";
