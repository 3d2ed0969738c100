//! L2 is slow while work waits for it.

use crate::rules::prelude::*;

const LOW: Threshold = Threshold {
    name: "min_gb_per_second",
    unit: "GB/s",
    default: 0.1,
    about: "mean throughput below which L2 is slow",
};
const LEAST: Threshold = Threshold {
    name: "min_observations",
    unit: "observations",
    default: 8.0,
    about: "observations below which nothing is said",
};
const BUSY: Threshold = Threshold {
    name: "min_busy_share",
    unit: "ratio",
    default: 0.5,
    about: "share of the scrapes that has to show work in flight",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_throughput_low",
    aliases: &[],
    title: "L2 is slow while work waits for it",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[&LOW, &LEAST, &BUSY],
    releases: "",
    explanation: "Throughput is bytes by the time of each store or load. Low values matter where work is \
        in flight most of the time: then L2 bounds what can be loaded.",
    confirm: "Sum by count of l2_store_throughput and l2_load_throughput between two scrapes (buckets \
        start at 5 GB/s and tell nothing below), with num_inflight_l2_* above zero.",
    action: "Check bandwidth and latency of the backend itself, serialisation, chunk size, and \
        whether several servers share it.",
    false_positives: "Small chunks lower the mean without a slow backend: nothing is said unless work is in \
        flight in most scrapes.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &["lmcache_mp_l2_store_backlog", "lmcache_mp_l2_load_backlog"],
    related: &[],
    evaluate,
    example: Example {
        title: "Slow and busy in every scrape",
        files: &[
            File::text(
                "0.prom",
                "# TYPE lmcache_mp_l2_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"5.0\"} 20\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"+Inf\"} 20\n\
             lmcache_mp_l2_load_throughput_GB_per_second_count{l2_name=\"FSL2Adapter\"} 20\n\
             lmcache_mp_l2_load_throughput_GB_per_second_sum{l2_name=\"FSL2Adapter\"} 0.4\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 6\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "# TYPE lmcache_mp_l2_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"5.0\"} 40\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"+Inf\"} 40\n\
             lmcache_mp_l2_load_throughput_GB_per_second_count{l2_name=\"FSL2Adapter\"} 40\n\
             lmcache_mp_l2_load_throughput_GB_per_second_sum{l2_name=\"FSL2Adapter\"} 0.8\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 6\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "As slow, and nothing waits",
        files: &[
            File::text(
                "0.prom",
                "# TYPE lmcache_mp_l2_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"5.0\"} 20\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"+Inf\"} 20\n\
             lmcache_mp_l2_load_throughput_GB_per_second_count{l2_name=\"FSL2Adapter\"} 20\n\
             lmcache_mp_l2_load_throughput_GB_per_second_sum{l2_name=\"FSL2Adapter\"} 0.4\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "# TYPE lmcache_mp_l2_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"5.0\"} 40\n\
             lmcache_mp_l2_load_throughput_GB_per_second_bucket{l2_name=\"FSL2Adapter\",le=\"+Inf\"} 40\n\
             lmcache_mp_l2_load_throughput_GB_per_second_count{l2_name=\"FSL2Adapter\"} 40\n\
             lmcache_mp_l2_load_throughput_GB_per_second_sum{l2_name=\"FSL2Adapter\"} 0.8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for (throughput, inflight, what) in [
        ("mp.l2.store_throughput", "mp.l2.inflight_stores", "stores"),
        ("mp.l2.load_throughput", "mp.l2.inflight_loads", "loads"),
    ] {
        for target in cx.view.with(throughput) {
            let Some((mean, count)) = target.mean(throughput) else { continue };
            let scrapes = target.by_scrape(inflight);
            let busy = scrapes.iter().filter(|v| v.is_some_and(|v| v > 0.0)).count();
            let share = busy as f64 / scrapes.len().max(1) as f64;
            if mean >= cx.threshold(&LOW)
                || count < cx.threshold(&LEAST)
                || share < cx.threshold(&BUSY)
            {
                continue;
            }
            let Some(reading) = target.last(throughput) else { continue };
            signs.push(Sign::measured(
                0.8,
                format!("{what} at {:.1} MB/s over {count:.0} of them, with work in flight in {busy} of {} scrapes", mean * 1000.0, scrapes.len()),
                vec![reading.source],
            ));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
