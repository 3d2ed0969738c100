//! The table of `inferguard lmcache-compat`.

use super::RenderOptions;
use super::findings::{cannot_tell, wrong};
use super::inputs::inputs;
use super::running::{claim, newer, releases};
use super::text::{Sheet, Style, safe, styled};
use crate::report::CompatReport;

/// Renders the report.
pub fn compat(report: &CompatReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    newer(&mut sheet, &report.releases);
    sheet.entry(
        "MODE",
        &format!(
            "{} (expected {}), architecture {} ({})",
            report.detected_mode.name(),
            report.expect_mode,
            report.detected_architecture.label,
            claim(report.detected_architecture.claim_status)
        ),
    );
    sheet.entry_at("", 2, &safe(&report.detected_mode_because));
    releases(&mut sheet, &report.releases, true);
    sheet.blank();
    sheet.raw(&styled(
        Style::Bold,
        &format!(
            "{:<28}{:<15}{:>5}{:>5}{:>5}{:>5}{:>5}{:>5}{:>5}",
            "SURFACE", "STATUS", "all", "pop", "zero", "n.e.", "miss", "n/a", "unk"
        ),
    ));
    for (name, row) in &report.surfaces {
        sheet.raw(&format!(
            "{name:<28}{:<15}{:>5}{:>5}{:>5}{:>5}{:>5}{:>5}{:>5}",
            row.status,
            row.family_count,
            row.populated,
            row.zero,
            row.not_emitted,
            row.missing,
            row.not_applicable,
            row.unknown + row.disabled,
        ));
    }
    sheet.raw("n.e. = not emitted yet (no gap); unk = unknown or switched off");
    sheet.blank();
    for failure in &report.failure_reasons {
        let family = failure.family.as_deref().map_or_else(String::new, |f| format!(" ({f})"));
        sheet.entry("FAILURE", &safe(&format!("{}{family}: {}", failure.code, failure.message)));
    }
    wrong(&mut sheet, &report.diagnostic_findings, true);
    cannot_tell(&mut sheet, &report.not_evaluable);
    inputs(&mut sheet, &report.inputs);
    sheet.raw(&format!(
        "detected_mode={} expect_mode={} failure_reasons={} upstream_questions={}",
        report.detected_mode.name(),
        report.expect_mode,
        report.failure_reasons.len(),
        report.upstream_questions.len()
    ));
    sheet.finish()
}
