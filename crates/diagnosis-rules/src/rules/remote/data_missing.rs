//! A key is there and its data is not.

use crate::rules::prelude::*;
use crate::view::View;

const EVENTS: Threshold = Threshold {
    name: "min_events",
    unit: "lines",
    default: 3.0,
    about: "Failed retrieves before it is said",
};
const TOKENS: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 10000.0,
    about: "Tokens asked for before hits are compared",
};

pub(crate) const RULE: Rule = Rule {
    code: "remote_data_missing",
    aliases: &[],
    title: "The backend says that a key exists, and its data cannot be read",
    kind: Kind::Cause,
    cause: Some("remote-data-missing"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::ServerLog, Need::EmbeddedPage, Need::EnginePage],
    thresholds: &[&EVENTS, &TOKENS],
    releases: "",
    explanation: "A lookup asks for keys, a retrieve for data. Where metadata outlives data (an \
        evicted segment, a master without its store, a crashed node, an object of no bytes), \
        every lookup hits and every retrieve comes back empty: the engine waits for the load \
        and computes the prompt anyway.",
    confirm: "Lookup hits against retrieved tokens: grep -E \"can't be retrieved|Num retrieved \
        tokens\" engine.log; list the backend's objects and their sizes.",
    action: "Drop the keys without data (clear the backend), let metadata and data live equally \
        long (replicas, lease time, disk), and restart the engines.",
    false_positives: "Chunks that are evicted between a lookup and its retrieve miss now and then: the \
        rule asks for most of what was promised.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lmcache_embedded_remote_backend_errors",
        "lmcache_connector_invalid_blocks",
    ],
    related: &["remote-unreachable", "l2-store-failure"],
    evaluate,
    example: Example {
        title: "Blocks are listed and cannot be read",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache WARNING: The cache block is in the storage, but it can't be retrieved (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: The cache block is in the storage, but it can't be retrieved (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache WARNING: The cache block is in the storage, but it can't be retrieved (cache_engine.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "What is found is retrieved",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache INFO: Retrieved 2048 out of 2048 required tokens (from 2048 total tokens). size: 0.2500 gb, cost 15.0000 ms, throughput: 13.1 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Retrieved 2048 out of 2048 required tokens (from 2048 total tokens). size: 0.2500 gb, cost 15.0000 ms, throughput: 13.1 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache INFO: Retrieved 2048 out of 2048 required tokens (from 2048 total tokens). size: 0.2500 gb, cost 15.0000 ms, throughput: 13.1 GB/s (cache_engine.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let ids = ["remote.not_retrieved", "mp.retrieve_missing", "remote.value_gone"];
    if view.count(&ids) as f64 >= cx.threshold(&EVENTS) {
        signs.extend(logged(view, 0.8, "what a lookup found cannot be retrieved", &ids));
    }
    if let (Some((got, n)), Some((wanted, _))) = (
        view.numbers(&["connector.retrieved_zero"], "tokens"),
        view.numbers(&["connector.retrieved_zero"], "expected_tokens"),
    ) && n as f64 >= cx.threshold(&EVENTS)
        && got < 0.5 * wanted
    {
        signs.push(Sign::inferred(
            0.5,
            format!("{got:.0} tokens were loaded of {wanted:.0} that were promised"),
            view.places(&["connector.retrieved_zero"]),
        ));
    }
    signs.extend(logged(
        view,
        0.7,
        "a chunk that the index lists is not on the disk",
        &["embedded.disk_gone"],
    ));
    signs.extend(listed_but_gone(view, cx.threshold(&EVENTS), cx.threshold(&TOKENS)));
    for target in &view.targets {
        let value = |s: &str| target.growth(s).map_or(0.0, |g| g.value);
        let (asked, got) =
            (value("embedded.num_requested_tokens"), value("embedded.num_hit_tokens"));
        if asked >= cx.threshold(&TOKENS) && got < 0.1 * asked {
            let source = target.last("embedded.num_requested_tokens").map(|r| r.source);
            signs.push(Sign::measured(
                0.7,
                format!("{got:.0} tokens were retrieved of {asked:.0} that a lookup had found"),
                source.into_iter().collect(),
            ));
        }
    }
    critical_if_down(view, Outcome::from_signs(signs, 0.55))
}

/// Of what storage was asked for and has by its own word, the part that never came. The lookups
/// are answered and other pages come: it is not the connection.
fn listed_but_gone(view: &View<'_>, events: f64, tokens: f64) -> Vec<Sign> {
    let mut signs = Vec::new();
    for target in &view.targets {
        let lost = target.growth_where(
            "sglang.storage_prefetch_unfulfilled_tokens",
            &[("reason", "storage_transfer")],
        );
        let found = target.growth("sglang.storage_prefetch_hit_tokens");
        let came = target.growth("sglang.prefetched_tokens").is_some_and(|g| g.value > 0.0);
        if let (Some(lost), Some(found), true) = (lost, found, came)
            && lost.value >= tokens
            && lost.value >= 0.3 * found.value
        {
            signs.push(Sign::measured(
                0.6,
                format!(
                    "of {:.0} tokens that storage has by its own word {:.0} did not come",
                    found.value, lost.value
                ),
                vec![lost.source, found.source],
            ));
        }
    }
    let ids = ["remote.object_unread"];
    let failed = view.count(&ids);
    if failed as f64 >= events {
        let segments = view.texts(&ids, "segment");
        let one = segments.len() == 1 && segments.values().sum::<u64>() == failed;
        let what = segments.keys().next().filter(|_| one);
        let text = what.map_or_else(
            || "objects that the master lists cannot be read".to_owned(),
            |segment| format!("objects that the master lists on {segment} cannot be read"),
        );
        signs.extend(logged(view, if one { 0.6 } else { 0.4 }, &text, &ids));
    }
    signs
}

/// Whether storage answers lookups and does not deliver what it lists: then it is reached.
pub(super) fn answers_without_data(view: &View<'_>) -> bool {
    !listed_but_gone(view, EVENTS.default, TOKENS.default).is_empty()
}
