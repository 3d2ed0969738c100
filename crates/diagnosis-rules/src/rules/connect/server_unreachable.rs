//! The engine cannot reach the MP server.

use std::collections::BTreeSet;

use lmcache_launch::{Product as Program, Setting};

use super::modes::mode_mismatch;
use super::versions::version_signs;
use crate::rules::prelude::*;
use crate::rules::remote::health_stuck::never_back;

pub(crate) const RULE: Rule = Rule {
    code: "mp_server_unreachable",
    aliases: &[],
    title: "The engine cannot reach the LMCache server",
    kind: Kind::Cause,
    cause: Some("mp-server-unreachable"),
    severity: Severity::Critical,
    modes: &[Mode::Mp],
    needs: &[Need::EngineLog, Need::Host],
    thresholds: &[],
    releases: "",
    explanation: "LMCacheMPConnector dials lmcache.mp.host and lmcache.mp.port (localhost:5555 unless \
        set). If nothing answers there, the engine does not start; if the server goes away \
        later, the connector enters degraded mode: stores are dropped, lookups miss, \
        requests are recomputed, and each new request may wait for one timeout.",
    confirm: "From the engine's container: nc -z HOST PORT of lmcache.mp.host and lmcache.mp.port; \
        compare with the line 'LMCache ZMQ cache server is running on' of the server.",
    action: "Set lmcache.mp.host and lmcache.mp.port in kv_connector_extra_config to the address \
        of the server as seen from the engine (localhost is shared only inside one pod), \
        start the server first, and watch its restarts.",
    false_positives: "A server of another release does not answer either; the server's own log then says \
        so, and this is ruled out.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lookup-timeout",
        "worker-deregistered",
        "engine_start_failed",
        "lmcache_mp_prefetch_job_stuck",
    ],
    related: &["version-mismatch", "cuda-ipc-failure", "worker-deregistered"],
    evaluate,
    example: Example {
        title: "Nothing answers at the address",
        files: &[File::text(
            "engine.log",
            r#"(EngineCore pid=2) INFO 01-10 08:00:00 [factory.py:60] Creating v1 connector with name: LMCacheMPConnector and engine_id: 0c
(APIServer pid=7) INFO 01-10 08:00:00 [api_server.py:1351] vLLM API server version 0.22.1
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] EngineCore failed to start.
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] Traceback (most recent call last):
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708]   File "lmcache/integration/vllm/vllm_multi_process_adapter.py", line 90, in f
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] ConnectionError: Cannot reach the LMCache MP server at 'tcp://localhost:5555' within 10.0s.
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The server is reached",
        files: &[
            File::text(
                "server.log",
                r"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
",
            ),
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheMPConnector\", \"kv_role\": \"kv_both\"}"], "env": {}}"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    if !version_signs(view).is_empty() {
        return Outcome::RuledOut("the server answers, and refuses what this release asks".into());
    }
    if view.count(&["gpu.ipc_failed"]) > 0 {
        return Outcome::RuledOut(
            "the server was reached and could not open the GPU memory".into(),
        );
    }
    let refused = view.texts(&["mp.request_error"], "request_type");
    if refused.keys().any(|t| t.contains("REGISTER")) {
        return Outcome::RuledOut(
            "the server was reached, and failed to register the worker".into(),
        );
    }
    if !mode_mismatch(view).is_empty() {
        return Outcome::RuledOut("the server was reached, and is of another mode".into());
    }
    if never_back(view).is_some() {
        return Outcome::RuledOut("the server was found again, by one of two processes".into());
    }
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.9,
        "the connector says that nothing answers at its address",
        &["mp_connector.unreachable", "mp_connector.no_answer"],
    ));
    signs.extend(logged(
        view,
        0.75,
        "the connector lost the server and went into degraded mode",
        &["mp_connector.unhealthy"],
    ));
    signs.extend(logged(
        view,
        0.6,
        "requests to the server time out",
        &["mp_connector.lookup_timeout", "mp_connector.query_timeout"],
    ));
    signs.extend(logged(
        view,
        0.6,
        "the heartbeat to the server fails",
        &["sglang_connector.mp_heartbeat"],
    ));
    if start_failed(view) || view.count(&["sglang.scheduler_exception"]) > 0 {
        let asks = ["get_lmcache_chunk_size", "multi_process_adapter", "register_kv_caches"];
        let text = "the connector waited for the server in vain while it started";
        signs.extend(raised_in(view, 0.65, text, &asks, &["Timeout"]));
    }
    let served = view.processes().filter(|p| p.product == Program::LmcacheServer);
    let ports: BTreeSet<u64> =
        served.filter_map(|p| p.setting("port")).filter_map(Setting::as_u64).collect();
    if let Some((dialled, at)) = view.number("mp_port")
        && !signs.is_empty()
        && ports.len() == 1
        && !ports.iter().any(|port| *port as f64 == dialled)
    {
        let there = ports.iter().next().copied().unwrap_or_default();
        signs.push(Sign::inferred(
            0.5,
            format!("the engine dials port {dialled}, the server listens on {there}"),
            vec![at],
        ));
    }
    let port = view.number("mp_port").map_or(5555.0, |(p, _)| p);
    let stalled: Vec<Source> = view
        .launch
        .iter()
        .flat_map(|l| &l.environment.sockets)
        .filter(|s| s.state.starts_with("SYN") && s.peer_port.is_some_and(|p| f64::from(p) == port))
        .map(|s| placed(&s.place, "connection to the server", Some(s.state.clone())))
        .collect();
    if !stalled.is_empty() {
        signs.push(Sign::measured(
            0.7,
            "connections to the server's port are never answered",
            stalled,
        ));
    }
    if signs.is_empty() {
        return Outcome::Clear;
    }
    let address = view.texts(&["mp_connector.unreachable"], "address").into_keys().next();
    let local = address
        .as_deref()
        .is_some_and(|a| ["localhost", "127.0.0.1"].iter().any(|l| a.contains(l)));
    let pods: std::collections::BTreeSet<String> = view
        .processes()
        .filter_map(|p| {
            p.pod.clone().or_else(|| p.setting("pod_name")?.as_str().map(str::to_owned))
        })
        .collect();
    if local && pods.len() > 1 {
        signs.push(Sign::inferred(
            0.5,
            "the address is this pod's own, and the server runs in another pod",
            view.processes().filter_map(|p| launched(p, "pod_name")).collect(),
        ));
    }
    let listening = view.count(&["mp.listening", "mp.running"]) > 0;
    // An engine that goes on without the cache is slow; one that gave up serves nobody.
    let gave_up = start_failed(view)
        || view.count(&["sglang.scheduler_exception"]) > 0
        || view.count(&["mp_connector.unreachable", "mp_connector.no_answer"]) > 0;
    Outcome::from_signs(signs, 0.5).map(|hit| {
        if !gave_up {
            hit.severity = Some(Severity::Warning);
        }
        if let Some(address) = address {
            let up = if listening { ", although the server runs" } else { "" };
            hit.title =
                Some(format!("The engine cannot reach the LMCache server at {address}{up}"));
        }
    })
}
