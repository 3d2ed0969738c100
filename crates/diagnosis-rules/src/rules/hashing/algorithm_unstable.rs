//! The seed is the same everywhere and the hash is not.

use coverage_model::FactKind;

use super::sharing::sharing;
use crate::rules::prelude::*;
use crate::rules::working_set::working_set;
use crate::view::View;

const LOOKUPS_WITHOUT_HIT: Threshold = Threshold {
    name: "lookups_without_hit",
    unit: "lookups",
    default: 2.0,
    about: "Lookups of stored prompts that have to miss before the hash is blamed",
};

pub(crate) const RULE: Rule = Rule {
    code: "hash_algorithm_unstable",
    aliases: &[],
    title: "The hash algorithm gives other keys in other processes although the seed is the same",
    kind: Kind::Cause,
    cause: Some("hash-algorithm-unstable"),
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EngineLog, Need::Launch],
    thresholds: &[&LOOKUPS_WITHOUT_HIT],
    releases: "",
    explanation: "Python's builtin hash of the chain depends on more than PYTHONHASHSEED: it is taken \
        over a tuple with None, whose hash is an address before Python 3.12. Processes with \
        equal seeds and equal NONE_HASH still name the same tokens differently. Two \
        processes with two algorithms do so always.",
    confirm: "grep 'Using hash algorithm' *.log; send one prompt to two processes and compare the \
        lookup-hash logs or the stored keys.",
    action: "Set pre_caching_hash_algorithm: sha256_cbor \
        (LMCACHE_PRE_CACHING_HASH_ALGORITHM=sha256_cbor) in every process that shares the \
        cache, keep PYTHONHASHSEED, restart all, and drop the old keys.",
    false_positives: "With one process, or where lookups hit, builtin is harmless: the rule asks for \
        shared keys, an equal seed, stores, and lookups without any hit where the log shows \
        no other reason.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["hash-seed-unset"],
    evaluate,
    example: Example {
        title: "Prefill stores, decode with the same NONE_HASH looks up and finds nothing",
        files: &[
            File::text(
                "prefill.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-52 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: builtin (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': True} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
",
            ),
            File::text(
                "decode.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-52 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: builtin (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': True} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "The decode side finds what was stored",
        files: &[
            File::text(
                "prefill.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-52 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: builtin (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': True} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
",
            ),
            File::text(
                "decode.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-52 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: builtin (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': True} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 1310, LMCache hit tokens: 1310, need to load: 1310 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 1310, need to load: 1310 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1310, LMCache hit tokens: 1310, need to load: 1310 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let shared = sharing(view);
    if shared.is_empty() {
        return Outcome::Clear;
    }
    let mut algorithms = view.texts(&["hash.algorithm"], "hash_algorithm");
    if algorithms.is_empty() {
        for stated in view.stated("hash_algorithm").into_iter().filter(|s| !s.default) {
            if let Some(text) = stated.text() {
                *algorithms.entry(text.to_owned()).or_default() += 1;
            }
        }
    }
    let mut signs = Vec::new();
    if algorithms.len() > 1 {
        let names: Vec<&str> = algorithms.keys().map(String::as_str).collect();
        signs.push(Sign::inferred(
            0.8,
            format!("processes hash with {}", names.join(" and ")),
            view.places(&["hash.algorithm"]),
        ));
    }
    let builtin = algorithms.contains_key("builtin") || view.count(&["hash.builtin"]) > 0;
    let hashes = view.texts(&["hash.none_hash"], "none_hash");
    let seeded = view.count(&["hash.no_seed", "hash.central", "pd.hash_seed"]) == 0
        && (hashes.len() == 1 && hashes.values().sum::<u64>() > 1
            || view.engines().count() > 0
                && view
                    .engines()
                    .all(|p| p.setting("hash_seed").is_some_and(|s| s.as_str() != Some("absent"))));
    let looked = readers(view);
    let stores = view.count(EMBEDDED_STORES) as f64;
    let least = cx.threshold(&LOOKUPS_WITHOUT_HIT);
    if builtin && seeded && stores >= 1.0 && looked.0 as f64 >= least && looked.1 && quiet(view) {
        signs.push(Sign::inferred(
            0.6,
            "the builtin hash is in use with one seed for all",
            view.places(&["hash.algorithm", "hash.builtin"]),
        ));
        signs.push(Sign::inferred(
            0.4,
            format!("{stores} stores, and none of {} lookups of what was stored hits", looked.0),
            view.places(LOOKUPS),
        ));
    }
    if signs.is_empty() && builtin && seeded && quiet(view) && stored_again(view, least) {
        signs.push(Sign::inferred(
            0.45,
            "the builtin hash is in use with one seed for all",
            view.places(&["hash.algorithm", "hash.builtin"]),
        ));
        signs.push(Sign::inferred(
            0.2,
            format!("prompts of one length are stored in full {stores} times and never hit"),
            view.places(EMBEDDED_STORES),
        ));
    }
    if signs.is_empty() && builtin && seeded && quiet(view) && missed_again(view) {
        signs.push(Sign::inferred(
            0.45,
            "the builtin hash is in use with one seed for all",
            view.places(&["hash.algorithm", "hash.builtin"]),
        ));
        signs.push(Sign::inferred(
            0.4,
            "a second process looks up what has the lengths of what the first one stored, misses it once and then finds its own",
            view.places(LOOKUPS),
        ));
    }
    if signs.is_empty()
        && builtin
        && seeded
        && quiet(view)
        && let Some(sign) = own_only(view, least)
    {
        signs.push(Sign::inferred(
            0.45,
            "the builtin hash is in use with one seed for all",
            view.places(&["hash.algorithm", "hash.builtin"]),
        ));
        signs.push(sign);
    }
    if !signs.is_empty() && builtin {
        signs.extend(old_python(view));
    }
    signs.extend(
        logged(view, 0.3, "vLLM's hash could not be loaded: builtin instead", &["hash.builtin"])
            .filter(|_| !signs.is_empty()),
    );
    Outcome::from_signs(signs, 0.5)
}

/// Lookups of processes that are to find what others stored, and whether none of them hit. Of
/// disaggregated prefill these are the decode side's; else those whose tokens the engine itself
/// still had, so that they provably repeat.
fn readers(view: &View<'_>) -> (u64, bool) {
    let (mut count, mut none) = (0, true);
    for log in &view.logs {
        let r = &log.evidence.requests;
        let own_stores = EMBEDDED_STORES.iter().any(|id| log.evidence.count(id) > 0);
        let receives = log.evidence.config_value("pd_role") == Some("receiver")
            || (!own_stores && log.evidence.config.enable_pd == Some(true));
        let chunk = chunk_size(view).0;
        let repeats = log
            .evidence
            .number("connector.lookup", "need_to_load")
            .is_some_and(|n| n.min <= -chunk);
        if r.count > 0 && (receives || repeats) {
            count += r.count;
            none &= r.hit_zero == r.count;
        }
    }
    (count, none && count > 0)
}

/// Two processes that look up prompts of the same lengths, as often, and each misses and then
/// hits: what the other stored is of no use to it.
fn missed_again(view: &View<'_>) -> bool {
    let lives: Vec<_> =
        view.logs.iter().map(|l| &l.evidence.requests).filter(|r| r.count >= 2).collect();
    let stores = |log: &&crate::view::Lane<'_, lmcache_logs::LogEvidence>| {
        EMBEDDED_STORES.iter().any(|id| log.evidence.count(id) > 0)
    };
    if view.logs.iter().filter(stores).count() < 2 {
        return false;
    }
    lives.iter().enumerate().any(|(i, a)| {
        lives.iter().skip(i + 1).any(|b| {
            let alike = a.hit_zero == b.hit_zero
                && a.hit_zero > 0
                && a.hit_zero < a.count
                && b.hit_zero < b.count
                && (a.total_min, a.total_max) == (b.total_min, b.total_max);
            // As many repeats as well; or several lengths, which do not come twice by chance.
            alike
                && (a.count == b.count && a.hit_tokens == b.hit_tokens
                    || a.hit_zero > 2 && a.total_min < a.total_max)
        })
    })
}

/// Requests whose prompt came before: they hit where the engine itself had it, and never where
/// only another one had it.
fn own_only(view: &View<'_>, least: f64) -> Option<Sign> {
    let requests = view.launch?.environment.requests.iter().find(|r| {
        let (own, elsewhere) = (r.repeats_at_engine, r.repeats_elsewhere);
        elsewhere.requests as f64 >= least
            && elsewhere.with_hits == 0
            && own.with_hits as f64 >= least
            && own.with_hits == own.requests
    })?;
    let (own, elsewhere) = (requests.repeats_at_engine, requests.repeats_elsewhere);
    Some(Sign::inferred(
        0.4,
        format!(
            "prompts hit in {} of {} repeats at one engine, in none of {} at another",
            own.with_hits, own.requests, elsewhere.requests
        ),
        vec![placed(
            &requests.place,
            "repeats at another engine, with hits",
            Some(format!("{} of {}", elsewhere.with_hits, elsewhere.requests)),
        )],
    ))
}

/// Python before 3.12, which hashes None by its address.
fn old_python(view: &View<'_>) -> Option<Sign> {
    let facts = view.launch?.environment.host.iter().filter(|f| f.name == "python");
    let old: Vec<Source> = facts
        .filter_map(|f| {
            let text = f.value.as_str()?;
            let mut parts = text.split(['.', ' ']);
            let (major, minor) = (parts.next()?, parts.next()?.parse::<u32>().ok()?);
            (major == "3" && minor < 12).then(|| placed(&f.place, "Python", Some(text.to_owned())))
        })
        .collect();
    (!old.is_empty()).then(|| {
        Sign::inferred(0.4, "a process runs a Python that hashes None by its address", old)
    })
}

/// Prompts of one length, each stored whole, none found: as far as a log without tokens can show
/// that they repeat.
fn stored_again(view: &View<'_>, least: f64) -> bool {
    let looked = lookups(view);
    let random = view.launch.iter().flat_map(|l| &l.environment.workloads).any(|w| {
        w.number("shared_prefix_tokens") == Some(0.0)
            || w.facts.get("dataset").and_then(|d| d.as_str()).is_some_and(|d| d.contains("random"))
    });
    let sends = view.facts.facts.iter().any(|f| matches!(f.kind, FactKind::PdRole(_)));
    let over = working_set(view).is_some_and(|(set, capacity, _)| set > capacity);
    looked.count as f64 > least
        && !sends
        && !over
        && looked.hit_zero == looked.count
        && looked.shortest == looked.longest
        && looked.shortest.is_some_and(|n| n >= chunk_size(view).0)
        && view.count(EMBEDDED_STORES) >= looked.count
        && !random
}

/// Nothing else in the logs says why a lookup does not hit.
fn quiet(view: &View<'_>) -> bool {
    let others = [
        "lookup.timeout",
        "remote.down",
        "remote.contains_failed",
        "remote.get_timeout",
        "embedded.unhealthy_lookup",
        "embedded.unhealthy_store",
        "embedded.degraded",
        "embedded.no_evict",
        "health.down",
        "pd.alloc_retry",
        "pd.admit_timeout",
    ];
    view.count(&others) == 0
        && view.last("embedded.local_cpu_evict_count").is_none_or(|e| e.value == 0.0)
}
