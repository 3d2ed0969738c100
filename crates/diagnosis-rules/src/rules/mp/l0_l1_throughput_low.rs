//! Copies between GPU and L1 are slow.

use crate::rules::prelude::*;

const LOW: Threshold = Threshold {
    name: "min_gb_per_second",
    unit: "GB/s",
    default: 0.1,
    about: "mean throughput below which copies are slow",
};
const BAD: Threshold = Threshold {
    name: "bad_gb_per_second",
    unit: "GB/s",
    default: 0.02,
    about: "mean throughput below which it is a warning",
};
const LEAST: Threshold = Threshold {
    name: "min_observations",
    unit: "observations",
    default: 16.0,
    about: "observations below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l0_l1_throughput_low",
    aliases: &[],
    title: "Copies between the GPU and L1 are slow",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[&LOW, &BAD, &LEAST],
    releases: "",
    explanation: "A hit saves time only if loading it is faster than computing it. A GPU on PCIe copies at \
        several GB/s; below a tenth of one something stands between: pageable memory, tiny \
        chunks, a busy CPU.",
    confirm: "Sum by count of l0_l1_load_throughput between two scrapes; compare with a larger chunk \
        size.",
    action: "Check PCIe width, pinned memory (l1-use-lazy), NUMA placement and chunk size.",
    false_positives: "On a CPU-only machine with chunks of a few tokens 0.04 to 0.06 GB/s were measured with \
        nothing wrong: above 0.02 GB/s it is information only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A hundredth of a GB/s",
        files: &[File::text(
            "metrics.prom",
            "# TYPE lmcache_mp_l0_l1_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_bucket{device=\"cuda:0\",engine_id=\"1\",model_name=\"m\",le=\"5.0\"} 40\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_bucket{device=\"cuda:0\",engine_id=\"1\",model_name=\"m\",le=\"+Inf\"} 40\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_count{device=\"cuda:0\",engine_id=\"1\",model_name=\"m\"} 40\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_sum{device=\"cuda:0\",engine_id=\"1\",model_name=\"m\"} 0.4\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "A third of a GB/s on a small CPU machine",
        files: &[File::text(
            "metrics.prom",
            "# TYPE lmcache_mp_l0_l1_load_throughput_GB_per_second histogram\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_bucket{device=\"cpu\",engine_id=\"1\",model_name=\"m\",le=\"5.0\"} 47\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_bucket{device=\"cpu\",engine_id=\"1\",model_name=\"m\",le=\"+Inf\"} 47\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_count{device=\"cpu\",engine_id=\"1\",model_name=\"m\"} 47\n\
             lmcache_mp_l0_l1_load_throughput_GB_per_second_sum{device=\"cpu\",engine_id=\"1\",model_name=\"m\"} 15.6\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if let Some(outcome) = dropped(cx) {
        return outcome;
    }
    let (mut signs, mut worst) = (Vec::new(), f64::INFINITY);
    for (signal, what) in
        [("mp.l0_l1.store_throughput", "stores"), ("mp.l0_l1.load_throughput", "loads")]
    {
        for target in cx.view.with(signal) {
            let Some((mean, count)) = target.mean(signal) else { continue };
            if mean >= cx.threshold(&LOW) || count < cx.threshold(&LEAST) {
                continue;
            }
            let Some(reading) = target.last(signal) else { continue };
            worst = worst.min(mean);
            signs.push(Sign::measured(
                0.7,
                format!("{what} at {mean:.3} GB/s over {count:.0} copies"),
                vec![reading.source],
            ));
        }
    }
    let bad = worst < cx.threshold(&BAD);
    Outcome::from_signs(signs, 0.0).map(|hit| {
        if bad {
            hit.severity = Some(Severity::Warning);
        }
    })
}
