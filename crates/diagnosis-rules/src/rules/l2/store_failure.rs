//! Writes to L2 or the remote store fail.

use crate::rules::prelude::*;
use crate::rules::traced::raised_in;
use crate::view::View;

const GAP: Threshold = Threshold {
    name: "min_gap",
    unit: "objects",
    default: 32.0,
    about: "Objects that were submitted and not completed",
};
const SHARE: Threshold = Threshold {
    name: "gap_share",
    unit: "ratio",
    default: 0.1,
    about: "Part of the submitted objects that was not completed",
};

pub(crate) const RULE: Rule = Rule {
    code: "l2_store_failure",
    aliases: &[],
    title: "Writes to L2 or to the remote store fail: what is evicted from L1 is lost",
    kind: Kind::Cause,
    cause: Some("l2-store-failure"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::ServerLog, Need::ServerPage, Need::EngineLog],
    thresholds: &[&GAP, &SHARE],
    releases: "",
    explanation: "An L2 store that fails raises no counter: submitted objects grow, completed ones do \
        not, completed requests equal submitted ones, and GET /status stays healthy. Only \
        the log says why. What was not written is gone with the next eviction or restart; \
        some adapters keep a key that has no data.",
    confirm: "lmcache_mp_l2_store_submitted_objects minus ..._completed_objects of two scrapes; \
        grep -E 'Store task .* failed|failed to store' lmcache.log; df and permissions of \
        base_path.",
    action: "Read the first failure in the log at the line named, repair the path or the backend \
        (space, permissions, credentials), and clear keys without data before they are \
        served.",
    false_positives: "Objects in flight make submitted exceed completed for a moment: the rule asks for a \
        gap that stays, or for the log.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "remote-data-missing",
        "lmcache_mp_l2_store_failures",
        "lmcache_mp_l2_store_backlog",
    ],
    related: &["l2-load-failure", "remote-unreachable"],
    evaluate,
    example: Example {
        title: "Store tasks fail",
        files: &[File::text(
            "lmcache.log",
            r"[2026-01-10 09:00:00,124] LMCache INFO: TokenHasher initialized: chunk_size=256, hash_algorithm=blake3 (token_hasher.py:67:lmcache.v1.multiprocess.token_hasher)
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 09:00:20,210] LMCache INFO: Registered KV cache for GPU ID 55 with 24 layers (lmcache_driven_transfer.py:883:lmcache.v1.multiprocess.modules.lmcache_driven_transfer)
[2026-01-10 10:00:20,210] LMCache WARNING: Store task 12 to adapter 0 failed for keys: [k] (store_controller.py:1:lmcache.v1.a)
[2026-01-10 10:00:20,210] LMCache WARNING: Store task 12 to adapter 0 failed for keys: [k] (store_controller.py:1:lmcache.v1.a)
",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Stores complete",
        files: &[File::text(
            "metrics.prom",
            r"# TYPE lmcache_mp_l2_store_submitted_objects_chunks_total counter
lmcache_mp_l2_store_submitted_objects_chunks_total 2500
# TYPE lmcache_mp_l2_store_completed_objects_chunks_total counter
lmcache_mp_l2_store_completed_objects_chunks_total 2498
",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    for (weight, text, ids) in [
        (0.85, "store tasks fail", &["mp.l2.store_failed", "mp.l2.submit_failed"][..]),
        (
            0.8,
            "an adapter fails to write",
            &[
                "mp.l2.fs_store",
                "mp.l2.nixl_failed",
                "mp.l2.loop_error",
                "remote.put_failed",
                "mp.l2.adapter_store_failed",
            ],
        ),
        (0.7, "stores are skipped: the storage is full", &["mp.l2.capacity", "embedded.disk_full"]),
        (0.7, "the S3 adapter gave up", &["mp.l2.s3_off"]),
    ] {
        signs.extend(logged(view, weight, text, ids));
    }
    for target in &view.targets {
        let (submitted, completed) = (
            target.growth("mp.l2.store_submitted_objects"),
            target.growth("mp.l2.store_completed_objects"),
        );
        let Some(submitted) = submitted else { continue };
        let done = completed.map_or(0.0, |c| c.value);
        let flight = target.last("mp.l2.inflight_stores").map_or(0.0, |r| r.value);
        let gap = submitted.value - done;
        let stuck = gap >= cx.threshold(&GAP)
            && gap >= cx.threshold(&SHARE) * submitted.value
            && flight == 0.0;
        if stuck || (gap >= 1.0 && !signs.is_empty()) {
            signs.push(Sign::measured(
                if stuck { 0.65 } else { 0.3 },
                format!("{:.0} objects submitted to L2 and {done:.0} completed", submitted.value),
                vec![submitted.source],
            ));
        }
    }
    // What the code raised says why: it stands right after what failed.
    if let (false, Some(raised)) = (signs.is_empty(), raised_by_storage(view)) {
        signs.insert(1, raised);
    }
    // What could not be written and is served all the same is worse than what is lost.
    let served = view.numbers(&["mp.prefetch_done"], "l2_chunks").is_some_and(|(n, _)| n > 0.0)
        || view.growth("mp.l2.load_completed").is_some_and(|g| g.value > 0.0);
    let kept = served && view.count(&["mp.l2.store_failed", "mp.l2.submit_failed"]) > 0;
    Outcome::from_signs(signs, 0.55).map(|hit| {
        if kept {
            hit.severity = Some(Severity::Critical);
        }
    })
}

/// Parts of the files in which adapters and backends write.
const STORAGE: &[&str] = &["l2_adapter", "storage_backend", "connector/", "gds_backend", "nixl_"];

/// What the storage code raised, as its traceback ends.
fn raised_by_storage(view: &View<'_>) -> Option<Sign> {
    let last = view
        .logs
        .iter()
        .flat_map(|log| &log.evidence.tracebacks)
        .filter(|t| t.frames.iter().any(|f| STORAGE.iter().any(|name| f.contains(name))))
        .max_by_key(|t| t.count)?;
    let text = format!("the storage code raises {}", last.last_line);
    raised_in(view, 0.9, &text, STORAGE, &[&last.last_line])
}
