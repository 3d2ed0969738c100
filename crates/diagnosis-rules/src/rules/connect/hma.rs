//! The hybrid KV cache manager and the connector exclude each other.

use coverage_model::FactKind;
use lmcache_launch::{ConnectorMode, Product as Program, Source as SetBy};

use crate::rules::prelude::*;
use crate::view::{Teller, View};

pub(crate) const RULE: Rule = Rule {
    code: "hma_incompatible",
    aliases: &[],
    title: "The hybrid KV cache manager and the KV connector exclude each other for this model",
    kind: Kind::Cause,
    cause: Some("hma-incompatible"),
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EngineLog, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "Models that mix attention with Mamba or sliding windows need vLLM's hybrid KV cache \
        manager. A connector that does not implement its interface (LMCacheConnectorV1) \
        makes vLLM refuse to start with it; with it switched off, vLLM cannot fit the layers \
        into one kind of cache.",
    confirm: "grep -E 'HMA|[Hh]ybrid KV cache|unified type' engine.log",
    action: "Drop --no-disable-hybrid-kv-cache-manager where it was given. Use LMCacheMPConnector with an lmcache server, which supports hybrid models, or a \
        model without hybrid layers; --disable-hybrid-kv-cache-manager helps only for \
        sliding windows, at the price of memory.",
    false_positives: "vLLM also warns where it turned the manager off and went on: that costs memory and \
        is no cause of a failure.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_log_tracebacks", "engine_start_failed"],
    related: &["chunk-block-mismatch"],
    evaluate,
    example: Example {
        title: "The engine says so",
        files: &[File::text(
            "engine.log",
            r#"(APIServer pid=7) INFO 01-10 08:00:00 [api_server.py:1351] vLLM API server version 0.20.2
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] EngineCore failed to start.
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] Traceback (most recent call last):
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708]   File "vllm/distributed/kv_transfer/kv_connector/factory.py", line 90, in f
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] ValueError: Connector LMCacheConnectorV1 does not support HMA but HMA is enabled. Please set `--disable-hybrid-kv-cache-manager`.
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The engine runs with the manager",
        files: &[File::text(
            "engine.log",
            "(APIServer pid=7) INFO 01-10 08:00:00 [api_server.py:1351] vLLM API server version 0.32.0\n",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.95,
        "the engine refuses the connector with the hybrid manager",
        &["connector.no_hma"],
    ));
    signs.extend(logged(
        view,
        0.85,
        "without the manager the layers do not fit into one cache",
        &["kv.no_unified_spec"],
    ));
    let turned_off = ["vllm.hma_off", "vllm.hybrid_off"];
    if start_failed(view) && view.count(&turned_off) > 0 && view.count(&["kv.no_room"]) > 0 {
        signs.extend(logged(
            view,
            0.6,
            "the manager was turned off for the connector",
            &turned_off,
        ));
        signs.extend(logged(view, 0.6, "and without it one request does not fit", &["kv.no_room"]));
    }
    // Without a word of the engine: what was asked for.
    if signs.is_empty() && view.facts.fact(&FactKind::Started).is_none() {
        signs.extend(forced(view));
    }
    // Turned off and gone on: it costs memory and no start.
    let off =
        logged(view, 0.6, "the manager was turned off for the connector", &["vllm.hybrid_off"]);
    if let Some(sign) = off.filter(|_| signs.is_empty() && !start_failed(view)) {
        return Outcome::from_signs(vec![sign], 0.5).map(|hit| {
            hit.severity = Some(Severity::Info);
            hit.title = Some(
                "The hybrid KV cache manager is off for this hybrid model: its cache takes more memory".into(),
            );
        });
    }
    Outcome::from_signs(signs, 0.5)
}

/// The manager is forced on beside a connector that does not know it: vLLM refuses that for every
/// model, and a model with other layers than full attention is why it is asked for.
fn forced(view: &View<'_>) -> Option<Sign> {
    let flag = view.engines().find_map(|p| {
        let embedded = p.connectors.iter().any(|c| c.mode == ConnectorMode::Embedded);
        let on = p
            .setting("hybrid_kv_cache_manager")
            .filter(|s| s.source != SetBy::Default && s.as_bool() == Some(true));
        on.filter(|_| embedded && is_vllm(p.product))
            .and_then(|_| launched(p, "hybrid_kv_cache_manager"))
    });
    // A log tells the same of itself, by the name of the option.
    let told = || {
        let said = view.stated("disable_hybrid_kv_cache_manager");
        let off = said.into_iter().find(|s| s.teller == Teller::Log && s.flag() == Some(false))?;
        let embedded = view.logs.iter().any(|l| {
            l.path == off.source.artifact
                && l.evidence
                    .connectors
                    .iter()
                    .any(|c| c.starts_with("LMCache") && !c.contains("LMCacheMP"))
        });
        embedded.then_some(off.source)
    };
    let mut sources = vec![flag.or_else(told)?];
    let model = view
        .launch
        .into_iter()
        .flat_map(|l| &l.launch.models)
        .find(|m| matches!(m.fact.as_str(), "hybrid" | "sliding-window") && m.value == true);
    Some(match model {
        Some(model) => {
            sources.push(placed(&model.place, "model", model.model.clone()));
            Sign::inferred(
                0.75,
                "a model of several kinds of layers, its manager forced on, and a connector that does not know it",
                sources,
            )
        }
        None => Sign::inferred(
            0.65,
            "the hybrid manager is forced on beside a connector that does not know it",
            sources,
        ),
    })
}

fn is_vllm(product: Program) -> bool {
    matches!(product, Program::Vllm | Program::DynamoVllm)
}
