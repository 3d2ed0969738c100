//! The hybrid KV cache manager and the connector exclude each other.

use lmcache_launch::ConnectorMode;

use crate::rules::prelude::*;

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
    action: "Use LMCacheMPConnector with an lmcache server, which supports hybrid models, or a \
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
    if signs.is_empty() {
        let hybrid = view
            .launch
            .into_iter()
            .flat_map(|l| &l.launch.models)
            .find(|m| m.fact == "hybrid" && m.value == true);
        let forced = view.engines().find_map(|p| {
            let embedded = p.lmcache_connector().is_some_and(|c| c.mode == ConnectorMode::Embedded);
            let on =
                p.setting("hybrid_kv_cache_manager").and_then(lmcache_launch::Setting::as_bool)
                    == Some(true);
            (embedded && on).then(|| launched(p, "hybrid_kv_cache_manager"))?
        });
        if let (Some(model), Some(flag)) = (hybrid, forced) {
            let name = model.model.clone().unwrap_or_default();
            signs.push(Sign::inferred(
                0.7,
                "a hybrid model, its manager forced on, and a connector that does not know it",
                vec![flag, placed(&model.place, "model", Some(name))],
            ));
        }
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
