//! What the requests of the load say, and the client's own summary of them.

use coverage_model::Claim;
use lmcache_launch::environment::request_field;

use super::super::job::{Document, Job, Request};
use super::{Number, Numbers, leaves, quantile};

/// Takes both; what the requests themselves say comes first.
pub(super) fn take(job: &Job, out: &mut Numbers) {
    own(job, out);
    if let Some(told) = &job.requests_summary {
        summary(told, out);
    }
}

/// From the requests themselves.
fn own(job: &Job, out: &mut Numbers) {
    let Some(path) = &job.requests_path else { return };
    let rows = &job.requests;
    let of =
        |get: fn(&Request) -> Option<f64>| -> Vec<f64> { rows.iter().filter_map(get).collect() };
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
fn summary(told: &Document, out: &mut Numbers) {
    leaves(&told.value, "", 0, &mut |path, value| {
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
                source: told.path.clone(),
                claim: Claim::Measured,
                samples: None,
            };
            out.put(id, number);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

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
            summary(&document, &mut out);
            assert_eq!(out.value("requests.ttft_p95_s"), Some(0.5), "{text}");
            assert_eq!(out.value("requests.e2e_p99_s"), Some(2.0), "{text}");
        }
    }
}
