//! `cargo xtask bench-lct` and `gen-lct`: the trace reader beside LMCache's own, and the data
//! sets for it. Both run the program of the benches, built for release, so that this task needs
//! none of the peers that the benches link.

use std::path::{Path, PathBuf};

use anyhow::{Result, ensure};

use crate::cargo;

/// Arguments of `bench-lct`.
#[derive(Debug, clap::Args)]
pub(crate) struct BenchArgs {
    /// A Python with LMCache installed; without it that row is left out
    #[arg(long, value_name = "PROGRAM")]
    python: Option<PathBuf>,
    /// Size of each data set
    #[arg(long, default_value = "200MiB", value_name = "SIZE")]
    size: String,
    /// Rounds; the median counts
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Where the data sets are written
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

/// Arguments of `gen-lct`.
#[derive(Debug, clap::Args)]
pub(crate) struct GenArgs {
    /// `short` (few keys a record) or `many` (many keys a record)
    shape: String,
    /// Size, such as 200MiB or 10GiB
    size: String,
    /// Output
    file: PathBuf,
}

/// Measures and prints the tables of `docs/traces.md`.
pub(crate) fn bench(root: &Path, args: &BenchArgs) -> Result<()> {
    let mut words = vec!["session".to_owned(), "--size".to_owned(), args.size.clone()];
    words.extend(["--rounds".to_owned(), args.rounds.to_string()]);
    if let Some(python) = &args.python {
        ensure!(python.exists(), "{}: there is no such program", python.display());
        words.extend(["--python".to_owned(), python.display().to_string()]);
    }
    if let Some(dir) = &args.dir {
        words.extend(["--dir".to_owned(), dir.display().to_string()]);
    }
    program(root, &words)
}

/// Writes a data set: the same bytes each time.
pub(crate) fn generate(root: &Path, args: &GenArgs) -> Result<()> {
    let words =
        ["gen", &args.shape, &args.size, &args.file.display().to_string()].map(str::to_owned);
    program(root, &words)
}

fn program(root: &Path, words: &[String]) -> Result<()> {
    let run =
        ["run", "--release", "--quiet", "--package", "inferguard-benches", "--bin", "lct", "--"];
    cargo::run(cargo::command().args(run).args(words).current_dir(root))
}
