//! The terminal rendering of `inferguard observability-coverage`.

use std::fmt::Write as _;

use coverage_model::Status;

use super::RenderOptions;
use super::bridge::{mismatches, tokens};
use super::findings::{cannot_tell, wrong};
use super::inputs::inputs;
use super::running::{claim, newer, releases};
use super::text::{Sheet, Style, bytes, count, safe, short_path, styled};
use super::worth::worth;
use crate::observe::number;
use crate::report::{BackendStatus, CoverageReport, SupportLevel};

/// Renders the report. [`RenderOptions::all`] also lists every window and every family.
pub fn coverage(report: &CoverageReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    let all = options.all;
    newer(&mut sheet, &report.releases);
    for line in super::text::wrap(&safe(&report.headline), sheet.width()) {
        sheet.raw(&styled(Style::Bold, &line));
    }
    super::configuration::entry(&mut sheet, report.configuration.as_ref());
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
