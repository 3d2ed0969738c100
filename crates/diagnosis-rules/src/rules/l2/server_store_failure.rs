//! Stores reach the server and never complete.

use crate::rules::prelude::*;

const OBJECTS: Threshold = Threshold {
    name: "min_objects",
    unit: "objects",
    default: 4.0,
    about: "Locked objects or submitted stores before it is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "store_failure",
    aliases: &[],
    title: "Stores reach the cache and never complete: nothing can be found later",
    kind: Kind::Cause,
    cause: Some("store-failure"),
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerLog, Need::Status, Need::ServerPage],
    thresholds: &[&OBJECTS],
    releases: "",
    explanation: "A store reserves objects, copies into them and commits. If the copy or the commit \
        fails (KV tensors in another layout than the server expects, too few block ids, a \
        decoding error), the objects stay locked for writing: they fill L1, cannot be \
        evicted and are never found. The engine is told nothing.",
    confirm: "GET /status: write_locked_count equals total_object_count; \
        lmcache_mp_l1_write_chunks_total is absent or stands still while stores are \
        submitted; grep -A12 'Cannot store' lmcache.log.",
    action: "Read the traceback of the first store in the server's log. For a layout error let \
        engine and LMCache agree on the KV layout (VLLM_KV_CACHE_LAYOUT, one release on both \
        sides), then restart the server to drop the locked objects.",
    false_positives: "Objects are locked for writing while a store runs: the rule asks for all of them, or \
        for errors.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lmcache_mp_l1_failures",
        "l1-alloc-failure",
        "lmcache_mp_l1_writes_never_finish",
    ],
    related: &["l1-too-small", "worker-deregistered"],
    evaluate,
    example: Example {
        title: "Stores raise",
        files: &[File::text(
            "lmcache.log",
            r#"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
[2026-01-10 10:00:20,210] LMCache ERROR: Cannot store keys due to exception (lmcache_driven_transfer.py:1:lmcache.v1.a)
Traceback (most recent call last):
  File "lmcache/v1/a.py", line 3, in copy
ValueError: shape mismatch
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Some objects are being written",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 1, "storage_manager": {"l1_manager": {"total_object_count": 40, "write_locked_count": 8}}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.8,
        "stores fail in the server",
        &["mp.store_exc", "mp.store_underflow", "mp.store_incomplete"],
    ));
    let told = view.count(&["mp_connector.store_err"]) as f64;
    signs.extend(logged(
        view,
        if told >= cx.threshold(&OBJECTS) { 0.5 } else { 0.4 },
        "the connector reports failed stores",
        &["mp_connector.store_err"],
    ));
    let refused = view.texts(&["mp.request_error"], "request_type");
    if refused.keys().any(|t| t.contains("STORE"))
        && view.count(&["mp.no_gpu_context", "mp.worker_reaped"]) == 0
    {
        signs.extend(logged(
            view,
            0.7,
            "requests to store fail in the server",
            &["mp.request_error"],
        ));
    }
    // Loads from L2 lock what they write into.
    for (path, status) in view.statuses().filter(|(_, status)| !status.l2_under_way()) {
        for (tag, l1) in &status.l1 {
            let (objects, locked) = (l1.objects.unwrap_or(0), l1.write_locked.unwrap_or(0));
            if objects as f64 >= cx.threshold(&OBJECTS) && locked == objects {
                signs.push(Sign::measured(
                    0.75,
                    format!("all {objects} objects of L1 are locked for writing"),
                    vec![Source {
                        value: Some(locked.to_string()),
                        ..Source::new(path, format!("write_locked_count of {tag}"))
                    }],
                ));
            } else if objects as f64 >= cx.threshold(&OBJECTS)
                && 2 * locked >= objects
                && !signs.is_empty()
            {
                signs.push(Sign::measured(
                    0.4,
                    format!("{locked} of {objects} objects of L1 are locked for writing"),
                    vec![Source {
                        value: Some(locked.to_string()),
                        ..Source::new(path, format!("write_locked_count of {tag}"))
                    }],
                ));
            }
        }
    }
    for target in &view.targets {
        let asked = target
            .growth("mp.transfer.submitted_stores")
            .or_else(|| target.growth("mp.storage_manager.write_requests"));
        let written = target.growth("mp.l1.write").map_or(0.0, |g| g.value);
        let full = target.last("mp.l1.memory_usage_bytes").is_some_and(|b| b.value > 0.0);
        if let Some(asked) = asked.filter(|a| a.value >= cx.threshold(&OBJECTS) && written == 0.0)
            && full
            && !view.is_partial()
        {
            signs.push(Sign::measured(
                0.6,
                format!("{:.0} stores were asked for and no chunk was written", asked.value),
                vec![asked.source],
            ));
        }
    }
    Outcome::from_signs(signs, 0.55)
}
