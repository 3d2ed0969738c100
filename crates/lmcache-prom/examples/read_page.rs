//! Reads a page that ships with the crate, and asks the contract what its names mean.
//!
//! ```console
//! $ cargo run --package lmcache-prom --example read_page
//! ```

#![allow(clippy::print_stdout)]

use lmcache_prom::contract::{Catalog, Product, SeenName, infer};
use lmcache_prom::{NotExposition, Scrape};

const PAGE: &[u8] = include_bytes!("../tests/data/lmcache-0.5.6.prom");

fn main() -> Result<(), NotExposition> {
    let page = Scrape::parse(PAGE)?;
    let catalog = Catalog::new();
    println!("{} series, {} issues", page.series_count(), page.issue_count());
    for name in page.sample_names() {
        if let Some(known) = catalog.name(name) {
            println!("{name:<56} {}", known.signal());
        }
    }
    let hit = page.sum("lmcache_mp_lookup_hit_tokens_total");
    let asked = page.sum("lmcache_mp_lookup_requested_tokens_total");
    println!("{hit:?} of {asked:?} tokens since the start");

    let names: Vec<SeenName<'_>> =
        page.sample_names().map(|name| SeenName { name, labels: Vec::new() }).collect();
    if let Some(releases) = infer(&catalog, Product::Lmcache, &names) {
        let all: Vec<String> = releases.candidates.iter().map(ToString::to_string).collect();
        println!("names that LMCache {} exposes", all.join(", "));
    }
    Ok(())
}
