//! GPU memory handles cannot be opened by the server.

use lmcache_launch::Product as Program;

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "cuda_ipc_failure",
    aliases: &[],
    title: "The LMCache server cannot open the engine's GPU memory",
    kind: Kind::Cause,
    cause: Some("cuda-ipc-failure"),
    severity: Severity::Critical,
    modes: &[Mode::Mp],
    needs: &[Need::ServerLog, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "On the LMCache-driven path the engine hands its KV cache over as CUDA IPC handles. \
        The server can open them only if it sees the same GPUs, in one IPC namespace \
        (hostIPC or one pod), and if the device was not handed out in a way that forbids it \
        (dynamic resource allocation, MIG). The engine then only says that the request timed \
        out.",
    confirm: "grep -B3 -A12 REGISTER_KV_CACHE lmcache.log; compare CUDA_VISIBLE_DEVICES, hostIPC \
        and GPU claims of both containers.",
    action: "Run the server with hostIPC: true and without a GPU limit of its own \
        (NVIDIA_VISIBLE_DEVICES=all), on the engine's node, or use the engine-driven \
        transfer mode (--supported-transfer-mode auto and \
        lmcache.mp.mp_transfer_mode=engine_driven).",
    false_positives: "Another CUDA error of the server (out of memory) is not counted.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_log_tracebacks", "mp-server-unreachable"],
    related: &["mp-server-unreachable", "version-mismatch"],
    evaluate,
    example: Example {
        title: "The mapping fails",
        files: &[File::text(
            "lmcache.log",
            r#"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
[2026-01-10 09:01:20,210] LMCache ERROR: Error handling request RequestType.REGISTER_KV_CACHE (mq.py:1:lmcache.v1.multiprocess.mq)
Traceback (most recent call last):
  File "torch/multiprocessing/reductions.py", line 181, in rebuild_cuda_tensor
    storage = storage_cls._new_shared_cuda(
torch.AcceleratorError: CUDA error: mapping of buffer object failed
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The cache is registered",
        files: &[File::text(
            "lmcache.log",
            r"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    signs.extend(logged(view, 0.9, "a CUDA IPC handle could not be mapped", &["gpu.ipc_failed"]));
    let registering = view.texts(&["mp.request_error"], "request_type");
    let refused = registering.keys().any(|t| t.contains("REGISTER_KV_CACHE"));
    let words = [
        "invalid resource handle",
        "invalid device ordinal",
        "invalid argument",
        "peer access",
        "mapping of buffer",
    ];
    let cuda = words.iter().find_map(|w| {
        raised(view, 0.6, &format!("the server's CUDA says: {w}"), &["CUDA error", w])
    });
    if refused && let Some(sign) = cuda {
        signs.push(sign);
        signs.extend(logged(
            view,
            0.5,
            "while it registers the engine's KV cache",
            &["mp.request_error"],
        ));
    }
    let opened: Vec<Source> = view
        .logs
        .iter()
        .flat_map(|log| log.evidence.tracebacks.iter().map(move |t| (log.path, t)))
        .filter(|(_, t)| t.frames.iter().any(|f| OPENS.iter().any(|name| f.contains(name))))
        .map(|(path, t)| Source {
            line: Some(t.first_line),
            ..Source::new(path, t.last_line.clone())
        })
        .collect();
    if !opened.is_empty() {
        signs.push(Sign::inferred(0.6, "it fails where shared GPU memory is opened", opened));
    }
    let apart: Vec<Source> = view
        .launch
        .iter()
        .flat_map(|l| &l.environment.pods)
        .filter(|pod| pod.host_ipc == Some(false) && pod.containers.len() > 1)
        .map(|pod| placed(&pod.place, "hostIPC", Some("false".into())))
        .collect();
    let devices: std::collections::BTreeSet<String> = view
        .processes()
        .filter(|p| p.product.is_engine() || p.product == Program::LmcacheServer)
        .filter_map(|p| p.setting("visible_devices").map(|s| s.value.to_string()))
        .collect();
    let seen = !signs.is_empty();
    if !apart.is_empty() {
        signs.push(Sign::inferred(0.35, "the containers do not share the IPC namespace", apart));
    }
    if devices.len() > 1 && view.processes().any(|p| p.product == Program::LmcacheServer) {
        signs.push(Sign::inferred(
            0.35,
            "engine and server see different GPUs",
            view.processes().filter_map(|p| launched(p, "visible_devices")).collect(),
        ));
    }
    if !seen && signs.len() < 2 {
        return Outcome::Clear;
    }
    Outcome::from_signs(signs, 0.5)
}

/// Functions that open what another process exported of its GPU memory or events.
const OPENS: &[&str] = &["_new_shared_cuda", "from_ipc_handle", "rebuild_cuda_tensor"];
