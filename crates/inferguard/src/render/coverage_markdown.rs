//! The Markdown rendering of `inferguard observability-coverage`.

use super::bridge::{cell, found, reconciled, sourced, window_name};
use super::coverage::{offload_lines, summary, word};
use super::markdown::Markdown;
use super::running::{claim, newer_lines, span};
use super::text::count;
use super::worth::worth_lines;
use crate::report::{BackendStatus, CoverageReport};

/// Renders the report.
pub fn coverage_markdown(report: &CoverageReport) -> String {
    let mut doc = Markdown::titled("Observability coverage");
    for line in newer_lines(&report.releases) {
        doc.paragraph(&line);
    }
    doc.paragraph(&report.headline);
    doc.paragraph(&summary(report));
    if let Some(configuration) = &report.configuration {
        doc.paragraph(&format!("Configuration: {}.", super::configuration::line(configuration)));
    }
    runs(&mut doc, report);
    bridge(&mut doc, report);
    numbers(&mut doc, report);
    coverage(&mut doc, report);
    questions(&mut doc, report);
    doc.section("Inputs");
    let rows: Vec<Vec<String>> = report
        .inputs
        .iter()
        .map(|a| {
            vec![
                a.path.clone(),
                word(&a.kind),
                a.role.clone().unwrap_or_default(),
                a.sha256.clone().unwrap_or_default(),
            ]
        })
        .collect();
    doc.table(&["artifact", "kind", "role", "SHA-256"], &rows);
    doc.finish()
}

fn runs(doc: &mut Markdown, report: &CoverageReport) {
    doc.section("What runs");
    let labels: Vec<Vec<String>> = report
        .architecture
        .labels
        .iter()
        .map(|l| {
            let shown = l.evidence.first().map_or_else(String::new, sourced);
            vec![l.label.clone(), claim(l.claim).to_owned(), l.roles.join(", "), shown]
        })
        .collect();
    doc.table(&["label", "claim", "roles", "evidence"], &labels);
    let releases = [
        ("LMCache", &report.releases.lmcache),
        ("vLLM", &report.releases.vllm),
        ("SGLang", &report.releases.sglang),
    ];
    doc.list(
        releases.iter().filter_map(|(name, row)| Some(format!("{name} {}", span(row.as_ref()?)))),
    );
    let connectors: Vec<Vec<String>> = report
        .connectors
        .iter()
        .map(|c| vec![c.name.clone(), word(&c.currency), c.mode.clone(), c.because.clone()])
        .collect();
    doc.table(&["connector", "currency", "mode", "why"], &connectors);
    let edges: Vec<Vec<String>> = report
        .process_graph
        .edges
        .iter()
        .map(|e| {
            vec![
                e.from.clone(),
                e.to.clone(),
                e.kind.clone(),
                claim(e.claim).to_owned(),
                e.because.clone(),
            ]
        })
        .collect();
    doc.table(&["from", "to", "kind", "claim", "why"], &edges);
}

fn bridge(doc: &mut Markdown, report: &CoverageReport) {
    let bridge = &report.bridge;
    let Some(total) = &bridge.total else { return };
    doc.section("Tokens by where they came from");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for window in bridge.windows.iter().chain((bridge.windows.len() > 1).then_some(total)) {
        let t = &window.tokens;
        let name = if std::ptr::eq(window, total) { "all of them" } else { window_name(window) };
        rows.push(vec![
            name.to_owned(),
            cell(t.prompt.as_ref()),
            cell(t.computed.as_ref()),
            cell(t.engine_local.as_ref()),
            cell(t.external.as_ref()),
            cell(t.requested.as_ref()),
            cell(t.hits.as_ref()),
            cell(t.loaded.as_ref()),
            found(window).and_then(|r| r.difference).map_or_else(|| "-".to_owned(), count),
        ]);
    }
    doc.table(
        &[
            "to page",
            "prompt",
            "computed",
            "own cache",
            "external",
            "LMCache asked",
            "LMCache found",
            "handed over",
            "differ",
        ],
        &rows,
    );
    doc.list(
        total
            .reconciliation
            .iter()
            .flat_map(|row| std::iter::once(reconciled(row)).chain(row.reasons.iter().cloned())),
    );
    if !bridge.mismatches.is_empty() || !bridge.not_judged.is_empty() {
        doc.section("What does not fit");
        doc.list(bridge.mismatches.iter().map(|m| {
            let shown: Vec<String> = m.evidence.iter().take(3).map(sourced).collect();
            format!("{} ({}): {} [{}]", m.code.name(), claim(m.claim), m.says, shown.join("; "))
        }));
        doc.list(bridge.not_judged.iter().map(|o| {
            format!(
                "{} is not judged: {}; would settle it: {}",
                o.code.name(),
                o.why,
                o.would_settle.join("; ")
            )
        }));
    }
}

fn numbers(doc: &mut Markdown, report: &CoverageReport) {
    doc.section("What it is worth");
    doc.list(worth_lines(&report.bridge.worth).into_iter().map(|line| line.trim().to_owned()));
    doc.section("KV cache between GPU and CPU");
    doc.list(offload_lines(report));
    let backends: Vec<Vec<String>> = report
        .backends
        .iter()
        .filter(|b| b.status != BackendStatus::NotApplicable)
        .map(|b| {
            vec![
                b.backend.clone(),
                word(&b.status),
                b.populated.join(", "),
                b.zero.join(", "),
                b.because.clone(),
            ]
        })
        .collect();
    doc.table(&["backend", "status", "counted", "at zero", "why"], &backends);
}

fn coverage(doc: &mut Markdown, report: &CoverageReport) {
    doc.section("Coverage");
    let capabilities: Vec<Vec<String>> = report
        .capabilities
        .iter()
        .map(|c| vec![c.capability.clone(), word(&c.support_level), c.because.clone()])
        .collect();
    doc.table(&["capability", "support", "why"], &capabilities);
    let families: Vec<Vec<String>> = report
        .families
        .iter()
        .map(|f| {
            vec![
                format!("{}/{}", f.surface, f.family),
                f.status.name().to_owned(),
                f.required_when.name().to_owned(),
                f.because.clone(),
            ]
        })
        .collect();
    doc.table(&["engine family", "status", "required", "why"], &families);
    doc.section("Gaps");
    if report.coverage_gaps.is_empty() {
        doc.paragraph("None that an operator could close.");
    }
    let gaps: Vec<Vec<String>> = report
        .coverage_gaps
        .iter()
        .map(|g| {
            vec![
                format!("{}/{}", g.surface, g.family),
                g.status.name().to_owned(),
                g.because.clone(),
                g.close.clone(),
            ]
        })
        .collect();
    doc.table(&["gap", "status", "why", "close it"], &gaps);
    if !report.findings.is_empty() {
        doc.section("Findings");
        doc.list(
            report
                .findings
                .iter()
                .map(|f| format!("{} ({}): {}. {}", f.code, f.severity, f.title, f.action)),
        );
    }
}

fn questions(doc: &mut Markdown, report: &CoverageReport) {
    if report.upstream_questions.is_empty() {
        return;
    }
    doc.section("Questions for the authors");
    for question in &report.upstream_questions {
        doc.paragraph(&format!("{} ({})", question.code, question.owner));
        doc.verbatim(&question.text);
    }
}
