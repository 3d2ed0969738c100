//! Lookups time out.

use crate::rules::prelude::*;

const TIMEOUTS: Threshold = Threshold {
    name: "min_timeouts",
    unit: "lines",
    default: 3.0,
    about: "Timeouts before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lookup_timeout",
    aliases: &[],
    title: "Lookups time out and count as misses",
    kind: Kind::Cause,
    cause: Some("lookup-timeout"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::ServerLog],
    thresholds: &[&TIMEOUTS],
    releases: "",
    explanation: "The scheduler asks a worker (or a peer) over ZMQ what is cached, and waits \
        lookup_timeout_ms. A worker that is busy with remote puts, or a peer that is gone, \
        does not answer in time: the sockets are made again, the request is computed, and \
        its waiting time is lost.",
    confirm: "grep -E 'Timeout occurred for rank|timed out; treating as a miss' engine.log; \
        lmcache:remote_put_task_num.",
    action: "Raise lookup_timeout_ms, take the load off the worker (fewer remote puts, a faster \
        backend, a larger CPU cache), and look at the rank that is named.",
    false_positives: "One timeout while the engine starts is normal; the rule asks for several.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lmcache_mp_p2p_lookup_timeouts",
        "lmcache_mp_timeouts",
        "lmcache_log_p2p_transfer_failure",
    ],
    related: &["remote-slow", "remote-unreachable", "mp-server-unreachable"],
    evaluate,
    example: Example {
        title: "A rank does not answer",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache ERROR: Timeout occurred for rank 0, recreating all sockets. Error: Resource temporarily unavailable (lmcache_lookup_client.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache ERROR: Timeout occurred for rank 0, recreating all sockets. Error: Resource temporarily unavailable (lmcache_lookup_client.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache ERROR: Timeout occurred for rank 0, recreating all sockets. Error: Resource temporarily unavailable (lmcache_lookup_client.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Lookups are answered",
        files: &[File::text(
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
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let ids = [
        "lookup.timeout",
        "p2p.lookup_timeout",
        "p2p.lookup_submit_timeout",
        "mp_connector.async_wait",
    ];
    if view.count(&ids) as f64 >= cx.threshold(&TIMEOUTS) {
        signs.extend(logged(view, 0.85, "lookups time out", &ids));
    }
    if !signs.is_empty()
        && let Some(puts) = view.last("embedded.remote_put_task_num").filter(|p| p.value >= 100.0)
    {
        signs.push(Sign::measured(
            0.3,
            format!("{:.0} puts to the remote backend are waiting", puts.value),
            vec![puts.source],
        ));
    }
    Outcome::from_signs(signs, 0.5)
}
