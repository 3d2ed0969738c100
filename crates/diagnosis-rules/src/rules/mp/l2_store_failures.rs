//! Chunks that are sent to L2 do not get there.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_lost_chunks",
    unit: "chunks",
    default: 16.0,
    about: "chunks submitted and not completed below which nothing is said",
};
const SHARE: Threshold = Threshold {
    name: "max_completed_share",
    unit: "ratio",
    default: 0.9,
    about: "share of the submitted chunks that has to complete",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_store_failures",
    aliases: &[],
    title: "Chunks that are sent to L2 do not get there",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage, Need::ServerLog],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "A store task that fails is counted as a completed request, and its chunks are counted \
        nowhere: only the gap between submitted and completed chunks shows it. /status stays \
        healthy.",
    confirm: "Growth of l2_store_submitted_objects_chunks and l2_store_completed_objects_chunks, with \
        completed requests equal to submitted ones; tracebacks in the server log.",
    action: "Read the server log for the first failed store; check space, permissions and \
        reachability of the L2 backend.",
    false_positives: "Stores still in flight are submitted and not completed: requests have to be complete. \
        With dropped events the counters are not compared.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l2_store_backlog"],
    evaluate,
    example: Example {
        title: "Requests complete, chunks do not",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_store_submitted_requests_total 16\n\
             lmcache_mp_l2_store_completed_requests_total{l2_name=\"FSL2Adapter\"} 16\n\
             lmcache_mp_l2_store_submitted_objects_chunks_total 128\n\
             lmcache_mp_l2_store_completed_objects_chunks_total 32\n\
             ",
        )],
        also: &["l2-store-failure"],
    },
    counter_example: Example {
        title: "Both complete",
        files: &[File::text(
            "metrics.prom",
            "lmcache_mp_l2_store_submitted_requests_total 16\n\
             lmcache_mp_l2_store_completed_requests_total{l2_name=\"FSL2Adapter\"} 16\n\
             lmcache_mp_l2_store_submitted_objects_chunks_total 128\n\
             lmcache_mp_l2_store_completed_objects_chunks_total 128\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = log_signs(
        cx,
        0.8,
        &[
            (
                &[
                    "mp.l2.store_failed",
                    "mp.l2.submit_failed",
                    "mp.l2.fs_store",
                    "mp.l2.nixl_failed",
                ],
                "the server log says that stores fail",
            ),
            (
                &["mp.l2.s3_off", "mp.l2.capacity"],
                "the server log says that an adapter takes no more",
            ),
        ],
    );
    let mut counted = Vec::new();
    if dropped(cx).is_none() {
        for target in cx.view.with("mp.l2.store_submitted_objects") {
            let of = |signal| target.growth(signal);
            // On an excerpt a counter that is not there is not zero.
            if !target.has("mp.l2.store_completed") {
                continue;
            }
            let Some(sent) = of("mp.l2.store_submitted_objects") else { continue };
            let done = of("mp.l2.store_completed_objects").map_or(0.0, |g| g.value);
            let open = of("mp.l2.store_submitted").map_or(0.0, |g| g.value)
                - of("mp.l2.store_completed").map_or(0.0, |g| g.value);
            let lost = sent.value - done;
            if open > 0.0
                || lost < cx.threshold(&LEAST)
                || done >= sent.value * cx.threshold(&SHARE)
            {
                continue;
            }
            counted.push(Sign::measured(
                0.9,
                format!(
                    "{:.0} chunks submitted and {done:.0} completed, with every request complete",
                    sent.value
                ),
                vec![sent.source],
            ));
        }
    }
    for target in cx.view.with("mp.l2.store_failed_keys") {
        if let Some(reading) = target.last("mp.l2.store_failed_keys").filter(|r| r.value > 0.0) {
            counted.push(Sign::measured(
                0.9,
                "the server counted failed keys",
                vec![reading.source],
            ));
        }
    }
    counted.append(&mut signs);
    Outcome::from_signs(counted, 0.0)
}
