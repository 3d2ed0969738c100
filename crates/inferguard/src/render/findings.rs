//! What is wrong, and what could not be told.

use super::text::{Sheet, Style, plural, safe, short_path, styled};
use crate::report::{Finding, NotEvaluable};

/// Findings in their order. Unless `all` is set, what another explains and what is a remark take one
/// line each, remarks at the end.
pub(super) fn wrong(sheet: &mut Sheet, findings: &[Finding], all: bool) {
    if findings.is_empty() {
        return;
    }
    let remark = |f: &&Finding| f.severity == "info";
    let (remarks, rest): (Vec<&Finding>, Vec<&Finding>) = findings.iter().partition(|f| remark(f));
    let full: Vec<&Finding> = if all { findings.iter().collect() } else { rest };
    let mut label = if remarks.len() == findings.len() { "REMARKS" } else { "WRONG" };
    for finding in full {
        sheet.entry(label, &head(finding));
        label = "";
        if all || finding.explained_by.is_empty() {
            body(sheet, finding, all);
        }
    }
    let mut label = "REMARKS";
    for finding in remarks.into_iter().filter(|_| !all) {
        sheet.entry(label, &safe(&format!("{} [{}]", finding.title, finding.code)));
        label = "";
    }
    sheet.blank();
}

/// Severity, title, code, cause, and what explains it.
fn head(finding: &Finding) -> String {
    let style = match finding.severity.as_str() {
        "critical" => Style::Bad,
        "warning" => Style::Warn,
        _ => Style::Dim,
    };
    let cause = finding.cause.as_deref().map_or_else(String::new, |c| format!(", cause {c}"));
    let by = match finding.explained_by.as_slice() {
        [] => String::new(),
        by => format!(", explained by {}", by.join(", ")),
    };
    format!(
        "{} {} [{}{cause}]{by}",
        styled(style, &finding.severity),
        safe(&finding.title),
        finding.code
    )
}

/// Most places that the screen shows of a finding: with `all`, of what is explained, else.
const PLACES: (usize, usize, usize) = (4, 1, 2);

/// What speaks for it, where it was seen, what was ruled out, what to do.
fn body(sheet: &mut Sheet, finding: &Finding, all: bool) {
    let explained = !finding.explained_by.is_empty();
    if !explained {
        let why = finding.confidence_reasons.iter().take(3).map(String::as_str);
        let why = why.collect::<Vec<_>>().join("; ");
        sheet.entry_at("", 2, &format!("why: {}", safe(&why)));
    }
    let most = match (explained, all) {
        (true, _) => PLACES.1,
        (false, true) => PLACES.0,
        (false, false) => PLACES.2,
    };
    for source in finding.evidence.iter().take(most) {
        let line = source.line.map_or_else(String::new, |l| format!(":{l}"));
        let value = source.value.as_deref().map_or_else(String::new, |v| format!(" = {v}"));
        let what = format!("seen: {}{value} ({}{line})", source.what, short_path(&source.artifact));
        sheet.entry_at("", 2, &safe(&what));
    }
    if !explained {
        for other in &finding.ruled_out {
            let name = other.cause.as_deref().unwrap_or(&other.code);
            sheet.entry_at("", 2, &safe(&format!("not {name}: {}", other.why)));
        }
        sheet.entry_at("", 2, &format!("do: {}", safe(&finding.action)));
    }
}

/// Questions that stay open: those about this packet each, those of rules by what they wait for.
pub(super) fn cannot_tell(sheet: &mut Sheet, rows: &[NotEvaluable]) {
    if rows.is_empty() {
        return;
    }
    let mut label = "NOT TOLD";
    let mut waiting: Vec<(&str, usize)> = Vec::new();
    for row in rows {
        if diagnosis_rules::rule(&row.code).is_some() {
            for settle in &row.would_settle {
                match waiting.iter_mut().find(|(s, _)| s == settle) {
                    Some((_, n)) => *n += 1,
                    None => waiting.push((settle, 1)),
                }
            }
            continue;
        }
        sheet.entry(label, &safe(&row.why));
        label = "";
        sheet.entry_at("", 2, &format!("would settle it: {}", safe(&row.would_settle.join("; "))));
    }
    waiting.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    if !waiting.is_empty() {
        let rules = rows.iter().filter(|r| diagnosis_rules::rule(&r.code).is_some()).count();
        sheet.entry(
            label,
            &format!("{} could not be checked; they wait for", plural(rules, "rule")),
        );
        for (settle, n) in waiting.iter().take(3) {
            sheet.entry_at("", 2, &safe(&format!("{n}: {settle}")));
        }
    }
    sheet.blank();
}
