//! `cargo xtask catalog import`: the next column of the contract, read from a published package.

mod column;
mod compare;
mod drift;
mod extract;
mod facts;
mod fetch;
mod judged;
pub(crate) mod manifest;
mod package;
mod places;
mod readers;
mod report;
mod source;
mod tables;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use lmcache_prom::contract::Release;

use crate::generated::{Mode, ensure_contents};
use facts::Reading;
use judged::Judged;
use package::Package;
use places::Places;
use readers::Readers;
use tables::Catalog;

/// Products with a contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Product {
    /// LMCache.
    Lmcache,
    /// vLLM.
    Vllm,
    /// SGLang.
    Sglang,
}

impl Product {
    const fn name(self) -> &'static str {
        match self {
            Self::Lmcache => "lmcache",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
        }
    }
}

/// Arguments of `catalog import`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Whose package it is.
    #[arg(long)]
    product: Product,
    /// The package: a wheel or a source distribution that is there.
    #[arg(
        long,
        value_name = "FILE",
        required_unless_present = "version",
        conflicts_with = "version"
    )]
    wheel: Option<PathBuf>,
    /// The release, downloaded from PyPI with pip. Instead of --wheel, also with --dry-run and --check.
    #[arg(long, value_name = "RELEASE")]
    version: Option<String>,
    /// The package of the release before: a file, or a release to download. Without it nothing is
    /// closed, since nothing tells what is gone from what cannot be read.
    #[arg(long, value_name = "FILE|RELEASE")]
    previous: Option<String>,
    /// Take the catalog as it was when this was the newest release.
    #[arg(long, value_name = "RELEASE")]
    until: Option<Release>,
    /// Print the report and write nothing here; what --version and --previous name is still
    /// downloaded. Where the tables have the release already, compare.
    #[arg(long)]
    dry_run: bool,
    /// Hold the column of a release that the tables have against its package, and write nothing.
    #[arg(long, conflicts_with_all = ["until", "previous", "dry_run"])]
    check: bool,
    /// With a check that agrees: put the package into the list of packages.
    #[arg(long, requires = "check")]
    record: bool,
}

/// A package read, with what is in it.
struct Read {
    package: Package,
    reading: Reading,
}

fn read(file: &Path, product: Product, places: &Places) -> Result<Read> {
    let package = package::read(file)?;
    ensure!(
        package.name == product.name(),
        "{}: this is {} {}, not {}",
        file.display(),
        package.name,
        package.version,
        product.name()
    );
    let reading = extract::read(&package, places);
    Ok(Read { package, reading })
}

/// Reads a file, or a release from PyPI.
fn fetch_and_read(what: &str, product: Product, places: &Places) -> Result<Read> {
    let file = Path::new(what);
    if file.is_file() {
        return read(file, product, places);
    }
    let _: Release =
        what.parse().with_context(|| format!("{what}: neither a file nor a release"))?;
    let dir = tempfile::tempdir()?;
    let file = fetch::download(product.name(), what, dir.path())?;
    read(&file, product, places)
}

/// Runs the task.
pub(crate) fn run(root: &Path, args: &Args) -> Result<()> {
    let product = args.product;
    let started = Instant::now();
    let places = Places::read(root, product.name())?;
    let judged = Judged::read(root, product.name())?;
    let there = Catalog::read(root, product.name())?;
    let new = match (&args.wheel, &args.version) {
        (Some(file), _) => read(file, product, &places)?,
        (None, Some(version)) => fetch_and_read(version, product, &places)?,
        (None, None) => anyhow::bail!("--wheel or --version is needed"),
    };
    let release: Release = new.package.version.parse()?;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let (sources, other) = manifest::with(root, &new.package, &today)?;
    if let Some(other) = other {
        println!("another file than the one that was read: {other}");
    }
    if args.check {
        ensure!(
            there.order.contains(&release),
            "{} {release} is not in the tables",
            product.name()
        );
        let check = compare::check(&there, release, &new.reading, &judged);
        print!("{}", report::check(product.name(), release, &check));
        eprintln!("{:.1} s", started.elapsed().as_secs_f64());
        ensure!(check.differences.is_empty(), "{} differences", check.differences.len());
        if args.record {
            ensure_contents(
                &sources.path,
                &sources.text(),
                Mode::Write,
                "cargo xtask catalog import",
            )?;
        }
        return Ok(());
    }
    let last = args.until.unwrap_or_else(|| {
        there.order.iter().rev().find(|r| **r < release).copied().unwrap_or_else(|| there.newest())
    });
    ensure!(last < release, "the catalog ends at {last}, which is not before {release}");
    let later = there.order.iter().any(|r| *r > release);
    ensure!(args.dry_run || !later, "the tables have releases after {release}: only --dry-run");
    let base = there.cut(last);
    ensure!(base.newest() == last, "{} {last} is not in the tables", product.name());
    let before = match &args.previous {
        Some(what) => Some(fetch_and_read(what, product, &places)?),
        None => None,
    };
    if let Some(before) = &before {
        ensure!(
            before.package.version.parse::<Release>()? == last,
            "--previous is {} {}, and the catalog ends at {last}",
            before.package.name,
            before.package.version
        );
    }
    let old = before.as_ref().map(|b| &b.reading);
    let drift = drift::between(&base, (last, release), (old, &new.reading), &judged);
    let readers = Readers::new(root)?;
    let subject = report::Subject {
        catalog: &base,
        releases: (last, release),
        reading: &new.reading,
        before: old,
        readers: &readers,
        places: &places,
    };
    print!("{}", report::drift(&subject, &drift));
    let releases = (last, release);
    if args.dry_run {
        if there.order.contains(&release) {
            let written = column::write(base, &drift, &new.reading, releases);
            let there = there.cut(release);
            println!();
            print!("{}", report::comparison(&compare::columns_of(&written, &there, release)));
        }
    } else {
        let written = column::write(there.clone(), &drift, &new.reading, releases);
        for (path, text) in written.files() {
            ensure_contents(path, &text, Mode::Write, "cargo xtask catalog import")?;
        }
        ensure_contents(&sources.path, &sources.text(), Mode::Write, "cargo xtask catalog import")?;
        crate::catalog::run(root, Mode::Write)?;
    }
    eprintln!("{:.1} s", started.elapsed().as_secs_f64());
    Ok(())
}
