//! Logs alone: stores, and no hit ever.

use crate::rules::prelude::*;

const STORES: Threshold = Threshold {
    name: "min_stores",
    unit: "stores",
    default: 8.0,
    about: "stores in the logs below which there was nothing to find",
};
const STATS: Threshold = Threshold {
    name: "min_statistics",
    unit: "lines",
    default: 5.0,
    about: "statistics lines of the engine below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_log_zero_hits_after_stores",
    aliases: &[],
    title: "By the logs, chunks are stored and nothing is ever found",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log],
    thresholds: &[&STORES, &STATS],
    releases: "",
    explanation: "The server logs every store and every hit, and vLLM its external hit rate every few \
        seconds. Stores without a single hit, with prompts that repeat, mean that what is stored \
        is not found: after a restart, a change of hash seed, salt or chunk size.",
    confirm: "grep -c Stored and grep -c \"Prefetch request completed\" in the server log; the \
        external prefix cache hit rate in the engine log.",
    action: "Send one long prompt twice with the engine's own prefix cache reset between, and look \
        for a hit; then compare hash seed, chunk size and salts.",
    false_positives: "Without a sign that prompts repeat (the engine's own prefix hit rate) it is information \
        only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_embedded_zero_hit_rate_after_replay"],
    evaluate,
    example: Example {
        title: "Stores, local hits, no external hit",
        files: &[
            File::text(
                "server.log",
                "[2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.010 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.011 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.012 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.013 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.014 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.015 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.016 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.017 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.018 seconds (server.py:1:lmcache.v1)\n\
             ",
            ),
            File::text(
                "engine.log",
                "(APIServer pid=1) INFO 03-01 10:00:00 [loggers.py:1] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 5.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%, Prefix cache hit rate: 40.0%, External prefix cache hit rate: 0.0%\n\
             (APIServer pid=1) INFO 03-01 10:01:00 [loggers.py:1] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 5.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%, Prefix cache hit rate: 40.0%, External prefix cache hit rate: 0.0%\n\
             (APIServer pid=1) INFO 03-01 10:02:00 [loggers.py:1] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 5.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%, Prefix cache hit rate: 40.0%, External prefix cache hit rate: 0.0%\n\
             (APIServer pid=1) INFO 03-01 10:03:00 [loggers.py:1] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 5.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%, Prefix cache hit rate: 40.0%, External prefix cache hit rate: 0.0%\n\
             (APIServer pid=1) INFO 03-01 10:04:00 [loggers.py:1] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 5.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%, Prefix cache hit rate: 40.0%, External prefix cache hit rate: 0.0%\n\
             (APIServer pid=1) INFO 03-01 10:05:00 [loggers.py:1] Engine 000: Avg prompt throughput: 10.0 tokens/s, Avg generation throughput: 5.0 tokens/s, Running: 1 reqs, Waiting: 0 reqs, GPU KV cache usage: 1.0%, Prefix cache hit rate: 40.0%, External prefix cache hit rate: 0.0%\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Stores, and hits",
        files: &[File::text(
            "server.log",
            "[2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.010 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.011 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.012 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.013 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.014 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.015 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.016 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.017 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Stored 1024 tokens in 0.018 seconds (server.py:1:lmcache.v1)\n\
             [2026-03-01 10:00:00,000] LMCache INFO: Prefetch request completed (L1+L2): 4/4 prefix hits (4 L1, 0 L2) in 2.1 ms (server.py:1:lmcache.v1)\n\
             ",
        )],
        also: &[],
    },
};

const STORES_LOGGED: &[&str] = &["mp.store", "embedded.store", "sglang_connector.store"];
const HITS_LOGGED: &[&str] = &[
    "mp.prefetch_done",
    "mp.retrieve",
    "embedded.retrieve",
    "sglang_connector.retrieve",
    "vllm.external_hit",
];

fn evaluate(cx: &Context<'_>) -> Outcome {
    // Where counters tell, they tell better.
    if ["mp.lookup.requested_tokens", "embedded.num_lookup_tokens"]
        .iter()
        .any(|s| cx.view.with(s).next().is_some())
    {
        return Outcome::NotApplicable;
    }
    let stored = cx.view.count(STORES_LOGGED);
    if (stored as f64) < cx.threshold(&STORES) || cx.view.count(HITS_LOGGED) > 0 {
        return Outcome::Clear;
    }
    let Some((external, lines)) = cx.view.numbers(&["vllm.stats"], "external_hit_percent") else {
        return Outcome::not_evaluable(
            "The logs show stores and no hit; whether anything was looked up takes the engine's log",
            &["the engine's log with its statistics lines (no --disable-log-stats)"],
        );
    };
    if external > 0.0 || (lines as f64) < cx.threshold(&STATS) {
        return Outcome::Clear;
    }
    let local =
        cx.view.numbers(&["vllm.stats"], "prefix_hit_percent").is_some_and(|(sum, _)| sum > 0.0);
    let mut sources = cx.view.places(STORES_LOGGED);
    sources.extend(cx.view.places(&["vllm.stats"]));
    let text = format!(
        "{stored} stores, no hit, and an external hit rate of 0 in {lines} statistics lines"
    );
    Outcome::from_signs(vec![Sign::inferred(0.7, text, sources)], 0.0).map(|hit| {
        if !local {
            hit.severity = Some(Severity::Info);
        }
    })
}
