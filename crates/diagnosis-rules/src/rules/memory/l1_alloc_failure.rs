//! Allocations in L1 fail.

use super::eviction::eviction_is_dead;
use crate::rules::prelude::*;
use crate::view::View;

const FAILURES: Threshold = Threshold {
    name: "min_failures",
    unit: "failures",
    default: 10.0,
    about: "Failed allocations or evictions before it is said",
};
const PINNED: Threshold = Threshold {
    name: "pinned_share",
    unit: "ratio",
    default: 0.8,
    about: "Pinned over active objects from which nothing is left to evict",
};

pub(crate) const RULE: Rule = Rule {
    code: "l1_alloc_failure",
    aliases: &[],
    title: "Allocations in the CPU cache (L1) fail: what is there cannot be evicted",
    kind: Kind::Cause,
    cause: Some("l1-alloc-failure"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerPage, Need::EmbeddedPage, Need::Log],
    thresholds: &[&FAILURES, &PINNED],
    releases: "",
    explanation: "A store needs free memory or something to evict. If nearly all chunks are pinned, \
        locked or in use, there is no candidate: the store is cut or dropped, and the engine \
        is told that it was done. A backend with a staging buffer of its own (NIXL, GDS) can \
        run out of that while the CPU cache is nearly empty: chunks that it read stay in it.",
    confirm: "grep -E 'No eviction candidates|Failed to (batched )?allocate' engine.log; pinned \
        over active objects; locked objects in GET /status.",
    action: "Lower the number of requests that load at the same time, give L1 more room, and look \
        for chunks that stay pinned (pin_timeout_sec, locked counts of GET /status).",
    false_positives: "A few failures in a burst are normal where the cache is full; the rule asks for \
        many, or for eviction that fails.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_mp_l1_failures",
        "l2-load-failure",
        "remote-data-missing",
        "lmcache_mp_l2_prefetch_memory_crowding",
    ],
    related: &["pin-leak", "l1-too-small", "eviction-stalled"],
    evaluate,
    example: Example {
        title: "No candidates for eviction",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: No eviction candidates found in local cpu backend. Local cpu memory is under pressure. Waiting for 0.1 (local_cpu_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,521] LMCache WARNING: Failed to batched allocate 4 memory blocks of size 15734784 (memory_management.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: No eviction candidates found in local cpu backend. Local cpu memory is under pressure. Waiting for 0.1 (local_cpu_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,521] LMCache WARNING: Failed to batched allocate 4 memory blocks of size 15734784 (memory_management.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: No eviction candidates found in local cpu backend. Local cpu memory is under pressure. Waiting for 0.1 (local_cpu_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,521] LMCache WARNING: Failed to batched allocate 4 memory blocks of size 15734784 (memory_management.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: No eviction candidates found in local cpu backend. Local cpu memory is under pressure. Waiting for 0.1 (local_cpu_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,521] LMCache WARNING: Failed to batched allocate 4 memory blocks of size 15734784 (memory_management.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Stores that fit",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1800, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1800 out of total 1800 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1800, LMCache hit tokens: 1792, need to load: 1792 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    if eviction_is_dead(view) {
        return Outcome::RuledOut("eviction does not run: allocations fail for that".into());
    }
    let mut signs = Vec::new();
    let many = cx.threshold(&FAILURES);
    if view.count(&["pd.alloc_retry", "lookup.timeout", "mp_connector.lookup_timeout"]) > 0 {
        return Outcome::Clear;
    }
    for (weight, text, ids) in [
        (0.6, "eviction has no candidates", &["embedded.no_evict"][..]),
        (0.4, "the pool refuses allocations", &["memory.alloc_failed"]),
        (0.2, "stores are cut or skipped", &["embedded.cpu_pressure"]),
        (0.3, "L1 refuses reservations of prefetches", &["mp.l1.oom_prefetch"]),
    ] {
        signs.extend(
            logged(view, weight, text, ids).filter(|_| view.count(ids) as f64 >= many.min(3.0)),
        );
    }
    if let Some(failed) =
        view.growth("embedded.local_cpu_evict_failed_count").filter(|g| g.value >= many)
    {
        let worked = view.growth("embedded.local_cpu_evict_count").map_or(0.0, |g| g.value);
        signs.push(Sign::measured(
            0.5,
            format!("{:.0} evictions failed beside {worked:.0} that worked", failed.value),
            vec![failed.source],
        ));
    }
    if let (Some(pinned), Some(active)) = (
        view.last("embedded.pinned_memory_objs_count"),
        view.last("embedded.active_memory_objs_count"),
    ) && pinned.value >= many
        && pinned.value >= cx.threshold(&PINNED) * active.value
        && !signs.is_empty()
    {
        signs.push(Sign::measured(
            0.4,
            format!("{:.0} of {:.0} objects are pinned", pinned.value, active.value),
            vec![pinned.source, active.source],
        ));
    }
    for target in &view.targets {
        let Some(failed) = target.growth("mp.l1.allocation_failure").filter(|g| g.value >= many)
        else {
            continue;
        };
        let written = target.growth("mp.l1.write").map_or(0.0, |g| g.value);
        let evicted = target.growth("mp.l1.evictions").map_or(0.0, |g| g.value);
        // Where eviction frees anything worth its name, the size is the cause.
        if evicted < 0.02 * failed.value && failed.value >= 0.1 * written {
            signs.push(Sign::measured(
                0.55,
                format!("{:.0} allocations failed beside {written:.0} writes and {evicted:.0} evictions", failed.value),
                vec![failed.source],
            ));
        }
    }
    for (path, status) in view.statuses() {
        for (tag, l1) in &status.l1 {
            let locked = l1.write_locked.unwrap_or(0) + l1.read_locked.unwrap_or(0);
            let objects = l1.objects.unwrap_or(0);
            let full = l1.usage_ratio.is_some_and(|u| u >= 0.9);
            if objects > 0
                && (full || view.last("mp.l1.allocation_failure").is_some_and(|r| r.value > 0.0))
                && locked as f64 >= cx.threshold(&PINNED) * objects as f64
                && !signs.is_empty()
            {
                signs.push(Sign::measured(
                    0.4,
                    format!("{locked} of {objects} objects of L1 are locked"),
                    vec![Source {
                        value: Some(locked.to_string()),
                        ..Source::new(path, format!("locked objects of {tag}"))
                    }],
                ));
            }
        }
    }
    signs.extend(buffer_is_full(view));
    Outcome::from_signs(signs, 0.5)
}

/// Staging buffers of storage backends: the setting of their size, and its unit in bytes.
const BUFFERS: &[(&str, f64)] =
    &[("nixl.buffer_size_bytes", 1.0), ("pd.buffer_size_bytes", 1.0), ("gds.buffer_size", MIB)];

/// Chunks that were read from storage stay in its staging buffer as the CPU cache's own: where
/// they fill it and nothing leaves, no further chunk can be read, however large the cache is.
fn buffer_is_full(view: &View<'_>) -> Option<Sign> {
    let failed = ["remote.not_retrieved", "connector.failed_load"];
    if failed.iter().all(|id| view.count(&[id]) < 3) {
        return None;
    }
    let none = |signal: &str| view.last(signal).is_none_or(|r| r.value == 0.0);
    let held = view.last("embedded.local_cache_usage")?;
    let cache = view.number("max_local_cpu_size_gb").map_or(f64::INFINITY, |(gb, _)| gb * GIB);
    let still = none("embedded.local_cpu_evict_count")
        && none("embedded.local_cpu_evict_failed_count")
        && none("embedded.pinned_memory_objs_count");
    if !still || held.value > 0.5 * cache {
        return None;
    }
    BUFFERS.iter().find_map(|(name, unit)| {
        let (size, at) = view.number(name).map(|(n, at)| (n * unit, at))?;
        let full = size > 0.0 && (0.95..=1.05).contains(&(held.value / size));
        full.then(|| {
            let mut sources = vec![held.source.clone(), at];
            sources.extend(view.places(&failed));
            Sign::measured(
                0.65,
                format!(
                    "the CPU cache holds {}, all of the storage's staging buffer, and evicts nothing",
                    gib(held.value)
                ),
                sources,
            )
        })
    })
}
