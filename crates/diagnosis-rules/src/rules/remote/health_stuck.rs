//! A health check keeps LMCache off without an outage.

use crate::rules::prelude::*;
use crate::view::View;

pub(crate) const RULE: Rule = Rule {
    code: "backend_health_stuck",
    aliases: &[],
    title: "A health check keeps LMCache bypassed although the backend answers",
    kind: Kind::Cause,
    cause: Some("backend-health-stuck"),
    severity: Severity::Warning,
    modes: &[Mode::Embedded, Mode::Mp],
    needs: &[Need::EngineLog, Need::EmbeddedPage],
    thresholds: &[],
    releases: "",
    explanation: "The health monitor puts a probe into the backend and reads it back. With an MLA \
        model only rank 0 writes, so the probe of the other ranks reads nothing; other \
        filters act alike. The rank is taken for unhealthy for ever and skips every store, \
        retrieve and lookup, while pings succeed.",
    confirm: "lmcache:lmcache_is_healthy by worker_id beside lmcache:remote_ping_errors_total; \
        grep -E 'skipping (store|lookup|retrieve)|check failed' engine.log.",
    action: "Upgrade LMCache, or switch the check off (enable_health_check / the health check of \
        the remote backend), and restart the engine.",
    false_positives: "lmcache_is_healthy of the scheduler's role is 0 in healthy engines and is left out. \
        A real outage has ping errors.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_log_tracebacks", "lmcache_production_health_unhealthy"],
    related: &["remote-unreachable"],
    evaluate,
    example: Example {
        title: "One rank skips, no ping fails",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache ERROR: Get failed, the return value is None, check failed. (a.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: LMCache is unhealthy, skipping store operation (cache_engine.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache WARNING: LMCache is unhealthy, skipping store operation (cache_engine.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The backend is gone",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache WARNING: Remote connection failed in contains: [Errno 32] Broken pipe (remote_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: LMCache is unhealthy, skipping store operation (cache_engine.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    if view.count(&["remote.down", "remote.contains_failed", "health.ping"]) > 0 {
        return Outcome::RuledOut("the backend is really lost".into());
    }
    let errors = view.growth("embedded.remote_ping_errors").map_or(0.0, |g| g.value);
    if errors > 0.0 {
        return Outcome::RuledOut(format!("{errors:.0} pings failed: the outage is real"));
    }
    let mut signs = Vec::new();
    for target in &view.targets {
        let workers: Vec<_> = target
            .series("embedded.lmcache_is_healthy")
            .into_iter()
            .filter(|s| s.label("role") != "scheduler")
            .collect();
        let sick: Vec<Source> =
            workers.iter().filter(|s| s.value == 0.0).map(|s| s.source.clone()).collect();
        if !sick.is_empty() && sick.len() < workers.len() {
            signs.push(Sign::measured(
                0.6,
                format!(
                    "{} of {} workers are taken for unhealthy, and no ping failed",
                    sick.len(),
                    workers.len()
                ),
                sick,
            ));
        } else if !sick.is_empty()
            && target.growth("embedded.remote_ping_successes").is_some_and(|g| g.value > 0.0)
        {
            signs.push(Sign::measured(
                0.6,
                "all workers are taken for unhealthy, and pings succeed",
                sick,
            ));
        }
    }
    signs.extend(never_back(view));
    signs.extend(logged(
        view,
        0.5,
        "LMCache skips its work as unhealthy",
        &["embedded.unhealthy_store", "embedded.unhealthy_retrieve", "embedded.unhealthy_lookup"],
    ));
    signs.extend(logged(
        view,
        0.4,
        "the probe reads nothing",
        &["remote.check_failed", "health.check_failed", "remote.single_get"],
    ));
    Outcome::from_signs(signs, 0.6)
}

/// A connector of which one process found the server again, while the server is asked for no
/// lookup any more and goes on storing.
pub(in crate::rules) fn never_back(view: &View<'_>) -> Option<Sign> {
    let marked = ["mp_connector.marked", "mp_connector.lookup_timeout"];
    let back = ["mp_connector.healthy", "mp_connector.reregister"];
    if view.count(&marked) == 0 || view.count(&back) == 0 {
        return None;
    }
    let target =
        view.targets.iter().find(|t| t.has_window() && t.has("mp.lookup.requested_tokens"))?;
    let asked =
        target.growth("mp.lookup.requested_tokens").filter(|g| g.window && g.value == 0.0)?;
    let written = target.growth("mp.l1.write").filter(|g| g.window && g.value > 0.0)?;
    let mut sources = vec![asked.source, written.source];
    sources.extend(view.places(&marked));
    sources.extend(view.places(&back));
    Some(Sign::measured(
        0.75,
        format!(
            "after a timeout the server is asked for nothing, while {:.0} chunks are stored: the process that looks up still takes it for dead",
            written.value
        ),
        sources,
    ))
}
