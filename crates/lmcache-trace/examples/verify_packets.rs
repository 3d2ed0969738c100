//! Holds every trace of a tree of evidence packets against what lies beside it: the
//! figures of LMCache's own `trace info`, hand-counted labels (`truth.json`) and the
//! server's own metrics. For maintainers; exits with 1 where anything differs.
//!
//! ```console
//! $ cargo run --release --example verify_packets -- DIR
//! ```

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lmcache_trace::replay::{ReplayKind, collect, recognise};
use lmcache_trace::{Hooks, InfoOptions, ReuseOptions, ReuseView, TraceSummary, reuse, summarize};
use serde_json::Value;

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let Some(root) = std::env::args().nth(1) else {
        eprintln!("usage: verify_packets DIR");
        return ExitCode::from(2);
    };
    let mut traces = Vec::new();
    find(Path::new(&root), &mut traces);
    traces.sort();
    let mut wrong = 0;
    for path in &traces {
        let name = path.strip_prefix(&root).unwrap_or(path).display();
        match verify(path) {
            Ok((line, faults)) => {
                println!("{} {name}: {line}", if faults.is_empty() { "ok   " } else { "WRONG" });
                for fault in &faults {
                    println!("        {fault}");
                }
                wrong += usize::from(!faults.is_empty());
            }
            Err(error) => {
                println!("WRONG {name}: {error}");
                wrong += 1;
            }
        }
    }
    println!("{} traces, {wrong} wrong", traces.len());
    if wrong > 0 || traces.is_empty() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn find(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, out);
        } else if path.extension().is_some_and(|ext| ext == "lct") {
            out.push(path);
        }
    }
}

fn verify(path: &Path) -> Result<(String, Vec<String>), Box<dyn std::error::Error>> {
    let data = fs::read(path)?;
    let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default())?;
    let mut faults = Vec::new();
    let mut same = |what: &str, ours: u64, theirs: u64| {
        if ours != theirs {
            faults.push(format!("{what}: {ours} read, {theirs} expected"));
        }
    };
    same("unknown shapes", summary.unknown.iter().map(|row| row.count).sum(), 0);
    same("bytes read", summary.bytes, data.len() as u64);
    let mut sources = Vec::new();
    info_text(path, &summary, &mut same, &mut sources)?;
    truth(path, &data, &summary, &mut same, &mut sources)?;
    let pairing = summary.pairing.as_ref().map_or_else(String::new, |pairing| {
        let (w, r) = (&pairing.writes, &pairing.reads);
        format!(
            ", writes {}/{} ({} keys open), reads {}/{}",
            w.opening_calls, w.closing_calls, w.unclosed_keys, r.opening_calls, r.closing_calls
        )
    });
    let release = match (&summary.release.declared, &summary.release.min, &summary.release.max) {
        (Some(version), ..) => version.clone(),
        (None, Some(min), Some(max)) => format!("{min} to {max}"),
        (None, Some(min), None) => format!("{min} or newer"),
        _ => "release not told".to_owned(),
    };
    let issues: Vec<String> = summary
        .issues
        .first
        .iter()
        .map(|issue| format!("{} at {}", issue.code, issue.offset))
        .collect();
    let line = format!(
        "{} records, {} keys, {release}, end {:?}, issues {issues:?}{pairing}; against {sources:?}",
        summary.records, summary.keys.references, summary.end.kind
    );
    Ok((line, faults))
}

/// `trace info` outputs beside the trace: same name in the text's first line, or the
/// one output for the packet's one trace.
fn info_text(
    path: &Path,
    summary: &TraceSummary,
    same: &mut impl FnMut(&str, u64, u64),
    sources: &mut Vec<String>,
) -> Result<(), Box<dyn std::error::Error>> {
    let file_name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    for entry in fs::read_dir(path.parent().unwrap_or(path))?.flatten() {
        let text_path = entry.path();
        if text_path.extension().is_none_or(|ext| ext != "txt") {
            continue;
        }
        let text = fs::read(&text_path)?;
        if recognise(&text) != Some(ReplayKind::TraceInfo) {
            continue;
        }
        let name = text_path.display().to_string();
        for info in collect([(name.as_str(), text.as_slice())]).infos {
            if info.trace != file_name || info.trace.is_none() {
                continue;
            }
            let base = text_path.file_name().unwrap_or_default().to_string_lossy();
            sources.push(base.into_owned());
            same("total_records", summary.records, info.total_records.unwrap_or(u64::MAX));
            for op in &summary.ops {
                same(&op.short, op.count, info.ops.get(&op.qualname).copied().unwrap_or(0));
            }
            same("operations", summary.ops.len() as u64, info.ops.len() as u64);
            let ours = (summary.duration_s() * 1000.0).round();
            let theirs = (info.duration_s.unwrap_or(f64::NAN) * 1000.0).round();
            same("duration differs", u64::from(ours != theirs), 0);
            let torn = summary.issues.first.iter().find(|issue| issue.code == "torn_body");
            same("torn at", torn.map_or(0, |issue| issue.offset), info.torn_at.unwrap_or(0));
            if let Some(events) = &summary.events {
                let text = |name: &str| info.events.get(name).and_then(|n| n.parse::<u64>().ok());
                same("store_bytes", events.store_bytes, text("store_bytes").unwrap_or(u64::MAX));
                let with_tokens = text("entries_with_tokens").unwrap_or(u64::MAX);
                same("entries_with_tokens", events.entries_with_tokens, with_tokens);
                for row in &events.batches {
                    let backend = if row.backend.is_empty() { "-" } else { &row.backend };
                    let scope = if row.shared { "shared" } else { "local" };
                    let label =
                        format!("batches {}/{}/{backend}/{scope}", row.event_type, row.tier);
                    same(&label, row.batches, text(&label).unwrap_or(u64::MAX));
                }
            }
        }
    }
    Ok(())
}

/// Labels and the server's own metrics.
fn truth(
    path: &Path,
    data: &[u8],
    summary: &TraceSummary,
    same: &mut impl FnMut(&str, u64, u64),
    sources: &mut Vec<String>,
) -> Result<(), Box<dyn std::error::Error>> {
    let Some(dir) = path.ancestors().skip(1).find(|dir| dir.join("truth.json").is_file()) else {
        return Ok(());
    };
    let truth: Value = serde_json::from_slice(&fs::read(dir.join("truth.json"))?)?;
    let key = path.strip_prefix(dir)?.to_string_lossy().into_owned();
    if let Some(lct) = truth.pointer("/facts/lct").and_then(|lct| lct.get(&key)) {
        sources.push("truth.json".to_owned());
        let count = |name: &str| lct.get(name).and_then(Value::as_u64);
        same("bytes", summary.bytes, count("bytes").unwrap_or(u64::MAX));
        same("records", summary.records, count("records").unwrap_or(u64::MAX));
        let torn = summary.issues.first.iter().find(|issue| issue.code == "torn_body");
        let torn_at = count("torn_at_byte").unwrap_or(0);
        same("torn_at_byte", torn.map_or(0, |issue| issue.offset), torn_at);
        let ops = lct.get("operations").and_then(Value::as_object);
        for (name, n) in ops.into_iter().flatten() {
            same(name, summary.op_count(name), n.as_u64().unwrap_or(u64::MAX));
        }
    }
    // Counters are summed over restarts, a trace is of one process.
    if truth.pointer("/facts/process_restarts").and_then(Value::as_u64) != Some(0) {
        return Ok(());
    }
    let metric = |name: &str| truth.pointer(&format!("/facts/counters/{name}"))?.as_u64();
    let drops = metric("lmcache_mp_event_bus_dropped_events_total").unwrap_or(0);
    if let Some(pairing) = summary.pairing.as_ref().filter(|_| drops == 0 && summary.records > 0) {
        if let Some(failures) = metric("lmcache_mp_l1_allocation_failure_chunks_total") {
            sources.push(format!("{failures} allocation failures"));
            same("keys never finished", pairing.writes.unclosed_keys, failures);
        }
        if let Some(lookups) = metric("lmcache_mp_lookups_requests_total") {
            // Lookups that exit early submit no prefetch.
            let early = metric("lmcache_mp_lookup_early_exit_requests_total").unwrap_or(0);
            sources.push(format!("{lookups} lookups"));
            same("prefetches", pairing.prefetches.calls, lookups - early);
        }
    }
    let histogram = |name: &str, part: &str| {
        truth.pointer(&format!("/facts/histograms_last/{name}/{part}"))?.as_f64()
    };
    let objects = "lmcache_mp_real_reuse_gap_objects";
    if let Some((count, sum)) = histogram(objects, "count").zip(histogram(objects, "sum"))
        && drops == 0
    {
        let options = ReuseOptions::default().with_view(ReuseView::Served);
        let report = reuse(data, &options, Hooks::default())?;
        sources.push(format!("{count} reuses, gap sum {sum}"));
        // A read that fails gives its pins back without a record, and counts as a reuse
        // in the metric: then the trace has fewer, at most by the keys read.
        let reads = summary.pairing.as_ref().map_or(0, |pairing| pairing.reads.closed_keys);
        let missing = count - report.gap_touches.count;
        if missing > 0.0 && missing <= reads as f64 {
            sources.push(format!("{missing} of them failed reads without a record"));
        } else {
            same("reuses differ", u64::from(missing != 0.0), 0);
            same("reuse gap sum differs", u64::from(report.gap_touches.sum != sum), 0);
        }
    }
    Ok(())
}
