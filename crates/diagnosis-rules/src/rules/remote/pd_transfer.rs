//! The transfer between prefill and decode fails.

use crate::rules::prelude::*;
use crate::view::View;

const RETRIES: Threshold = Threshold {
    name: "min_retries",
    unit: "lines",
    default: 3.0,
    about: "Retries of the receiver, or failed transfers, before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "pd_transfer_failure",
    aliases: &[],
    title: "The transfer between prefill and decode fails, or its buffer is too small",
    kind: Kind::Cause,
    cause: Some("pd-transfer-failure"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::Launch],
    thresholds: &[&RETRIES],
    releases: "",
    explanation: "Disaggregated prefill writes the KV cache of a prompt into a buffer of the decode \
        side (pd_buffer_size) over NIXL and UCX. A prompt that is larger than the buffer, or \
        several at once, wait and retry without end; a UCX without CUDA modules cannot \
        register GPU memory at all. vLLM's NIXL connector also compares release, model, \
        data type, KV layout and attention backend of both sides, and refuses every request \
        where they differ.",
    confirm: "Size of a request in the store lines against pd_buffer_size; grep -E \
        'retrying|registerMem|NIXL_ERR|NIXL transfer failure|hash mismatch|ucp_mem_map' *.log; ucx_info -d | grep cuda.",
    action: "Set pd_buffer_size to several times the KV size of the longest prompt on both sides; \
        install the NIXL wheel of the CUDA that runs and leave UCX_TLS=all (or with \
        cuda_copy, cuda_ipc); start prefill and decode with the same image, model and \
        options of the KV cache (a MultiConnector on one side turns the hybrid manager off).",
    false_positives: "Single retries in a burst are back pressure at work; the rule asks for several.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "l1-alloc-failure",
        "lmcache_log_pd_stall",
        "lmcache_log_nixl_request_indicator",
        "lmcache_log_pd_role_mismatch",
        "engine_kv_transfer_failures",
    ],
    related: &["hash-seed-unset", "cuda-ipc-failure"],
    evaluate,
    example: Example {
        title: "The decode side retries",
        files: &[File::text(
            "decode.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': True} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The transfer works",
        files: &[File::text(
            "prefill.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': True} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let stalls = ["pd.alloc_retry", "pd.alloc_loop", "pd.admit_timeout"];
    if view.count(&stalls) as f64 >= cx.threshold(&RETRIES) {
        signs.extend(logged(view, 0.75, "the receiver has no room and retries", &stalls));
    }
    signs.extend(logged(
        view,
        0.8,
        "GPU memory cannot be registered with NIXL",
        &["nixl.register_failed", "ucx.map_failed"],
    ));
    signs.extend(logged(
        view,
        0.6,
        "NIXL fails",
        &[
            "nixl.backend_error",
            "nixl.no_common",
            "pd.nixl_write",
            "nixl.handshake_failed",
            "sglang.pd_failed",
        ],
    ));
    signs.extend(logged(
        view,
        0.75,
        "prefill and decode compare their set-ups and refuse each other",
        &["vllm.nixl_mismatch"],
    ));
    let failed = ["vllm.nixl_failed"];
    if view.count(&failed) as f64 >= cx.threshold(&RETRIES) {
        signs.extend(logged(view, 0.6, "NIXL transfers fail, one after the other", &failed));
    }
    signs.extend(logged(
        view,
        0.6,
        "transfers to the other side fail",
        &["pd.send_failed", "pd.handshake_timeout", "pd.room_timeout", "pd.no_receiver"],
    ));
    let backends = ["pd_backend", "nixl_channel", "transfer_channel"];
    signs.extend(raised_in(view, 0.6, "an exchange between the sides raised", &backends, &[]));
    if !signs.is_empty() {
        signs.extend(logged(view, 0.4, "UCX could not move the data", &["ucx.error"]));
    }
    let buffer =
        view.number("pd.buffer_size_bytes").or_else(|| view.number("nixl.buffer_size_bytes"));
    let largest = view
        .events(EMBEDDED_STORES)
        .filter_map(|e| e.stat.fields.get("gb").map(|n| (n.max * GIB, e.source())))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let (Some((buffer, at)), Some((size, stored))) = (buffer, largest)
        && size > buffer
        && buffer > 0.0
    {
        signs.push(Sign::inferred(
            if signs.is_empty() { 0.55 } else { 0.4 },
            format!("one request of {} does not fit into a buffer of {}", gib(size), gib(buffer)),
            vec![at, stored],
        ));
    }
    critical_if(requests_fail(view), critical_if_down(view, Outcome::from_signs(signs, 0.5)))
}

/// Whether most requests end with an error: nothing computes what the transfer did not bring.
fn requests_fail(view: &View<'_>) -> bool {
    let answers = || {
        view.logs
            .iter()
            .flat_map(|l| &l.evidence.http)
            .filter(|h| h.method == "POST" && h.path.contains("completions"))
    };
    let all: u64 = answers().map(|h| h.count).sum();
    let failed: u64 = answers().filter(|h| h.status >= 500).map(|h| h.count).sum();
    // SGLang's decode side names each request that it gives up.
    let given_up = view.count(&["sglang.pd_failed"]) >= 3;
    given_up || (failed >= 3 && failed.saturating_mul(2) >= all)
}
