//! A live worker was forgotten.

use std::collections::BTreeSet;

use crate::rules::prelude::*;
use crate::view::View;

pub(crate) const RULE: Rule = Rule {
    code: "worker_deregistered",
    aliases: &[],
    title: "The server or the controller forgot a worker that is alive",
    kind: Kind::Cause,
    cause: Some("worker-deregistered"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Log, Need::Status],
    thresholds: &[],
    releases: "",
    explanation: "A server gives up workers that it hears nothing of (worker_reap_timeout_seconds; a \
        longer grace before the first sign of life), a controller likewise (30 s). \
        Heartbeats that start only with the first request, carry no instance id, or are off \
        by default make an idle worker look dead. It never registers again: its stores, \
        loads and lookups are refused from then on.",
    confirm: "grep -E 'Reaped|Deregistered|No GPU context' lmcache.log; GET /status: \
        worker_liveness.tracked_instances against the number of ranks.",
    action: "Restart the engine so that its workers register again; raise \
        --worker-reap-timeout-seconds and --worker-registration-grace-seconds, or set \
        lmcache_worker_heartbeat_time (inside an engine, with a controller), or send a \
        request to every rank after the start.",
    false_positives: "A worker that really ended is reaped too: the rule asks for requests of it \
        afterwards, or a reap without any ping.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_log_tracebacks", "store-failure"],
    related: &["mp-server-unreachable", "cuda-ipc-failure"],
    evaluate,
    example: Example {
        title: "A reaped worker goes on asking",
        files: &[File::text(
            "lmcache.log",
            r#"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
[2026-01-10 10:00:20,210] LMCache WARNING: Reaped GPU instance 55: silent for 3604.2s (pinged=False) (server.py:1:lmcache.v1.multiprocess.server)
[2026-01-10 10:10:20,210] LMCache ERROR: Error handling request RequestType.STORE (mq.py:1:lmcache.v1.multiprocess.mq)
Traceback (most recent call last):
  File "lmcache/v1/multiprocess/modules/lmcache_driven_transfer.py", line 749, in store
ValueError: No GPU context registered for instance ID 55
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Nobody was given up",
        files: &[File::text(
            "lmcache.log",
            r"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
[2026-01-10 09:01:00,1] LMCache INFO: Stored 512 tokens in 0.003 seconds (a.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let refused = ["mp.no_gpu_context", "mp.reject_store", "mp.reject_retrieve"];
    let reaped = view.count(&["mp.worker_reaped"]);
    let asks = view.count(&refused);
    signs.extend(
        logged(view, 0.6, "the server gave up silent workers", &["mp.worker_reaped"]).filter(
            |_| asks > 0 || view.texts(&["mp.worker_reaped"], "pinged").contains_key("False"),
        ),
    );
    signs.extend(
        logged(view, 0.7, "and refuses what they ask", &refused).filter(|_| reaped > 0 || asks > 1),
    );
    // A lookup that finds no worker's layout, after a worker was there and went or was given up.
    let unknown = ["mp.lookup_no_ctx", "mp.lookup_no_layout", "blend.no_ctx"];
    let gone = ["mp.worker_unregistered", "mp.worker_reaped"];
    // One that left in order is not forgotten: another one has to be there still.
    let left = view.count(&["mp.worker_unregistered"]);
    let alive = view.statuses().any(|(_, s)| s.registered_workers > Some(0))
        || view.count(&["mp.worker_registered"]) > left
        || reaped > 0;
    if view.count(&unknown) > 1
        && alive
        && went_first(view, &gone, &unknown)
        && knows(view, &unknown)
    {
        signs.extend(logged(view, 0.6, "lookups find no worker's layout any more", &unknown));
        signs.extend(logged(view, 0.3, "since a worker was taken off", &gone));
        for (path, status) in view.statuses().filter(|(_, s)| s.registered_workers > Some(0)) {
            let workers = status.registered_workers.unwrap_or_default();
            signs.push(Sign::measured(
                0.3,
                format!("the server lists {workers} registered workers all the same"),
                vec![Source {
                    value: Some(workers.to_string()),
                    ..Source::new(path, "registered workers")
                }],
            ));
        }
    }
    signs.extend(
        logged(
            view,
            0.6,
            "the controller dropped workers that were silent",
            &["controller.silent", "controller.deregistered"],
        )
        .filter(|_| view.count(&["controller.silent"]) > 0),
    );
    let beats = view
        .stated("controller.heartbeat_seconds")
        .iter()
        .any(|s| s.number().is_some_and(|n| n > 0.0));
    if view.count(&["controller.silent"]) > 0 && !beats {
        signs.push(Sign::inferred(
            0.3,
            "lmcache_worker_heartbeat_time is not set, so workers send none",
            view.places(&["controller.silent"]),
        ));
    }
    let wanted: f64 = view
        .engines()
        .map(|p| {
            let n = |name: &str| {
                p.setting(name).and_then(lmcache_launch::Setting::as_f64).unwrap_or(1.0)
            };
            n("data_parallel") * n("tensor_parallel") * n("pipeline_parallel")
        })
        .fold(1.0, f64::max);
    for (path, status) in view.statuses() {
        let Some(tracked) = status.liveness.as_ref().and_then(|l| l.tracked_instances) else {
            continue;
        };
        if wanted > 1.0 && (tracked as f64) < wanted && tracked > 0 || tracked == 0 && reaped > 0 {
            // Workers that were never there do not register either: fewer than half say more.
            let alone = status.liveness.as_ref().and_then(|l| l.enabled) == Some(true)
                && tracked as f64 <= 0.5 * wanted;
            signs.push(Sign::measured(
                if alone { 0.6 } else { 0.4 },
                format!("the server follows {tracked} workers of {wanted}"),
                vec![Source {
                    value: Some(tracked.to_string()),
                    ..Source::new(path, "tracked_instances")
                }],
            ));
        }
    }
    let fails =
        view.texts(&["mp.request_error"], "request_type").keys().any(|t| t.contains("RETRIEVE"))
            || view.count(&["mp.reject_retrieve"]) > 0;
    Outcome::from_signs(signs, 0.55).map(|hit| {
        if fails {
            hit.severity = Some(Severity::Critical);
        }
    })
}

/// Whether, in one log, one of the first events comes before the last of the second.
fn went_first(view: &View<'_>, first: &[&str], then: &[&str]) -> bool {
    view.events(first).any(|gone| {
        view.events(then)
            .any(|asked| asked.path == gone.path && asked.stat.last_line > gone.stat.first_line)
    })
}

/// Whether a model that is asked for was ever served, as far as the server's page tells: a model that
/// nobody registered is a wrong name, and no worker that went.
fn knows(view: &View<'_>, asked: &[&str]) -> bool {
    let served: BTreeSet<String> = view
        .with("mp.lookup.requested_tokens")
        .flat_map(|t| t.last_by("mp.lookup.requested_tokens", "model_name"))
        .filter_map(|(model, tokens)| (tokens > 0.0).then_some(model))
        .collect();
    let models = view.texts(asked, "model");
    served.is_empty() || models.is_empty() || models.keys().any(|model| served.contains(model))
}
