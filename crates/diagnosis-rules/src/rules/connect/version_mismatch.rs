//! Versions or binary builds do not fit.

use super::versions::{FALLBACK, clients, version_signs};
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "version_mismatch",
    aliases: &[],
    title: "Versions or builds of engine, LMCache or a library do not fit together",
    kind: Kind::Cause,
    cause: Some("version-mismatch"),
    severity: Severity::Critical,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "LMCache's connector stands with one foot in the engine: it imports the engine's \
        modules, is called with the engine's arguments, talks to a server of its own \
        release, and brings native code built for one torch and CUDA. Where one of these is \
        of another release, an import fails, an argument is read wrongly, or the server \
        knows no such request; the engine often reports only that the server does not \
        answer. A client library of storage (Mooncake, NIXL, Redis) that is older or newer \
        than what LMCache calls fails at each load or store, while the rest of it works.",
    confirm: "pip freeze in every container (lmcache, vllm or sglang, torch, nixl with their build \
        tags), and GET /version of the server.",
    action: "Install releases that were made for each other (one lmcache in engine and server; a \
        wheel built for the torch that the image has), or load LMCache's own connector by \
        kv_connector_module_path: lmcache.integration.vllm.lmcache_mp_connector.",
    false_positives: "An ImportError of a module that is not LMCache's nor the engine's connector is not \
        counted.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "mp-server-unreachable",
        "engine_start_failed",
        "store-failure",
        "remote-data-missing",
        "l2-load-failure",
        "l2-store-failure",
    ],
    related: &["mp-server-unreachable", "connector-name-unknown"],
    evaluate,
    example: Example {
        title: "A native library that misses a symbol",
        files: &[File::text(
            "engine.log",
            r#"(APIServer pid=7) INFO 01-10 08:00:00 [api_server.py:1351] vLLM API server version 0.10.2
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] EngineCore failed to start.
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] Traceback (most recent call last):
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708]   File "lmcache/integration/vllm/vllm_v1_adapter.py", line 90, in f
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] ImportError: lmcache/c_ops.cpython-312-x86_64-linux-gnu.so: undefined symbol: _ZN3c104cuda9SetDeviceEa
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "An error that has nothing to do with versions",
        files: &[File::text(
            "engine.log",
            r#"(APIServer pid=7) INFO 01-10 08:00:00 [api_server.py:1351] vLLM API server version 0.10.2
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] EngineCore failed to start.
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] Traceback (most recent call last):
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708]   File "vllm/a.py", line 90, in f
(EngineCore_DP0 pid=12) ERROR 01-10 08:00:12 [core.py:708] RuntimeError: no GPU
"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = version_signs(view);
    let client = clients(view);
    // A client library that fails at each call, or operations that are not compiled, under an
    // engine that serves.
    let slow = view.count(FALLBACK) > 0 || (signs.is_empty() && client.is_some());
    let serves = slow && !start_failed(view);
    signs.extend(client);
    Outcome::from_signs(signs, 0.5).map(|hit| {
        if serves {
            hit.severity = Some(Severity::Warning);
        }
    })
}
