//! `cargo xtask survey DIR`: every scrape of every packet alone, and the deletion matrix.
//!
//! For every scrape: the inferred release range and its width, that no family is missing, that
//! no series is unaccounted for. For every packet: deleting the series of a populated
//! always / after-traffic family makes that family missing (and those that share its signals),
//! with the proof named, and nothing else; deleting what only other releases have changes
//! nothing.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use coverage_model::{FAMILIES, Family, RequiredWhen, Status};
use inferguard::report::{CheckReport, ReleaseRow};
use lmcache_prom::contract::Catalog;

use crate::pages::{Page, judge, packets, pages, without};

/// Runs the survey; gives the number of defects.
pub(crate) fn run(root: &Path) -> Result<usize> {
    let catalog = Catalog::new();
    let mut defects = 0usize;
    let mut widths: BTreeMap<String, usize> = BTreeMap::new();
    let mut scrapes = 0usize;
    println!("scrape | mode | lmcache | width | vllm | sglang");
    for packet in packets(root)? {
        let name = packet.strip_prefix(root).unwrap_or(&packet).display().to_string();
        let all = pages(&packet)?;
        for page in &all {
            scrapes += 1;
            let report = judge(&catalog, std::slice::from_ref(page));
            defects += one_scrape(&name, page, &report, &mut widths);
        }
        for problem in matrix(&catalog, &all) {
            defects += 1;
            println!("DEFECT {name}: {problem}");
        }
    }
    println!("{scrapes} scrapes; width of the LMCache range: {widths:?}; {defects} defects");
    Ok(defects)
}

fn span(row: Option<&ReleaseRow>) -> String {
    let Some(row) = row else { return "-".into() };
    match (&row.min, &row.max) {
        (Some(a), Some(b)) if a == b => a.clone(),
        (Some(a), Some(b)) => format!("{a}..{b}"),
        (Some(a), None) => format!("{a}.."),
        _ => "?".into(),
    }
}

fn one_scrape(packet: &str, page: &Page, report: &CheckReport, widths: &mut BTreeMap<String, usize>) -> usize {
    let lmcache = report.releases.lmcache.as_ref();
    let width = lmcache.map_or_else(|| "-".to_owned(), |r| r.candidates.len().to_string());
    *widths.entry(width.clone()).or_default() += 1;
    println!(
        "{packet}/{} | {} | {} | {width} | {} | {}",
        page.path,
        report.mode.name(),
        span(lmcache),
        span(report.releases.vllm.as_ref()),
        span(report.releases.sglang.as_ref()),
    );
    let mut defects = 0;
    for row in report.families.iter().filter(|f| f.status == Status::Missing) {
        defects += 1;
        println!("DEFECT {packet}/{}: {}/{} is missing: {}", page.path, row.surface, row.family, row.because);
    }
    for target in &report.targets {
        if !target.unknown_names.is_empty() {
            defects += 1;
            println!("DEFECT {packet}/{}: unaccounted: {:?}", page.path, target.unknown_names);
        }
    }
    for row in [lmcache, report.releases.vllm.as_ref(), report.releases.sglang.as_ref()].into_iter().flatten() {
        for what in &row.contradictions {
            defects += 1;
            println!("DEFECT {packet}/{}: {what}", page.path);
        }
    }
    defects
}

fn statuses(report: &CheckReport) -> BTreeMap<String, Status> {
    report.families.iter().map(|f| (format!("{}/{}", f.surface, f.family), f.status)).collect()
}

fn shares_signals(catalog: &Catalog, a: &Family, b: &Family) -> bool {
    catalog.signals().any(|(id, _)| a.contains(id) && b.contains(id))
}

/// The deletion matrix of one packet; gives what does not hold.
pub(crate) fn matrix(catalog: &Catalog, all: &[Page]) -> Vec<String> {
    let mut problems = Vec::new();
    let report = judge(catalog, all);
    let before = statuses(&report);
    let dropped = report.families.iter().any(|f| {
        f.signals.iter().any(|s| s.signal == "mp.event_bus.dropped_events" && s.status == Status::Populated)
    });
    for family in FAMILIES {
        let key = format!("{}/{}", family.surface, family.name);
        let wanted = matches!(family.required_when, RequiredWhen::Always | RequiredWhen::AfterTraffic);
        if !wanted || before.get(&key) != Some(&Status::Populated) {
            continue;
        }
        let changed = without(all, |name| catalog.name(name).is_some_and(|n| family.contains(n.signal())));
        let report = judge(catalog, &changed);
        let after = statuses(&report);
        let because = report
            .families
            .iter()
            .find(|f| f.surface == family.surface && f.family == family.name)
            .map_or("", |f| f.because.as_str());
        // With lost events an absence proves nothing, so there the truth is "unknown".
        let event_driven = family.required_when == RequiredWhen::AfterTraffic;
        let expected = if dropped && event_driven && !family.signals.iter().any(|s| s.contains("event_bus")) {
            Status::Unknown
        } else {
            Status::Missing
        };
        if after.get(&key) != Some(&expected) {
            problems.push(format!("without {key}: {:?}, not {expected:?} ({because})", after.get(&key)));
        } else if expected == Status::Missing && !because.contains("it should be there: ") {
            problems.push(format!("without {key}: no proof is named ({because})"));
        }
        for (other, status) in &after {
            let kin = FAMILIES
                .iter()
                .find(|f| format!("{}/{}", f.surface, f.name) == *other)
                .is_some_and(|f| shares_signals(catalog, family, f));
            if *other != key && !kin && before.get(other) != Some(status) {
                problems.push(format!("without {key}: {other} went from {:?} to {status:?}", before.get(other)));
            }
        }
    }
    // Names that only other releases have.
    let candidates: Vec<lmcache_prom::contract::Release> = report
        .releases
        .lmcache
        .iter()
        .flat_map(|r| r.candidates.iter().filter_map(|c| c.parse().ok()))
        .collect();
    if !candidates.is_empty() {
        let changed = without(all, |name| {
            name.starts_with("lmcache")
                && catalog
                    .name(name)
                    .is_some_and(|n| !candidates.iter().any(|r| n.in_release(*r).is_some()))
        });
        if statuses(&judge(catalog, &changed)) != before {
            problems.push("deleting another release's names changes statuses".into());
        }
    }
    problems
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_matrix_holds_on_every_imported_packet() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/packets");
        let catalog = Catalog::new();
        let found = packets(&root).unwrap();
        assert!(found.len() >= 6, "too few fixtures: {}", found.len());
        let mut populated = 0usize;
        for packet in found {
            let all = pages(&packet).unwrap();
            let problems = matrix(&catalog, &all);
            assert!(problems.is_empty(), "{}: {problems:#?}", packet.display());
            populated += judge(&catalog, &all)
                .families
                .iter()
                .filter(|f| f.status == Status::Populated)
                .count();
        }
        assert!(populated > 50, "the fixtures populate only {populated} families");
    }

    #[test]
    fn no_scrape_of_a_fixture_has_a_missing_family_or_an_unknown_name() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/packets");
        let catalog = Catalog::new();
        for packet in packets(&root).unwrap() {
            for page in pages(&packet).unwrap() {
                let report = judge(&catalog, std::slice::from_ref(&page));
                let defects = one_scrape(&packet.display().to_string(), &page, &report, &mut BTreeMap::new());
                assert_eq!(defects, 0, "{}/{}", packet.display(), page.path);
            }
        }
    }
}
