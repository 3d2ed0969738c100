//! The screen of `inferguard cacheblend-report`.

use std::collections::BTreeMap;

use serde_json::Value;

use super::RenderOptions;
use super::inputs::inputs;
use super::text::{LABEL, Sheet, count, plural, safe};
use crate::report::{BlendMetrics, BlendRatios, CacheblendReport};

/// Renders the report.
pub fn cacheblend(report: &CacheblendReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    metrics(&mut sheet, &report.cacheblend_metrics);
    sheet.blank();
    let serde = &report.serde;
    if serde.present {
        sheet.entry("SERDE", "bytes, failures and times by serialiser");
        table(&mut sheet, "bytes in", &serde.bytes_in_by_serde);
        table(&mut sheet, "bytes out", &serde.bytes_out_by_serde);
        table(&mut sheet, "out a byte in", &serde.compression_ratio_by_serde);
        table(&mut sheet, "failures", &serde.failures_by_serde_direction);
        table(&mut sheet, "encoding, mean s", &serde.encode_avg_seconds_by_serde);
        table(&mut sheet, "decoding, mean s", &serde.decode_avg_seconds_by_serde);
    } else {
        sheet.entry("SERDE", "no such series on these pages (0.5.6 has none)");
    }
    let lifecycle = &report.lifecycle;
    if lifecycle.present {
        sheet.entry("LIFECYCLE", "operations between GPU and cache");
        table(&mut sheet, "mean s", &lifecycle.avg_duration_seconds_by_operation);
        table(&mut sheet, "chunks", &lifecycle.transfer_chunks_by_operation);
        table(&mut sheet, "tokens", &lifecycle.transfer_tokens_by_operation);
    } else {
        sheet.entry("LIFECYCLE", "no such series on these pages (0.5.6 has none)");
    }
    boundary(&mut sheet, lifecycle.boundary_evidence.as_ref());
    sheet.blank();
    inputs(&mut sheet, &report.inputs);
    sheet.finish()
}

fn metrics(sheet: &mut Sheet, found: &BlendMetrics) {
    if !found.present {
        sheet.entry(
            "BLEND",
            "no CacheBlend counter on these pages: not in use, not used yet, or another page",
        );
        return;
    }
    let windows = if found.windows > 0 {
        format!("since the start, and over {}", plural(found.windows, "window"))
    } else {
        "since the start: one scrape gives no window".to_owned()
    };
    sheet.entry("BLEND", &format!("{} counters, {windows}", found.counters.len()));
    for (name, total) in &found.counters {
        let grown = found.increases.get(name).map_or_else(String::new, |v| count(*v));
        row(sheet, name, &count(*total), &grown);
    }
    sheet.blank();
    sheet.entry("RATIOS", "since the start, and over the windows");
    let of = |ratios: &BlendRatios| {
        [
            ("tokens hit of tokens asked", ratios.blend_hit_rate),
            ("stale chunks a fingerprint hit", ratios.stale_ratio),
            ("storage hits a fingerprint hit", ratios.fingerprint_efficiency),
            ("evicted a registered fingerprint", ratios.eviction_rate),
        ]
    };
    let shown = |ratio: Option<f64>| ratio.map_or_else(|| "n/a".to_owned(), |r| format!("{r:.3}"));
    for ((title, total), (_, grown)) in of(&found.ratios).into_iter().zip(of(&found.in_windows)) {
        let grown = if found.windows > 0 { shown(grown) } else { String::new() };
        row(sheet, title, &shown(total), &grown);
    }
    sheet.entry_at("", 2, "n/a: one of the two counters is not there, or nothing was counted");
}

/// A row of numbers under the last entry.
fn row(sheet: &mut Sheet, name: &str, total: &str, grown: &str) {
    let indent = LABEL + 2;
    sheet.raw(&format!("{:indent$}{name:<36}{total:>12}{grown:>12}", ""));
}

fn table(sheet: &mut Sheet, title: &str, rows: &BTreeMap<String, f64>) {
    for (key, value) in rows {
        sheet.entry_at("", 2, &safe(&format!("{title} {key}: {}", count(*value))));
    }
}

fn boundary(sheet: &mut Sheet, evidence: Option<&Value>) {
    let Some(evidence) = evidence else {
        sheet.entry("BOUNDARY", "no boundary evidence was given");
        return;
    };
    let word = |key: &str| evidence.get(key).and_then(Value::as_str).unwrap_or("not_proven");
    let number = |key: &str| evidence.get(key).and_then(Value::as_u64).unwrap_or(0);
    sheet.entry(
        "BOUNDARY",
        &format!(
            "{}: {} of {} rows accepted",
            safe(word("claim_status")),
            number("accepted_count"),
            number("row_count")
        ),
    );
    for failure in evidence.get("failure_reasons").and_then(Value::as_array).into_iter().flatten() {
        let get = |key: &str| failure.get(key).and_then(Value::as_str).unwrap_or("");
        sheet.entry_at("", 2, &safe(&format!("{}: {}", get("code"), get("message"))));
    }
}
