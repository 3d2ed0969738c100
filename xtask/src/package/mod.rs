//! `cargo xtask package`: every crate that is published, packaged in the order in which they have
//! to be, looked through, and used as a stranger would use it.

mod archive;
mod manifest;
mod stranger;

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::cargo;
use archive::Archive;

/// How much is done.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Only package and look through: nothing is built.
    #[arg(long)]
    fast: bool,
    /// Package what is not committed too.
    #[arg(long)]
    allow_dirty: bool,
}

/// Packages everything.
pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    let started = Instant::now();
    let metadata = cargo::metadata(root)?;
    let crates = manifest::in_order(&metadata)?;
    let names: Vec<&str> = crates.iter().map(|one| one.name.as_str()).collect();
    println!("in this order: {}", names.join(", "));
    let mut defects = manifest::defects(root, &crates)?;

    let mut package = cargo::command();
    // Not verified by cargo: it keeps what it unpacks by name and version, and would build what the
    // last run packaged. `stranger` builds what this one did.
    package.args(["package", "--locked", "--quiet", "--no-verify"]).current_dir(root);
    for name in &names {
        package.args(["--package", name]);
    }
    if args.allow_dirty {
        package.arg("--allow-dirty");
    }
    cargo::run(&mut package)?;

    let folder = cargo::target(root).join("package");
    let mut archives = Vec::new();
    for one in &crates {
        let archive = Archive::read(&folder.join(format!("{}-{}.crate", one.name, one.version)))?;
        println!(
            "{:<16} {:>8} bytes, {:>3} files, {:>8} bytes unpacked",
            one.name,
            archive.packed,
            archive.files.len(),
            archive.unpacked(),
        );
        defects.extend(archive::defects(root, one, &archive)?);
        archives.push(archive);
    }
    for defect in &defects {
        eprintln!("{defect}");
    }
    ensure!(defects.is_empty(), "{} defects in the packages", defects.len());
    if !args.fast {
        stranger::try_out(root, &crates, &archives)?;
    }
    println!("{} packages, {:.0} s", crates.len(), started.elapsed().as_secs_f64());
    Ok(())
}
