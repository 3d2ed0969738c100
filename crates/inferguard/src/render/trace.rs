//! The screens of `trace info` and `trace check`.

use lmcache_trace::{Grade, OpStats, Pairing, Rate, TraceSummary};

use super::RenderOptions;
use super::text::{Sheet, Style, bytes, count, moment, plural, safe, seconds, styled};
use crate::trace::{TraceCheckReport, TraceFile, TraceInfoReport};

/// Renders `trace info`: one screen a trace.
pub fn trace_info(report: &TraceInfoReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    for (i, file) in report.files.iter().enumerate() {
        if i > 0 {
            sheet.blank();
        }
        one(&mut sheet, file);
    }
    sheet.finish()
}

fn one(sheet: &mut Sheet, file: &TraceFile) {
    let evidence = &file.evidence;
    sheet.entry(
        "TRACE",
        &safe(&format!("{}, {}", file.path, bytes(evidence.file_size_bytes as f64))),
    );
    if !evidence.sha256.is_empty() {
        sheet.raw(&format!("          SHA-256 {}", evidence.sha256));
    }
    if file.partial {
        let text = "stopped: everything below is about the part that was read";
        sheet.entry("PARTIAL", &styled(Style::Warn, text));
    }
    if let Some(error) = &file.error {
        sheet.entry("ERROR", &styled(Style::Bad, &safe(error)));
    }
    let Some(summary) = &evidence.summary else { return };
    head(sheet, summary);
    calls(sheet, &summary.ops);
    keys(sheet, summary);
    if let Some(pairing) = &summary.pairing {
        pairs(sheet, pairing);
    }
    events(sheet, summary);
    rate(sheet, &summary.rate);
    observations(sheet, &evidence.check);
}

fn head(sheet: &mut Sheet, summary: &TraceSummary) {
    let header = &summary.header;
    let started = header.t_wall_start.map_or_else(String::new, |t| format!(", {}", moment(t)));
    sheet.entry(
        "LEVEL",
        &format!(
            "{}, format {}, schema {}{started}",
            safe(header.level.as_str()),
            header.format_version,
            header.trace_schema_version
        ),
    );
    let release = &summary.release;
    let text = match (&release.declared, &release.min, &release.max) {
        (Some(named), _, _) => format!("LMCache {named}, as its header says"),
        _ if release.contradictory => "the shapes of several releases are mixed".into(),
        (_, Some(a), Some(b)) if a == b => format!("LMCache {a}"),
        (_, Some(a), Some(b)) => format!("LMCache {a} to {b}"),
        (_, Some(a), None) => format!("LMCache {a} or newer"),
        _ => "no call tells which LMCache wrote this".into(),
    };
    sheet.entry("WRITER", &safe(&text));
    for why in &release.decided_by {
        sheet.entry_at("", 2, why);
    }
    let clocks = &summary.clocks;
    if let (Some(mono), Some(wall)) = (clocks.duration_mono_s, clocks.duration_wall_s) {
        let drift = clocks.drift_s.filter(|d| d.abs() >= 0.001).map_or_else(
            || "clocks agree".to_owned(),
            |d| format!("wall clock drifts by {d:+.3} s"),
        );
        sheet.entry(
            "TIME",
            &format!(
                "first to last call {} (monotonic), {} (wall clock); {drift}",
                seconds(mono),
                seconds(wall)
            ),
        );
    }
    let style = if matches!(summary.end.kind, lmcache_trace::EndKind::Closed) {
        Style::Good
    } else {
        Style::Warn
    };
    sheet.entry("END", &styled(style, &safe(&summary.end.meaning)));
}

fn calls(sheet: &mut Sheet, ops: &[OpStats]) {
    let total: u64 = ops.iter().map(|op| op.count).sum();
    sheet.entry("CALLS", &format!("{} in all", count(total as f64)));
    for op in ops {
        let keys = if op.keys.sum == 0 {
            String::new()
        } else if op.keys.min == op.keys.max {
            format!("{} keys, {} a call", count(op.keys.sum as f64), op.keys.max)
        } else {
            format!("{} keys, {} to {} a call", count(op.keys.sum as f64), op.keys.min, op.keys.max)
        };
        let unknown = if op.known { "" } else { " (unknown operation)" };
        sheet.raw(&format!(
            "            {:<26} {:>12}   {keys}{unknown}",
            safe(&op.short),
            count(op.count as f64),
        ));
    }
}

fn keys(sheet: &mut Sheet, summary: &TraceSummary) {
    let keys = &summary.keys;
    if keys.references > 0 {
        let distinct = if keys.distinct.exact {
            count(keys.distinct.count as f64)
        } else {
            format!(
                "about {} (within {:.1} % in 19 of 20 cases)",
                count(keys.distinct.count as f64),
                keys.distinct.relative_error * 200.0
            )
        };
        sheet.entry(
            "KEYS",
            &format!(
                "{} named, {distinct} different, {} named again",
                count(keys.references as f64),
                count(keys.repeats as f64)
            ),
        );
    }
    for model in &summary.models {
        let name = if model.name.is_empty() { "(no name)" } else { &model.name };
        sheet.entry_at("", 2, &safe(&format!("model {name}: {} keys", count(model.keys as f64))));
    }
    if summary.ranks.len() > 1 {
        let list: Vec<String> = summary
            .ranks
            .iter()
            .map(|r| match (r.global_rank, r.world_size) {
                (Some(rank), Some(world)) => {
                    format!("{rank} of {world}: {}", count(r.keys as f64))
                }
                _ => format!("others: {}", count(r.keys as f64)),
            })
            .collect();
        sheet.entry_at("", 2, &format!("KV ranks {}", list.join(", ")));
    }
    if summary.groups.len() > 1 {
        let list: Vec<String> = summary
            .groups
            .iter()
            .map(|g| {
                let name = g.object_group_id.map_or_else(|| "others".into(), |id| id.to_string());
                format!("{name}: {}", count(g.keys as f64))
            })
            .collect();
        sheet.entry_at("", 2, &format!("object groups {}", list.join(", ")));
    }
    for layout in summary.layouts.iter().take(8) {
        let tensors: Vec<String> = layout
            .tensors
            .iter()
            .take(4)
            .map(|t| format!("{} {:?}", t.dtype.trim_start_matches("torch."), t.shape))
            .collect();
        let size =
            layout.bytes_per_chunk.map_or_else(|| "size unknown".into(), |n| bytes(n as f64));
        let more = if layout.tensors.len() > 4 { ", ..." } else { "" };
        let calls = plural(usize::try_from(layout.calls).unwrap_or(usize::MAX), "call");
        sheet.entry_at(
            "",
            2,
            &safe(&format!("layout {}{more}: {size} a chunk, in {calls}", tensors.join(", "))),
        );
    }
}

fn pairs(sheet: &mut Sheet, pairing: &Pairing) {
    let n = |n: u64| count(n as f64);
    let writes = &pairing.writes;
    let mut label = "PAIRS";
    let mut say = |sheet: &mut Sheet, text: String| {
        sheet.entry(label, &text);
        label = "";
    };
    if writes.opening_calls > 0 {
        let lost = if writes.unclosed_keys == 0 {
            String::new()
        } else {
            let age = writes.oldest_unclosed_s.map_or_else(String::new, |s| {
                format!("; the oldest call was {} old at the end", seconds(s))
            });
            format!(" ({} keys without room or lost{age})", n(writes.unclosed_keys))
        };
        say(
            sheet,
            format!(
                "{} writes reserved: {} finished whole, {} in part, {} never{lost}",
                n(writes.opening_calls),
                n(writes.closed_calls),
                n(writes.partly_closed_calls),
                n(writes.unclosed_calls),
            ),
        );
    }
    let prefetches = &pairing.prefetches;
    if prefetches.calls > 0 {
        say(
            sheet,
            format!(
                "{} prefetches: {} answered by a read or release, {} asked for what was never written here (misses), {} \
                 unanswered although written, {} asked again",
                n(prefetches.calls),
                n(prefetches.answered_calls),
                n(prefetches.expected_misses),
                n(prefetches.unanswered_although_written),
                n(prefetches.superseded_calls),
            ),
        );
    }
    let reads = &pairing.reads;
    if reads.opening_calls > 0 {
        let open = reads.unclosed_calls + reads.partly_closed_calls;
        say(sheet, format!("{} reads entered, {} not left", n(reads.opening_calls), n(open)));
    }
    if !pairing.is_exact() {
        say(sheet, "not every key could be followed in the memory given: lower bounds".into());
    }
}

fn events(sheet: &mut Sheet, summary: &TraceSummary) {
    let Some(events) = &summary.events else { return };
    for (i, batch) in events.batches.iter().enumerate().take(12) {
        let label = if i == 0 { "EVENTS" } else { "" };
        sheet.entry(
            label,
            &safe(&format!(
                "{} {}/{}: {} batches, {} entries, {}",
                batch.event_type,
                batch.tier,
                batch.backend,
                count(batch.batches as f64),
                count(batch.entries as f64),
                bytes(batch.size_bytes as f64)
            )),
        );
    }
    if events.tokens > 0 {
        sheet.entry_at(
            "",
            2,
            &format!(
                "the file holds {} raw token ids: treat it as a prompt",
                count(events.tokens as f64)
            ),
        );
    }
}

/// One character a bucket, from nothing to the fullest bucket.
fn rate(sheet: &mut Sheet, rate: &Rate) {
    const STEPS: [char; 9] = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let max = rate.records.iter().copied().max().unwrap_or(0);
    if max == 0 || rate.records.len() < 2 {
        return;
    }
    let room = sheet.width().saturating_sub(12).clamp(20, 60);
    let join = rate.records.len().div_ceil(room);
    let joined: Vec<u64> = rate.records.chunks(join).map(|c| c.iter().sum()).collect();
    let max = joined.iter().copied().max().unwrap_or(1).max(1);
    let line: String = joined
        .iter()
        .map(|n| {
            let step = if *n == 0 { 0 } else { 1 + (n.saturating_sub(1)) * 8 / max };
            STEPS.get(usize::try_from(step).unwrap_or(8)).copied().unwrap_or('█')
        })
        .collect();
    let width = rate.width_s * join as f64;
    sheet.entry(
        "RATE",
        &format!(
            "at most {:.1} calls/s over {}; a column is {}",
            max as f64 / width,
            seconds(width),
            seconds(width)
        ),
    );
    sheet.raw(&format!("            {line}"));
}

fn observations(sheet: &mut Sheet, check: &[lmcache_trace::Observation]) {
    let shown: Vec<_> = check.iter().filter(|o| o.code != "end").collect();
    if shown.is_empty() {
        sheet.entry("CHECK", &styled(Style::Good, "nothing wrong in what was read"));
    }
    for (i, observation) in shown.iter().enumerate() {
        let label = if i == 0 { "CHECK" } else { "" };
        sheet.entry(label, &line(observation));
    }
}

fn line(observation: &lmcache_trace::Observation) -> String {
    let place = observation.offset.map_or_else(String::new, |at| format!(" (first at byte {at})"));
    let text = safe(&format!("{}: {}{place}", observation.code, observation.message));
    match observation.grade {
        Grade::Defect => styled(Style::Bad, &text),
        _ => text,
    }
}

/// Renders `trace check`.
pub fn trace_check(report: &TraceCheckReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    for file in &report.files {
        let verdict = if let Some(error) = &file.error {
            styled(Style::Bad, &safe(&format!("unreadable: {error}")))
        } else if file.sound {
            styled(Style::Good, "sound")
        } else {
            styled(Style::Bad, "has defects")
        };
        let partial = if file.partial { " (stopped: only this much was read)" } else { "" };
        sheet.raw(&format!("{}: {verdict}", safe(&file.path)));
        let read = format!(
            "{} records, {}{partial}",
            count(file.records as f64),
            bytes(file.bytes as f64)
        );
        sheet.entry_at("", 0, &read);
        for (grade, label) in [(Grade::Defect, "DEFECT"), (Grade::Note, "NOTE")] {
            for observation in file.observations.iter().filter(|o| o.grade == grade) {
                sheet.entry(label, &line(observation));
            }
        }
    }
    sheet.finish()
}
