//! The numbers that the bottleneck rules read, each with where it comes from.

mod around;
mod groups;
mod requests;

use std::collections::BTreeMap;

use coverage_model::Claim;
use serde_json::Value;

use super::job::Job;

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
    requests::take(job, &mut out);
    groups::take(job, &mut out);
    shares(&mut out);
    around::take(job, &mut out);
    out
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
}
