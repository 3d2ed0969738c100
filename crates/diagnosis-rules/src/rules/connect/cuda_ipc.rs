//! GPU memory handles cannot be opened by the server.

use lmcache_launch::Product as Program;

use crate::rules::prelude::*;
use crate::view::View;

pub(crate) const RULE: Rule = Rule {
    code: "cuda_ipc_failure",
    aliases: &[],
    title: "The engine's GPU memory cannot be shared with LMCache",
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
        out. Under isolated IPC the engine itself fails where its memory has no handle: \
        expandable segments and sleep mode allocate by another API.",
    confirm: "grep -B3 -A12 REGISTER_KV_CACHE lmcache.log; compare CUDA_VISIBLE_DEVICES, hostIPC \
        and GPU claims of both containers.",
    action: "Run the server with hostIPC: true and without a GPU limit of its own \
        (NVIDIA_VISIBLE_DEVICES=all), on the engine's node, or use the engine-driven \
        transfer mode (--supported-transfer-mode auto and \
        lmcache.mp.mp_transfer_mode=engine_driven). Where the engine fails to make the \
        handles: take expandable_segments:True out of PYTORCH_CUDA_ALLOC_CONF, start \
        without sleep mode, or without isolated IPC.",
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
    signs.extend(logged(
        view,
        0.9,
        "a handle of GPU memory could not be made or opened",
        &["gpu.ipc_failed"],
    ));
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
        signs.push(Sign::inferred(0.6, "it fails where GPU memory is shared or opened", opened));
    }
    signs.extend(without_handles(view));
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

/// Functions that export GPU memory or events, or open what another process exported.
const OPENS: &[&str] = &[
    "_new_shared_cuda",
    "from_ipc_handle",
    "rebuild_cuda_tensor",
    "_share_cuda_",
    "wrap_kv_caches",
];

/// Raw IPC handles are asked for, and the memory comes from an allocator that has none.
fn without_handles(view: &View<'_>) -> Option<Sign> {
    let isolated = ["mp_isolated_ipc", "isolated_ipc"]
        .iter()
        .flat_map(|name| view.stated(name))
        .find(|s| s.flag() == Some(true))?;
    let fabric = ["mp_use_vmm_api", "use_vmm_api"];
    if fabric.iter().flat_map(|name| view.stated(name)).any(|s| s.flag() == Some(true)) {
        return None;
    }
    let virtual_memory = view.engines().find_map(|p| {
        let expandable = p.setting("pytorch_alloc_conf").filter(|s| {
            s.as_str().is_some_and(|v| {
                v.replace(' ', "").to_ascii_lowercase().contains("expandable_segments:true")
            })
        });
        let sleep = p.setting("enable_sleep_mode").filter(|s| s.as_bool() == Some(true));
        expandable.or(sleep).and_then(|s| launched(p, &s.name))
    })?;
    Some(Sign::inferred(
        0.7,
        "isolated IPC needs handles that memory of this allocator does not have",
        vec![isolated.source, virtual_memory],
    ))
}
