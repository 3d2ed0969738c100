//! P2P transfers fail.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_p2p_transfer_failure",
    aliases: &["lmcache_log_p2p_attention_needed"],
    title: "P2P transfers fail",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "A chunk that a peer holds cannot be fetched: it counts as a miss after the wait.",
    confirm: "The lines named, in the logs of both peers.",
    action: "Check that each peer reaches the other's init, lookup and transfer ports, and that the \
        controller or coordinator answers.",
    false_positives: "\"P2P disabled\" and start-up lines are not counted: only the templates of failures are.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A get failed",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache ERROR: Error during P2P get operation for lookup_id 7: connection lost (p2p_backend.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A peer connected",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Established connection to peer_init_url: tcp://p:1, peer_lookup_url: tcp://p:2 (p2p_backend.py:1:lmcache.v1)\n\
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
                    &["p2p.embedded_get", "p2p.zmq", "p2p.load_timeout"],
                    "transfers from a peer fail",
                ),
                (
                    &["p2p.embedded_ctl", "p2p.discovery", "p2p.add_peer"],
                    "peers cannot be found or attached",
                ),
            ],
        ),
        0.0,
    )
}
