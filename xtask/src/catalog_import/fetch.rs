//! Packages from PyPI, by pip.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Downloads one package and nothing that it depends on.
pub(crate) fn download(product: &str, version: &str, into: &Path) -> Result<PathBuf> {
    let status = Command::new("python3")
        .args(["-m", "pip", "download", "--no-deps", "--quiet", "--disable-pip-version-check"])
        .arg("--dest")
        .arg(into)
        .arg(format!("{product}=={version}"))
        .status()
        .context("python3 -m pip")?;
    ensure!(status.success(), "pip could not download {product} {version}");
    let mut files: Vec<PathBuf> = std::fs::read_dir(into)
        .with_context(|| format!("{}", into.display()))?
        .filter_map(|entry| entry.ok().map(|e| e.path()))
        .collect();
    files.sort();
    files.into_iter().next().context("pip downloaded nothing")
}
