//! What the summary of the metrics and its timeline say: engine and cache by groups, GPUs.

use coverage_model::Claim;
use serde_json::Value;

use super::super::job::Job;
use super::{Number, Numbers, quantile};

/// A field of the metric groups: id, group, field, statistic.
const GROUP_FIELDS: &[(&str, &str, &str, &str)] = &[
    ("kv_cache.usage_fraction", "kv_cache", "usage_fraction", "p95"),
    ("kv_cache.idle_before_evict_seconds", "kv_cache", "kv_block_idle_before_evict_seconds", "max"),
    ("kv_cache.transfer_sent_bytes", "kv_cache", "kv_transfer_sent_bytes_total", "max"),
    ("kv_cache.transfer_recv_bytes", "kv_cache", "kv_transfer_recv_bytes_total", "max"),
    ("kv_cache.transfer_errors", "kv_cache", "kv_transfer_errors_total", "max"),
    ("prefix_cache.hit_rate", "prefix_cache", "hit_rate", "last"),
    ("lmcache.local_cpu_evict_count", "lmcache", "local_cpu_evict_count", "p95"),
    (
        "lmcache.l1_chunk_idle_before_evict_seconds",
        "lmcache",
        "l1_chunk_idle_before_evict_seconds",
        "max",
    ),
    ("queue.requests_running", "queue", "requests_running", "p95"),
    ("queue.requests_waiting", "queue", "requests_waiting", "p95"),
    ("queue.waiting_running_ratio", "queue", "waiting_running_ratio", "p95"),
    ("prefill.request_prefill_time_seconds", "prefill", "request_prefill_time_seconds", "last"),
    ("decode.time_per_output_token_seconds", "decode", "time_per_output_token_seconds", "last"),
];

/// A field of the GPU groups: id and what its raw name contains.
const GPU_FIELDS: &[(&str, &str)] = &[
    ("gpu.util_percent", "GPU_UTIL"),
    ("gpu.tensor_active", "PIPE_TENSOR_ACTIVE"),
    ("gpu.nvlink_tx_bytes", "NVLINK_TX_BYTES"),
    ("gpu.nvlink_rx_bytes", "NVLINK_RX_BYTES"),
    ("gpu.nvlink_saturation", "NVLINK_SATURATION"),
];

/// Groups of a summary that hold GPU figures.
const GPU_GROUPS: &[&str] = &["gpu_util", "hbm", "nvlink", "pcie", "power", "xid_ecc"];

/// Takes the groups, then the GPUs.
pub(super) fn take(job: &Job, out: &mut Numbers) {
    groups(job, out);
    gpus(job, out);
}

fn claim(word: Option<&str>) -> Claim {
    match word {
        Some("inferred") => Claim::Inferred,
        Some("synthetic") => Claim::Synthetic,
        Some("not_proven") => Claim::NotProven,
        _ => Claim::Measured,
    }
}

/// A statistic of a field: of the summary, else over the timeline's samples.
fn field(job: &Job, group: &str, field: &str, stat: &'static str) -> Option<Number> {
    let in_summary = job.summary.as_ref().and_then(|summary| {
        let object = summary.value.get(group)?;
        let stats = object.get("stats").and_then(|s| s.get(field));
        let taken = stats.and_then(|s| s.get(stat)).and_then(Value::as_f64);
        // Another statistic is not passed off as the one that was asked for.
        let (value, stat) = match taken {
            Some(value) => (value, stat),
            None => (object.get(field)?.as_f64()?, "last"),
        };
        let named = object.get(format!("{field}_source")).and_then(Value::as_str);
        Some(Number {
            value,
            stat,
            metric: named.map_or_else(|| format!("{group}.{field}"), str::to_owned),
            source: summary.path.clone(),
            claim: claim(object.get("claim_status").and_then(Value::as_str)),
            samples: stats.and_then(|s| s.get("count")).and_then(Value::as_u64),
        })
    });
    if in_summary.as_ref().is_some_and(|n| n.stat == stat) {
        return in_summary;
    }
    let over_timeline = || {
        let samples = job.series.get(&format!("{group}.{field}"))?;
        let value = match stat {
            "p95" => quantile(samples, 0.95),
            "max" => samples.iter().copied().reduce(f64::max),
            _ => samples.last().copied(),
        }?;
        Some(Number {
            value,
            stat,
            metric: format!("{group}.{field}"),
            source: job.timeline_paths.first().cloned().flatten().unwrap_or_default(),
            claim: Claim::Measured,
            samples: Some(samples.len() as u64),
        })
    };
    over_timeline().or(in_summary)
}

fn groups(job: &Job, out: &mut Numbers) {
    for (id, group, name, stat) in GROUP_FIELDS {
        if let Some(number) = field(job, group, name, stat) {
            out.put(id, number);
        }
    }
    // Rising over the samples, whatever its size.
    if let Some(samples) = job.series.get("kv_cache.kv_block_idle_before_evict_seconds")
        && let (Some(first), Some(last)) = (samples.first(), samples.last())
    {
        out.put(
            "kv_cache.idle_before_evict_rise",
            Number {
                value: last - first,
                stat: "last minus first",
                metric: "kv_cache.kv_block_idle_before_evict_seconds".into(),
                source: job.timeline_paths.first().cloned().flatten().unwrap_or_default(),
                claim: Claim::Measured,
                samples: Some(samples.len() as u64),
            },
        );
    }
    let Some(summary) = &job.summary else { return };
    out.kv_usage_source = summary
        .value
        .get("kv_cache")
        .and_then(|g| g.get("usage_fraction_source"))
        .and_then(Value::as_str)
        .map(str::to_owned);
    for (group, object) in summary.value.as_object().into_iter().flatten() {
        if let Some(claim) = object.get("claim_status").and_then(Value::as_str) {
            out.group_claims.insert(group.clone(), claim.to_owned());
        }
    }
}

fn gpus(job: &Job, out: &mut Numbers) {
    let mut put =
        |id: &'static str, name: &str, value: f64, source: String, samples: Option<u64>| {
            out.put(
                id,
                Number {
                    value,
                    stat: "p95",
                    metric: name.to_owned(),
                    source,
                    claim: Claim::Measured,
                    samples,
                },
            );
        };
    for (id, part) in GPU_FIELDS {
        let is = |name: &str| name.to_ascii_uppercase().contains(part);
        if let Some(summary) = &job.summary {
            for stats in GPU_GROUPS.iter().filter_map(|g| summary.value.get(g)?.get("stats")) {
                for (name, row) in stats.as_object().into_iter().flatten().filter(|(n, _)| is(n)) {
                    if let Some(value) = row.get("p95").and_then(Value::as_f64) {
                        let samples = row.get("count").and_then(Value::as_u64);
                        put(id, name, value, summary.path.clone(), samples);
                    }
                }
            }
        }
        for (name, samples) in job.series.iter().filter(|(n, _)| n.starts_with("gpu.") && is(n)) {
            if let Some(value) = quantile(samples, 0.95) {
                let source = job.timeline_paths.get(1).cloned().flatten().unwrap_or_default();
                let name = name.trim_start_matches("gpu.");
                put(id, name, value, source, Some(samples.len() as u64));
            }
        }
    }
}
