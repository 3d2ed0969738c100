//! `collect-metrics`.

use std::collections::BTreeMap;
use std::time::Duration;

use inferguard::collect::{
    CollectError, CollectedMetrics, MetricsProgress, MetricsRequest, collect_metrics,
};
use inferguard::metrics::{FieldStats, MetricsSummary, SourceSummary};

use crate::args::metrics::CollectMetricsArgs;
use crate::collect::{credentials, limits};
use crate::output::{self, Lost, complain};
use crate::run::{Exit, first};
use crate::watch::{Interrupts, StatusLine};

/// Most samples of a run: all of them are held while the summary is made.
const MOST: f64 = 100_000.0;

fn samples(args: &CollectMetricsArgs) -> Option<u32> {
    let Some(duration) = args.duration_seconds else { return Some(args.samples.unwrap_or(2)) };
    let samples = (duration / args.interval_seconds - 1e-9).ceil().max(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is in range")]
    (samples <= MOST).then_some(samples as u32)
}

fn labels(args: &CollectMetricsArgs) -> BTreeMap<String, String> {
    [
        ("job_id", &args.label_job_id),
        ("engine_version", &args.label_engine_version),
        ("hardware", &args.label_hardware),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)))
    .collect()
}

pub(crate) fn metrics(args: &CollectMetricsArgs) -> Exit {
    let interrupts = Interrupts::listen();
    let Some(credentials) = credentials(&args.net) else { return Exit::Usage };
    let Some(samples) = samples(args) else {
        complain(&format!("--duration-seconds: more than {MOST} samples at this interval"));
        return Exit::Usage;
    };
    let request = MetricsRequest {
        output_dir: args.output_dir.clone(),
        force: args.force,
        engine: args.engine.name().to_owned(),
        endpoint: args.endpoint.clone(),
        lmcache: args.lmcache_metrics_url.clone(),
        dcgm: args.dcgm_metrics_url.clone(),
        samples,
        interval: Duration::from_secs_f64(args.interval_seconds),
        dcgm_interval: Duration::from_secs_f64(args.dcgm_interval_seconds),
        labels: labels(args),
        keep_raw: args.keep_raw_samples,
        limits: limits(&args.net),
        credentials,
    };
    let mut line = StatusLine::new();
    let collected = collect_metrics(&request, interrupts.flag(), |at| line.tell(&status(at)));
    line.clear();
    let collected = match collected {
        Ok(collected) => collected,
        Err(error) => {
            complain(&error.to_string());
            return match error {
                CollectError::Client(_) => Exit::Usage,
                _ => Exit::NotWritten,
            };
        }
    };
    let summary = &collected.summary;
    summary.sources.iter().for_each(failures);
    let read = if summary.sample_count > 0 {
        Exit::Done
    } else {
        complain("no sample of the endpoint came");
        Exit::NothingUsable
    };
    let told = tell(args, &collected);
    first(&[read, told, interrupts.exit_code().map_or(Exit::Done, Exit::Interrupted)])
}

fn status(at: MetricsProgress) -> String {
    let failed = if at.failed > 0 { format!(", {} failed", at.failed) } else { String::new() };
    format!("{} of {} samples{failed}; Ctrl-C keeps what is there", at.done, at.planned)
}

/// One line a cause.
fn failures(source: &SourceSummary) {
    let mut causes: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for failed in &source.failed_samples {
        causes.entry(&failed.message).or_default().push(failed.sequence);
    }
    for (cause, which) in causes {
        let (Some(from), Some(to)) = (which.first(), which.last()) else { continue };
        let span = if from == to { format!("sample {from}") } else { format!("{from} to {to}") };
        complain(&format!(
            "{} {}: {cause} ({} of {} samples: {span})",
            source.source,
            source.url,
            which.len(),
            source.planned_samples
        ));
    }
}

fn tell(args: &CollectMetricsArgs, collected: &CollectedMetrics) -> Exit {
    let summary = &collected.summary;
    let printed = if args.json {
        output::print_json(summary)
    } else {
        output::print(&one_line(args, summary))
    };
    match printed {
        Err(Lost::Failed) => Exit::NotWritten,
        _ => Exit::Done,
    }
}

fn one_line(args: &CollectMetricsArgs, summary: &MetricsSummary) -> String {
    let number = |group: &str, field: &str, pick: fn(&FieldStats) -> f64| {
        summary.stat(group, field).map_or_else(|| "n/a".to_owned(), |s| format!("{:.3}", pick(s)))
    };
    format!(
        "inferguard collect-metrics: engine={} samples={} failed={} dcgm_samples={} duration={:.3}s kv_cache_max={} gpu_util_p95={} hbm_used_p95_mib={}{} output_dir={}\n",
        summary.engine,
        summary.sample_count,
        summary.failed_sample_count,
        summary.dcgm_sample_count,
        summary.duration_seconds,
        number("kv_cache", "usage_fraction", |s| s.max),
        number("gpu_util", "DCGM_FI_DEV_GPU_UTIL", |s| s.p95),
        number("hbm", "DCGM_FI_DEV_FB_USED", |s| s.p95),
        if summary.partial { " partial=true" } else { "" },
        args.output_dir.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_line_says_how_far_it_is() {
        let at = MetricsProgress { done: 3, failed: 1, planned: 6 };
        assert_eq!(status(at), "3 of 6 samples, 1 failed; Ctrl-C keeps what is there");
    }
}
