//! Loads from L2 queue up.

use super::queue::{Queue, backlog};
use crate::rules::prelude::*;

const QUEUE: Queue = Queue {
    what: "loads",
    submitted: "mp.l2.prefetch_load_submitted",
    completed: "mp.l2.load_completed",
    in_flight: "mp.l2.inflight_loads",
};

const LEAST: Threshold = Threshold {
    name: "min_open_requests",
    unit: "requests",
    default: 16.0,
    about: "loads submitted and not completed below which there is no backlog",
};
const SHARE: Threshold = Threshold {
    name: "max_completed_share",
    unit: "ratio",
    default: 0.8,
    about: "share of the submitted loads completed below which they queue up",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_load_backlog",
    aliases: &[],
    title: "Loads from L2 queue up",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage, Need::Status],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "More loads are submitted than completed, scrape after scrape: the backend does not keep \
        up. What is in flight in a single scrape is no backlog.",
    confirm: "Growth of submitted and completed loads between two scrapes, and \
        lmcache_mp_num_inflight_l2_loads in both.",
    action: "Look at the read latency of the L2 backend; raise --l2-prefetch-max-in-flight only if \
        the backend is not saturated.",
    false_positives: "A burst that ends just before the second scrape looks like a backlog for one window. \
        With dropped events the counters are not compared. Loads that fail are another finding.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "One of four loads completes",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l2_prefetch_load_submitted_requests_total 100\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 100\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 2\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l2_prefetch_load_submitted_requests_total 180\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 120\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 60\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Some are in flight, and all that were submitted complete",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l2_prefetch_load_submitted_requests_total 100\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 98\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 2\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l2_prefetch_load_submitted_requests_total 180\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 177\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 3\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    backlog(cx, &QUEUE, cx.threshold(&LEAST), cx.threshold(&SHARE))
}
