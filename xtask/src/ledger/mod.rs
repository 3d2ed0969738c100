//! `cargo xtask ledger`: what is covered, scored by commands that are run.
//!
//! Nobody types a score. `ledger.toml` says what each row needs and which command on which
//! fixture shows it; a proof that also holds on a fixture without its evidence is none.

mod fixture;
mod model;
mod pages;
mod place;
mod proof;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::cargo;
use crate::generated::{Mode, ensure_contents};
use fixture::Fixture;
use model::Ledger;

/// Runs the proofs and writes `docs/scoring-ledger.md` and `.json`, or checks them.
pub(crate) fn run(root: &Path, mode: Mode, bin: Option<&Path>) -> Result<()> {
    let ledger = model::read(&root.join("xtask/ledger.toml"))?;
    let fixtures = fixtures(root, &ledger)?;
    let bin = match bin {
        Some(bin) => bin.to_path_buf(),
        None => build(root)?,
    };
    let outcomes = proof::run(&ledger, &fixtures, root, &bin)?;
    let score = write::Score::new(&ledger, &outcomes);
    let broken: Vec<String> = outcomes
        .iter()
        .filter_map(|((row, part), shown)| {
            let row = &ledger.row[*row];
            let why = shown.broken.as_ref()?;
            Some(format!("{}: {}: {why}", row.name, row.part[*part].what))
        })
        .collect();
    for line in &broken {
        println!("BROKEN {line}");
    }
    let packages = crate::catalog_import::manifest::read(root)?;
    let page = write::markdown(&ledger, &fixtures, &outcomes, &score, &packages);
    let data = write::json(&ledger, &fixtures, &outcomes, &score, &packages)?;
    let command = "cargo xtask ledger";
    ensure_contents(&root.join("docs/scoring-ledger.md"), &page, mode, command)?;
    ensure_contents(&root.join("docs/scoring-ledger.json"), &data, mode, command)?;
    println!("{}", score.line());
    ensure!(broken.is_empty(), "{} proofs do not hold", broken.len());
    Ok(())
}

/// The fixtures that the ledger names.
fn fixtures(root: &Path, ledger: &Ledger) -> Result<BTreeMap<String, Fixture>> {
    let mut out = BTreeMap::new();
    for name in ledger.row.iter().flat_map(|r| &r.part).filter_map(|p| p.fixture.as_ref()) {
        if !out.contains_key(name) {
            out.insert(name.clone(), Fixture::read(root, name)?);
        }
    }
    Ok(out)
}

/// Builds the command as users have it.
fn build(root: &Path) -> Result<PathBuf> {
    let arguments = ["build", "--release", "--quiet", "--locked", "--package", "inferguard-cli"];
    cargo::run(cargo::command().args(arguments).current_dir(root))?;
    let bin = cargo::target(root).join("release/inferguard");
    std::fs::metadata(&bin).with_context(|| format!("{}", bin.display()))?;
    Ok(bin)
}
