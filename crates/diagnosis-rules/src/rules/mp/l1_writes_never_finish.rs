//! Objects stay write-locked: stores never finish.

use super::locks::{Lock, locked};
use crate::rules::prelude::*;

const LOCK: Lock = Lock { word: "write", count: |l1| l1.write_locked };

const LEAST: Threshold = Threshold {
    name: "min_objects",
    unit: "objects",
    default: 8.0,
    about: "write-locked objects below which nothing is said",
};
const SHARE: Threshold = Threshold {
    name: "min_locked_share",
    unit: "ratio",
    default: 0.9,
    about: "share of the objects that has to be write-locked",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_writes_never_finish",
    aliases: &[],
    title: "Objects in L1 stay write-locked: stores begin and never finish",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::Status],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "A store reserves room, copies, and finishes the write. Where the copy fails each time (a \
        tensor layout or format that the server does not expect), objects pile up under write \
        locks: L1 fills, nothing can hit, the server stays healthy.",
    confirm: "GET /status: write_locked_count equals total_object_count, while lmcache_mp_l1_write is \
        absent and lookups never hit.",
    action: "Read the engine log for the first failed store, and compare KV layout and dtype of \
        engine and LMCache release; upgrade both sides to one release.",
    false_positives: "A burst of stores locks objects for milliseconds: nearly all objects have to be locked.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Every object is write-locked",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 0, "active_prefetch_jobs": 0, "storage_manager": {"l1_manager": {"total_object_count": 50, "write_locked_count": 50, "read_locked_count": 0, "memory_used_bytes": 1048576, "memory_total_bytes": 2097152, "memory_usage_ratio": 0.5}}}"#,
        )],
        also: &["store-failure"],
    },
    counter_example: Example {
        title: "Two of fifty are being written",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "active_sessions": 2, "active_prefetch_jobs": 0, "storage_manager": {"l1_manager": {"total_object_count": 50, "write_locked_count": 2, "read_locked_count": 0, "memory_used_bytes": 1048576, "memory_total_bytes": 2097152, "memory_usage_ratio": 0.5}}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = match locked(cx, &LOCK, 0.8, cx.threshold(&LEAST), cx.threshold(&SHARE)) {
        Ok(signs) => signs,
        Err(outcome) => return outcome,
    };
    if signs.is_empty() {
        return Outcome::Clear;
    }
    if let Some(asked) = cx.view.last("mp.lookup.requested_tokens").filter(|r| r.value > 0.0)
        && cx.view.last("mp.lookup.hit_tokens").is_none_or(|r| r.value == 0.0)
    {
        let text = format!("none of {:.0} looked-up tokens hit", asked.value);
        signs.push(Sign::measured(0.6, text, vec![asked.source]));
    }
    Outcome::from_signs(signs, 0.0)
}
