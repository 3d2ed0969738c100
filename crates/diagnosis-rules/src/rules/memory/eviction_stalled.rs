//! Eviction is dead or configured away.

use super::eviction::eviction_signs;
use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "eviction_stalled",
    aliases: &[],
    title: "Eviction of L1 does not run: once full, it is never freed",
    kind: Kind::Cause,
    cause: Some("eviction-stalled"),
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerLog, Need::Status, Need::ServerPage, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "Eviction of L1 is a thread. IsolatedLRU needs a cache salt for every bucket and has \
        no global path: on L1 it raises a ValueError at the first watermark and the thread \
        is gone. A no-op policy never evicts. Usage then stays near 1, new chunks find no \
        room, and GET /healthcheck stays green.",
    confirm: "GET /status: l1_eviction_controller.thread_alive; \
        lmcache_mp_l1_eviction_loop_ticks_total of two scrapes has to grow.",
    action: "Start the server with --eviction-policy LRU (IsolatedLRU belongs to L2 adapters), \
        restart it, and alert on a loop tick counter that stands still.",
    false_positives: "An idle server ticks as well; equal ticks of two copies of one page look alike, so \
        the rule asks for a full L1 beside them.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lmcache_http_status_unhealthy",
        "lmcache_mp_l1_failures",
        "l1-alloc-failure",
        "l1-too-small",
        "lmcache_mp_l1_eviction_pressure",
        "lmcache_mp_l1_saturation",
        "lmcache_mp_l1_memory_no_plateau",
    ],
    related: &["l1-too-small", "pin-leak"],
    evaluate,
    example: Example {
        title: "The thread is dead",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": false, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 4}, "l1_eviction_controller": {"is_healthy": false, "thread_alive": false, "eviction_policy": "IsolatedLRU"}}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The thread is alive",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 4}, "l1_eviction_controller": {"is_healthy": true, "thread_alive": true, "eviction_policy": "LRU"}}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(eviction_signs(cx.view), 0.5)
}
