//! Lookups wait for a peer that does not answer.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_p2p_lookup_timeouts",
    aliases: &[],
    title: "Lookups wait for a P2P peer that does not answer",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "Each lookup asks every peer and waits for its timeout. A peer that is gone stays in the \
        list (p2p_peer_count) and the server stays healthy, while every lookup costs seconds.",
    confirm: "grep \"P2P lookup\" in the server log; vllm:lmcache_mp_lookup_duration_seconds beside \
        it.",
    action: "Restart the peer, or take it out of the coordinator; lower --p2p-lookup-timeout.",
    false_positives: "A single timeout while a peer starts is counted too.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_timeouts"],
    evaluate,
    example: Example {
        title: "A peer does not answer",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache WARNING: P2P lookup task 7 timed out; treating as a miss (p2p_l2_adapter.py:1:lmcache.v1.distributed.l2_adapters)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A peer is found",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Registered with coordinator as lmcache-a (coordinator_client.py:1:lmcache.v1.mp_coordinator)\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    Outcome::from_signs(
        log_signs(
            cx,
            0.8,
            &[
                (
                    &["p2p.lookup_timeout", "p2p.lookup_submit_timeout"],
                    "lookups at a peer time out",
                ),
                (&["p2p.load_timeout"], "loads from a peer time out"),
            ],
        ),
        0.0,
    )
}
