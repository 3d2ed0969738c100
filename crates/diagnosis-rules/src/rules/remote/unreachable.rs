//! The remote backend is down.

use super::data_missing::answers_without_data;
use crate::rules::connect::modes::mode_mismatch;
use crate::rules::prelude::*;

const LOST: Threshold = Threshold {
    name: "min_failures",
    unit: "failures",
    default: 3.0,
    about: "Lost connections or failed pings before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "remote_unreachable",
    aliases: &[],
    title: "The remote cache backend cannot be reached, or drops its connections",
    kind: Kind::Cause,
    cause: Some("remote-unreachable"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EngineLog, Need::ServerLog, Need::EmbeddedPage, Need::Host],
    thresholds: &[&LOST],
    releases: "",
    explanation: "A lookup asks the remote backend for every request. Where it is down, restarted for \
        lack of memory, or behind a proxy that cuts idle connections, each lookup fails or \
        waits, counts as a miss, and the connection is made again. The engine serves on \
        without the cache.",
    confirm: "From the engine: redis-cli -u URL ping, or nc -z HOST PORT; kubectl get pods and \
        their restarts; lmcache:remote_ping_errors_total.",
    action: "Bring the backend up (memory limit and eviction policy of Redis, the plain store's \
        pod), let the network keep idle connections, and restart the engines if they don't \
        reconnect.",
    false_positives: "One lost connection that comes back at once costs one miss; the rule asks for \
        several.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lmcache_embedded_remote_backend_errors",
        "lmcache_connector_invalid_blocks",
        "lmcache_log_p2p_transfer_failure",
    ],
    related: &["connector-mode-mismatch", "backend-health-stuck", "remote-slow"],
    evaluate,
    example: Example {
        title: "Broken pipes at every lookup",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache WARNING: Remote connection failed in contains: [Errno 32] Broken pipe (remote_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache WARNING: Remote connection failed in contains: [Errno 32] Broken pipe (remote_backend.py:1:lmcache.v1.a)
(EngineCore_DP0 pid=11) [2026-01-10 09:02:01,421] LMCache WARNING: Remote connection failed in contains: [Errno 32] Broken pipe (remote_backend.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The backend is connected",
        files: &[File::text(
            "engine.log",
            r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': 'redis://cache:6379', 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:01,421] LMCache INFO: Connection initialized/re-established at redis://cache:6379 (remote_backend.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    if !mode_mismatch(view).is_empty() {
        return Outcome::RuledOut("something answers there, of another protocol".into());
    }
    let mut signs = Vec::new();
    // A pod named after LMCache holds the plain store only where something speaks its protocol:
    // else it may be the multiprocess server.
    let plain = view.text("remote_url").is_some_and(|(url, _)| url.starts_with("lm://"))
        || view.count(&["start.legacy_server"]) > 0;
    let store = |name: &str| {
        let other = |w: &str| !plain && w.starts_with("lmcache");
        STORES.iter().any(|w| !other(w) && name.contains(w))
    };
    let lost = ["remote.down", "remote.contains_failed", "mp.l2.s3_conn", "health.ping"];
    if view.count(&lost) as f64 >= cx.threshold(&LOST) {
        signs.extend(logged(
            view,
            0.8,
            "the connection to the backend is lost again and again",
            &lost,
        ));
    }
    let peers = ["p2p.retries", "p2p.no_peer", "p2p.embedded_get"];
    let asked = ["p2p.zmq"];
    if (view.count(&peers) + view.count(&asked)) as f64 >= cx.threshold(&LOST) {
        let all = [&peers[..], &asked[..]].concat();
        signs.extend(logged(view, 0.65, "a peer does not answer what it is asked", &all));
        let stalled: Vec<Source> = view
            .launch
            .iter()
            .flat_map(|l| &l.environment.sockets)
            .filter(|s| s.state.starts_with("SYN"))
            .map(|s| placed(&s.place, "connection to a peer", Some(s.state.clone())))
            .collect();
        if !stalled.is_empty() {
            signs.push(Sign::measured(0.4, "connections are never answered", stalled));
        }
    }
    let configured = view.text("remote_url").is_some() || !signs.is_empty();
    if let Some(errors) =
        view.growth("embedded.remote_ping_errors").filter(|g| g.value >= cx.threshold(&LOST))
    {
        let good = view.growth("embedded.remote_ping_successes").map_or(0.0, |g| g.value);
        if errors.value >= 0.05 * good {
            signs.push(Sign::measured(
                0.6,
                format!("{:.0} pings failed", errors.value),
                vec![errors.source],
            ));
        }
    }
    let pods: Vec<Source> = view
        .launch
        .iter()
        .flat_map(|l| &l.environment.pods)
        .flat_map(|p| p.containers.iter().map(move |c| (p, c)))
        .filter(|(p, c)| {
            let names = format!("{} {}", p.name.clone().unwrap_or_default(), c.name);
            store(&names)
                && (c.last_state.as_deref() == Some("OOMKilled")
                    || c.state
                        .as_deref()
                        .is_some_and(|s| s.contains("CrashLoop") || s == "OOMKilled"))
        })
        .map(|(p, c)| {
            placed(
                &p.place,
                format!("container {}", c.name),
                c.last_state.clone().or(c.state.clone()),
            )
        })
        .collect();
    let events: Vec<Source> = view
        .launch
        .iter()
        .flat_map(|l| &l.environment.events)
        .filter(|e| store(&e.object))
        .filter(|e| {
            ["BackOff", "OOM", "Unhealthy", "Evicted", "Failed"]
                .iter()
                .any(|r| e.reason.contains(r))
        })
        .map(|e| placed(&e.place, e.message.clone(), Some(e.reason.clone())))
        .collect();
    if signs.is_empty() && (!events.is_empty() || !pods.is_empty()) && answers_without_data(view) {
        return Outcome::RuledOut("the backend answers lookups: what it lists is gone".into());
    }
    if !events.is_empty() {
        signs.push(Sign::inferred(
            0.55,
            "Kubernetes tells of trouble of the backend's pod",
            events,
        ));
    }
    if !pods.is_empty() {
        signs.push(Sign::inferred(0.6, "the backend's pod was killed or restarts", pods));
    }
    if configured && !signs.is_empty() {
        signs.extend(logged(
            view,
            0.3,
            "connections are refused or cut",
            &["host.connection_refused", "host.broken_pipe", "host.connection_reset"],
        ));
    }
    Outcome::from_signs(signs, 0.55)
}

/// Words in names of pods that hold remote backends.
const STORES: &[&str] =
    &["redis", "valkey", "mooncake", "lmcache-server", "lmcache-store", "infinistore", "minio"];
