//! The terminal rendering of `inferguard observability-coverage`.

use std::fmt::Write as _;

use coverage_model::Status;
use coverage_model::bridge::{Amount, Bridge, BridgeWindow, Difference, Reconciliation, Worth};

use super::findings::{cannot_tell, wrong};
use super::inputs::inputs;
use super::running::{claim, releases};
use super::text::{Sheet, Style, bytes, count, safe, seconds, short_path, styled};
use crate::observe::number;
use crate::report::{BackendStatus, CoverageReport, SupportLevel};

/// Renders the report in at most `width` columns. `all` also lists every window and every family.
pub fn coverage(report: &CoverageReport, width: usize, all: bool) -> String {
    let mut sheet = Sheet::new(width);
    for line in super::text::wrap(&safe(&report.headline), width) {
        sheet.raw(&styled(Style::Bold, &line));
    }
    sheet.blank();
    runs(&mut sheet, report);
    tokens(&mut sheet, &report.bridge, all);
    mismatches(&mut sheet, &report.bridge);
    worth(&mut sheet, &report.bridge.worth);
    offload(&mut sheet, report);
    backends(&mut sheet, report);
    families(&mut sheet, report, all);
    capabilities(&mut sheet, report);
    gaps(&mut sheet, report);
    wrong(&mut sheet, &report.findings, true);
    questions(&mut sheet, report);
    cannot_tell(&mut sheet, &report.not_evaluable);
    inputs(&mut sheet, &report.inputs);
    sheet.raw(&summary(report));
    sheet.finish()
}

/// The line that scripts look for.
pub(super) fn summary(report: &CoverageReport) -> String {
    let engines = if report.detected_engines.is_empty() {
        "unknown".to_owned()
    } else {
        report.detected_engines.join(",")
    };
    format!(
        "detected_engines={engines} detected_lmcache_mode={} coverage_gaps={}",
        report.detected_lmcache_mode.name(),
        report.coverage_gaps.len()
    )
}

/// A word of an enum as JSON has it.
pub(super) fn word<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_value(value).ok().and_then(|v| v.as_str().map(str::to_owned)).unwrap_or_default()
}

fn runs(sheet: &mut Sheet, report: &CoverageReport) {
    for (i, label) in report.architecture.labels.iter().enumerate() {
        let roles = if label.roles.is_empty() {
            String::new()
        } else {
            format!(", roles {}", label.roles.join(" and "))
        };
        let shown = label.evidence.first().map_or_else(String::new, |s| {
            let line = s.line.map_or_else(String::new, |l| format!(":{l}"));
            format!(": {} ({}{line})", s.what, short_path(&s.artifact))
        });
        sheet.entry(
            if i == 0 { "RUNS" } else { "" },
            &safe(&format!("{} ({}{roles}){shown}", label.label, claim(label.claim))),
        );
    }
    releases(sheet, &report.releases, true);
    for connector in &report.connectors {
        sheet.entry(
            "",
            &safe(&format!(
                "connector {}: {} ({})",
                connector.name,
                word(&connector.currency),
                connector.because
            )),
        );
    }
    for edge in &report.process_graph.edges {
        sheet.entry(
            "",
            &safe(&format!(
                "{} -> {} ({}, {}): {}",
                edge.from,
                edge.to,
                edge.kind,
                claim(edge.claim),
                edge.because
            )),
        );
    }
    sheet.blank();
}

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

fn tokens(sheet: &mut Sheet, bridge: &Bridge, all: bool) {
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

fn mismatches(sheet: &mut Sheet, bridge: &Bridge) {
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
        sheet.entry("NOT JUDGED", &safe(&format!("{}: {}", open.code.name(), open.why)));
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
        sheet.entry(label, &safe(&format!("{}: {}", mismatch.code.name(), mismatch.says)));
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

fn worth(sheet: &mut Sheet, worth: &Worth) {
    if worth.factors.iter().all(|f| f.name != "external_tokens" || f.value.is_none_or(|v| v == 0.0))
        && worth.money.is_none()
    {
        return;
    }
    for (i, line) in worth_lines(worth).into_iter().enumerate() {
        sheet.entry(if i == 0 { "WORTH" } else { "" }, &safe(&line));
    }
    sheet.blank();
}

/// A number of seconds, small or large.
fn time(value: f64) -> String {
    if value.abs() < 60.0 { format!("{} s", number(value)) } else { seconds(value) }
}

/// Three figures of a small number, whole numbers as they are.
fn figures(value: f64) -> String {
    if value.fract() == 0.0 || value.abs() >= 1.0 {
        return number(value);
    }
    let places = (-value.abs().log10().floor()).clamp(0.0, 12.0) + 2.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "2 to 14")]
    let places = places as usize;
    format!("{value:.places$}")
}

/// What the cache is worth, a line each.
pub(super) fn worth_lines(worth: &Worth) -> Vec<String> {
    let mut out = Vec::new();
    match (worth.prefill_seconds_saved, worth.prefill_seconds_avoided) {
        (Some(saved), Some(avoided)) => out.push(format!(
            "prefill {}: {} avoided less {} of retrieving",
            if saved < 0.0 {
                format!("{} lost", time(-saved))
            } else {
                format!("{} saved", time(saved))
            },
            time(avoided),
            time(avoided - saved)
        )),
        (None, Some(avoided)) => {
            out.push(format!(
                "prefill: {} avoided, before the time of retrieving, which is not known",
                time(avoided)
            ));
        }
        _ => out.push("no figure: a factor is missing".to_owned()),
    }
    for factor in &worth.factors {
        out.push(match factor.value {
            Some(value) => {
                format!("  {} {} {} ({})", factor.name, figures(value), factor.unit, factor.how)
            }
            None => format!("  {}: {}", factor.name, factor.how),
        });
    }
    for ttft in &worth.ttft {
        let side = |t: Option<coverage_model::bridge::Ttft>| match t {
            Some(t) => match t.p50 {
                Some(p50) => format!(
                    "mean {} s, median {} s ({} requests)",
                    number(t.mean),
                    number(p50),
                    t.requests
                ),
                None => format!("mean {} s ({} requests)", number(t.mean), t.requests),
            },
            None => "none".to_owned(),
        };
        out.push(format!(
            "time to first token, {}: with hits {}; without {}; {}",
            ttft.over,
            side(ttft.with_hits),
            side(ttft.without_hits),
            ttft.note
        ));
    }
    for engine in &worth.ttft_by_engine {
        let role = engine.kv_role.as_ref().map_or_else(String::new, |r| format!(" ({r})"));
        out.push(format!(
            "time to first token at {}{role}: mean {} s ({} requests)",
            engine.engine,
            number(engine.ttft.mean),
            engine.ttft.requests
        ));
    }
    if let Some(money) = &worth.money {
        for (what, value) in [
            ("saved an hour of this traffic", money.saved_usd_per_hour),
            ("saved a thousand requests", money.saved_usd_per_1000_requests),
            ("a useful task", money.usd_per_useful_task),
            ("saved a useful task", money.saved_usd_per_useful_task),
        ] {
            if let Some(value) = value {
                out.push(format!("{} USD {what}", number(value)));
            }
        }
        if !money.missing.is_empty() {
            out.push(format!("money: missing {}", money.missing.join(", ")));
        }
    }
    out.extend(worth.notes.iter().cloned());
    out
}

fn offload(sheet: &mut Sheet, report: &CoverageReport) {
    let lines = offload_lines(report);
    for (i, line) in lines.iter().enumerate() {
        sheet.entry(if i == 0 { "OFFLOAD" } else { "" }, &safe(line));
    }
    sheet.blank();
}

/// KV cache moved between GPU and CPU, a line a source.
pub(super) fn offload_lines(report: &CoverageReport) -> Vec<String> {
    let all = &report.kv_cache_offload;
    let (native, server, inside) = (
        &all.vllm_native_cpu_offload,
        &all.lmcache_mp_l0_l1_kv_transfer,
        &all.lmcache_embedded_kv_transfer,
    );
    let mut numbers: Vec<String> = Vec::new();
    let mut put = |what: &str, value: Option<f64>, show: &dyn Fn(f64) -> String| {
        if let Some(value) = value {
            numbers.push(format!("{what} {}", show(value)));
        }
    };
    put("to CPU", native.gpu_to_cpu_bytes, &bytes);
    put("in", native.gpu_to_cpu_seconds, &|s| format!("{} s", number(s)));
    put("at", native.gpu_to_cpu_gbs, &|g| format!("{} GB/s", number(g)));
    put("to GPU", native.cpu_to_gpu_bytes, &bytes);
    put("in", native.cpu_to_gpu_seconds, &|s| format!("{} s", number(s)));
    put("at", native.cpu_to_gpu_gbs, &|g| format!("{} GB/s", number(g)));
    put("blocks in use", native.simple_cpu_offload_used_blocks, &count);
    put("blocks loaded", native.simple_cpu_offload_loaded_blocks, &count);
    put("of the CPU pool in use", native.cpu_cache_usage, &number);
    let mut out = vec![format!("vLLM's own: {} {}", word(&native.status), numbers.join(", "))];
    let gbs = |g: Option<f64>, n: Option<f64>| {
        g.map_or_else(
            || "-".to_owned(),
            |g| format!("{} GB/s over {} transfers", number(g), count(n.unwrap_or_default())),
        )
    };
    out.push(format!(
        "LMCache server L0-L1: {} stores {}, loads {}",
        word(&server.status),
        gbs(server.gpu_to_cpu_store_throughput_gbs, server.stores),
        gbs(server.cpu_to_gpu_load_throughput_gbs, server.loads)
    ));
    let spent = |t: Option<f64>| t.map_or_else(|| "-".to_owned(), |t| format!("{} s", number(t)));
    out.push(format!(
        "LMCache inside the engine: {} stores {}, retrieves {}",
        word(&inside.status),
        spent(inside.gpu_to_cpu_seconds),
        spent(inside.cpu_to_gpu_seconds)
    ));
    out.into_iter().map(|line| line.trim_end().to_owned()).collect()
}

fn backends(sheet: &mut Sheet, report: &CoverageReport) {
    let mut first = true;
    for row in &report.backends {
        // What is not known at all stands under the gaps.
        if matches!(row.status, BackendStatus::NotApplicable | BackendStatus::Unknown) {
            continue;
        }
        let mut text = format!("{}: {}", row.backend, word(&row.status));
        match row.status {
            BackendStatus::Partial => {
                let _ = write!(
                    text,
                    " (counted: {}; at zero: {})",
                    row.populated.join(", "),
                    row.zero.join(", ")
                );
            }
            BackendStatus::Populated | BackendStatus::Zero => {}
            _ => {
                let _ = write!(text, " ({})", row.because);
            }
        }
        sheet.entry(if first { "BACKENDS" } else { "" }, &safe(&text));
        first = false;
    }
    if !first {
        sheet.blank();
    }
}

fn families(sheet: &mut Sheet, report: &CoverageReport, all: bool) {
    if report.detected_engines.is_empty() && !all {
        return;
    }
    let mut first = true;
    for status in Status::ALL {
        let rows = || report.families.iter().filter(|f| f.status == status);
        let quiet = status == Status::NotApplicable && !all;
        if rows().next().is_none() || quiet {
            continue;
        }
        let label = if first { "ENGINE" } else { "" };
        first = false;
        if all {
            sheet.entry(label, status.name());
            for row in rows() {
                sheet.entry_at(
                    "",
                    2,
                    &safe(&format!(
                        "{}/{} ({}): {}",
                        row.surface,
                        row.family,
                        row.required_when.name(),
                        row.because
                    )),
                );
            }
        } else {
            let names: Vec<String> =
                rows().map(|f| format!("{}/{}", f.surface, f.family)).collect();
            sheet.entry(label, &format!("{}: {}", status.name(), names.join(", ")));
        }
    }
    if !first {
        sheet.blank();
    }
}

fn capabilities(sheet: &mut Sheet, report: &CoverageReport) {
    let mut first = true;
    for level in [
        SupportLevel::Supported,
        SupportLevel::Partial,
        SupportLevel::InferredWithoutEngineMetrics,
        SupportLevel::MissingSignal,
    ] {
        let names: Vec<&str> = report
            .capabilities
            .iter()
            .filter(|c| c.support_level == level)
            .map(|c| c.capability.as_str())
            .collect();
        if names.is_empty() {
            continue;
        }
        sheet.entry(
            if first { "CAN SAY" } else { "" },
            &format!("{}: {}", word(&level), names.join(", ")),
        );
        first = false;
    }
    if !first {
        sheet.blank();
    }
}

fn gaps(sheet: &mut Sheet, report: &CoverageReport) {
    for (i, gap) in report.coverage_gaps.iter().enumerate() {
        let signals = if gap.signals.is_empty() {
            String::new()
        } else {
            format!(" ({})", gap.signals.join(", "))
        };
        sheet.entry(
            if i == 0 { "GAPS" } else { "" },
            &safe(&format!(
                "{}/{} {}{signals}: {}",
                gap.surface,
                gap.family,
                gap.status.name(),
                gap.because
            )),
        );
        sheet.entry_at("", 2, &safe(&format!("close it: {}", gap.close)));
    }
    if !report.coverage_gaps.is_empty() {
        sheet.blank();
    }
}

fn questions(sheet: &mut Sheet, report: &CoverageReport) {
    for (i, question) in report.upstream_questions.iter().enumerate() {
        sheet.entry(
            if i == 0 { "ASK" } else { "" },
            &safe(&format!("{} ({}): {}", question.code, question.owner, question.owner_question)),
        );
    }
    if !report.upstream_questions.is_empty() {
        sheet.entry("", "The texts to send are in the JSON and Markdown forms of this report.");
        sheet.blank();
    }
}
