//! Objects stay read-locked.

use super::locks::{Lock, locked};
use crate::rules::prelude::*;

const LOCK: Lock = Lock { word: "read", count: |l1| l1.read_locked };

const LEAST: Threshold = Threshold {
    name: "min_objects",
    unit: "objects",
    default: 32.0,
    about: "read-locked objects below which nothing is said",
};
const SHARE: Threshold = Threshold {
    name: "min_locked_share",
    unit: "ratio",
    default: 0.5,
    about: "share of the objects that has to be read-locked",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_leak",
    aliases: &[],
    title: "Objects in L1 stay read-locked: eviction cannot take them",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::Status],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "A lookup that hits locks its chunks until the retrieve. A client that looks up and never \
        retrieves keeps them locked until the lock times out (read_ttl); meanwhile L1 is full of \
        what eviction may not touch.",
    confirm: "GET /status twice, a minute apart: read_locked_count stays while no request runs.",
    action: "Find the client that looks up and does not retrieve (aborted requests, a crashed \
        worker); lower --l1-read-ttl-seconds.",
    false_positives: "What is on its way to or from L2 is locked as well: nothing is said of an answer in which \
        stores or loads are under way. Two open sessions lock a few chunks: most of them have to be locked.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l1_memory_no_plateau"],
    evaluate,
    example: Example {
        title: "All are read-locked",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 14, "active_prefetch_jobs": 0, "storage_manager": {"l1_manager": {"total_object_count": 160, "write_locked_count": 0, "read_locked_count": 160, "memory_used_bytes": 1048576, "memory_total_bytes": 2097152, "memory_usage_ratio": 0.5}}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A few are",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 2, "active_prefetch_jobs": 0, "storage_manager": {"l1_manager": {"total_object_count": 160, "write_locked_count": 0, "read_locked_count": 4, "memory_used_bytes": 1048576, "memory_total_bytes": 2097152, "memory_usage_ratio": 0.5}}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    match locked(cx, &LOCK, 0.7, cx.threshold(&LEAST), cx.threshold(&SHARE)) {
        Ok(signs) => Outcome::from_signs(signs, 0.0),
        Err(outcome) => outcome,
    }
}
