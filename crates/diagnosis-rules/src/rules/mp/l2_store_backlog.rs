//! Stores to L2 queue up.

use super::queue::{Queue, backlog};
use crate::rules::prelude::*;

const QUEUE: Queue = Queue {
    what: "stores",
    submitted: "mp.l2.store_submitted",
    completed: "mp.l2.store_completed",
    in_flight: "mp.l2.inflight_stores",
};

const LEAST: Threshold = Threshold {
    name: "min_open_requests",
    unit: "requests",
    default: 16.0,
    about: "stores submitted and not completed below which there is no backlog",
};
const SHARE: Threshold = Threshold {
    name: "max_completed_share",
    unit: "ratio",
    default: 0.8,
    about: "share of the submitted stores completed below which they queue up",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_store_backlog",
    aliases: &[],
    title: "Stores to L2 queue up",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage, Need::Status],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "More stores are submitted than completed, scrape after scrape: the backend does not keep \
        up. What is in flight in a single scrape is no backlog.",
    confirm: "Growth of submitted and completed stores between two scrapes, and \
        lmcache_mp_num_inflight_l2_stores in both.",
    action: "Look at the write latency and concurrency of the L2 backend; narrow what is stored \
        (--l2-store-policy) or widen the backend.",
    false_positives: "A burst that ends just before the second scrape looks like a backlog for one window. \
        With dropped events the counters are not compared. Stores that fail are another finding.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "One of four stores completes",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l2_store_submitted_requests_total 100\n\
             lmcache_mp_l2_store_completed_requests_total{l2_name=\"FSL2Adapter\"} 100\n\
             lmcache_mp_num_inflight_l2_stores{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 2\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l2_store_submitted_requests_total 180\n\
             lmcache_mp_l2_store_completed_requests_total{l2_name=\"FSL2Adapter\"} 120\n\
             lmcache_mp_num_inflight_l2_stores{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 60\n\
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
                "lmcache_mp_l2_store_submitted_requests_total 100\n\
             lmcache_mp_l2_store_completed_requests_total{l2_name=\"FSL2Adapter\"} 98\n\
             lmcache_mp_num_inflight_l2_stores{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 2\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l2_store_submitted_requests_total 180\n\
             lmcache_mp_l2_store_completed_requests_total{l2_name=\"FSL2Adapter\"} 177\n\
             lmcache_mp_num_inflight_l2_stores{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 3\n\
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
