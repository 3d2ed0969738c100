//! The bridge in the terminal: tokens by where they came from, how the sides agree, what does not fit.

use coverage_model::bridge::{Amount, Bridge, BridgeWindow, Difference, Reconciliation};

use super::running::claim;
use super::text::{Sheet, Style, count, safe, short_path, styled};
use super::worth::time;

/// Most windows that the table shows without `--all`.
const WINDOWS: usize = 12;

pub(super) fn cell(amount: Option<&Amount>) -> String {
    amount.map_or_else(|| "-".to_owned(), |a| count(a.value))
}

/// The name of a window: its last page.
pub(super) fn window_name(window: &BridgeWindow) -> &str {
    let base = short_path(&window.to);
    base.split_once('.').map_or(base, |(stem, _)| stem)
}

fn token_line(name: &str, window: &BridgeWindow) -> String {
    let t = &window.tokens;
    let short: String = name.chars().take(22).collect();
    format!(
        "{short:<22}{:>9}{:>10}{:>10}{:>10}{:>10}{:>9}",
        cell(t.prompt.as_ref()),
        cell(t.computed.as_ref()),
        cell(t.engine_local.as_ref()),
        cell(t.external.as_ref()),
        cell(t.hits.as_ref()),
        found(window).and_then(|r| r.difference).map_or_else(|| "-".to_owned(), count),
    )
}

pub(super) fn found(window: &BridgeWindow) -> Option<&Reconciliation> {
    window.compared("found")
}

pub(super) fn tokens(sheet: &mut Sheet, bridge: &Bridge, all: bool) {
    let Some(total) = &bridge.total else { return };
    if total.tokens.prompt.is_none()
        && total.tokens.requested.is_none()
        && bridge.windows.iter().all(|w| w.tokens.prompt.is_none())
    {
        return;
    }
    sheet.raw(&styled(
        Style::Bold,
        &format!(
            "{:<22}{:>9}{:>10}{:>10}{:>10}{:>10}{:>9}",
            "TOKENS to page", "prompt", "computed", "own cache", "external", "LMC found", "differ"
        ),
    ));
    let most = if all { usize::MAX } else { WINDOWS };
    let skip = bridge.windows.len().saturating_sub(most);
    if skip > 0 {
        sheet.raw(&format!("({skip} earlier windows: --all)"));
    }
    for window in bridge.windows.iter().skip(skip) {
        sheet.raw(&safe(&token_line(window_name(window), window)));
    }
    if bridge.windows.len() > 1 {
        sheet.raw(&token_line("all of them", total));
    }
    sheet.raw("differ = own cache + external - what LMCache found; - = not known");
    for row in &total.reconciliation {
        sheet.entry("", &safe(&reconciled(row)));
        for reason in &row.reasons {
            sheet.entry_at("", 2, &safe(reason));
        }
    }
    for note in &total.notes {
        sheet.entry_at("", 2, &safe(note));
    }
    if let (Some(l1), Some(l2)) = (&total.tokens.l1, &total.tokens.l2) {
        sheet.entry(
            "",
            &format!("found in L1 {}, brought from L2 {}", count(l1.value), count(l2.value)),
        );
    }
    sheet.blank();
}

/// One line of the reconciliation as a sentence.
pub(super) fn reconciled(row: &Reconciliation) -> String {
    let what = match row.what.as_str() {
        "prompt_accounted" => "prompt = computed + own cache + external",
        "promised" => "promised by the connector = external",
        "looked_up" => "prompt looked up in LMCache",
        "found" => "own cache + external = found by LMCache",
        "loaded" => "external = handed over by LMCache",
        other => other,
    };
    let numbers = format!("{} / {}", cell(row.engine.as_ref()), cell(row.lmcache.as_ref()));
    match (row.verdict, &row.tolerance) {
        (Difference::Equal, _) => format!("{what}: {numbers}, equal"),
        (Difference::WithinTolerance, Some(t)) => format!(
            "{what}: {numbers}, {} apart, within {} to {} ({})",
            count(row.difference.unwrap_or_default()),
            count(t.low),
            count(t.high),
            t.how
        ),
        (Difference::Beyond, Some(t)) => format!(
            "{what}: {numbers}, {} apart, beyond {} to {} ({})",
            count(row.difference.unwrap_or_default()),
            count(t.low),
            count(t.high),
            t.how
        ),
        _ => format!("{what}: {numbers}, not comparable"),
    }
}

pub(super) fn mismatches(sheet: &mut Sheet, bridge: &Bridge) {
    if bridge.mismatches.is_empty() && bridge.not_judged.is_empty() {
        return;
    }
    for (i, mismatch) in bridge.mismatches.iter().enumerate() {
        let code = mismatch.code.name();
        let style = if mismatch.code.is_wrong() { Style::Bad } else { Style::Dim };
        sheet.entry(if i == 0 { "MISMATCH" } else { "" }, &styled(style, code));
        sheet.entry_at("", 2, &safe(&format!("{} ({})", mismatch.says, claim(mismatch.claim))));
        for source in mismatch.evidence.iter().take(3) {
            sheet.entry_at("", 2, &safe(&sourced(source)));
        }
    }
    for open in &bridge.not_judged {
        sheet.entry("NOT TOLD", &safe(&format!("{}: {}", open.code.name(), open.why)));
        sheet.entry_at("", 2, &safe(&format!("would settle it: {}", open.would_settle.join("; "))));
    }
    sheet.blank();
}

/// The bridge in a few lines, for the screen of `check`.
pub(super) fn short(sheet: &mut Sheet, bridge: &Bridge) {
    let Some(total) = &bridge.total else { return };
    let t = &total.tokens;
    let engine = t.prompt.as_ref().filter(|p| p.value > 0.0);
    if engine.is_none() && bridge.mismatches.is_empty() {
        return;
    }
    let mut label = "TOKENS";
    if let (Some(prompt), Some(local), Some(external)) = (engine, &t.engine_local, &t.external) {
        let computed = t
            .computed
            .as_ref()
            .map_or_else(String::new, |c| format!("{} computed, ", count(c.value)));
        sheet.entry(
            label,
            &format!(
                "of {} prompt tokens {computed}{} from the engine's own cache, {} from outside",
                count(prompt.value),
                count(local.value),
                count(external.value)
            ),
        );
        label = "";
        if let Some(row) = found(total).filter(|r| r.lmcache.is_some()) {
            sheet.entry("", &safe(&reconciled(row)));
        }
    }
    for mismatch in &bridge.mismatches {
        // The finding of this code says more, above.
        sheet.entry(label, mismatch.code.name());
        label = "";
    }
    let worth = &bridge.worth;
    if let (Some(saved), Some(avoided)) =
        (worth.prefill_seconds_saved, worth.prefill_seconds_avoided)
        && avoided > 0.0
    {
        sheet.entry(
            label,
            &format!(
                "prefill time saved: {} ({} avoided less {} of retrieving)",
                time(saved),
                time(avoided),
                time(avoided - saved)
            ),
        );
        label = "";
    }
    if label.is_empty() {
        sheet.entry("", "inferguard observability-coverage says more");
        sheet.blank();
    }
}

/// A source as a phrase.
pub(super) fn sourced(source: &coverage_model::Source) -> String {
    let line = source.line.map_or_else(String::new, |l| format!(":{l}"));
    let value = source.value.as_ref().map_or_else(String::new, |v| format!(" = {v}"));
    format!("{}{value} ({}{line})", source.what, short_path(&source.artifact))
}
