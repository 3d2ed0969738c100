//! The GPU prefix cache serves the reuse.

use crate::rules::prelude::*;

const HITS: Threshold = Threshold {
    name: "min_hits",
    unit: "lookups",
    default: 3.0,
    about: "Lookups with a hit before it is said",
};
const TOKENS: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 4096.0,
    about: "Tokens that lookups found before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "gpu_cache_covers_reuse",
    aliases: &[],
    title: "The engine's own prefix cache already serves what repeats: LMCache has nothing to \
        load",
    kind: Kind::Cause,
    cause: Some("gpu-cache-covers-reuse"),
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::EngineLog, Need::EnginePage],
    thresholds: &[&HITS, &TOKENS],
    releases: "",
    explanation: "A prompt that still lies in GPU memory is served from there. LMCache finds it too \
        and is not asked for it: need to load is zero or negative, retrieves stay at zero, \
        and the time to first token is that of the engine alone. This is no fault; LMCache \
        pays when the GPU cache no longer holds what repeats.",
    confirm: "need to load of the lookup lines; vllm:prefix_cache_hits_total beside \
        vllm:external_prefix_cache_hits_total.",
    action: "Nothing has to be done. To measure LMCache, restart the engine or reset its prefix \
        cache between the runs, or send more distinct prompts than the GPU holds.",
    false_positives: "Loads that fail also leave retrieves at zero; then the log says so.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["vllm_external_prefix_no_hits"],
    related: &["metric-known-wrong"],
    evaluate,
    example: Example {
        title: "Hits that need no load",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 14808, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,421] LMCache INFO: Stored 14592 out of total 14592 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 14808, LMCache hit tokens: 14592, need to load: -208 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 14808, LMCache hit tokens: 14592, need to load: -208 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,321] LMCache INFO: Reqid: r3, Total tokens 14808, LMCache hit tokens: 14592, need to load: -208 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,321] LMCache INFO: Reqid: r4, Total tokens 14808, LMCache hit tokens: 14592, need to load: -208 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Hits that are loaded",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 14808, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,421] LMCache INFO: Stored 14592 out of total 14592 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 14808, LMCache hit tokens: 14592, need to load: 14592 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 14808, LMCache hit tokens: 14592, need to load: 14592 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,321] LMCache INFO: Reqid: r3, Total tokens 14808, LMCache hit tokens: 14592, need to load: 14592 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,321] LMCache INFO: Reqid: r4, Total tokens 14808, LMCache hit tokens: 14592, need to load: 14592 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let looked = lookups(view);
    let mut signs = Vec::new();
    let loads = view.count(&["embedded.retrieve", "mp.retrieve"]);
    let failed = view.count(&[
        "connector.failed_load",
        "remote.not_retrieved",
        "embedded.unhealthy_retrieve",
        "lookup.timeout",
    ]);
    let hits = looked.count - looked.hit_zero;
    if hits as f64 >= cx.threshold(&HITS) && looked.not_needed == hits && loads == 0 && failed == 0
    {
        signs.push(Sign::inferred(
            0.75,
            format!("none of {hits} hits had to be loaded: the engine had the tokens itself"),
            view.places(LOOKUPS),
        ));
    }
    let skipped = ["sglang_connector.skipped"];
    if let (Some((found, n)), Some((had, _))) =
        (view.numbers(&skipped, "lookup_tokens"), view.numbers(&skipped, "offset_tokens"))
        && n as f64 >= cx.threshold(&HITS)
        && found >= cx.threshold(&TOKENS)
        && had >= 0.9 * found
        && view.count(&["embedded.retrieve", "sglang_connector.retrieve"]) == 0
    {
        signs.push(Sign::inferred(
            0.75,
            format!("of {found:.0} tokens that lookups found none was loaded: the engine had {had:.0} itself"),
            view.places(&skipped),
        ));
    }
    if let (Some(own), Some(all)) =
        (view.growth("vllm.prefix_cache_hits"), view.growth("vllm.prefix_cache_queries"))
    {
        let external = view.growth("vllm.external_prefix_cache_hits").map_or(0.0, |g| g.value);
        let found = view
            .growth("embedded.num_lookup_hits")
            .or_else(|| view.growth("mp.lookup.hit_tokens"))
            .map_or(0.0, |g| g.value);
        let retrieved = view.growth("embedded.num_retrieve_requests").map_or(0.0, |g| g.value);
        if found >= cx.threshold(&TOKENS)
            && own.value >= 0.5 * all.value
            && own.value >= found * 0.9
            && external < 0.01 * own.value
            && retrieved == 0.0
        {
            signs.push(Sign::measured(
                0.7,
                format!(
                    "the engine hit {:.0} of {:.0} tokens itself, and loaded {external:.0}",
                    own.value, all.value
                ),
                vec![own.source],
            ));
        }
    }
    Outcome::from_signs(signs, 0.5)
}
