//! The contract and drift in a terminal.

use super::RenderOptions;
use super::running::span;
use super::text::{Sheet, Style, plural, safe, styled};
use crate::report::{CatalogDiff, CatalogList, CatalogShow, DriftReport, DriftRow};

/// Renders `catalog list`: one line an entry.
pub fn catalog_list(list: &CatalogList, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    for e in &list.entries {
        let to = e.to.as_deref().unwrap_or("");
        sheet.raw(&format!("{:<11}{:<9}{:<8}  {}", e.kind, e.from, to, e.name));
    }
    let releases = match (list.releases.first(), list.releases.last()) {
        (Some(a), Some(b)) => format!("{a} to {b}"),
        _ => "none".into(),
    };
    let of = list.release.as_deref().map_or_else(String::new, |r| format!(" in {r}"));
    sheet.raw(&styled(
        Style::Dim,
        &format!(
            "{}{of} of {}; examined releases {releases}; columns: type, first and last release, name",
            plural(list.entries.len(), "spelling"),
            list.product
        ),
    ));
    sheet.finish()
}

/// Renders `catalog show`.
pub fn catalog_show(show: &CatalogShow, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    sheet.entry("SIGNAL", &show.signal);
    for e in &show.history {
        sheet.blank();
        let to = e.to.as_deref().map_or_else(|| "and newer".into(), |t| format!("to {t}"));
        sheet.entry(&e.from, &format!("{to}: {}", styled(Style::Bold, &e.name)));
        let unit = if e.unit.is_empty() { "no unit".into() } else { format!("unit {}", e.unit) };
        let otel = if e.otel.is_empty() { String::new() } else { format!("; in OTLP {}", e.otel) };
        sheet.entry_at("", 2, &format!("{}, {unit}{otel}", e.kind));
        sheet.entry_at("", 2, &format!("appears {}", e.when));
        if !e.needs.is_empty() {
            sheet.entry_at("", 2, &format!("only with {}", e.needs.join(", ")));
        }
        if !e.labels.is_empty() {
            sheet.entry_at("", 2, &format!("labels: {}", e.labels.join("; ")));
        }
        if !e.nearest.is_empty() {
            sheet.entry_at("", 2, &format!("afterwards read {}", e.nearest.join(", ")));
        }
    }
    if let Some(last) = show.history.last()
        && !last.families.is_empty()
    {
        sheet.blank();
        sheet.entry("FAMILY", &last.families.join(", "));
    }
    sheet.finish()
}

/// Renders `catalog diff`.
pub fn catalog_diff(diff: &CatalogDiff, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    sheet.raw(&styled(Style::Bold, &format!("{} {} to {}", diff.product, diff.from, diff.to)));
    let mut pairs = |label: &str, list: &[(String, String)]| {
        for (i, (old, new)) in list.iter().enumerate() {
            sheet.entry(if i == 0 { label } else { "" }, old);
            sheet.entry_at("", 2, &format!("is now {new}"));
        }
    };
    pairs("RENAMED", &diff.renamed);
    pairs("OTLP ONLY", &diff.renamed_in_otlp_only);
    for (i, (name, instead)) in diff.removed.iter().enumerate() {
        sheet.entry(if i == 0 { "REMOVED" } else { "" }, name);
        if !instead.is_empty() {
            sheet.entry_at("", 2, &format!("read {}", instead.join(", ")));
        }
    }
    for (i, name) in diff.added.iter().enumerate() {
        sheet.entry(if i == 0 { "ADDED" } else { "" }, name);
    }
    for (i, (name, came, went)) in diff.labels.iter().enumerate() {
        let mut what = Vec::new();
        if !came.is_empty() {
            what.push(format!("+{}", came.join(" +")));
        }
        if !went.is_empty() {
            what.push(format!("-{}", went.join(" -")));
        }
        sheet.entry(if i == 0 { "LABELS" } else { "" }, &format!("{name}: {}", what.join(" ")));
    }
    sheet.raw(&format!(
        "{} renamed, {} renamed in OTLP only, {} removed, {} added, {} with other labels",
        diff.renamed.len(),
        diff.renamed_in_otlp_only.len(),
        diff.removed.len(),
        diff.added.len(),
        diff.labels.len()
    ));
    sheet.finish()
}

/// Renders `catalog drift`.
pub fn drift(report: &DriftReport, options: &RenderOptions) -> String {
    let mut sheet = Sheet::new(options);
    for (product, row) in &report.releases {
        sheet.entry("RELEASE", &format!("{product} {}", span(row)));
        for what in &row.contradictions {
            sheet.entry_at("", 2, &safe(what));
        }
    }
    for (i, (product, row)) in report.refresh.iter().enumerate() {
        let label = if i == 0 { "REFRESH" } else { "" };
        sheet.entry(label, &safe(&format!("{product} {}", row.name)));
        sheet.entry_at("", 2, &safe(&row.note));
    }
    let mut rows = |label: &str, list: &[DriftRow]| {
        for (i, row) in list.iter().enumerate() {
            sheet.entry(if i == 0 { label } else { "" }, &safe(&row.name));
            sheet.entry_at("", 2, &safe(&row.note));
        }
    };
    rows("UNKNOWN", &report.unknown);
    rows("RENAMED", &report.renamed);
    rows("GONE", &report.gone);
    rows("LABELS", &report.unknown_labels);
    super::inputs::inputs(&mut sheet, &report.inputs);
    sheet.raw(&format!(
        "{} explained, {} unknown, {} renamed since, {} gone since",
        report.explained,
        report.unknown.len(),
        report.renamed.len(),
        report.gone.len()
    ));
    sheet.finish()
}
