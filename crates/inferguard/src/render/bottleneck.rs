//! The screen and the Markdown page of `inferguard diagnose-bottleneck`.

use std::fmt::Write as _;

use super::RenderOptions;
use super::text::{Sheet, Style, count, plural, safe, short_path, styled};
use crate::bottleneck::{BottleneckReport, EvidenceRow, Verdict};
use crate::observe::number;

/// Renders the diagnosis: the first line is the one that scripts read.
pub fn bottleneck(report: &BottleneckReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    // One line, however long: scripts read it.
    sheet.raw(&report.line());
    sheet.blank();
    let style = match report.verdict {
        Verdict::NotEnoughEvidence => Style::Warn,
        _ => Style::Bad,
    };
    sheet.entry(
        "VERDICT",
        &format!(
            "{} ({}), confidence {:.2}",
            styled(style, report.verdict.name()),
            report.claim_status.name(),
            report.confidence
        ),
    );
    sheet.entry_at("", 2, &safe(&report.reasoning));
    for line in report.primary_evidence.iter().chain(&report.secondary_evidence) {
        sheet.entry_at("", 2, &safe(&format!("seen: {}", seen(line))));
    }
    for because in &report.confidence_because {
        sheet.entry_at("", 2, &safe(&format!("confidence: {because}")));
    }
    if !report.supporting_request_rows.is_empty() {
        let ids = report.supporting_request_rows.join(", ");
        sheet.entry_at("", 2, &safe(&format!("requests that show it most: {ids}")));
    }
    sheet.entry_at("", 2, &format!("next: {}", safe(&report.recommended_next_probe)));
    sheet.blank();
    rules(&mut sheet, report);
    beside(&mut sheet, report);
    super::findings::cannot_tell(&mut sheet, &report.lmcache_not_evaluable);
    read(&mut sheet, report);
    sheet.finish()
}

fn seen(row: &EvidenceRow) -> String {
    let value = row.value.or(row.value_p95).map(|v| format!(" = {}", number(v)));
    let note = row.note.as_deref().map_or_else(String::new, |n| format!(", {n}"));
    format!("{}{}{note} ({})", row.metric, value.unwrap_or_default(), short_path(&row.source))
}

fn rules(sheet: &mut Sheet, report: &BottleneckReport) {
    let of =
        |outcome: &str| report.rules.iter().filter(|r| r.outcome == outcome).collect::<Vec<_>>();
    let mut label = "RULES";
    for row in of("fires") {
        sheet.entry(label, &safe(&format!("applies: {}: {}", row.rule, row.because)));
        label = "";
    }
    let clear: Vec<&str> = of("clear").iter().map(|r| r.rule.as_str()).collect();
    if !clear.is_empty() {
        sheet.entry(label, &format!("does not apply: {}", clear.join(", ")));
        label = "";
    }
    for row in of("not_evaluable") {
        sheet.entry(label, &safe(&format!("not told: {}: {}", row.rule, row.because)));
        label = "";
    }
    sheet.blank();
}

fn beside(sheet: &mut Sheet, report: &BottleneckReport) {
    super::configuration::entry(sheet, report.configuration.as_ref());
    if report.lmcache_findings.is_empty() {
        sheet.entry("LMCACHE", &format!("mode {}; no findings", report.lmcache_mode.name()));
        sheet.blank();
        return;
    }
    let n = plural(report.lmcache_findings.len(), "finding");
    sheet.entry("LMCACHE", &format!("mode {}; {n} beside the verdict", report.lmcache_mode.name()));
    let rows: Vec<_> = report.lmcache_findings.iter().map(|f| f.finding.clone()).collect();
    super::findings::wrong(sheet, &rows, true);
}

/// Most parse errors that the screen shows.
const ERROR_LINES: usize = 8;

fn read(sheet: &mut Sheet, report: &BottleneckReport) {
    sheet.entry(
        "READ",
        &safe(&format!(
            "{} as a {}: {}",
            plural(report.evidence_paths.len(), "file"),
            report.layout,
            report.job_id
        )),
    );
    if !report.missing_inputs.is_empty() {
        let list = report.missing_inputs.join(", ");
        sheet.entry_at("", 2, &safe(&format!("not there: {list}")));
    }
    for error in report.parse_errors.iter().take(ERROR_LINES) {
        sheet.entry_at("", 2, &safe(&error.to_string()));
    }
    if report.parse_errors.len() > ERROR_LINES {
        let more = plural(report.parse_errors.len() - ERROR_LINES, "more error");
        sheet.entry_at("", 2, &format!("{more}; --json lists them"));
    }
}

/// Text from outside in Markdown: nothing in it is markup.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in safe(text).chars() {
        match c {
            '|' | '*' | '_' | '`' | '<' | '>' | '[' | ']' | '\\' | '#' => {
                out.push('\\');
                out.push(c);
            }
            '\n' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// How every Markdown page of a diagnosis begins.
pub const BOTTLENECK_TITLE: &[u8] = b"# Bottleneck of ";

/// Renders the diagnosis as Markdown.
pub fn bottleneck_markdown(report: &BottleneckReport) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# Bottleneck of {}\n", plain(&report.job_id));
    let _ = writeln!(
        out,
        "**{}**, confidence {:.2}, {}. {}\n",
        plain(report.verdict.name()),
        report.confidence,
        plain(report.claim_status.name()),
        plain(&report.reasoning)
    );
    let _ = writeln!(out, "Next: {}\n", plain(&report.recommended_next_probe));
    let rows: Vec<&EvidenceRow> =
        report.primary_evidence.iter().chain(&report.secondary_evidence).collect();
    if !rows.is_empty() {
        out.push_str("## Evidence\n\n| metric | value | which | file |\n|---|---|---|---|\n");
        for row in rows {
            let value = row.value.or(row.value_p95).map_or_else(String::new, number);
            let _ = writeln!(
                out,
                "| {} | {value} | {} | {} |",
                plain(&row.metric),
                plain(row.note.as_deref().unwrap_or("")),
                plain(&row.source)
            );
        }
        out.push('\n');
    }
    out.push_str("## Rules\n\n| rule | answer | why |\n|---|---|---|\n");
    for row in &report.rules {
        let _ = writeln!(
            out,
            "| {} | {} | {} |",
            plain(&row.rule),
            plain(&row.outcome.replace('_', " ")),
            plain(&row.because)
        );
    }
    out.push('\n');
    let _ = writeln!(out, "## LMCache\n\nMode {}.\n", plain(report.lmcache_mode.name()));
    for row in &report.lmcache_findings {
        let f = &row.finding;
        let _ =
            writeln!(out, "- **{}** {} ({})", plain(&f.severity), plain(&f.title), plain(&f.code));
        for source in f.evidence.iter().take(4) {
            let value = source.value.as_deref().map_or_else(String::new, |v| format!(" = {v}"));
            let line = source.line.map_or_else(String::new, |l| format!(":{l}"));
            let text = format!("{}{value} ({}{line})", source.what, source.artifact);
            let _ = writeln!(out, "  - {}", plain(&text));
        }
        let _ = writeln!(out, "  - Do: {}", plain(&f.action));
    }
    if report.lmcache_findings.is_empty() {
        out.push_str("No findings.\n");
    }
    if !report.missing_inputs.is_empty() || !report.parse_errors.is_empty() {
        out.push_str("\n## Not read\n\n");
        for path in &report.missing_inputs {
            let _ = writeln!(out, "- {}: not there", plain(path));
        }
        for error in &report.parse_errors {
            let _ = writeln!(out, "- {}", plain(&error.to_string()));
        }
    }
    let files = count(report.evidence_paths.len() as f64);
    let _ = writeln!(
        out,
        "\n{files} files read by {} {}.",
        plain(&report.tool.name),
        plain(&report.tool.version)
    );
    out
}
