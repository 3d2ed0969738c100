//! Prompts below one chunk.

use crate::rules::prelude::*;
use crate::view::View;

const REQUESTS: Threshold = Threshold {
    name: "min_requests",
    unit: "requests",
    default: 3.0,
    about: "Prompts below the chunk before it is said",
};
const SHARE: Threshold = Threshold {
    name: "share_below",
    unit: "ratio",
    default: 0.95,
    about: "Part of the prompts that has to be below the chunk",
};

pub(crate) const RULE: Rule = Rule {
    code: "prompt_shorter_than_chunk",
    aliases: &[],
    title: "Prompts are shorter than one chunk: there is nothing to store or to find",
    kind: Kind::Cause,
    cause: Some("prompt-shorter-than-chunk"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::EnginePage, Need::Requests, Need::Hashes, Need::ServerPage],
    thresholds: &[&REQUESTS, &SHARE],
    releases: "",
    explanation: "LMCache stores and looks up whole chunks (256 tokens unless set; hybrid models raise \
        it to their block size). A prompt below one chunk has none: no store, no lookup, no \
        session, no hit, and no error either.",
    confirm: "Compare the prompt lengths with chunk_size: grep 'Total tokens' engine.log, or the \
        histogram vllm:request_prompt_tokens.",
    action: "Lower chunk_size (a multiple of the engine's block size; --chunk-size N of the \
        server, LMCACHE_CHUNK_SIZE=N inside an engine), or accept that prompts this short \
        are not worth a cache. save_unfull_chunk=True stores the rest of a prompt inside an \
        engine.",
    false_positives: "Short health probes beside long prompts look alike in a mean: the rule asks for \
        nearly all prompts to be below the chunk, and for no store.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["hash-seed-unset"],
    evaluate,
    example: Example {
        title: "Prompts of 32 tokens, chunks of 256, no store",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-52 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: builtin (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 32, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 32, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 32, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,321] LMCache INFO: Reqid: r3, Total tokens 32, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,321] LMCache INFO: Reqid: r4, Total tokens 32, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Prompts of 1310 tokens that nobody repeats",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-52 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: builtin (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,321] LMCache INFO: Reqid: r0, Total tokens 1310, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:00,421] LMCache INFO: Stored 1280 out of total 1280 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1311, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1280 out of total 1280 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1312, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,421] LMCache INFO: Stored 1280 out of total 1280 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,321] LMCache INFO: Reqid: r3, Total tokens 1313, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:03,421] LMCache INFO: Stored 1280 out of total 1280 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,321] LMCache INFO: Reqid: r4, Total tokens 1314, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:04,421] LMCache INFO: Stored 1280 out of total 1280 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let (chunk, stated) = chunk_size(view);
    let least = cx.threshold(&REQUESTS);
    let share = cx.threshold(&SHARE);
    let unfull = view.flag("save_unfull_chunk").is_some_and(|(on, _)| on);
    if unfull {
        return Outcome::Clear;
    }
    let mut signs = Vec::new();
    let told = |n: f64| format!("below the chunk of {chunk} tokens ({n} prompts)");
    let looked = lookups(view);
    let stored = view.count(EMBEDDED_STORES) + view.count(&["mp.store", "mp.retrieve"]);
    if looked.count as f64 >= least && stored == 0 && looked.longest.is_some_and(|t| t < chunk) {
        let longest = looked.longest.unwrap_or_default();
        signs.push(Sign::inferred(
            0.85,
            format!("the longest prompt has {longest} tokens, {}", told(looked.count as f64)),
            view.places(LOOKUPS),
        ));
    }
    for target in &view.targets {
        let Some(histogram) = target.histogram("vllm.request_prompt_tokens") else { continue };
        let count = histogram.count().unwrap_or_default();
        let Some(q) = histogram.quantile(share) else { continue };
        if count >= least && q.upper <= chunk && stored == 0 {
            let source = target.last("vllm.request_prompt_tokens").map(|r| r.source);
            signs.push(Sign::measured(
                0.7,
                format!("nearly all prompts have at most {} tokens, {}", q.upper, told(count)),
                source.into_iter().collect(),
            ));
        }
    }
    if let Some(sign) = never_asked(view, chunk, least).filter(|_| stored == 0) {
        signs.push(sign);
    }
    for requests in view.launch.iter().flat_map(|l| &l.environment.requests) {
        let Some(prompts) = requests.prompt_tokens.as_ref() else { continue };
        if prompts.count as f64 >= least && prompts.p99 < chunk && stored == 0 {
            signs.push(Sign::inferred(
                0.7,
                format!(
                    "99 % of prompts have at most {} tokens, {}",
                    prompts.p99,
                    told(prompts.count as f64)
                ),
                vec![placed(&requests.place, "prompt_tokens p99", Some(prompts.p99.to_string()))],
            ));
        }
    }
    for group in view.hashes.iter().flat_map(|h| &h.groups) {
        let without = group.rows_without_chunk as f64;
        if group.rows as f64 >= least && without >= share * group.rows as f64 {
            signs.push(Sign::inferred(
                0.8,
                format!("{without} of {} lookups have no whole chunk", group.rows),
                vec![Source::new("lookup hashes", "lookups without a chunk")],
            ));
        }
    }
    let exits: f64 = view
        .targets
        .iter()
        .filter_map(|t| t.growth_where("mp.lookup.early_exit", &[("reason", "empty_chunk_hashes")]))
        .map(|g| g.value)
        .sum();
    let all = view.growth("mp.lookup.requests").map_or(exits, |g| g.value.max(exits));
    if exits >= least && exits >= share * all {
        signs.push(Sign::measured(
            0.85,
            format!(
                "{exits:.0} of {all:.0} lookups ended before the cache: they had no whole chunk"
            ),
            view.last("mp.lookup.early_exit").map(|r| r.source).into_iter().collect(),
        ));
    }
    let own = view
        .events(LOOKUPS)
        .filter_map(|e| e.stat.fields.get("computed_tokens").map(|n| (n.max, n.sum, n.count)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((most, sum, n)) = own
        && looked.count as f64 >= least
        && looked.hit_zero == looked.count
        && most > 0.0
        && most < chunk
        && sum >= 0.5 * most * n as f64
    {
        signs.push(Sign::inferred(
            0.4,
            format!("the engine itself finds at most {most} tokens of each prompt again, less than a chunk of {chunk}"),
            view.places(LOOKUPS),
        ));
    }
    let hits = view.last("mp.lookup.hit_tokens").or_else(|| view.last("embedded.num_lookup_hits"));
    for load in view.launch.iter().flat_map(|l| &l.environment.workloads) {
        let prefix = load.number("shared_prefix_tokens").filter(|n| *n > 0.0 && *n < chunk);
        if let Some(prefix) = prefix
            .filter(|_| looked.hit_tokens == 0.0 && hits.as_ref().is_none_or(|h| h.value == 0.0))
        {
            signs.push(Sign::inferred(
                0.7,
                format!("what the prompts share has {prefix} tokens, less than a chunk of {chunk}"),
                vec![placed(&load.place, "shared prefix tokens", Some(prefix.to_string()))],
            ));
        }
    }
    let prefills = view
        .events(&["sglang.prefill"])
        .filter_map(|e| e.stat.fields.get("new_tokens").map(|n| (n.max, n.count, e.source())))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((longest, n, at)) =
        prefills.filter(|(max, n, _)| *max < chunk && *n as f64 >= least)
        && stored == 0
        && view.engines().any(|p| p.setting("sglang.enable_lmcache").is_some())
    {
        signs.push(Sign::inferred(
            0.6,
            format!("the longest prefill has {longest} tokens, {}", told(n as f64)),
            vec![at],
        ));
    }
    if !signs.is_empty() {
        signs.extend(stated.map(|source| {
            Sign::inferred(0.1, format!("the chunk is {chunk} tokens"), vec![source])
        }));
    }
    Outcome::from_signs(signs, 0.5)
}

/// The engine counted prompts, the server was attached and asked for no token at all: lookups
/// count whole chunks only.
fn never_asked(view: &View<'_>, chunk: f64, least: f64) -> Option<Sign> {
    let asked = view.last("mp.lookup.requested_tokens")?;
    let prompts = view.last("vllm.prompt_tokens")?;
    let attached =
        view.count(&["mp.worker_registered", "mp.touch_skipped", "mp_connector.created"]) > 0
            || view.last("mp.lookup.early_exit").is_some_and(|e| e.value > 0.0)
            || view.statuses().any(|(_, s)| s.registered_workers.is_some_and(|n| n > 0))
            || view.last("vllm.external_prefix_cache_queries").is_some_and(|q| q.value > 0.0)
                && view.count(&["mp.touch_skipped"]) > 0;
    let answered: f64 = view
        .logs
        .iter()
        .flat_map(|l| &l.evidence.http)
        .filter(|h| h.method == "POST" && h.status == 200 && h.path.contains("completions"))
        .map(|h| h.count as f64)
        .sum();
    let counted = view.last("vllm.request_success").map_or(0.0, |r| r.value);
    let requests = answered.max(counted).max(view.count(&["mp.touch_skipped"]) as f64);
    let mean = prompts.value / requests.max(1.0);
    (asked.value == 0.0 && attached && requests >= least && mean < chunk).then(|| {
        Sign::measured(
            0.8,
            format!(
                "{} prompt tokens in {requests} requests, {mean:.0} each, and no chunk of {chunk} was looked up",
                prompts.value
            ),
            vec![prompts.source, asked.source],
        )
    })
}
