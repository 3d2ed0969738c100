//! What L2 holds cannot be brought into L1.

use crate::rules::prelude::*;

const FAILED: Threshold = Threshold {
    name: "min_failed",
    unit: "chunks",
    default: 4.0,
    about: "Failed loads before it is said",
};
const SHARE: Threshold = Threshold {
    name: "failed_share",
    unit: "ratio",
    default: 0.05,
    about: "Failed over submitted loads",
};

pub(crate) const RULE: Rule = Rule {
    code: "l2_load_failure",
    aliases: &[],
    title: "Chunks that L2 holds cannot be loaded into L1",
    kind: Kind::Cause,
    cause: Some("l2-load-failure"),
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage, Need::Status, Need::ServerLog],
    thresholds: &[&FAILED, &SHARE],
    releases: "",
    explanation: "A lookup that finds chunks in L2 reserves room in L1 and loads them. Where L1 has no \
        room, an adapter fails, or the submission raises, the chunk is missing and \
        everything after it in the prefix is loaded in vain. A load that was never submitted \
        keeps its slot and its locks for ever; when all slots are taken, L2 is off.",
    confirm: "lmcache_mp_l2_prefetch_failure by its label reason; submitted minus completed loads; \
        load_phase_count against max_in_flight in GET /status.",
    action: "For l1_oom: a larger L1 or a smaller --l2-prefetch-max-in-flight. For not_found and \
        errors: the adapter's log. For a stuck load phase: remove what the traceback names \
        (ulimit -n for open files), then restart the server.",
    false_positives: "Chunks that another server removed from a shared L2 between lookup and load fail \
        once.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[
        "lmcache_log_tracebacks",
        "lmcache_mp_l2_failures",
        "lmcache_mp_l2_loads_wasted",
        "lmcache_mp_l2_prefetch_memory_crowding",
        "lmcache_mp_l2_load_backlog",
        "lmcache_mp_l2_throughput_low",
    ],
    related: &["l2-store-failure", "eviction-stalled"],
    evaluate,
    example: Example {
        title: "Loads fail for lack of room",
        files: &[File::text(
            "metrics.prom",
            r#"# TYPE lmcache_mp_l2_prefetch_failure_chunks_total counter
lmcache_mp_l2_prefetch_failure_chunks_total{reason="l1_oom"} 24
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "The counter stands at zero",
        files: &[File::text(
            "metrics.prom",
            r#"# TYPE lmcache_mp_l2_prefetch_failure_chunks_total counter
lmcache_mp_l2_prefetch_failure_chunks_total{reason="l1_oom"} 0
"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    let many = cx.threshold(&FAILED);
    for target in &view.targets {
        if let Some(failed) = target.growth("mp.l2.prefetch_failure").filter(|g| g.value >= many) {
            let reasons: Vec<String> = target
                .growth_by("mp.l2.prefetch_failure", "reason")
                .into_iter()
                .filter(|(_, n)| *n > 0.0)
                .map(|(reason, n)| format!("{n:.0} {reason}"))
                .collect();
            let submitted = target.growth("mp.l2.prefetch_load_submitted").map_or(0.0, |g| g.value);
            if submitted == 0.0 || failed.value >= cx.threshold(&SHARE) * submitted {
                signs.push(Sign::measured(
                    0.75,
                    format!("{:.0} chunks failed to load ({})", failed.value, reasons.join(", ")),
                    vec![failed.source],
                ));
            }
        }
    }
    signs.extend(logged(
        view,
        0.8,
        "a load could not be submitted and keeps its slot",
        &[
            "mp.l2.prefetch_advance_error",
            "mp.l2.prefetch_failed_start",
            "mp.l2.prefetch_loop_error",
        ],
    ));
    let decoding = view.texts(&["mp.serde_failed"], "direction");
    if decoding.keys().any(|d| d.to_ascii_lowercase().contains("deserialize")) {
        signs.extend(logged(view, 0.7, "what was read cannot be decoded", &["mp.serde_failed"]));
    }
    let adapter = ["mp.l2.adapter_load_failed", "mp.l2.fs_load", "mp.l2.nixl_load_failed"];
    signs.extend(
        logged(view, 0.6, "an adapter fails to load", &adapter)
            .filter(|_| view.count(&adapter) as f64 >= many.min(2.0)),
    );
    for target in view.targets.iter().filter(|t| t.has_window()) {
        let Some((least_flight, most_flight)) = target.extremes("mp.l2.inflight_loads") else {
            continue;
        };
        let timed = target.growth("mp.l2.load_throughput").map_or(0.0, |g| g.value);
        let Some(completed) = target.growth("mp.l2.load_completed") else { continue };
        let done = completed.value + timed;
        if least_flight > 0.0 && least_flight == most_flight && done == 0.0 {
            let source = target.last("mp.l2.inflight_loads").map(|r| r.source);
            signs.push(Sign::measured(
                0.6,
                format!("{most_flight:.0} loads are in flight at every scrape and none completes"),
                source.into_iter().collect(),
            ));
        }
    }
    // Full slots that empty are a queue at a slow L2. In an answer alone they are no more than a hint.
    let moving =
        view.targets.iter().filter(|t| t.has_window()).any(|t| {
            t.growth("mp.l2.load_completed").is_some_and(|completed| completed.value > 0.0)
        });
    for (path, status) in view.statuses().filter(|_| !moving) {
        let (Some(phase), Some(most)) = (status.load_phase, status.max_in_flight_prefetches) else {
            continue;
        };
        if most > 0 && phase >= most {
            signs.push(Sign::measured(
                0.5,
                format!("all {most} slots are in the load phase"),
                vec![Source {
                    value: Some(phase.to_string()),
                    ..Source::new(path, "load_phase_count")
                }],
            ));
        }
    }
    Outcome::from_signs(signs, 0.55)
}
