//! What findings mean, in a terminal and as pages.

use std::fmt::Write;

use super::RenderOptions;
use super::markdown::markdown_prose as prose;
use super::text::{Sheet, Style, plural, styled};
use crate::report::{ExampleRow, ExplainReport, RuleRow};

/// Renders rules in full.
pub fn explain(report: &ExplainReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    for (i, rule) in report.rules.iter().enumerate() {
        if i > 0 {
            sheet.blank();
        }
        one(&mut sheet, rule);
    }
    sheet.finish()
}

/// Renders a list: a line a rule, causes first.
pub fn explain_list(report: &ExplainReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    for kind in ["cause", "symptom", "gap"] {
        let rules: Vec<&RuleRow> = report.rules.iter().filter(|r| r.kind == kind).collect();
        if rules.is_empty() {
            continue;
        }
        sheet.raw(&styled(Style::Bold, &plural(rules.len(), kind)));
        for rule in rules {
            let cause = rule.cause.as_deref().map_or_else(String::new, |c| format!(" ({c})"));
            sheet.entry_at("", 0, &format!("{}{cause}: {}", rule.code, rule.title));
        }
        sheet.blank();
    }
    sheet.finish()
}

fn one(sheet: &mut Sheet, rule: &RuleRow) {
    sheet.entry("CODE", &styled(Style::Bold, &rule.code));
    if !rule.aliases.is_empty() {
        sheet.entry_at("", 2, &format!("also {}", rule.aliases.join(", ")));
    }
    let cause = rule.cause.as_deref().map_or_else(String::new, |c| format!(" {c}"));
    sheet.entry("", &format!("{}{cause}, {}", rule.kind, rule.severity));
    sheet.entry("SAYS", &rule.title);
    sheet.entry("MEANS", &rule.explanation);
    sheet.entry("MAKE SURE", &rule.confirm);
    sheet.entry("DO", &rule.action);
    sheet.entry("MAY ERR", &rule.false_positives);
    if !rule.needs.is_empty() {
        let list: Vec<&str> = rule.needs.iter().map(|n| n.settle.as_str()).collect();
        sheet.entry("NEEDS", &format!("any of: {}", list.join("; ")));
    }
    let mut label = "NUMBERS";
    for t in &rule.thresholds {
        sheet.entry(label, &format!("{} = {} {}: {}", t.name, t.default, t.unit, t.about));
        label = "";
    }
    for (label, list) in [("EXPLAINS", &rule.explains), ("SEE ALSO", &rule.related)] {
        if !list.is_empty() {
            sheet.entry(label, &list.join(", "));
        }
    }
}

/// A rule's page.
pub fn explain_page(rule: &RuleRow) -> String {
    let mut out = format!("# `{}`\n\n{}.\n\n", rule.code, prose(&rule.title));
    let mut facts = vec![format!("kind: {}", rule.kind), format!("severity: {}", rule.severity)];
    facts.extend(rule.cause.iter().map(|c| format!("cause class: {}", link(c))));
    if !rule.aliases.is_empty() {
        let list: Vec<String> = rule.aliases.iter().map(|a| format!("`{a}`")).collect();
        facts.push(format!("also known as {}", list.join(", ")));
    }
    if !rule.modes.is_empty() {
        facts.push(format!("asked in modes: {}", rule.modes.join(", ")));
    }
    if !rule.releases.is_empty() {
        facts.push(format!("releases: {}", rule.releases));
    }
    facts.push(format!("since {}", rule.since));
    facts.extend(rule.successor.iter().map(|s| format!("deprecated: `{s}` fires instead")));
    facts.push(format!(
        "may be shown to customers: {}",
        if rule.customer_safe { "yes" } else { "no" }
    ));
    for fact in facts {
        let _ = writeln!(out, "- {fact}");
    }
    for (title, text) in [
        ("What it means", &rule.explanation),
        ("How to make sure", &rule.confirm),
        ("What to do", &rule.action),
        ("When it may be wrong", &rule.false_positives),
    ] {
        let _ = write!(out, "\n## {title}\n\n{}\n", prose(text));
    }
    if !rule.needs.is_empty() {
        out.push_str("\n## What it needs\n\nAny one of:\n\n");
        for need in &rule.needs {
            let _ = writeln!(out, "- {}", prose(&need.settle));
        }
    }
    if !rule.thresholds.is_empty() {
        let _ = write!(
            out,
            "\n## Numbers\n\nIn `inferguard.toml`, below `[rules.{}]`:\n\n| name | default | unit | decides |\n|---|---|---|---|\n",
            rule.code
        );
        for t in &rule.thresholds {
            let _ = writeln!(
                out,
                "| `{}` | {} | {} | {} |",
                t.name,
                t.default,
                t.unit,
                prose(&t.about)
            );
        }
    }
    for (title, list) in [("Explains", &rule.explains), ("See also", &rule.related)] {
        if !list.is_empty() {
            let list: Vec<String> = list.iter().map(|c| link(c)).collect();
            let _ = write!(out, "\n## {title}\n\n{}\n", list.join(", "));
        }
    }
    example(&mut out, "It fires on", &rule.example);
    example(&mut out, "It does not fire on", &rule.counter_example);
    out
}

/// A link from a page to the one of a code or, as their names have hyphens, of a cause class.
fn link(name: &str) -> String {
    let dir = if name.contains('-') { "../causes/" } else { "" };
    format!("[`{name}`]({dir}{name}.md)")
}

/// Longest text of a file that a page shows.
const MOST: usize = 1200;

fn example(out: &mut String, title: &str, example: &ExampleRow) {
    let _ = write!(out, "\n## {title}\n\n{}:\n", prose(&example.title));
    for (name, text) in &example.files {
        match text.as_deref().filter(|t| t.len() <= MOST && !t.contains("```")) {
            Some(text) => {
                let end = if text.ends_with('\n') { "" } else { "\n" };
                let _ = write!(out, "\n`{name}`\n\n```text\n{text}{end}```\n");
            }
            None => {
                let _ = write!(out, "\n`{name}`: too long to show, or no text\n");
            }
        }
    }
}

/// The list of all pages.
pub fn explain_index(report: &ExplainReport) -> String {
    let mut out = String::from(
        "# Findings\n\nOne page a code, made from the registry of rules by `cargo xtask findings`.\n",
    );
    for (kind, title) in [("cause", "Causes"), ("symptom", "Symptoms"), ("gap", "Gaps")] {
        let _ = write!(
            out,
            "\n## {title}\n\n| code | cause class | severity | says |\n|---|---|---|---|\n"
        );
        for rule in report.rules.iter().filter(|r| r.kind == kind) {
            let _ = writeln!(
                out,
                "| [`{}`]({}.md) | {} | {} | {} |",
                rule.code,
                rule.code,
                rule.cause.as_deref().map(link).unwrap_or_default(),
                rule.severity,
                prose(&rule.title)
            );
        }
    }
    out
}
