//! Numbers of a packet: what its metrics pages say where a job would have a summary.

use coverage_model::Claim;

use super::measures::{Number, Numbers};
use crate::report::{CheckReport, TargetRow};

/// Gauges: id, their names, whether one label set or the sum of all counts.
const GAUGES: &[(&str, &[&str], bool)] = &[
    (
        "kv_cache.usage_fraction",
        &["vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "sglang:token_usage"],
        true,
    ),
    ("queue.requests_running", &["vllm:num_requests_running", "sglang:num_running_reqs"], false),
    ("queue.requests_waiting", &["vllm:num_requests_waiting", "sglang:num_queue_reqs"], false),
];

/// Histograms whose mean counts: id, their names.
const MEANS: &[(&str, &[&str])] = &[
    ("prefill.request_prefill_time_seconds", &["vllm:request_prefill_time_seconds"]),
    (
        "engine.e2e_seconds",
        &["vllm:e2e_request_latency_seconds", "sglang:e2e_request_latency_seconds"],
    ),
    (
        "decode.time_per_output_token_seconds",
        &[
            "vllm:request_time_per_output_token_seconds",
            "vllm:time_per_output_token_seconds",
            "vllm:inter_token_latency_seconds",
            "sglang:inter_token_latency_seconds",
            "sglang:time_per_output_token_seconds",
        ],
    ),
];

/// Takes the numbers of every engine's pages; of several engines the most loaded one counts.
pub(crate) fn take(report: &CheckReport, out: &mut Numbers) {
    for target in &report.targets {
        let engine = ["vllm", "sglang"].into_iter().find(|e| target.is.iter().any(|w| w == e));
        let Some(engine) = engine else { continue };
        out.engine.get_or_insert_with(|| engine.to_owned());
        gauges(target, out);
        ratio(target, out);
        means(target, out);
    }
    if let Some(usage) = out.get("kv_cache.usage_fraction") {
        out.kv_usage_source = Some(usage.metric.clone());
    }
}

fn origin(target: &TargetRow) -> String {
    target.measures.scrapes.last().map_or_else(String::new, |s| s.artifact.clone())
}

/// The scrape of the largest of these values.
fn origin_of(target: &TargetRow, values: &[Option<f64>]) -> String {
    let largest = values
        .iter()
        .zip(&target.measures.scrapes)
        .filter_map(|(v, scrape)| Some(((*v)?, scrape)))
        .reduce(|a, b| if b.0 > a.0 { b } else { a });
    largest.map_or_else(|| origin(target), |(_, scrape)| scrape.artifact.clone())
}

fn put(out: &mut Numbers, id: &'static str, number: Number) {
    if out.value(id).is_none_or(|had| number.value > had) {
        out.replace(id, number);
    }
}

fn gauges(target: &TargetRow, out: &mut Numbers) {
    for (id, names, single) in GAUGES {
        for name in *names {
            let rows = target
                .measures
                .processes
                .iter()
                .filter_map(|p| p.gauges.get(*name))
                .collect::<Vec<_>>();
            let value =
                rows.iter().map(|g| if *single { g.largest } else { g.max }).reduce(f64::max);
            let Some(value) = value else { continue };
            let number = Number {
                value,
                stat: "largest",
                metric: (*name).to_owned(),
                source: origin_of(
                    target,
                    target.measures.by_scrape.get(*name).map_or(&[], Vec::as_slice),
                ),
                claim: Claim::Measured,
                samples: Some(rows.iter().map(|g| g.present_in as u64).sum()),
            };
            put(out, id, number);
        }
    }
}

/// Waiting to running requests of one moment, the most over the scrapes.
fn ratio(target: &TargetRow, out: &mut Numbers) {
    let of = |names: &[&str]| {
        names.iter().find_map(|n| target.measures.by_scrape.get(*n)).map(Vec::as_slice)
    };
    let waiting = of(&["vllm:num_requests_waiting", "sglang:num_queue_reqs"]);
    let running = of(&["vllm:num_requests_running", "sglang:num_running_reqs"]);
    let (Some(waiting), Some(running)) = (waiting, running) else { return };
    let ratios: Vec<Option<f64>> = waiting
        .iter()
        .zip(running)
        .map(|(w, r)| Some(w.as_ref()? / r.as_ref()?.max(1.0)))
        .collect();
    if let Some(value) = ratios.iter().copied().flatten().reduce(f64::max) {
        let number = Number {
            value,
            stat: "largest",
            metric: "requests waiting / requests running".into(),
            source: origin_of(target, &ratios),
            claim: Claim::Measured,
            samples: Some(ratios.iter().flatten().count() as u64),
        };
        put(out, "queue.waiting_running_ratio", number);
    }
}

fn means(target: &TargetRow, out: &mut Numbers) {
    for (id, names) in MEANS {
        let found = names.iter().find_map(|name| {
            let rows = target.measures.processes.iter().filter_map(|p| p.histograms.get(*name));
            let (sum, count) = rows.fold((0.0, 0.0), |(s, c), h| (s + h.sum, c + h.count));
            (count > 0.0).then_some((*name, sum / count, count))
        });
        if let Some((name, value, count)) = found {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count")]
            let samples = Some(count as u64);
            let number = Number {
                value,
                stat: "mean",
                metric: name.to_owned(),
                source: origin(target),
                claim: Claim::Measured,
                samples,
            };
            put(out, id, number);
        }
    }
}
