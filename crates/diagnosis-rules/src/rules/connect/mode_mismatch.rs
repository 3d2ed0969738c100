//! The connector and the server are of different modes.

use super::modes::mode_mismatch;
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "connector_mode_mismatch",
    aliases: &[],
    title: "Connector and LMCache server are of different modes: they speak different protocols",
    kind: Kind::Cause,
    cause: Some("connector-mode-mismatch"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Launch, Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "`lmcache server` is the multiprocess server; it speaks ZMQ to LMCacheMPConnector. \
        LMCacheConnectorV1 runs LMCache inside the engine and reaches a remote store by \
        remote_url; lm:// is the protocol of the old `lmcache_server`. Pointed at one \
        another, they drop the connection again and again, and nothing is ever cached. The \
        same goes for producer and consumer roles that contradict each other.",
    confirm: "Compare --kv-transfer-config and remote_url of the engine with the command of the \
        server; GET /status of the server lists no registered worker.",
    action: "Either use LMCacheMPConnector with lmcache.mp.host and lmcache.mp.port, or start the \
        plain store (lmcache_server HOST PORT) for an lm:// URL.",
    false_positives: "Two deployments in one packet may look alike; the port or the absent registration \
        tells.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "remote-unreachable",
        "hash-seed-unset",
        "engine_start_failed",
        "lmcache_embedded_remote_backend_errors",
    ],
    related: &["remote-unreachable", "version-mismatch"],
    evaluate,
    example: Example {
        title: "An lm:// URL that points at the multiprocess server",
        files: &[
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"LMCACHE_REMOTE_URL": "lm://node:8000", "PYTHONHASHSEED": "0"}}"#,
            ),
            File::text(
                "server.command.json",
                r#"{"argv": ["lmcache", "server", "--port", "8000", "--l1-size-gb", "10"], "env": {}}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "An lm:// URL and the plain store",
        files: &[
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"LMCACHE_REMOTE_URL": "lm://node:8000", "PYTHONHASHSEED": "0"}}"#,
            ),
            File::text(
                "server.log",
                r"[2025-11-24 09:11:30,018] LMCache INFO: Server started at 0.0.0.0:8000 (__main__.py:138:lmcache.v1.server.__main__)
",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let signs = mode_mismatch(cx.view);
    critical_if_down(cx.view, Outcome::from_signs(signs, 0.5))
}
