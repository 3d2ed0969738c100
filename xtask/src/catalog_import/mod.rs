//! `cargo xtask catalog import`: the next column of the contract, read from a published package.

mod extract;
mod facts;
mod package;
mod places;
mod source;

use std::path::{Path, PathBuf};

use anyhow::Result;

pub(crate) fn dump(root: &Path, file: &PathBuf) -> Result<()> {
    let package = package::read(file)?;
    eprintln!("{} {} {}", package.name, package.version, package.sources.len());
    let places = places::Places::read(root, &package.name)?;
    let reading = extract::read(&package, &places);
    for f in reading.facts.values() {
        println!("{}\t{}\t{:?}\t{:?}{}\t{:?}\t{}", f.kind.name(), f.key, f.said, f.labels.names, if f.labels.complete {""} else {"+"}, f.events, f.site);
    }
    for u in &reading.unread { println!("UNREAD {} {} {}", u.0, u.1, u.1.within); }
    for b in &reading.broken { println!("BROKEN {b}"); }
    Ok(())
}
