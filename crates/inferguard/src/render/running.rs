//! What runs: mode, releases, processes.

use super::text::{Sheet, plural, safe, seconds};
use crate::report::{CheckReport, ReleaseRow, Releases, TargetRow, Traffic};

/// Mode and architecture, releases, a line a process; with `all` why each is said.
pub(super) fn runs(sheet: &mut Sheet, report: &CheckReport, all: bool) {
    let claim = claim(report.mode_claim);
    let others: Vec<&str> =
        report.architecture.labels.iter().skip(1).map(|l| l.label.as_str()).collect();
    let also =
        if others.is_empty() { String::new() } else { format!(" (also {})", others.join(", ")) };
    sheet.entry(
        "RUNS",
        &format!("{}{also}, mode {} ({claim})", report.architecture.headline, report.mode.name()),
    );
    if all {
        sheet.entry_at("", 2, &safe(&report.mode_because));
    }
    releases(sheet, &report.releases, all);
    for target in &report.targets {
        target_line(sheet, target, all);
    }
    sheet.blank();
}

pub(super) fn claim(claim: coverage_model::Claim) -> &'static str {
    match claim {
        coverage_model::Claim::Measured => "measured",
        coverage_model::Claim::Inferred => "inferred",
        coverage_model::Claim::Synthetic => "synthetic",
        coverage_model::Claim::NotProven => "not proven",
    }
}

/// Releases of the products, with `all` on lines of their own and with what decided.
pub(super) fn releases(sheet: &mut Sheet, releases: &Releases, all: bool) {
    let rows: Vec<(&str, &ReleaseRow)> = named(releases).collect();
    if !all {
        let rows: Vec<String> =
            rows.iter().map(|(name, row)| format!("{name} {}", span(row))).collect();
        if !rows.is_empty() {
            sheet.entry("", &rows.join(", "));
        }
        return;
    }
    for (name, row) in rows {
        sheet.entry("", &format!("{name} {}", span(row)));
        for decided in &row.decided_by {
            sheet.entry_at("", 2, &safe(&format!("{}: {}", decided.effect, decided.because)));
        }
    }
}

/// Those of the products that are there, by name.
pub(super) fn named(releases: &Releases) -> impl Iterator<Item = (&'static str, &ReleaseRow)> {
    [("LMCache", &releases.lmcache), ("vLLM", &releases.vllm), ("SGLang", &releases.sglang)]
        .into_iter()
        .filter_map(|(name, row)| Some((name, row.as_ref()?)))
}

/// What is to be said first: a release that the contract does not reach.
pub(super) fn newer_lines(releases: &Releases) -> Vec<String> {
    named(releases)
        .filter_map(|(name, row)| {
            let newer = row.newer_than_catalog.as_ref()?;
            Some(format!(
                "{name} {} is newer than the newest release that this build knows, {}: what it \
                 renamed or dropped is unknown here, and what it added is not read. Named by {}. \
                 To refresh: {}.",
                newer.release, newer.newest_examined, newer.because, newer.refresh
            ))
        })
        .collect()
}

pub(super) fn newer(sheet: &mut Sheet, releases: &Releases) {
    for line in newer_lines(releases) {
        sheet.entry("NEWER", &safe(&line));
    }
    for line in older_lines(releases) {
        sheet.entry("OLDER", &safe(&line));
    }
}

/// The same of a release from before the contract.
pub(super) fn older_lines(releases: &Releases) -> Vec<String> {
    named(releases)
        .filter_map(|(name, row)| {
            let older = row.older_than_catalog.as_ref()?;
            Some(format!(
                "{name} {} is older than the oldest release that this build knows, {}: its evidence \
                 is read by the contract of that and of newer ones, and what changed before it is \
                 unknown here. Named by {}.",
                older.release, older.oldest_examined, older.because
            ))
        })
        .collect()
}

pub(crate) fn span(row: &ReleaseRow) -> String {
    if let Some(newer) = &row.newer_than_catalog {
        return format!("{}, read as {}", newer.release, newer.newest_examined);
    }
    match (&row.min, &row.max) {
        (Some(a), Some(b)) if a == b && row.or_older => format!("{a} or older"),
        (Some(a), Some(b)) if a == b => a.clone(),
        (Some(_), Some(b)) if row.or_older => format!("up to {b}"),
        (Some(a), Some(b)) => format!("{a} to {b}"),
        (Some(_), None) if row.or_older => "of a release that its page does not tell".into(),
        (Some(a), None) => format!("{a} or newer"),
        _ => "release unknown".into(),
    }
}

/// How long a process was watched, its restarts, its traffic; with `all` why that is said.
fn target_line(sheet: &mut Sheet, target: &TargetRow, all: bool) {
    let m = &target.measures;
    let times: Vec<f64> = m.scrapes.iter().filter_map(|s| s.at).collect();
    let length = match (times.first(), times.last()) {
        (Some(a), Some(b)) if times.len() == m.scrapes.len() && b > a => {
            format!(" over {}", seconds(b - a))
        }
        _ => String::new(),
    };
    let restarts = m.processes.len().saturating_sub(1);
    let restarts =
        if restarts > 0 { format!(", {}", plural(restarts, "restart")) } else { String::new() };
    let traffic = match target.traffic {
        Traffic::Flowing => "traffic flows",
        Traffic::Past if target.measures.scrapes.len() < 2 => "had traffic",
        Traffic::Past => "had traffic, none between these scrapes",
        Traffic::Idle => "idle",
        Traffic::Unknown => "traffic unknown",
    };
    let because = if all { format!(": {}", target.traffic_because) } else { String::new() };
    let scrapes = plural(m.scrapes.len(), "scrape");
    let line = format!("{}: {scrapes}{length}{restarts}; {traffic}{because}", target.role);
    sheet.entry("", &safe(&line));
}
