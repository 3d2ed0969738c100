//! Loads hand invalid blocks to the engine.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_connector_invalid_blocks",
    aliases: &[],
    title: "Loads fail and hand invalid blocks back to the engine",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage, Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "A block that could not be loaded is reported as invalid; the engine computes it again or \
        fails the request, by its policy.",
    confirm: "lmcache:connector_invalid_block_ids_count; \"failed to load\" in the engine log.",
    action: "Find out why the load failed: a chunk that was evicted between lookup and load, or a \
        backend that does not answer.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Three invalid blocks",
        files: &[File::text(
            "metrics.prom",
            "lmcache:connector_invalid_block_ids_count{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 3\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "None",
        files: &[File::text(
            "metrics.prom",
            "lmcache:connector_invalid_block_ids_count{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let signal = "embedded.connector_invalid_block_ids_count";
    let sources: Vec<Source> = cx
        .view
        .with(signal)
        .filter_map(|t| t.last(signal))
        .filter(|r| r.value > 0.0)
        .map(|r| r.source)
        .collect();
    let mut signs = Vec::new();
    if !sources.is_empty() {
        signs.push(Sign::measured(0.8, "invalid blocks are counted", sources));
    }
    signs.extend(log_signs(
        cx,
        0.8,
        &[
            (&["connector.failed_load"], "requests failed to load blocks"),
            (
                &["vllm.kv_load_failed", "vllm.kv_load_recovered"],
                "the engine had to handle failed loads",
            ),
        ],
    ));
    Outcome::from_signs(signs, 0.0)
}
