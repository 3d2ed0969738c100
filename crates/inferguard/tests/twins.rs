//! One deployment in the spelling of 0.4.5 and in that of 0.5.6 gives the same judgement on
//! every signal that both releases have. Both pages are written from the contract.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fmt::Write as _;

use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::{Catalog, Component, Release, SeriesType, Spelling, When};

/// The MP server's spellings in a release.
fn contract(catalog: &Catalog, release: &str) -> Vec<&'static Spelling> {
    let release: Release = release.parse().unwrap();
    catalog.spellings().filter(|s| s.component == Component::Mp && s.in_release(release)).collect()
}

/// A page of a release: each spelling that `keep` accepts, with a value.
fn page(catalog: &Catalog, release: &str, value: u32, keep: impl Fn(&Spelling) -> bool) -> String {
    let at: Release = release.parse().unwrap();
    let mut out = String::new();
    for s in contract(catalog, release).into_iter().filter(|s| keep(s)) {
        let labels: Vec<String> = s
            .labels
            .iter()
            .filter(|l| l.from.is_none_or(|f| f <= at) && l.to.is_none_or(|t| at <= t))
            .map(|l| format!("{}=\"x\"", l.name))
            .collect();
        let labels = labels.join(",");
        match s.kind {
            SeriesType::Histogram => {
                let comma = if labels.is_empty() { "" } else { "," };
                let _ = writeln!(out, "{}_bucket{{{labels}{comma}le=\"+Inf\"}} {value}", s.name);
                let _ = writeln!(out, "{}_sum{{{labels}}} {value}", s.name);
                let _ = writeln!(out, "{}_count{{{labels}}} {value}", s.name);
            }
            _ => {
                let _ = writeln!(out, "{}{{{labels}}} {value}", s.name);
            }
        }
    }
    out
}

fn judge(catalog: &Catalog, page: String) -> CheckReport {
    let body = Ok(page.into_bytes());
    let input =
        Input::Fetched { url: "lmcache.prom".into(), file: None, role: None, body, at: None };
    check(catalog, open(&[input], &Limits::default()), &Options::default())
}

fn signals(report: &CheckReport) -> BTreeMap<String, &'static str> {
    report
        .families
        .iter()
        .filter(|f| f.surface == "lmcache_mp")
        .flat_map(|f| &f.signals)
        .map(|s| (s.signal.clone(), s.status.name()))
        .collect()
}

fn compare(name: &str, value: u32, keep: impl Fn(&Spelling) -> bool) -> usize {
    let catalog = Catalog::new();
    let shared: Vec<&str> = contract(&catalog, "0.4.5")
        .iter()
        .map(|s| s.signal)
        .filter(|id| contract(&catalog, "0.5.6").iter().any(|s| s.signal == *id))
        .collect();
    let both = |s: &Spelling| shared.contains(&s.signal) && keep(s);
    let old = judge(&catalog, page(&catalog, "0.4.5", value, both));
    let new = judge(&catalog, page(&catalog, "0.5.6", value, both));
    let (before, after) = (signals(&old), signals(&new));
    for id in &shared {
        assert_eq!(before.get(*id), after.get(*id), "{name}: {id}");
    }
    shared.len()
}

#[test]
fn a_busy_server_reads_the_same_in_both_spellings() {
    let shared = compare("populated", 7, |_| true);
    assert!(shared > 35, "only {shared} signals are shared");
    compare("all zero", 0, |_| true);
}

#[test]
fn an_idle_server_reads_the_same_in_both_spellings() {
    compare("idle", 0, |s| matches!(s.when, When::With(_)));
}

#[test]
fn without_l2_and_without_failures_reads_the_same() {
    compare("no L2", 5, |s| !s.needs.contains(&"l2") && !matches!(s.when, When::Failure(_)));
}

#[test]
fn each_page_is_recognised_as_its_release() {
    let catalog = Catalog::new();
    for release in ["0.4.5", "0.5.6"] {
        let report = judge(&catalog, page(&catalog, release, 7, |_| true));
        let row = report.releases.lmcache.unwrap();
        assert_eq!(row.candidates, [release], "{:?}", row.decided_by);
        assert!(row.contradictions.is_empty(), "{:?}", row.contradictions);
    }
}

#[test]
fn the_old_names_are_those_of_the_may_2026_list() {
    let catalog = Catalog::new();
    let page = page(&catalog, "0.4.5", 1, |_| true);
    for name in [
        "lmcache_mp_sm_read_requests_total",
        "lmcache_mp_l1_read_keys_total",
        "lmcache_mp_l2_store_tasks_total",
        "lmcache_mp_l2_store_throughput_gbs_GB_per_second_count",
        "lmcache_mp_l0_l1_load_throughput_gbs_GB_per_second_count",
        "lmcache_mp_real_reuse_gap_chunks_count",
        "lmcache_mp_l1_allocation_failure_total",
    ] {
        assert!(page.contains(name), "{name}");
    }
}
