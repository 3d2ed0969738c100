//! KV transfers between engines fail.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "engine_kv_transfer_failures",
    aliases: &["sglang_kv_transfer_failures", "vllm_kv_transfer_failures"],
    title: "KV transfers between engines fail",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage],
    thresholds: &[],
    releases: "",
    explanation: "A transfer that fails is computed again by the decode side, or the request fails.",
    confirm: "The counters named, between two scrapes, and the logs of both engines.",
    action: "Check that each engine reaches the other's transfer port, and that both run one release \
        and one KV layout.",
    false_positives: "Counters since the process began: a failure of last week is told too where there is one \
        scrape only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Transfers failed",
        files: &[File::text(
            "metrics.prom",
            "sglang:num_transfer_failed_reqs_total{engine_type=\"unified\",model_name=\"m\"} 5\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 1\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "None failed",
        files: &[File::text(
            "metrics.prom",
            "sglang:num_transfer_failed_reqs_total{engine_type=\"unified\",model_name=\"m\"} 0\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 1\n\
             ",
        )],
        also: &[],
    },
};

const FAILURES: &[&str] = &[
    "sglang.num_transfer_failed_reqs",
    "sglang.num_bootstrap_failed_reqs",
    "vllm.nixl_num_failed_transfers",
    "vllm.nixl_num_failed_notifications",
    "vllm.nixl_num_kv_expired_reqs",
    "vllm.mooncake_num_kv_expired_reqs",
];

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for signal in FAILURES {
        for grown in cx.view.with(signal).filter_map(|t| t.growth(signal)).filter(|g| g.value > 0.0)
        {
            signs.push(Sign::measured(
                0.8,
                format!("{:.0} counted", grown.value),
                vec![grown.source],
            ));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
