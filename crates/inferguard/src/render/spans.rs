//! Spans on the screen of `inferguard check`: a line a file, then what stands out.

use lmcache_otel::{NameStats, SpanEvidence};

use super::text::{Sheet, count, plural, safe, seconds, short_path};
use crate::lanes::SpanRow;

/// Files with a line of their own.
const LINES: usize = 4;
/// Names whose lengths are shown.
const NAMES: usize = 4;

pub(super) fn spans(sheet: &mut Sheet, rows: &[SpanRow]) {
    let mut label = "SPANS";
    for (index, row) in rows.iter().take(LINES).enumerate() {
        let evidence = &row.evidence;
        // One exporter may write text and protobuf.
        let twin = |other: &&SpanRow| {
            other.evidence.names == evidence.names && other.evidence.trees == evidence.trees
        };
        if let Some(twin) = rows.iter().take(index).find(twin) {
            let (this, that) = (short_path(&row.path), short_path(&twin.path));
            sheet.entry(label, &safe(&format!("{this}: the same spans as {that}")));
            continue;
        }
        let foreign = match evidence.foreign_span_count {
            0 => String::new(),
            n => format!(", {} of others", count(n as f64)),
        };
        let text = format!(
            "{}: {} spans of LMCache in {} traces{foreign}",
            short_path(&row.path),
            count(evidence.lmcache_span_count as f64),
            count(evidence.trees.traces as f64),
        );
        sheet.entry(label, &safe(&text));
        label = "";
        for line in remarks(evidence) {
            sheet.entry_at("", 2, &safe(&line));
        }
    }
    if rows.len() > LINES {
        sheet.entry("", &plural(rows.len() - LINES, "more file"));
    }
    if label.is_empty() {
        sheet.blank();
    }
}

/// Lengths of the most frequent names, then what is not as it should be.
fn remarks(evidence: &SpanEvidence) -> Vec<String> {
    let mut timed: Vec<(&String, &NameStats)> =
        evidence.names.iter().filter(|(_, s)| s.duration.is_some()).collect();
    timed.sort_by_key(|(name, stats)| (std::cmp::Reverse(stats.count), name.as_str()));
    let mut out = Vec::new();
    for (name, stats) in timed.iter().take(NAMES) {
        let Some(d) = &stats.duration else { continue };
        let length = |ns: u64| seconds(ns as f64 / 1e9);
        out.push(format!(
            "{name}: {}, median {}, longest {}",
            count(stats.count as f64),
            length(d.p50_ns),
            length(d.max_ns)
        ));
    }
    let errors: u64 = evidence.names.values().map(|s| s.errors).sum();
    let trees = &evidence.trees;
    let orphans: u64 = trees.orphans.values().sum();
    for (n, what) in [
        (errors, "with an error"),
        (orphans, "whose parent is not in the file"),
        (evidence.sampling.dropped_items, "attributes or events that the sender left out"),
    ] {
        if n > 0 {
            out.push(format!("{} {what}", count(n as f64)));
        }
    }
    if trees.open_traces > 0 {
        out.push(format!(
            "{} traces without their root: the request had not ended, or its root was lost",
            count(trees.open_traces as f64)
        ));
    }
    if !evidence.unknown_names.is_empty() {
        let names = evidence.unknown_names.join(", ");
        out.push(format!("names that no examined release has: {names}"));
    }
    out
}
