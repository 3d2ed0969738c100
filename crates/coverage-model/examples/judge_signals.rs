//! Judges a server of which a few signals were seen: what is there, and what its silence means.
//!
//! ```console
//! $ cargo run --package coverage-model --example judge_signals
//! ```

#![allow(clippy::print_stdout)]

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::{Evidence, FamilyRow, Observation, Source, Status, Target, assess};
use lmcache_prom::contract::{Catalog, Product, SeenName, infer};

/// What stood on a page: signal, its name there, label sets, those that are not zero.
const SEEN: [(&str, &str, u64, u64); 3] = [
    ("mp.l1.write", "lmcache_mp_l1_write_chunks_total", 1, 1),
    ("mp.l1.usage_ratio", "lmcache_mp_l1_usage_ratio", 1, 1),
    ("mp.l1.memory_usage_bytes", "lmcache_mp_l1_memory_usage_bytes", 1, 1),
];

fn main() {
    let catalog = Catalog::new();
    let observed = |(signal, name, series, nonzero): (&'static str, &str, u64, u64)| {
        let names = BTreeSet::from([name.to_owned()]);
        let source = Some(Source::new("lmcache-0.prom", name));
        (signal, Observation { names, series, nonzero, source, ..Observation::default() })
    };
    let names: Vec<SeenName<'_>> =
        SEEN.iter().map(|(_, name, ..)| SeenName { name, labels: Vec::new() }).collect();
    let target = Target {
        role: "lmcache".to_owned(),
        signals: SEEN.map(observed).into_iter().collect::<BTreeMap<_, _>>(),
        releases: infer(&catalog, Product::Lmcache, &names)
            .map(|found| (Product::Lmcache, found))
            .into_iter()
            .collect(),
        ..Target::default()
    };

    let coverage = assess(&catalog, &Evidence { targets: vec![target], ..Evidence::default() });
    println!("{}; {}", coverage.architecture.headline, coverage.mode.because);
    let told =
        |row: &&FamilyRow| row.surface == "lmcache_mp" && row.status != Status::NotApplicable;
    for row in coverage.families.iter().filter(told) {
        println!("{:<12} {}/{}: {}", row.status.name(), row.surface, row.family, row.because);
    }
}
