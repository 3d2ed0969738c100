//! Tenants run over their quotas.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_cache_salt_quota_risk",
    aliases: &[],
    title: "Tenants run over their quotas: their chunks are evicted for it",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp],
    needs: &[Need::ServerLog],
    thresholds: &[],
    releases: "",
    explanation: "A salt beyond its quota loses chunks from L2 although there is room. That is what quotas \
        are for; a tenant who is always over it hits less.",
    confirm: "grep \"over quota\" in the server log; GET /quota.",
    action: "Raise the quota of the salts that the log names, or leave it: it protects the others.",
    false_positives: "A quota that does its work says the same: the finding is information.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A salt is over its quota",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: cache_salt=tenant-a over quota (bytes=2097152, limit=1048576, watermark=0.8); evicting ratio=0.5. (l2_eviction_controller.py:1:lmcache.v1.distributed)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "L2 is over its watermark as a whole",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: L2 usage 0.85 above watermark 0.80; triggering eviction. (l2_eviction_controller.py:1:lmcache.v1.distributed)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(
        log_signs(cx, 0.9, &[(&["mp.quota.evicting"], "the server evicts for a quota")]),
        0.0,
    )
}
