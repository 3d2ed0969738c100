//! The screens of `capacity` and `misses`.

use cache_sizing::{Order, Reason};

use super::RenderOptions;
use super::plot::{gib, policy_name, size, terminal};
use super::text::{Sheet, Style, count, moment, plural, safe, seconds, short_path, styled};
use crate::report::{CapacityReport, MissesReport, RequestRow, SizeRow};
use crate::sizing::{Loss, Of};

fn n(value: u64) -> String {
    count(value as f64)
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}

fn share(part: u64, all: u64) -> String {
    percent(if all == 0 { 0.0 } else { part as f64 / all as f64 })
}

fn source(name: &str, files: &[String]) -> String {
    let what = if name == "trace" { "storage traces" } else { "lookup-hash logs" };
    let named: Vec<&str> = files.iter().take(3).map(|f| short_path(f)).collect();
    let more = files.len().saturating_sub(named.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    safe(&format!("{what}: {}{more}", named.join(", ")))
}

/// Renders `capacity`.
pub fn capacity(report: &CapacityReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    sheet.entry("READ", &source(&report.source, &report.files));
    let unit = &report.token_unit;
    sheet.entry(
        "LOOKUPS",
        &format!(
            "{} of {} {unit} in {} chunks, {} of them different ({}), over {} from {}",
            n(report.lookups),
            n(report.tokens),
            n(report.chunks),
            n(report.distinct_chunks),
            size(report, report.distinct_bytes),
            seconds(report.span_s),
            moment(report.first_at)
        ),
    );
    if !report.exact {
        let text = format!("estimates: one chunk in {} was followed", report.one_in);
        sheet.entry("SAMPLE", &styled(Style::Warn, &text));
    }
    let bound = format!(
        "without limit {} of all {unit} would be hits. The rest: {} asked for the first time, {} \
         behind the last whole chunk",
        percent(report.bound.hit_rate),
        share(report.cold_tokens, report.tokens),
        share(report.tail_tokens, report.tokens)
    );
    sheet.entry("BOUND", &bound);
    if report.bound.hit_tokens > 0 {
        let order = match report.order {
            Order::TailFirst => "",
            Order::HeadFirst => ", heads evicted first as in LMCache's cache-simulator",
        };
        sheet.entry("CURVE", &format!("hit rate of a plain LRU cache by its size{order}"));
        for line in terminal(report, sheet.width()) {
            sheet.raw(&line);
        }
        sheet.entry(
            "  E",
            &format!("enough: {} serves all that any size can", size(report, report.enough_bytes)),
        );
        match report.bend {
            Some(bend) => sheet.entry(
                "  B",
                &format!(
                    "bend: beyond {} ({}) a byte brings less than on average",
                    size(report, bend.bytes),
                    percent(bend.hit_rate)
                ),
            ),
            None => sheet
                .entry("", "no bend: no size before that brings more for a byte than the others"),
        }
    }
    if let Some(target) = report.target {
        let text = match target.bytes {
            Some(bytes) => {
                format!("{} is reached at {}", percent(target.hit_rate), size(report, bytes))
            }
            None => format!(
                "{} is out of reach: the most is {}",
                percent(target.hit_rate),
                percent(report.bound.hit_rate)
            ),
        };
        sheet.entry("  T", &format!("target: {text}"));
    }
    current(report, &mut sheet);
    table(report, &mut sheet);
    groups(report, &mut sheet);
    let set = &report.working_set;
    sheet.entry(
        "IN USE",
        &format!(
            "in any {}: {} of different chunks on average, at most {} (from {})",
            seconds(set.window_s),
            whole_size(report, set.mean_bytes),
            whole_size(report, set.max_bytes),
            moment(set.max_at)
        ),
    );
    over_time(report, &mut sheet);
    for note in &report.notes {
        sheet.entry("NOTE", &safe(note));
    }
    sheet.finish()
}

fn whole_size(report: &CapacityReport, bytes: f64) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a size")]
    let bytes = bytes.max(0.0).round() as u64;
    size(report, bytes)
}

fn current(report: &CapacityReport, sheet: &mut Sheet) {
    let Some(current) = &report.current else { return };
    let row = &current.row;
    let reach = if report.bound.hit_tokens == 0 {
        "there is no reuse to win".to_owned()
    } else {
        format!(
            "{} of what any size can; {} missed for its size",
            share(row.hit.tokens, report.bound.hit_tokens),
            share(row.capacity_miss_tokens, report.tokens)
        )
    };
    sheet.entry(
        "  C",
        &format!(
            "current: {} ({}) gets {}: {reach}",
            size(report, row.bytes),
            safe(short_path(&current.because)),
            percent(row.hit_rate)
        ),
    );
    if let Some(counted) = &current.counted {
        let simulated = row.simulated_hit_rate.map_or_else(|| "?".into(), percent);
        let all = report.tokens.max(1) as f64;
        sheet.entry(
            "",
            &format!(
                "the server counted {} hit tokens of these lookups ({}); the simulation of its \
                 policy gives {simulated}",
                count(counted.hit_tokens),
                percent(counted.hit_tokens / all)
            ),
        );
    }
}

fn table(report: &CapacityReport, sheet: &mut Sheet) {
    let saves = report.sizes.iter().any(|r| r.saves.is_some());
    let money = report.sizes.iter().any(|r| r.saves.is_some_and(|s| s.money.is_some()));
    let l2 = if report.l2 { " + L2" } else { "" };
    sheet.entry(
        "SIZES",
        &format!(
            "plain LRU, and LMCache's {}{l2} with watermark {} and ratio {}, simulated",
            policy_name(report),
            report.eviction.watermark,
            report.eviction.ratio
        ),
    );
    let unit = if saves { "prefill saved" } else { "" };
    let price = if money { "worth" } else { "" };
    sheet.raw(&format!(
        "          {:>11} {:>8} {:>9} {:>12} {:>13} {:>7}",
        "size", "LRU", "LMCache", "too small for", unit, price
    ));
    for row in &report.sizes {
        sheet.raw(&table_row(report, row));
    }
}

fn table_row(report: &CapacityReport, row: &SizeRow) -> String {
    let simulated = row.simulated_hit_rate.map_or_else(|| "-".into(), percent);
    let saved = row.saves.map_or_else(String::new, |s| seconds(s.prefill_seconds));
    let money = row.saves.and_then(|s| s.money).map_or_else(String::new, |m| format!("{m:.2}"));
    let range = if report.exact {
        String::new()
    } else {
        format!(
            "  ({} to {})",
            share(row.hit.low, report.tokens),
            share(row.hit.high, report.tokens)
        )
    };
    format!(
        "          {:>11} {:>8} {:>9} {:>13} {:>13} {:>7}{range}",
        size(report, row.bytes),
        percent(row.hit_rate),
        simulated,
        share(row.capacity_miss_tokens, report.tokens),
        saved,
        money
    )
}

fn groups(report: &CapacityReport, sheet: &mut Sheet) {
    if report.groups.is_empty() {
        return;
    }
    sheet.entry("BY GROUP", "share of its own tokens that a cache shared by all serves");
    let shown: Vec<usize> = picks(report.sizes.len(), 4);
    let head =
        cells(shown.iter().filter_map(|i| report.sizes.get(*i)).map(|r| size(report, r.bytes)));
    sheet.raw(&format!("          {:<18} {:>7}{head}", "", "bound"));
    for group in &report.groups {
        let cells = cells(
            shown
                .iter()
                .filter_map(|i| group.hit_tokens.get(*i))
                .map(|hit| share(*hit, group.tokens)),
        );
        let name: String = safe(&group.name).chars().take(18).collect();
        sheet.raw(&format!(
            "          {name:<18} {:>7}{cells}",
            share(group.bound_tokens, group.tokens)
        ));
    }
}

/// Texts side by side.
fn cells(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |line, text| format!("{line}{text:>10}"))
}

/// At most `most` of `len` places, the last among them, evenly spread.
fn picks(len: usize, most: usize) -> Vec<usize> {
    let step = len.div_ceil(most.max(1)).max(1);
    let mut out: Vec<usize> = (0..len).rev().step_by(step).collect();
    out.reverse();
    out
}

/// The working set as a line of bars.
fn over_time(report: &CapacityReport, sheet: &mut Sheet) {
    const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let set = &report.working_set;
    let (Some(first), Some(last)) = (set.windows.first(), set.windows.last()) else { return };
    let columns = sheet.width().saturating_sub(12).min(60);
    let slots = (last.at_s - first.at_s) / set.window_s + 1.0;
    if slots < 2.0 || set.max_bytes <= 0.0 {
        return;
    }
    let mut line = vec![0.0_f64; columns];
    for window in &set.windows {
        let place = (window.at_s - first.at_s) / set.window_s;
        let scale = if slots > columns as f64 { columns as f64 / slots } else { 1.0 };
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a column")]
        let at = (place * scale) as usize;
        if let Some(slot) = line.get_mut(at) {
            *slot = slot.max(window.bytes);
        }
    }
    let text: String = line
        .iter()
        .map(|bytes| {
            if *bytes <= 0.0 {
                return ' ';
            }
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 7")]
            let at = (bytes / set.max_bytes * 7.0).round() as usize;
            BARS.get(at).copied().unwrap_or('█')
        })
        .collect();
    sheet.raw(&format!("          {}", text.trim_end()));
}

/// Renders `misses`.
pub fn misses(report: &MissesReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    sheet.entry("READ", &source(&report.source, &report.files));
    let unit = &report.token_unit;
    sheet.entry(
        "LOOKUPS",
        &format!(
            "{} of {} {unit}: {} hit ({}), {} missed",
            n(report.lookups),
            n(report.tokens),
            n(report.hit_tokens),
            share(report.hit_tokens, report.tokens),
            n(report.missed_tokens)
        ),
    );
    let l2 = if report.l2 { ", with an L2 behind it" } else { "" };
    let held = match (report.l1_bytes, &report.l1_because) {
        (Some(bytes), Some(because)) => {
            format!("an L1 of {}{l2} ({})", gib(bytes), safe(short_path(because)))
        }
        _ => format!("an L1 without limit{l2}: its size is not known"),
    };
    sheet.entry("AGAINST", &held);
    for (i, cleared) in report.cleared.iter().enumerate() {
        let label = if i == 0 { "EMPTIED" } else { "" };
        sheet.entry(
            label,
            &format!("{}: {}", moment(cleared.at), safe(short_path(&cleared.because))),
        );
    }
    if report.measured_lookups > 0 {
        let files: Vec<&str> = report.request_files.iter().map(|f| short_path(f)).collect();
        let text = format!(
            "the hits of {} of {} lookups are measured one by one: {}",
            n(report.measured_lookups),
            n(report.lookups),
            safe(&files.join(", "))
        );
        sheet.entry("MEASURED", &text);
    }
    losses(report, &mut sheet);
    if let Some(counted) = &report.counted {
        sheet.entry(
            "COUNTED",
            &format!(
                "the server counted {} hit tokens of these lookups; the simulation gives {}",
                count(counted.hit_tokens),
                n(report.simulated_hit_tokens)
            ),
        );
    }
    sheet.entry(
        "REASONS",
        &format!("of all missed {unit}, and what curing one alone brings at most"),
    );
    for row in report.reasons.iter().filter(|r| r.tokens > 0) {
        let brings = match row.would_bring {
            Some(0) => "nothing".into(),
            Some(tokens) => format!("+{}", share(tokens, report.tokens)),
            None => "-".into(),
        };
        sheet.raw(&format!(
            "          {:<12} {:>12} {:>8}  {:>9}",
            row.reason.name(),
            n(row.tokens),
            percent(row.share),
            brings
        ));
        sheet.entry_at("", 13, &styled(Style::Dim, &row.about));
    }
    divergence(report, &mut sheet);
    families(report, &mut sheet);
    worst(report, &mut sheet);
    slowest(report, &mut sheet);
    for note in &report.notes {
        sheet.entry("NOTE", &safe(note));
    }
    sheet.finish()
}

fn losses(report: &MissesReport, sheet: &mut Sheet) {
    for (i, one) in report.losses.iter().enumerate() {
        sheet.entry(if i == 0 { "LOST" } else { "" }, &safe(&loss(one)));
    }
}

/// `loads that failed: 64 chunks (mp.l2.prefetch_failure)`.
pub(crate) fn loss(loss: &Loss) -> String {
    let what = match loss.reason {
        Reason::LoadFailed => "loads that failed",
        Reason::StoreFailed => "stores that failed",
        _ => "evictions from L2, which is simulated without a limit",
    };
    let of = if loss.of == Of::Calls { "calls" } else { "chunks" };
    format!("{what}: {} {of} ({})", count(loss.count), loss.because)
}

/// Fewer different lengths of prompts repeat by chance.
const LENGTHS: u64 = 10;
/// Places that are shown.
const SHOWN: usize = 5;

fn divergence(report: &MissesReport, sheet: &mut Sheet) {
    if report.divergence.is_empty() {
        return;
    }
    sheet.entry(
        "LEAVES AT",
        &format!(
            "the chunk at which {} ({}) leave every prompt before them",
            plural(usize::try_from(report.lookups_leaving).unwrap_or(usize::MAX), "lookup"),
            share(report.lookups_leaving, report.lookups)
        ),
    );
    for row in report.divergence.iter().take(SHOWN) {
        sheet.raw(&format!(
            "          chunk {:<6} {:>10} lookups {:>8}",
            row.chunk + 1,
            n(row.lookups),
            share(row.lookups, report.lookups)
        ));
    }
    if let Some(head) = report.divergence.iter().find(|d| d.chunk == 0) {
        let first = share(head.lookups, report.lookups);
        let lengths = if report.lengths < LENGTHS {
            format!(
                "which of the two, {} of all prompts cannot tell",
                plural(usize::try_from(report.lengths).unwrap_or(usize::MAX), "length")
            )
        } else {
            format!(
                "{} of them are exactly as long as an earlier prompt: many such speak for the former",
                share(head.same_length, head.lookups)
            )
        };
        sheet.entry(
            "",
            &format!(
                "in {first} of all lookups the first chunk is one that nobody had: the same prompts \
                 with a timestamp or a session id in their head, or prompts of their own; {lengths}"
            ),
        );
    }
}

fn families(report: &MissesReport, sheet: &mut Sheet) {
    if report.families.is_empty() {
        return;
    }
    sheet.entry(
        "FAMILIES",
        &format!("prompts by their first chunk ({} different), most reuse first", n(report.heads)),
    );
    sheet.raw(&format!(
        "          {:<12} {:>9} {:>14} {:>9} {:>9}  model",
        "first chunk", "lookups", report.token_unit, "reusable", "hit"
    ));
    for row in report.families.iter().take(SHOWN) {
        let model: String = safe(&row.model).chars().take(14).collect();
        sheet.raw(&format!(
            "          {:<12} {:>9} {:>14} {:>9} {:>9}  {model}",
            row.id,
            n(row.lookups),
            n(row.tokens),
            share(row.reused_tokens, row.tokens),
            share(row.hit_tokens, row.tokens)
        ));
    }
}

fn worst(report: &MissesReport, sheet: &mut Sheet) {
    if report.worst.is_empty() {
        return;
    }
    sheet.entry("WORST", &format!("requests with the most missed {}", report.token_unit));
    for row in report.worst.iter().take(SHOWN) {
        sheet.raw(&format!("          {:<12} {}", id(row), missed(row)));
    }
}

fn slowest(report: &MissesReport, sheet: &mut Sheet) {
    let Some(latency) = report.latency else { return };
    if report.slowest.is_empty() {
        return;
    }
    sheet.entry(
        "SLOWEST",
        &format!(
            "{}, of the {} of {} lookups that the input tells it of",
            latency.words(),
            n(report.timed_lookups),
            n(report.lookups)
        ),
    );
    for row in report.slowest.iter().take(SHOWN) {
        let took = row.seconds.map_or_else(String::new, |s| format!("{s:.3} s"));
        sheet.raw(&format!("          {:<12} {took:>9}  {}", id(row), missed(row)));
    }
}

fn id(row: &RequestRow) -> &str {
    if row.id.is_empty() { "(no id)" } else { &row.id }
}

/// How much a request missed, and most of it why.
fn missed(row: &RequestRow) -> String {
    let missed = row.tokens.saturating_sub(row.hit_tokens);
    let most = row.reasons.iter().max_by_key(|(_, tokens)| *tokens);
    let why =
        most.map_or_else(String::new, |(reason, _)| format!(", most of it {}", reason.name()));
    format!("{} of {} missed{why}", n(missed), n(row.tokens))
}
