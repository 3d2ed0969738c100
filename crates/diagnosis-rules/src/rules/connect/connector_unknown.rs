//! The engine has no such connector.

use lmcache_launch::ConnectorMode;
use lmcache_prom::contract::{Product, Release};

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "connector_name_unknown",
    aliases: &[],
    title: "The KV connector that was asked for is not registered in this engine",
    kind: Kind::Cause,
    cause: Some("connector-name-unknown"),
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::EngineLog, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "vLLM looks kv_connector up in its registry. LMCacheConnector is the name of the V0 \
        engine, which is gone; LMCacheConnectorV1 came with vLLM 0.8.5, LMCacheMPConnector \
        later. A name that the registry does not have ends the start, unless \
        kv_connector_module_path names a module that brings it.",
    confirm: "grep 'Unsupported connector type' engine.log; pip show vllm",
    action: "Use LMCacheConnectorV1 (LMCache inside the engine) or LMCacheMPConnector (with a \
        running lmcache server) in --kv-transfer-config, or upgrade vLLM to a release that \
        has the connector.",
    false_positives: "A connector of one's own, loaded by kv_connector_module_path, is not judged.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "version-mismatch",
        "engine_start_failed",
        "lmcache_stale_connector",
    ],
    related: &["version-mismatch", "hma-incompatible"],
    evaluate,
    example: Example {
        title: "The error names the connector",
        files: &[File::text(
            "engine.log",
            r#"(APIServer pid=7) INFO 01-10 08:00:00 [api_server.py:1351] vLLM API server version 0.11.0
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] EngineCore failed to start.
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] Traceback (most recent call last):
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708]   File "vllm/distributed/kv_transfer/kv_connector/factory.py", line 90, in f
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] ValueError: Unsupported connector type: LMCacheConnector
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A connector that is there",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
",
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
        "the engine refuses the connector's name",
        &["connector.unsupported"],
    ));
    let new = Release::new(0, 10, 0, 0);
    let (min, _) = view.releases.get(&Product::Vllm).copied().unwrap_or_default();
    for process in view.engines() {
        for c in process.connectors.iter().filter(|c| c.module_path.is_none()) {
            let gone = c.mode == ConnectorMode::EmbeddedV0 && min.is_some_and(|m| m >= new);
            let odd = c.mode == ConnectorMode::Unknown && c.name.contains("LMCache");
            if gone || odd {
                signs.push(Sign::inferred(
                    0.6,
                    format!("no V1 engine has a connector {}", c.name),
                    vec![placed(&c.place, "kv_connector", Some(c.name.clone()))],
                ));
            }
        }
    }
    Outcome::from_signs(signs, 0.5)
}
