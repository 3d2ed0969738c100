//! Prometheus' targets and configuration.

use serde_json::Value;

use super::observed::{ScrapeJob, ScrapeTarget};
use super::scraper::error_code;
use crate::evidence::Evidence;
use crate::place::child;
use crate::reader::Ctx;

/// A duration as Prometheus writes it (`5s`, `1m30s`, `100ms`), in seconds.
pub(crate) fn duration(text: &str) -> Option<f64> {
    let mut rest = text.trim();
    let mut seconds = 0.0;
    let mut any = false;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let number: f64 = rest.get(..end)?.parse().ok()?;
        rest = rest.get(end..)?;
        let end = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        seconds += number
            * match rest.get(..end)? {
                "ms" => 0.001,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                "y" => 31_536_000.0,
                _ => return None,
            };
        rest = rest.get(end..)?;
        any = true;
    }
    any.then_some(seconds).filter(|s| s.is_finite())
}

/// `/api/v1/targets`, or an answer of the query API with `up` and scrape series.
pub(crate) fn targets(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let data = value.get("data").unwrap_or(value);
    let base = if value.get("data").is_some() { "/data" } else { "" };
    let get = |v: &Value, key: &str| v.get(key).and_then(Value::as_str).map(str::to_owned);
    for (list, dropped) in [("activeTargets", false), ("droppedTargets", true)] {
        for (i, item) in data.get(list).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let error = get(item, "lastError").filter(|e| !e.is_empty());
            let job = item
                .pointer("/labels/job")
                .or_else(|| item.get("scrapePool"))
                .or_else(|| item.pointer("/discoveredLabels/job"))
                .and_then(Value::as_str);
            let interval = |key: &str| get(item, key).and_then(|t| duration(&t));
            out.environment.targets.push(ScrapeTarget {
                job: job.map(|j| ctx.cleaner.text(j)),
                url: get(item, "scrapeUrl").map(|u| ctx.cleaner.text(&u)),
                up: get(item, "health").and_then(|h| match h.as_str() {
                    "up" => Some(true),
                    "down" => Some(false),
                    _ => None,
                }),
                error_code: error.as_deref().map(|e| error_code(e).to_owned()),
                last_error: error.map(|e| ctx.cleaner.text(&e)),
                scrape_seconds: item.get("lastScrapeDuration").and_then(Value::as_f64),
                interval_seconds: interval("scrapeInterval"),
                timeout_seconds: interval("scrapeTimeout"),
                dropped,
                place: ctx.base.at(format!("{base}/{list}/{i}")),
            });
        }
    }
    for (i, item) in data.get("result").and_then(Value::as_array).into_iter().flatten().enumerate()
    {
        let metric = item.get("metric").unwrap_or(&Value::Null);
        let name = get(metric, "__name__").unwrap_or_else(|| "up".into());
        let last = item
            .get("value")
            .or_else(|| item.get("values").and_then(Value::as_array).and_then(|l| l.last()))
            .and_then(|pair| pair.get(1))
            .and_then(|v| v.as_str().and_then(|t| t.parse::<f64>().ok()).or_else(|| v.as_f64()));
        let mut target = ScrapeTarget {
            job: get(metric, "job").map(|j| ctx.cleaner.text(&j)),
            url: get(metric, "instance").map(|u| ctx.cleaner.text(&u)),
            place: ctx.base.at(format!("{base}/result/{i}")),
            ..ScrapeTarget::default()
        };
        match name.as_str() {
            "up" => target.up = last.map(|n| n > 0.0),
            "scrape_duration_seconds" => target.scrape_seconds = last,
            "scrape_timeout_seconds" => target.timeout_seconds = last,
            _ => continue,
        }
        out.environment.targets.push(target);
    }
}

/// `prometheus.yml`.
pub(crate) fn scrape_config(ctx: &Ctx<'_>, value: &Value, out: &mut Evidence) {
    let time = |v: Option<&Value>| v.and_then(Value::as_str).and_then(duration);
    let global = value.get("global").unwrap_or(&Value::Null);
    let interval = time(global.get("scrape_interval")).or(Some(60.0));
    let timeout = time(global.get("scrape_timeout")).or(Some(10.0));
    let jobs = value.get("scrape_configs").and_then(Value::as_array);
    for (i, job) in jobs.into_iter().flatten().enumerate() {
        let text = |key: &str| job.get(key).and_then(Value::as_str).map(|t| ctx.cleaner.text(t));
        let mut found = ScrapeJob {
            job: text("job_name").unwrap_or_default(),
            interval_seconds: time(job.get("scrape_interval")).or(interval),
            timeout_seconds: time(job.get("scrape_timeout")).or(timeout),
            metrics_path: text("metrics_path").unwrap_or_else(|| "/metrics".into()),
            sample_limit: job.get("sample_limit").and_then(Value::as_u64),
            place: ctx.base.at(format!("/scrape_configs/{i}")),
            ..ScrapeJob::default()
        };
        // The timeout is never longer than the interval.
        if let (Some(i), Some(t)) = (found.interval_seconds, found.timeout_seconds)
            && t > i
            && job.get("scrape_timeout").is_none()
        {
            found.timeout_seconds = Some(i);
        }
        for group in job.get("static_configs").and_then(Value::as_array).into_iter().flatten() {
            let list = group.get("targets").and_then(Value::as_array);
            found.targets.extend(
                list.into_iter().flatten().filter_map(Value::as_str).map(|t| ctx.cleaner.text(t)),
            );
        }
        for key in job.as_object().into_iter().flatten().map(|(key, _)| key) {
            if key.ends_with("_sd_configs") {
                found.discovery.push(ctx.cleaner.text(key));
            }
        }
        let rules = job.get("metric_relabel_configs").and_then(Value::as_array);
        for rule in rules.into_iter().flatten() {
            let get = |key: &str| rule.get(key).and_then(Value::as_str);
            let action = get("action").unwrap_or("replace");
            if matches!(action, "drop" | "keep" | "labeldrop" | "labelkeep") {
                let regex = ctx.cleaner.text(get("regex").unwrap_or_default());
                found.relabels.push((action.to_owned(), regex));
            }
        }
        out.environment.scrape_jobs.push(found);
    }
    if jobs.is_none() && value.get("endpoints").is_some() {
        service_monitor(ctx, value, "", out);
    } else if let Some(spec) = value.get("spec") {
        service_monitor(ctx, spec, "/spec", out);
    }
}

/// The endpoints of a ServiceMonitor or PodMonitor.
fn service_monitor(ctx: &Ctx<'_>, spec: &Value, base: &str, out: &mut Evidence) {
    for list in ["endpoints", "podMetricsEndpoints"] {
        for (i, item) in spec.get(list).and_then(Value::as_array).into_iter().flatten().enumerate()
        {
            let get = |key: &str| item.get(key).and_then(Value::as_str);
            out.environment.scrape_jobs.push(ScrapeJob {
                job: get("port").map(|p| ctx.cleaner.text(p)).unwrap_or_default(),
                interval_seconds: get("interval").and_then(duration),
                timeout_seconds: get("scrapeTimeout").and_then(duration),
                metrics_path: ctx.cleaner.text(get("path").unwrap_or("/metrics")),
                discovery: vec!["kubernetes".into()],
                place: ctx.base.at(format!("{}/{i}", child(base, list))),
                ..ScrapeJob::default()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let cases = [
            ("5s", Some(5.0)),
            ("1m30s", Some(90.0)),
            ("500ms", Some(0.5)),
            ("5", None),
            ("", None),
        ];
        for (text, want) in cases {
            assert_eq!(duration(text), want, "{text}");
        }
    }
}
