//! The screens of `trace reuse` and `trace replay-summary`.

use lmcache_trace::replay::{DigestMeaning, ReplayRun};
use lmcache_trace::{Gaps, ReuseReport, ReuseUnit, ReuseView};

use super::RenderOptions;
use super::text::{Sheet, Style, bytes, count, plural, safe, seconds, short_path, styled};
use crate::trace::{ReplaySummaryReport, TraceReuseReport};

/// Renders `trace reuse`.
pub fn trace_reuse(report: &TraceReuseReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    let reuse = &report.reuse;
    sheet.entry(
        "TRACE",
        &safe(&format!(
            "{}, {}, {} records",
            report.path,
            bytes(reuse.bytes as f64),
            count(reuse.records as f64)
        )),
    );
    if reuse.partial {
        let text = "stopped: everything below is about the part that was read";
        sheet.entry("PARTIAL", &styled(Style::Warn, text));
    }
    let unit = if reuse.unit == ReuseUnit::Chunk { "chunk" } else { "key" };
    let view = match reuse.view {
        ReuseView::Demand => "what was asked for (prefetches)",
        _ => "what was served (reads; as LMCache's own reuse histograms count)",
    };
    sheet.entry("COUNTED", &format!("{unit}s, {view}"));
    let exact = if reuse.exact {
        "exact".to_owned()
    } else {
        format!(
            "estimated from {:.2} % of the {unit}s: more --memory follows them all",
            reuse.sample_rate * 100.0
        )
    };
    sheet.entry(
        "REUSE",
        &format!(
            "{} references, {} of them to {unit}s not seen before; {} different; {exact}",
            count(reuse.references as f64),
            count(reuse.cold.round()),
            count(reuse.distinct.round())
        ),
    );
    if reuse.references == 0 {
        sheet.entry("", "no call of this trace counts as a reference: there is nothing to reuse");
        return sheet.finish();
    }
    gaps(&mut sheet, reuse, unit);
    curve(&mut sheet, reuse, unit);
    // Windows longer than the trace all say the same.
    let whole = reuse.working_sets.iter().position(|set| set.windows <= 1);
    let told = whole.map_or(reuse.working_sets.len(), |at| at + 1);
    for (i, set) in reuse.working_sets.iter().take(told).enumerate() {
        let label = if i == 0 { "IN USE" } else { "" };
        let size = reuse
            .object_bytes
            .filter(|_| reuse.unit == ReuseUnit::Key)
            .map_or_else(String::new, |n| format!(" ({})", bytes(set.max * n as f64)));
        sheet.entry(
            label,
            &format!(
                "in any {}: {} different {unit}s on average, at most {}{size} (at {})",
                seconds(set.window_s),
                count(set.mean.round()),
                count(set.max.round()),
                seconds(set.max_at_s)
            ),
        );
    }
    if reuse.issues.total() > 0 {
        let n = usize::try_from(reuse.issues.total()).unwrap_or(usize::MAX);
        sheet.entry("FAULTS", &format!("{} in the file: see trace check", plural(n, "fault")));
    }
    sheet.finish()
}

fn gaps(sheet: &mut Sheet, reuse: &ReuseReport, unit: &str) {
    let quantile = |gaps: &Gaps, q: f64| {
        gaps.quantiles.iter().find(|x| (x.q - q).abs() < 1e-9).map(|x| x.high)
    };
    let other = format!("in other {unit}s");
    let mut label = "GAPS";
    for (name, gaps) in [("in time", &reuse.gap_seconds), (other.as_str(), &reuse.gap_distinct)] {
        if gaps.count <= 0.0 {
            continue;
        }
        let show = |n: f64| if name == "in time" { seconds(n) } else { count(n.round()) };
        let part = |q| quantile(gaps, q).map_or_else(|| "-".to_owned(), show);
        sheet.entry(
            label,
            &format!(
                "{name}: half within {}, 90 % within {}, 99 % within {}, longest {}",
                part(0.5),
                part(0.9),
                part(0.99),
                show(gaps.max)
            ),
        );
        label = "";
    }
}

/// Rows of the curve that are shown.
const CURVE_ROWS: usize = 12;

fn curve(sheet: &mut Sheet, reuse: &ReuseReport, unit: &str) {
    if reuse.lru_curve.is_empty() {
        return;
    }
    sheet.entry("LRU", &format!("what an LRU cache of so many {unit}s would have served"));
    let room = sheet.width().saturating_sub(50).clamp(10, 40);
    // Of the sizes that serve nothing the largest is shown.
    let nothing = reuse.lru_curve.iter().take_while(|p| p.hits < 0.5).count();
    let points = reuse.lru_curve.get(nothing.saturating_sub(1)..).unwrap_or_default();
    let step = points.len().div_ceil(CURVE_ROWS).max(1);
    let last = points.len().saturating_sub(1);
    for (i, point) in points.iter().enumerate() {
        if i % step != 0 && i != last {
            continue;
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below 41")]
        let bar = (point.hit_ratio.clamp(0.0, 1.0) * room as f64).round() as usize;
        sheet.raw(&format!(
            "            {:>12} {:>12} hits {:>6.1} %  {}",
            count(point.size as f64),
            count(point.hits.round()),
            point.hit_ratio * 100.0,
            "█".repeat(bar)
        ));
    }
}

/// The names of files, without their directories; the JSON has the paths.
fn names(files: &[String]) -> String {
    let names: Vec<&str> = files.iter().map(|f| short_path(f)).collect();
    safe(&names.join(", "))
}

/// Renders `trace replay-summary`.
pub fn replay_summary(report: &ReplaySummaryReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    let evidence = &report.evidence;
    let files = evidence.report.files.len();
    sheet.entry(
        "READ",
        &format!(
            "{} of LMCache's trace tools: {}, {} of cache events, {} of trace info",
            plural(files, "output"),
            plural(evidence.report.runs.len(), "replay"),
            plural(evidence.report.events.len(), "replay"),
            plural(evidence.report.infos.len(), "output")
        ),
    );
    for (i, run) in evidence.report.runs.iter().enumerate() {
        sheet.blank();
        one(&mut sheet, i + 1, run, report);
    }
    for events in &evidence.report.events {
        sheet.blank();
        let n = |n: Option<u64>| n.map_or_else(|| "?".into(), |n| count(n as f64));
        sheet.entry("EVENTS", &names(&events.files));
        sheet.entry(
            "",
            &format!(
                "{} records of {} servers; {} batches delivered, {} applied, {} duplicate, {} stale; {} streams end \
                 without a stop mark",
                n(events.records),
                n(events.servers),
                n(events.batches_delivered),
                n(events.batches_applied),
                n(events.batches_duplicate),
                n(events.batches_stale),
                n(events.streams_cut)
            ),
        );
    }
    for info in &evidence.report.infos {
        sheet.blank();
        sheet.entry("INFO", &names(&info.files));
        if let Some(error) = &info.error {
            sheet.entry("", &styled(Style::Bad, &safe(error)));
            continue;
        }
        let duration = info.duration_s.map_or_else(|| "?".into(), seconds);
        let records = info.total_records.map_or_else(|| "?".into(), |n| count(n as f64));
        let torn = info.torn_at.map_or_else(String::new, |at| format!(", cut off at byte {at}"));
        sheet.entry(
            "",
            &safe(&format!(
                "level {}, {records} records over {duration}{torn}",
                info.level.as_deref().unwrap_or("unknown")
            )),
        );
    }
    for (i, error) in evidence.parse_errors.iter().enumerate() {
        if i == 0 {
            sheet.blank();
        }
        sheet.entry(if i == 0 { "NOT READ" } else { "" }, &safe(error));
    }
    sheet.finish()
}

fn one(sheet: &mut Sheet, number: usize, run: &ReplayRun, report: &ReplaySummaryReport) {
    sheet.entry(&format!("REPLAY {number}"), &names(&run.files));
    let n = |n: Option<u64>| n.map_or_else(|| "?".into(), |n| count(n as f64));
    let duration = run.duration_s.map_or_else(|| "duration not told".into(), seconds);
    sheet.entry(
        "",
        &format!(
            "{} records, {} replayed, {} skipped, {} failed; {duration}",
            n(run.records_total),
            n(run.records_replayed),
            n(run.records_skipped),
            n(run.records_failed)
        ),
    );
    if !run.ops.is_empty() {
        sheet.raw(&format!(
            "            {:<24} {:>8} {:>6} {:>8} {:>8} {:>8} ms",
            "operation", "calls", "failed", "p50", "p90", "p99"
        ));
    }
    for (name, op) in &run.ops {
        let ms = |v: Option<f64>| v.map_or_else(|| "-".into(), |v| format!("{v:.2}"));
        let short = name.rsplit('.').next().unwrap_or(name);
        sheet.raw(&format!(
            "            {:<24} {:>8} {:>6} {:>8} {:>8} {:>8}",
            safe(short),
            count(op.count as f64),
            op.errors.map_or_else(|| "?".into(), |e| count(e as f64)),
            ms(op.p50_ms),
            ms(op.p90_ms),
            ms(op.p99_ms)
        ));
    }
    if let Some(verdict) = report.verdicts.get(number - 1) {
        let style = match verdict.meaning {
            Some(DigestMeaning::SameConfiguration) => Style::Good,
            Some(DigestMeaning::OtherConfiguration) => Style::Bad,
            _ => Style::Dim,
        };
        let trace = verdict
            .trace
            .as_ref()
            .map_or_else(String::new, |t| format!(" (compared with {})", short_path(t)));
        sheet.entry("CONFIG", &styled(style, &safe(&format!("{}{trace}", verdict.because))));
    }
}
