//! Metrics of the worker never reach the page.

use lmcache_launch::EnvState;

use super::silent_page::{multiproc_dir, silent_engine_page};
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "multiproc_dir_missing",
    aliases: &[],
    title: "PROMETHEUS_MULTIPROC_DIR is not set: LMCache's metrics stay in the worker process",
    kind: Kind::Cause,
    cause: Some("multiproc-dir-missing"),
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EnginePage],
    thresholds: &[],
    releases: "",
    explanation: "LMCache inside an engine counts in the worker process; the page is served by the API \
        process. Only the files below PROMETHEUS_MULTIPROC_DIR join the two. Without it the \
        page has the engine's series and none of LMCache's, while LMCache works.",
    confirm: "tr '\\\\0' '\\\\n' < /proc/PID/environ | grep PROMETHEUS_MULTIPROC_DIR of the API \
        process; curl -s http://HOST:8000/metrics | grep -c '^lmcache:'",
    action: "Create an empty directory and export PROMETHEUS_MULTIPROC_DIR=DIR in the environment \
        that starts the engine, before it starts; empty the directory at each start.",
    false_positives: "In multiprocess mode the server has its own page, and none of this applies.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["metrics-not-exported"],
    evaluate,
    example: Example {
        title: "The log has stores and hits, the page has nothing of LMCache",
        files: &[
            File::text(
                "engine.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1800, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1800 out of total 1800 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1800, LMCache hit tokens: 1792, need to load: 1792 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
            ),
            File::text(
                "metrics.prom",
                r#"# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{model_name="m"} 0.0
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 0.0
"#,
            ),
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"PYTHONHASHSEED": "0"}}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "The page has them",
        files: &[
            File::text(
                "engine.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1800, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1800 out of total 1800 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1800, LMCache hit tokens: 1792, need to load: 1792 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
            ),
            File::text(
                "metrics.prom",
                r#"# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{model_name="m"} 0.0
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 0.0
# TYPE lmcache:num_lookup_tokens_total counter
lmcache:num_lookup_tokens_total{model_name="m",worker_id="0"} 90000.0
# TYPE lmcache:num_lookup_hits_total counter
lmcache:num_lookup_hits_total{model_name="m",worker_id="0"} 9000.0
"#,
            ),
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"PYTHONHASHSEED": "0"}}"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let Some((page, proof)) = silent_engine_page(view) else { return Outcome::Clear };
    if !view.targets.iter().any(|t| t.any("vllm.")) {
        return Outcome::RuledOut("SGLang sets the directory itself".into());
    }
    let set = multiproc_dir(view);
    if let Some(source) = set {
        let what = source.value.unwrap_or_default();
        return Outcome::RuledOut(format!("PROMETHEUS_MULTIPROC_DIR is set ({what})"));
    }
    let mut signs = vec![Sign::measured(
        0.5,
        "the engine's page has no series of LMCache, which worked",
        vec![page],
    )];
    signs.extend(proof);
    let absent: Vec<Source> = view
        .engines()
        .filter_map(|p| match p.env("PROMETHEUS_MULTIPROC_DIR") {
            EnvState::Absent(_) => {
                Some(placed(&p.place, "PROMETHEUS_MULTIPROC_DIR", Some("not set".into())))
            }
            _ => None,
        })
        .collect();
    if !absent.is_empty() {
        signs.push(Sign::inferred(0.7, "the engine was launched without the variable", absent));
    }
    // Pages of the workers' own have what the engine's page lacks: nothing is lost.
    let elsewhere = view.targets.iter().any(|t| t.any("embedded."));
    Outcome::from_signs(signs, 0.6).map(|hit| {
        if elsewhere {
            hit.severity = Some(Severity::Info);
        }
    })
}
