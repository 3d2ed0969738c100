//! Ranks or servers disagree on what was found.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_rank_mismatch",
    aliases: &[],
    title: "Ranks or servers disagree on what was found",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[],
    releases: "",
    explanation: "Each rank keeps its own share of a chunk; the shortest answer counts. Where they differ, \
        stores of one rank were lost or evicted earlier.",
    confirm: "The lines name the hit lengths.",
    action: "Compare memory and evictions of the ranks; size them alike.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Two ranks",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache WARNING: Lookup results (number of hit tokens) differ across (TP and PP) ranks: [256, 0]. (lmcache_lookup_client.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A lookup",
        files: &[File::text(
            "engine.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Reqid: r, Total tokens 1000, Inference Engine computed tokens: 0, LMCache hit tokens: 768, need to load: 768 (vllm_v1_adapter.py:1:lmcache.v1)\n\
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
                (&["embedded.rank_mismatch"], "ranks disagree on the hit length"),
                (&["mp_connector.mismatch"], "servers disagree on the hit length"),
            ],
        ),
        0.0,
    )
}
