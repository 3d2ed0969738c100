//! NIXL reports errors.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_nixl_request_indicator",
    aliases: &["lmcache_log_nixl_proxy_indicator"],
    title: "NIXL reports errors",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "Memory that cannot be registered or a transfer that fails stops disaggregated prefill, \
        P2P or a NIXL storage backend.",
    confirm: "The lines named; UCX_LOG_LEVEL=info for the transport.",
    action: "Check memlock limits, the device (UCX_NET_DEVICES) and that both sides run one NIXL \
        release.",
    false_positives: "None known: only NIXL's own error words count.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Registration failed",
        files: &[File::text(
            "engine.log",
            "NIXL_ERR_BACKEND: registration\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "NIXL starts",
        files: &[File::text(
            "engine.log",
            "(EngineCore_DP0 pid=7) INFO 03-01 10:00:00 [nixl_connector.py:1] Initializing NIXL worker\n\
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
            &[(
                &[
                    "nixl.backend_error",
                    "nixl.register_failed",
                    "ucx.map_failed",
                    "mp.l2.nixl_failed",
                    "mp.l2.nixl_load_failed",
                ],
                "NIXL reports errors",
            )],
        ),
        0.0,
    )
}
