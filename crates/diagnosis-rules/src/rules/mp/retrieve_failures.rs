//! Retrieves fail and only the log says so.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_retrieve_failures",
    aliases: &[],
    title: "Retrieves fail, which only the log tells",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerLog, Need::EngineLog],
    thresholds: &[],
    releases: "",
    explanation: "On the LMCache-driven path a retrieve that fails raises no counter, and \
        num_finished_retrieves counts it like any other. The engine computes the tokens again.",
    confirm: "grep -e \"not found during retrieve\" -e \"Cannot retrieve keys\" in the server log.",
    action: "Read what stands before the line: a chunk that was evicted or cleared between lookup and \
        retrieve, or a worker that is gone.",
    false_positives: "A chunk that somebody clears by force between lookup and retrieve fails once; that is \
        counted too.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A key was gone",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache ERROR: Some keys not found during retrieve! (lmcache_driven_transfer.py:1:lmcache.v1.multiprocess)\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A retrieve finished",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Retrieved 1024 tokens in 0.012 seconds (server.py:1:lmcache.v1.multiprocess.server)\n\
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
                    &["mp.retrieve_exc", "mp.retrieve_missing", "mp.prefetched_read_error"],
                    "the server could not serve a retrieve",
                ),
                (
                    &["mp_connector.retrieve_err", "mp_connector.load_bypass"],
                    "the engine says that a retrieve failed",
                ),
            ],
        ),
        0.0,
    )
}
