//! Objects stay pinned.

use crate::rules::prelude::*;
use crate::view::{Target, View};

const RELEASED: Threshold = Threshold {
    name: "min_forced_unpins",
    unit: "chunks",
    default: 5.0,
    about: "Chunks that were released by force",
};

pub(crate) const RULE: Rule = Rule {
    code: "pin_leak",
    aliases: &[],
    title: "Chunks stay pinned and are released only by force",
    kind: Kind::Cause,
    cause: Some("pin-leak"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::EmbeddedPage, Need::Status],
    thresholds: &[&RELEASED],
    releases: "",
    explanation: "A lookup pins what it finds until the retrieve has read it. A path that pins twice, \
        or never retrieves, leaves chunks that can't be evicted; only the pin monitor frees \
        them after pin_timeout_sec (300 s), and until then the cache is smaller by as much.",
    confirm: "grep -E 'Pin timeout|Force unpinned' engine.log; lmcache:forced_unpin_count_total, \
        pinned_memory_objs_count over active_memory_objs_count.",
    action: "Upgrade LMCache; until then lower pin_timeout_sec so that the pin monitor frees them \
        sooner, and watch lmcache:forced_unpin_count_total.",
    false_positives: "Requests that are cancelled leave single pins; the rule asks for several forced \
        releases.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["l1-alloc-failure", "lmcache_mp_l1_leak"],
    related: &["l1-too-small", "l1-alloc-failure"],
    evaluate,
    example: Example {
        title: "Pins time out",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:11:01,421] LMCache WARNING: Pin timeout detected for MemoryObj 140. Pin count: 2, Elapsed time: 309.40s. Forcing unpin to 0. (pin_monitor.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:11:01,421] LMCache WARNING: Pin timeout detected for MemoryObj 140. Pin count: 2, Elapsed time: 309.40s. Forcing unpin to 0. (pin_monitor.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:11:01,421] LMCache WARNING: Pin timeout detected for MemoryObj 140. Pin count: 2, Elapsed time: 309.40s. Forcing unpin to 0. (pin_monitor.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Nothing is released by force",
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
    let mut signs = Vec::new();
    let many = cx.threshold(&RELEASED);
    let ids = ["embedded.pin_timeout", "embedded.force_unpin"];
    if view.count(&ids) as f64 >= many.min(2.0) {
        signs.extend(logged(view, 0.8, "the pin monitor releases chunks by force", &ids));
    }
    if let Some(forced) = view.growth("embedded.forced_unpin_count").filter(|g| g.value >= many) {
        signs.push(Sign::measured(
            0.7,
            format!("{:.0} chunks were released by force", forced.value),
            vec![forced.source],
        ));
    }
    if !signs.is_empty()
        && let (Some(pinned), Some(active)) = (
            view.last("embedded.pinned_memory_objs_count"),
            view.last("embedded.active_memory_objs_count"),
        )
        && pinned.value >= 0.3 * active.value
    {
        signs.push(Sign::measured(
            0.3,
            format!("{:.0} of {:.0} objects are pinned", pinned.value, active.value),
            vec![pinned.source],
        ));
    }
    signs.extend(view.targets.iter().filter_map(|t| idle(t, many)));
    signs.extend(read_locked(view, many));
    let value = |signal: &str| view.last(signal).map_or(0.0, |r| r.value);
    let (pinned, active) =
        (value("embedded.pinned_memory_objs_count"), value("embedded.active_memory_objs_count"));
    let failed = view.growth("embedded.local_cpu_evict_failed_count");
    let worked = view.growth("embedded.local_cpu_evict_count").map_or(0.0, |g| g.value);
    if let Some(failed) = failed.filter(|f| f.value >= many)
        && worked == 0.0
        && active >= many
        && pinned >= 0.8 * active
    {
        signs.push(Sign::measured(
            0.6,
            format!("{:.0} evictions failed and none worked: {pinned:.0} of {active:.0} objects are pinned", failed.value),
            vec![failed.source],
        ));
    }
    Outcome::from_signs(signs, 0.5)
}

/// Chunks that stay pinned in an engine that looks nothing up and runs no request: a pin lasts as
/// long as the request that it was made for.
fn idle(target: &Target<'_>, many: f64) -> Option<Sign> {
    // The last two pages alone: before them the engine may have worked.
    let ends = |signal: &str| -> Option<(f64, f64)> {
        match target.by_scrape(signal).as_slice() {
            [.., Some(before), Some(now)] => Some((*before, *now)),
            _ => None,
        }
    };
    let (before, now) = ends("embedded.pinned_memory_objs_count")?;
    let pinned = before.min(now);
    let busy = ["vllm.num_requests_running", "vllm.num_requests_waiting"]
        .iter()
        .any(|signal| ends(signal).is_some_and(|(a, b)| a.max(b) > 0.0));
    let asked: Vec<f64> = ["embedded.num_lookup_requests", "embedded.num_retrieve_requests"]
        .iter()
        .filter_map(|signal| target.windows(signal).last().copied())
        .collect();
    let restarted = target.timeline.windows().last().is_none_or(|w| w.restart.is_some());
    if pinned < many || busy || restarted || asked.is_empty() || asked.iter().any(|n| *n > 0.0) {
        return None;
    }
    let source = target.last("embedded.pinned_memory_objs_count")?.source;
    Some(Sign::measured(
        0.75,
        format!("{pinned:.0} objects stay pinned while nothing is looked up or loaded"),
        vec![source],
    ))
}

/// Objects of a server that stay locked for reading while nobody reads: a lock lasts from the
/// lookup to the retrieve.
fn read_locked(view: &View<'_>, many: f64) -> Vec<Sign> {
    let mut signs = Vec::new();
    for (path, status) in view.statuses() {
        let idle = status.active_sessions == Some(0) && status.active_prefetch_jobs == Some(0);
        for (tag, l1) in status.l1.iter().filter(|_| idle) {
            let (objects, locked) = (l1.objects.unwrap_or(0), l1.read_locked.unwrap_or(0));
            if locked as f64 >= many && 2 * locked >= objects {
                signs.push(Sign::measured(
                    0.7,
                    format!("{locked} of {objects} objects of L1 are locked for reading, without a session or a prefetch"),
                    vec![Source {
                        value: Some(locked.to_string()),
                        ..Source::new(path, format!("read_locked_count of {tag}"))
                    }],
                ));
            }
        }
    }
    signs
}
