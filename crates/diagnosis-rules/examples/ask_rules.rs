//! Lays one scraped page and one log before the rules, and prints what they say.
//!
//! ```console
//! $ cargo run --package diagnosis-rules --example ask_rules
//! ```

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;

use coverage_model::bridge::{BridgeInput, bridge};
use coverage_model::{Evidence, assess};
use diagnosis_rules::{Declared, Lane, Printed, Settings, Target, View, diagnose, rule};
use lmcache_logs::LogOptions;
use lmcache_prom::contract::Catalog;
use lmcache_prom::{Captured, Scrape, Timeline};

const PAGE: &[u8] = b"# TYPE lmcache_mp_l2_prefetch_failure_chunks_total counter
lmcache_mp_l2_prefetch_failure_chunks_total{reason=\"l1_oom\"} 24
";
const LOG: &str = "\
[2026-01-10 09:00:00,161] LMCache INFO: LMCache ZMQ cache server is running on tcp://0.0.0.0:5555 (server.py:385:lmcache.v1.multiprocess.server)
[2026-01-10 10:00:20,210] LMCache WARNING: Store task 12 to adapter 0 failed for keys: [k] (store_controller.py:1:lmcache.v1.a)
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let catalog = Catalog::new();
    let paths = ["metrics.prom".to_owned()];
    let timeline = Timeline::from_scrapes(vec![Captured::new(0, None, Scrape::parse(PAGE)?)]);
    let log = lmcache_logs::read(LOG.as_bytes(), LogOptions::default())?;
    let logs = vec![Lane { path: "lmcache.log", evidence: &log }];

    // Whoever observes targets and facts for the coverage model passes them here.
    let evidence = Evidence::default();
    let coverage = assess(&catalog, &evidence);
    let bridge = bridge(&BridgeInput::default());
    let view = View {
        catalog: &catalog,
        targets: vec![Target::new(&catalog, "lmcache", &timeline, &paths)],
        printed: Printed::of(&logs, &[]),
        logs,
        launch: None,
        http: Vec::new(),
        salts: BTreeMap::new(),
        spans: Vec::new(),
        traces: Vec::new(),
        replay: None,
        hashes: None,
        sizing: None,
        coverage: &coverage,
        bridge: &bridge,
        facts: &evidence,
        releases: BTreeMap::new(),
        contradictions: Vec::new(),
        declared: Declared::default(),
    };

    let diagnosis = diagnose(&view, &Settings::default());
    for finding in &diagnosis.findings {
        println!("{} ({}, {:?}): {}", finding.code, finding.severity, finding.claim, finding.title);
        for place in &finding.evidence {
            println!("    {}: {}", place.artifact, place.what);
        }
        println!("    do: {}", rule(&finding.code).map_or("", |rule| rule.action));
    }
    println!("{} questions could not be answered", diagnosis.not_evaluable.len());
    Ok(())
}
