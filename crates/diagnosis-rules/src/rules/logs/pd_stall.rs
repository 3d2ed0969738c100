//! Disaggregated prefill stalls: the decode side takes no KV blocks.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_pd_stall",
    aliases: &["lmcache_log_pd_attention_needed"],
    title: "Disaggregated prefill stalls: the decode side takes no KV blocks",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "The prefill side waits until the decode side has a free buffer. Requests hang meanwhile.",
    confirm: "The lines named, and running requests of the decode engine.",
    action: "Give the decode side a larger buffer (pd_buffer_size), or lower concurrency on the \
        prefill side.",
    false_positives: "A single retry under load is normal; the count is in the finding.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "No free buffer",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache WARNING: Failed to allocate memory object, retrying... (pd_backend.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "PD is on",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: PD mode enabled with save_unfull_chunk=True - all KV cache including partial chunks will be transferred to decode node (config.py:1:lmcache.v1)\n\
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
                (&["pd.alloc_retry", "pd.admit_timeout"], "the decode side has no room"),
                (
                    &["pd.alloc_loop", "pd.nixl_write"],
                    "the exchange between prefill and decode fails",
                ),
            ],
        ),
        0.0,
    )
}
