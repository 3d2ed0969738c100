//! Remote reads cost more than recomputing.

use crate::rules::prelude::*;

const SLOWER: Threshold = Threshold {
    name: "slower_than_cold",
    unit: "times",
    default: 1.2,
    about: "Warm over cold time from which a hit costs more than it saves",
};
const SPEED: Threshold = Threshold {
    name: "speed_below",
    unit: "GB/s",
    default: 2.0,
    about: "Speed of retrieves below which a backend is slow",
};
const TOKENS: Threshold = Threshold {
    name: "tokens_per_second_below",
    unit: "tokens/s",
    default: 15_000.0,
    about: "Speed of retrieves below which a prefill of a small model is faster",
};
const WAIT: Threshold = Threshold {
    name: "wait",
    unit: "seconds",
    default: 0.5,
    about: "Time of a retrieve from which it is felt",
};
const READS: Threshold = Threshold {
    name: "min_retrieves",
    unit: "retrieves",
    default: 3.0,
    about: "Retrieves before their speed is judged",
};

pub(crate) const RULE: Rule = Rule {
    code: "remote_slow",
    aliases: &[],
    title: "Reading from the remote cache takes longer than computing the prompt again",
    kind: Kind::Cause,
    cause: Some("remote-slow"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::EmbeddedPage, Need::Requests, Need::ServerPage],
    thresholds: &[&SLOWER, &SPEED, &WAIT, &TOKENS, &READS],
    releases: "",
    explanation: "A hit is worth what its tokens cost to compute. A backend over TCP gives about 1 \
        GB/s; a small model on a fast GPU computes 10,000 tokens in a quarter of a second \
        and loads them in one. The hit rate is then perfect, and each hit is slower than a \
        miss.",
    confirm: "Tokens per second of the retrieve lines against those of a cold prefill; time to \
        first token of hits against that of misses.",
    action: "Keep what is hot in CPU memory (local_cpu: True with a max_local_cpu_size that \
        fits), use RDMA or a nearer backend, a smaller KV format (remote_serde: cachegen), \
        or set min_retrieve_tokens so that small hits are computed.",
    false_positives: "The speed of one retrieve after the start includes connections; the rule asks for \
        several, and compares with a measured cold run or a floor of speed.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_embedded_p2p_transfer_slow", "lmcache_log_slow_retrieves"],
    related: &["remote-unreachable", "remote-data-missing"],
    evaluate,
    example: Example {
        title: "Warm runs are slower than cold ones",
        files: &[
            File::text(
                "engine.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 950.0000 ms, throughput: 1.3158 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 950.0000 ms, throughput: 1.3158 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 950.0000 ms, throughput: 1.3158 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:03:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 950.0000 ms, throughput: 1.3158 GB/s (cache_engine.py:1:lmcache.v1.a)
",
            ),
            File::text(
                "workload.json",
                r#"{"requests": 32, "prompt_tokens": 10240, "cold_run_s": 8.4, "warm_run_s": 29.0}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Fast retrieves",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 95.0000 ms, throughput: 13.158 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 95.0000 ms, throughput: 13.158 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 95.0000 ms, throughput: 13.158 GB/s (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:03:01,421] LMCache INFO: Retrieved 10240 out of 10240 required tokens (from 10240 total tokens). size: 1.2500 gb, cost 95.0000 ms, throughput: 13.158 GB/s (cache_engine.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let remote = view.text("remote_url").is_some()
        || view.last("embedded.num_remote_read_bytes").is_some_and(|b| b.value > 0.0)
        || view.targets.iter().any(|t| t.has("embedded.remote_time_to_get"))
        || view.count(&["remote.up", "remote.get_timeout"]) > 0
        || view.growth("mp.l2.prefetch_load_completed").is_some_and(|g| g.value > 0.0)
        || view.count(&["p2p.load_timeout", "p2p.transfer"]) > 0;
    for load in view.launch.iter().flat_map(|l| &l.environment.workloads) {
        let pairs =
            [("cold_run_seconds", "warm_run_seconds"), ("cold_ttft_seconds", "warm_ttft_seconds")];
        for (cold, warm) in pairs {
            if let (Some(c), Some(w)) = (load.number(cold), load.number(warm))
                && w > c * cx.threshold(&SLOWER)
            {
                signs.push(Sign::measured(
                    0.5,
                    format!("the cold run took {c} s, the warm one {w} s"),
                    vec![placed(&load.place, warm, Some(w.to_string()))],
                ));
            }
        }
    }
    for requests in view.launch.iter().flat_map(|l| &l.environment.requests) {
        if let (Some(hit), Some(miss)) = (&requests.ttft_hit, &requests.ttft_miss)
            && remote
            && hit.count >= 3
            && miss.count >= 3
            && hit.p50 > miss.p50 * cx.threshold(&SLOWER)
        {
            signs.push(Sign::measured(
                0.6,
                format!("hits wait {:.2} s for the first token, misses {:.2} s", hit.p50, miss.p50),
                vec![placed(&requests.place, "ttft of hits", Some(hit.p50.to_string()))],
            ));
        }
    }
    let speeds = view.numbers(&["embedded.retrieve"], "gb_per_s");
    let times = view.numbers(&["embedded.retrieve"], "ms");
    if let (Some((speed, n)), Some((ms, _))) = (speeds, times) {
        let (speed, ms) = (speed / n as f64, ms / n as f64);
        if n as f64 >= cx.threshold(&READS)
            && speed > 0.0
            && speed < cx.threshold(&SPEED)
            && ms >= 1000.0 * cx.threshold(&WAIT)
        {
            signs.push(Sign::inferred(
                if remote { 0.6 } else { 0.3 },
                format!("{n} retrieves at {speed:.1} GB/s, {ms:.0} ms each"),
                view.places(&["embedded.retrieve"]),
            ));
        }
    }
    for target in &view.targets {
        if let Some((mean, n)) = target
            .mean("embedded.time_to_retrieve")
            .filter(|(m, n)| *m >= cx.threshold(&WAIT) && *n >= cx.threshold(&READS))
            && remote
        {
            let source = target.last("embedded.time_to_retrieve").map(|r| r.source);
            let tokens = target.growth("embedded.num_hit_tokens").map_or(0.0, |g| g.value);
            let speed = tokens / (mean * n);
            let slow = tokens > 0.0 && speed < cx.threshold(&TOKENS);
            signs.push(Sign::measured(
                if slow { 0.56 } else { 0.4 },
                format!("{n:.0} retrieves took {mean:.2} s each, {speed:.0} tokens a second"),
                source.into_iter().collect(),
            ));
        }
    }
    for target in &view.targets {
        let Some((speed, loads)) = target.mean("mp.l2.load_throughput") else { continue };
        let waits = view.numbers(&["mp.prefetch_done"], "ms");
        let wait = waits.map_or(0.0, |(ms, n)| ms / n as f64 / 1000.0);
        if loads >= cx.threshold(&READS)
            && speed < cx.threshold(&SPEED) / 4.0
            && wait >= cx.threshold(&WAIT)
        {
            let source = target.last("mp.l2.load_throughput").map(|r| r.source);
            signs.push(Sign::measured(
                0.6,
                format!("{loads:.0} loads from L2 at {speed:.2} GB/s; lookups wait {wait:.1} s"),
                source.into_iter().chain(view.places(&["mp.prefetch_done"])).collect(),
            ));
        }
    }
    signs.extend(
        logged(
            view,
            0.6,
            "reads from the backend time out",
            &["remote.get_timeout", "p2p.load_timeout"],
        )
        .filter(|_| view.count(&["remote.down", "remote.contains_failed"]) == 0),
    );
    signs.extend(logged(view, 0.4, "LMCache warns of slow retrieves", &["embedded.slow"]));
    Outcome::from_signs(signs, 0.55)
}
