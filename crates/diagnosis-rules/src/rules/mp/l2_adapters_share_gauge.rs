//! Two adapters of one type write one gauge.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_adapters_share_gauge",
    aliases: &[],
    title: "Several L2 adapters of one type share their series: which is which cannot be told",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::Status, Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "L2 series are labelled with the type of the adapter (l2_name), not with its index. Two \
        adapters of one type write the same l2_usage_bytes, and the last writer wins.",
    confirm: "GET /status: two entries of one type under l2_adapters.",
    action: "Read usage of each adapter at its own backend; do not alert on lmcache_mp_l2_usage_bytes \
        here.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Two file system adapters",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 4}, "num_l2_adapters": 2, "l2_adapters": [{"type": "FSL2Adapter"}, {"type": "FSL2Adapter"}]}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Two adapters of different types",
        files: &[File::text(
            "http/status.json",
            r#"{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "active_sessions": 0, "storage_manager": {"l1_manager": {"total_object_count": 4}, "num_l2_adapters": 2, "l2_adapters": [{"type": "FSL2Adapter"}, {"type": "S3L2Adapter"}]}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut sources = Vec::new();
    for (path, status) in cx.view.statuses() {
        let twice = status
            .l2_types
            .iter()
            .find(|kind| status.l2_types.iter().filter(|other| other == kind).count() > 1);
        if let Some(kind) = twice {
            sources.push(source(path, None, "l2_adapters of one type", kind.clone()));
        }
    }
    one_sign(1.0, "/status lists several adapters of one type", sources)
}
