//! The numbers that the bottleneck rules read, each with where it comes from.

use std::collections::BTreeMap;

use coverage_model::Claim;
use lmcache_launch::environment::request_field;
use serde_json::Value;

use super::job::{Document, Job};

/// A number and its origin.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Number {
    /// The number.
    pub(crate) value: f64,
    /// Which statistic it is: `p95`, `mean`, `last`, `largest`, `count`, ...
    pub(crate) stat: &'static str,
    /// What was measured, as its source names it.
    pub(crate) metric: String,
    /// File.
    pub(crate) source: String,
    /// How it is known.
    pub(crate) claim: Claim,
    /// Over how many samples, where that is known.
    pub(crate) samples: Option<u64>,
}

/// Numbers by their ids, and what is known in words.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    values: BTreeMap<&'static str, Number>,
    /// Engine: `vllm`, `sglang`, ...
    pub(crate) engine: Option<String>,
    /// Series that the KV usage was read from, where the source names it.
    pub(crate) kv_usage_source: Option<String>,
    /// What hardware, command line and profile say, in lower case.
    pub(crate) words: String,
    /// Claims of the metric groups.
    pub(crate) group_claims: BTreeMap<String, String>,
}

impl Numbers {
    pub(crate) fn get(&self, id: &str) -> Option<&Number> {
        self.values.get(id)
    }

    pub(crate) fn value(&self, id: &str) -> Option<f64> {
        self.get(id).map(|n| n.value)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &Number)> {
        self.values.iter().map(|(id, n)| (*id, n))
    }

    /// Puts a number where there is none yet.
    pub(crate) fn put(&mut self, id: &'static str, number: Number) {
        if number.value.is_finite() {
            self.values.entry(id).or_insert(number);
        }
    }

    /// Puts a number whatever is there.
    pub(crate) fn replace(&mut self, id: &'static str, number: Number) {
        if number.value.is_finite() {
            self.values.insert(id, number);
        }
    }
}

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

/// A quantile by linear interpolation.
pub(crate) fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|v| v.is_finite()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    let at = q.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within 0..=last")]
    let low = at.floor() as usize;
    let (a, b) = (sorted.get(low)?, sorted.get((low + 1).min(last))?);
    Some(a + (b - a) * (at - at.floor()))
}

/// Takes the numbers of a job directory.
pub(crate) fn take(job: &Job) -> Numbers {
    let mut out = Numbers::default();
    requests(job, &mut out);
    if let Some(summary) = &job.requests_summary {
        requests_summary(summary, &mut out);
    }
    groups(job, &mut out);
    gpus(job, &mut out);
    shares(&mut out);
    words(job, &mut out);
    nccl(job, &mut out);
    cores(job, &mut out);
    out
}

/// From the requests themselves.
fn requests(job: &Job, out: &mut Numbers) {
    let Some(path) = &job.requests_path else { return };
    let rows = &job.requests;
    let of = |get: fn(&super::job::Request) -> Option<f64>| -> Vec<f64> {
        rows.iter().filter_map(get).collect()
    };
    let (ttft, e2e, tpot) = (of(|r| r.ttft), of(|r| r.e2e), of(|r| r.tpot));
    let mut put = |id, metric: &str, stat, value: Option<f64>, samples: usize| {
        if let Some(value) = value {
            out.put(
                id,
                Number {
                    value,
                    stat,
                    metric: metric.to_owned(),
                    source: path.clone(),
                    claim: Claim::Measured,
                    samples: Some(samples as u64),
                },
            );
        }
    };
    put("requests.ttft_p95_s", "ttft", "p95", quantile(&ttft, 0.95), ttft.len());
    put("requests.e2e_p50_s", "e2e", "p50", quantile(&e2e, 0.5), e2e.len());
    put("requests.e2e_p95_s", "e2e", "p95", quantile(&e2e, 0.95), e2e.len());
    put("requests.e2e_p99_s", "e2e", "p99", quantile(&e2e, 0.99), e2e.len());
    put("requests.tpot_p50_s", "tpot", "p50", quantile(&tpot, 0.5), tpot.len());
    put("requests.tpot_p95_s", "tpot", "p95", quantile(&tpot, 0.95), tpot.len());
    let mean = |v: &[f64]| (!v.is_empty()).then(|| v.iter().sum::<f64>() / v.len() as f64);
    put("requests.e2e_mean_s", "e2e", "mean", mean(&e2e), e2e.len());
    // Rising: the later half of the requests against the earlier one.
    let (early, late) = e2e.split_at(e2e.len() / 2);
    if let (Some(early), Some(late)) = (quantile(early, 0.99), quantile(late, 0.99))
        && early > 0.0
    {
        put(
            "requests.e2e_p99_rise",
            "e2e p99, later half to earlier",
            "ratio",
            Some(late / early),
            e2e.len(),
        );
    }
}

/// What of a summary's statistics goes under which id.
const SUMMARY_STATS: &[(&str, &str, &str)] = &[
    ("ttft", "p95", "requests.ttft_p95_s"),
    ("e2e", "p50", "requests.e2e_p50_s"),
    ("e2e", "p95", "requests.e2e_p95_s"),
    ("e2e", "p99", "requests.e2e_p99_s"),
    ("e2e", "mean", "requests.e2e_mean_s"),
    ("tpot", "p50", "requests.tpot_p50_s"),
    ("tpot", "p95", "requests.tpot_p95_s"),
];

/// From the client's own summary: `ttft_ms.p95`, `ttft_p95_ms`, `p95_ttft_ms`, ...
fn requests_summary(summary: &Document, out: &mut Numbers) {
    leaves(&summary.value, "", 0, &mut |path, value| {
        let mut stat = None;
        let mut rest: Vec<String> = Vec::new();
        for part in path.to_ascii_lowercase().split('.') {
            let kept: Vec<&str> = part
                .split('_')
                .filter(|token| {
                    let found = match *token {
                        "p50" | "median" => Some("p50"),
                        "p95" => Some("p95"),
                        "p99" => Some("p99"),
                        "mean" | "avg" | "average" => Some("mean"),
                        _ => None,
                    };
                    stat = stat.or(found);
                    found.is_none()
                })
                .collect();
            if !kept.is_empty() {
                rest.push(kept.join("_"));
            }
        }
        let Some(stat) = stat else { return };
        let Some((name, factor)) = rest.last().and_then(|key| request_field(key)) else { return };
        if let Some((.., id)) = SUMMARY_STATS.iter().find(|(n, s, _)| *n == name && *s == stat) {
            let number = Number {
                value: value * factor,
                stat,
                metric: path.to_owned(),
                source: summary.path.clone(),
                claim: Claim::Measured,
                samples: None,
            };
            out.put(id, number);
        }
    });
}

/// Calls for every finite number of a document, with its path.
fn leaves(value: &Value, prefix: &str, depth: usize, each: &mut impl FnMut(&str, f64)) {
    if depth > 8 {
        return;
    }
    let join = |key: &str| {
        if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
    };
    match value {
        Value::Object(map) => {
            for (key, item) in map {
                leaves(item, &join(key), depth + 1, each);
            }
        }
        Value::Array(list) => {
            for (i, item) in list.iter().enumerate() {
                leaves(item, &join(&i.to_string()), depth + 1, each);
            }
        }
        _ => {
            if let Some(number) = value.as_f64() {
                each(prefix, number);
            }
        }
    }
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

/// Numbers made of two others: id, numerator, denominator, factor.
const SHARES: &[(&str, &str, &str, f64)] = &[
    ("requests.ttft_e2e_ratio", "requests.ttft_p95_s", "requests.e2e_p95_s", 1.0),
    ("requests.e2e_p99_p50_ratio", "requests.e2e_p99_s", "requests.e2e_p50_s", 1.0),
    ("requests.tpot_p95_p50_ratio", "requests.tpot_p95_s", "requests.tpot_p50_s", 1.0),
    ("engine.prefill_e2e_ratio", "prefill.request_prefill_time_seconds", "engine.e2e_seconds", 1.0),
    (
        "engine.prefill_e2e_ratio",
        "prefill.request_prefill_time_seconds",
        "requests.e2e_mean_s",
        1.0,
    ),
    ("engine.prefill_e2e_ratio", "prefill.request_prefill_time_seconds", "requests.e2e_p50_s", 1.0),
];

/// Adds the numbers that are made of two others.
pub(crate) fn shares(out: &mut Numbers) {
    for (id, above, below, factor) in SHARES {
        let (Some(a), Some(b)) = (out.get(above).cloned(), out.value(below)) else { continue };
        if b > 0.0 {
            let metric = format!("{above} / {below}");
            out.put(id, Number { value: a.value / b * factor, stat: "ratio", metric, ..a });
        }
    }
    // Where no sample has both, the two quantiles stand for them.
    if let (Some(waiting), Some(running)) =
        (out.get("queue.requests_waiting").cloned(), out.value("queue.requests_running"))
    {
        let metric = "requests_waiting / requests_running".to_owned();
        let value = waiting.value / running.max(1.0);
        out.put(
            "queue.waiting_running_ratio",
            Number { value, stat: "ratio of p95", metric, ..waiting },
        );
    }
}

fn strings(value: &Value, out: &mut String) {
    match value {
        Value::String(text) => {
            out.push(' ');
            out.push_str(text);
        }
        Value::Array(list) => list.iter().for_each(|v| strings(v, out)),
        Value::Object(map) => map.values().for_each(|v| strings(v, out)),
        _ => {}
    }
}

/// Names under which a profile says how many nodes it has.
const NODE_KEYS: &[&str] = &["nodes", "num_nodes", "node_count", "nnodes", "n_nodes"];

fn words(job: &Job, out: &mut Numbers) {
    let mut text = String::new();
    for document in [&job.operator, &job.command].into_iter().flatten() {
        strings(&document.value, &mut text);
    }
    if let Some(summary) = &job.summary {
        for key in ["labels", "engine"] {
            if let Some(value) = summary.value.get(key) {
                strings(value, &mut text);
            }
        }
    }
    out.words = text.to_ascii_lowercase();
    let named = |d: &Document| d.value.get("engine").and_then(Value::as_str).map(str::to_owned);
    out.engine = job
        .operator
        .as_ref()
        .and_then(named)
        .or_else(|| job.summary.as_ref().and_then(named))
        .or_else(|| job.engine.clone())
        .map(|e| e.to_ascii_lowercase());
    for document in [&job.operator, &job.summary, &job.command].into_iter().flatten() {
        leaves(&document.value, "", 0, &mut |path, value| {
            let key = path.rsplit('.').next().unwrap_or(path).to_ascii_lowercase();
            if NODE_KEYS.contains(&key.as_str()) {
                nodes(out, path, value, &document.path);
            }
        });
    }
    // `--nnodes 2` on the command line.
    if let Some(command) = &job.command {
        let mut words = out.words.split(['=', ' ']).skip_while(|w| *w != "--nnodes");
        let count = words.nth(1).and_then(|w| w.split(':').next_back()?.parse::<f64>().ok());
        if let Some(count) = count {
            let path = command.path.clone();
            nodes(out, "--nnodes", count, &path);
        }
    }
}

fn nodes(out: &mut Numbers, metric: &str, value: f64, source: &str) {
    out.put(
        "deployment.nodes",
        Number {
            value,
            stat: "count",
            metric: metric.to_owned(),
            source: source.to_owned(),
            claim: Claim::Inferred,
            samples: None,
        },
    );
}

fn nccl(job: &Job, out: &mut Numbers) {
    let mut put = |id, metric: &str, value: f64, source: &str| {
        out.put(
            id,
            Number {
                value,
                stat: "measured",
                metric: metric.to_owned(),
                source: source.to_owned(),
                claim: Claim::Measured,
                samples: None,
            },
        );
    };
    for document in [&job.nccl, &job.operator].into_iter().flatten() {
        leaves(&document.value, "", 0, &mut |path, value| {
            let key = path.to_ascii_lowercase();
            let leaf = key.rsplit('.').next().unwrap_or(&key);
            let bandwidth = leaf.contains("busbw") || leaf.contains("bus_bandwidth");
            let wanted = ["expected", "baseline", "reference"].iter().any(|w| key.contains(w));
            if bandwidth && wanted && value > 0.0 {
                put("nccl.expected_busbw", path, value, &document.path);
            } else if bandwidth && !leaf.contains("ratio") && !leaf.contains("fraction") {
                put("nccl.busbw", path, value, &document.path);
            }
        });
    }
    if let Some((path, text)) = &job.nccl_text {
        let average = text.lines().find_map(|line| {
            let rest = line.split_once("Avg bus bandwidth")?.1;
            rest.trim_start_matches([' ', ':', '\t']).split_whitespace().next()?.parse().ok()
        });
        if let Some(value) = average {
            put("nccl.busbw", "Avg bus bandwidth", value, path);
        }
    }
}

/// The busiest core that a CPU summary tells of.
fn cores(job: &Job, out: &mut Numbers) {
    let Some(cpu) = &job.cpu else { return };
    let mut busiest: Option<(String, f64)> = None;
    leaves(&cpu.value, "", 0, &mut |path, value| {
        let key = path.to_ascii_lowercase();
        let core = ["core", "cpus.", "per_cpu", "cpu."].iter().any(|w| key.contains(w));
        let busy = ["util", "busy", "usage", "saturation", "percent", "pct"]
            .iter()
            .any(|w| key.contains(w))
            && !["idle", "count", "avg", "mean"].iter().any(|w| key.contains(w));
        if !core || !busy || !(0.0..=100.0).contains(&value) {
            return;
        }
        let percent = value > 1.0 || key.contains("percent") || key.contains("pct");
        let share = if percent { value / 100.0 } else { value };
        if busiest.as_ref().is_none_or(|(_, most)| share > *most) {
            busiest = Some((path.to_owned(), share));
        }
    });
    if let Some((metric, value)) = busiest {
        out.put(
            "cpu.busiest_core",
            Number {
                value,
                stat: "largest",
                metric,
                source: cpu.path.clone(),
                claim: Claim::Measured,
                samples: None,
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_interpolate() {
        assert_eq!(quantile(&[1.0, 3.0], 0.5), Some(2.0));
        assert_eq!(quantile(&[4.0, 1.0, 3.0, 2.0], 1.0), Some(4.0));
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!(quantile(&[f64::NAN, 7.0], 0.95), Some(7.0));
    }

    #[test]
    fn summaries_in_their_spellings() {
        for text in [
            r#"{"ttft_ms": {"p95": 500}, "e2e_ms": {"p99": 2000}}"#,
            r#"{"ttft_p95_ms": 500, "p99_e2e_latency_s": 2.0}"#,
            r#"{"latency": {"ttft_s": {"p95": 0.5}, "e2e_latency_ms": {"P99": 2000}}}"#,
        ] {
            let document =
                Document { path: "s".into(), value: serde_json::from_str(text).unwrap() };
            let mut out = Numbers::default();
            requests_summary(&document, &mut out);
            assert_eq!(out.value("requests.ttft_p95_s"), Some(0.5), "{text}");
            assert_eq!(out.value("requests.e2e_p99_s"), Some(2.0), "{text}");
        }
    }
}
