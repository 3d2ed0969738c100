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
use coverage_model::{FAMILIES, Family, Mode, RequiredWhen, Status};
use inferguard::report::{CheckReport, ReleaseRow, Traffic};
use lmcache_prom::contract::{Catalog, Release};

use crate::pages::{PACKET, Page, judge, pages, without};
use crate::tree;

/// Runs the survey; gives the number of defects.
pub(crate) fn run(root: &Path) -> Result<usize> {
    let catalog = Catalog::new();
    let mut defects = 0usize;
    let mut widths: BTreeMap<String, usize> = BTreeMap::new();
    let (mut scrapes, mut unprovable, mut deletions) = (0usize, 0usize, 0usize);
    println!("scrape | mode | lmcache | width | vllm | sglang");
    for packet in tree::holding(root, PACKET)? {
        let name = packet.strip_prefix(root).unwrap_or(&packet).display().to_string();
        let all = pages(&packet)?;
        for page in &all {
            scrapes += 1;
            let report = judge(&catalog, std::slice::from_ref(page));
            defects += one_scrape(&name, page, &report, &mut widths);
        }
        let found = matrix(&catalog, &all);
        defects += found.problems.len();
        unprovable += found.unprovable.len();
        deletions += found.deletions;
        for problem in found.problems {
            println!("DEFECT {name}: {problem}");
        }
        for what in found.unprovable {
            println!("UNPROVABLE {name}: {what}");
        }
    }
    println!("{scrapes} scrapes; width of the LMCache range: {widths:?}");
    println!("{deletions} deletions, {unprovable} of them unprovable; {defects} defects");
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

fn one_scrape(
    packet: &str,
    page: &Page,
    report: &CheckReport,
    widths: &mut BTreeMap<String, usize>,
) -> usize {
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
        println!(
            "DEFECT {packet}/{}: {}/{} is missing: {}",
            page.path, row.surface, row.family, row.because
        );
    }
    for target in &report.targets {
        if !target.unknown_names.is_empty() {
            defects += 1;
            println!("DEFECT {packet}/{}: unaccounted: {:?}", page.path, target.unknown_names);
        }
    }
    for row in [lmcache, report.releases.vllm.as_ref(), report.releases.sglang.as_ref()]
        .into_iter()
        .flatten()
    {
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

/// What the deletion matrix of one packet came to.
#[derive(Debug, Default)]
pub(crate) struct Matrix {
    /// Families whose series were deleted.
    pub(crate) deletions: usize,
    /// What does not hold.
    pub(crate) problems: Vec<String>,
    /// Deletions after which no other series proves that the family's event happened: they are
    /// `not_emitted`, which is all that can be said.
    pub(crate) unprovable: Vec<String>,
}

/// The deletion matrix of one packet.
pub(crate) fn matrix(catalog: &Catalog, all: &[Page]) -> Matrix {
    let mut out = Matrix::default();
    let report = judge(catalog, all);
    let before = statuses(&report);
    // With lost events an absence proves nothing, so there the truth is "unknown".
    let dropped = report.families.iter().any(|f| {
        f.signals
            .iter()
            .any(|s| s.signal == "mp.event_bus.dropped_events" && s.status == Status::Populated)
    });
    let idle = report
        .targets
        .iter()
        .filter(|t| t.is.iter().any(|w| w.starts_with("lmcache")))
        .all(|t| t.traffic == Traffic::Idle);
    for family in FAMILIES {
        let key = format!("{}/{}", family.surface, family.name);
        let event_driven = family.required_when == RequiredWhen::AfterTraffic;
        let wanted = family.required_when == RequiredWhen::Always || event_driven;
        // "After traffic" asks nothing of a server that had none.
        let excused = event_driven && idle && family.surface.starts_with("lmcache");
        if !wanted || excused || before.get(&key) != Some(&Status::Populated) {
            continue;
        }
        out.deletions += 1;
        let changed =
            without(all, |name| catalog.name(name).is_some_and(|n| family.contains(n.signal())));
        let report_after = judge(catalog, &changed);
        one_deletion(catalog, family, &report, &report_after, dropped && event_driven, &mut out);
    }
    // Names that only other releases have.
    let candidates: Vec<Release> = report
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
            out.problems.push("deleting another release's names changes statuses".into());
        }
    }
    out
}

fn one_deletion(
    catalog: &Catalog,
    family: &Family,
    before: &CheckReport,
    after: &CheckReport,
    events_lost: bool,
    out: &mut Matrix,
) {
    let key = format!("{}/{}", family.surface, family.name);
    let (old, new) = (statuses(before), statuses(after));
    let because = after
        .families
        .iter()
        .find(|f| f.surface == family.surface && f.family == family.name)
        .map_or("", |f| f.because.as_str());
    let expected = if events_lost { Status::Unknown } else { Status::Missing };
    match new.get(&key) {
        Some(Status::NotEmitted) => out.unprovable.push(format!("without {key}: {because}")),
        Some(status) if *status == expected => {
            if expected == Status::Missing && !because.contains("it should be there: ") {
                out.problems.push(format!("without {key}: no proof is named ({because})"));
            }
        }
        other => {
            out.problems.push(format!("without {key}: {other:?}, not {expected:?} ({because})"));
        }
    }
    // What proved "no LMCache here" may be what was deleted.
    let lost_mode = before.mode == Mode::None && after.mode == Mode::Unknown;
    for (other, status) in &new {
        let kin = FAMILIES
            .iter()
            .find(|f| format!("{}/{}", f.surface, f.name) == *other)
            .is_some_and(|f| shares_signals(catalog, family, f));
        let excused = kin || (lost_mode && other.starts_with("lmcache"));
        // A family that the release may or may not have says no more once its proof is gone.
        let weaker = old.get(other) == Some(&Status::Unknown) && *status == Status::NotEmitted;
        // What was deleted may be what told the release.
        let wider = before.releases.lmcache.as_ref().map(|r| &r.candidates)
            != after.releases.lmcache.as_ref().map(|r| &r.candidates);
        let weaker = weaker || (wider && *status == Status::Unknown);
        if *other != key && !excused && !weaker && old.get(other) != Some(status) {
            out.problems.push(format!(
                "without {key}: {other} went from {:?} to {status:?}",
                old.get(other)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fixtures and families whose event nothing else proves, as the package's source was read:
    /// `not_emitted` is right there. Wherever something proves it, it belongs into
    /// `crates/lmcache-prom/contract/events.csv` instead.
    const UNPROVABLE: &[(&str, &str)] = &[];

    #[test]
    fn the_matrix_holds_on_every_imported_packet() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/packets");
        let catalog = Catalog::new();
        let found = tree::holding(&root, PACKET).unwrap();
        assert!(found.len() >= 6, "too few fixtures: {}", found.len());
        let (mut populated, mut deletions) = (0usize, 0usize);
        for packet in found {
            let all = pages(&packet).unwrap();
            let found = matrix(&catalog, &all);
            assert!(found.problems.is_empty(), "{}: {:#?}", packet.display(), found.problems);
            let name = packet.file_name().unwrap().to_str().unwrap();
            let agreed = |what: &String| {
                UNPROVABLE.iter().any(|(f, family)| {
                    *f == name && what.starts_with(&format!("without {family}:"))
                })
            };
            let open: Vec<&String> = found.unprovable.iter().filter(|w| !agreed(w)).collect();
            assert!(open.is_empty(), "{}: {open:#?}", packet.display());
            deletions += found.deletions;
            populated += judge(&catalog, &all)
                .families
                .iter()
                .filter(|f| f.status == Status::Populated)
                .count();
        }
        assert!(deletions > 60, "only {deletions} deletions were tried");
        assert!(populated > 50, "the fixtures populate only {populated} families");
    }

    #[test]
    fn no_scrape_of_a_fixture_has_a_missing_family_or_an_unknown_name() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/packets");
        let catalog = Catalog::new();
        for packet in tree::holding(&root, PACKET).unwrap() {
            for page in pages(&packet).unwrap() {
                let report = judge(&catalog, std::slice::from_ref(&page));
                let defects =
                    one_scrape(&packet.display().to_string(), &page, &report, &mut BTreeMap::new());
                assert_eq!(defects, 0, "{}/{}", packet.display(), page.path);
            }
        }
    }
}
