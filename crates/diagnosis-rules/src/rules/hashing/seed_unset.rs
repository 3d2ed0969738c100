//! Processes that share keys hash with different random seeds.

use lmcache_launch::ConnectorMode;
use lmcache_prom::contract::{Product, Release};

use super::controller::apart;
use super::sharing::sharing;
use crate::rules::prelude::*;
use crate::view::View;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_embedded_hashseed_risk",
    aliases: &["hash_seed_unset"],
    title: "PYTHONHASHSEED is not the same in all processes that share the cache: their keys \
        never match",
    kind: Kind::Cause,
    cause: Some("hash-seed-unset"),
    severity: Severity::Warning,
    modes: &[Mode::Embedded],
    needs: &[Need::EngineLog, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "LMCache inside an engine names chunks by a chain of hashes that starts from \
        NONE_HASH. Without PYTHONHASHSEED each Python process draws its own; the builtin \
        hash differs from process to process besides. What one process (another engine, \
        another rank, the scheduler that looks up for the workers) stores is never found by \
        the other; the same tokens are stored again and again. A controller (or a router that \
        holds one) that is asked where the chunks of a prompt are hashes the prompt itself and \
        needs the same seed.",
    confirm: "Compare the NONE_HASH lines of all processes: grep NONE_HASH *.log. They have to be \
        equal.",
    action: "Export one PYTHONHASHSEED (for example PYTHONHASHSEED=0) in the launch environment \
        of every process that shares the cache, restart all of them, and drop what was \
        stored before: it can't be found any more.",
    false_positives: "A single process with local CPU memory alone finds its own keys without a seed: the \
        rule asks for a way in which keys are shared. An environment that was read from a \
        launch file may be added to by an image. vLLM since 0.29.0 needs no seed for SHA-256.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Two engines, one remote backend, two NONE_HASH values",
        files: &[
            File::text(
                "a.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=b'\x01\x02' from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
",
            ),
            File::text(
                "b.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=b'\x03\x04' from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "One engine with local memory alone needs no seed",
        files: &[
            File::text(
                "engine.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=b'\x01\x02' from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1310 out of total 1310 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1310, LMCache hit tokens: 1280, need to load: 1280 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
            ),
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"LMCACHE_LOCAL_CPU": "True"}}"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let shared = sharing(view);
    let seeds = seeds(view);
    let hashes = view.texts(&["hash.none_hash"], "none_hash");
    let processes: u64 = hashes.values().sum();
    if hashes.len() == 1 && processes > 1 {
        return Outcome::RuledOut(format!(
            "{processes} processes start their hash chain from one value"
        ));
    }
    if hashes.len() < 2 && starts_fixed(view) {
        return Outcome::RuledOut(
            "vLLM of this release starts the chain of a SHA-256 from one value everywhere".into(),
        );
    }
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.7,
        "LMCache itself says that keys are shared and no seed is set",
        &["hash.central", "pd.hash_seed"],
    ));
    let apart = apart(view, &seeds);
    let looked_up = !apart.is_empty();
    signs.extend(apart);
    let unlike = hashes.len() > 1 && never_hit(view);
    if shared.is_empty() && signs.is_empty() && !unlike {
        return Outcome::Clear;
    }
    if hashes.len() > 1 && !looked_up {
        signs.push(Sign::inferred(
            0.9,
            format!("{} different NONE_HASH values", hashes.len()),
            view.places(&["hash.none_hash"]),
        ));
    }
    signs.extend(logged(view, 0.5, "the builtin hash runs without a seed", &["hash.no_seed"]));
    let set: Vec<&String> = seeds.iter().filter_map(|(seed, _)| seed.as_ref()).collect();
    let distinct: std::collections::BTreeSet<&&String> = set.iter().collect();
    if distinct.len() > 1 || (!set.is_empty() && set.len() < seeds.len()) {
        signs.push(Sign::inferred(
            0.85,
            "the processes were launched with different seeds",
            seeds.iter().map(|(_, source)| source.clone()).collect(),
        ));
    } else if set.is_empty() && !seeds.is_empty() {
        signs.push(Sign::inferred(
            0.5,
            format!("{} launched without PYTHONHASHSEED", engines(seeds.len())),
            seeds.iter().map(|(_, source)| source.clone()).collect(),
        ));
    } else if let Some(seed) = set.first()
        && signs.is_empty()
    {
        return Outcome::RuledOut(format!("PYTHONHASHSEED is {seed} everywhere"));
    }
    if signs.is_empty() {
        return Outcome::Clear;
    }
    for (what, source) in shared {
        signs.push(Sign::inferred(0.05, format!("keys are shared over {what}"), vec![source]));
    }
    let looked = lookups(view);
    let stores = view.count(EMBEDDED_STORES);
    if looked.count > 1 && looked.hit_zero == looked.count && stores > 1 {
        signs.push(Sign::inferred(
            0.3,
            format!("{stores} stores and no hit in {} lookups", looked.count),
            view.places(LOOKUPS),
        ));
    }
    Outcome::from_signs(signs, 0.5)
}

/// vLLM that derives NONE_HASH from a fixed seed where none is set and the hash is SHA-256
/// (`vllm/v1/core/kv_cache_utils.py`: random in the package of 0.28.0, fixed in that of 0.29.0).
fn starts_fixed(view: &View<'_>) -> bool {
    let since = Release::new(0, 29, 0, 0);
    let (min, _) = view.releases.get(&Product::Vllm).copied().unwrap_or_default();
    let logged = view.texts(&["hash.algorithm"], "hash_algorithm");
    let asked: Vec<String> =
        view.stated("hash_algorithm").iter().filter_map(|s| s.text().map(str::to_owned)).collect();
    let names: Vec<&String> =
        if logged.is_empty() { asked.iter().collect() } else { logged.keys().collect() };
    min.is_some_and(|min| min >= since)
        && !names.is_empty()
        && names.iter().all(|name| name.starts_with("sha256"))
}

/// Stores and lookups of one deployment that never met, by the log or by the counters.
fn never_hit(view: &View<'_>) -> bool {
    let looked = lookups(view);
    if looked.count > 1 && looked.hit_zero == looked.count && view.count(EMBEDDED_STORES) > 1 {
        return true;
    }
    let value = |signal: &str| view.last(signal).map(|r| r.value);
    let (asked, stored) =
        (value("embedded.num_lookup_tokens"), value("embedded.num_stored_tokens"));
    let chunk = chunk_size(view).0;
    value("embedded.num_lookup_hits") == Some(0.0)
        && asked.is_some_and(|n| n >= 8.0 * chunk)
        && stored.is_some_and(|n| n >= 8.0 * chunk)
}

fn engines(n: usize) -> String {
    if n == 1 { "an engine was".into() } else { format!("{n} engines were") }
}

/// The seed of each engine that runs LMCache inside, where its environment is known.
fn seeds(view: &View<'_>) -> Vec<(Option<String>, Source)> {
    view.engines()
        .filter(|p| {
            p.lmcache_connector().is_some_and(|c| c.mode != ConnectorMode::Mp)
                || p.setting("sglang.enable_lmcache").is_some()
        })
        .filter_map(|p| {
            let setting = p.setting("hash_seed")?;
            let value = match setting.value.as_str() {
                Some("absent" | "random" | "") => None,
                Some(text) => Some(text.to_owned()),
                None => Some(setting.value.to_string()),
            };
            let shown = value.clone().unwrap_or_else(|| "not set".into());
            Some((value, placed(&setting.place, "PYTHONHASHSEED", Some(shown))))
        })
        .collect()
}
