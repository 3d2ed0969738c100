//! Virtual environments with one release of LMCache each.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use lmcache_prom::contract::Release;

use crate::{cargo, workspace};

/// Where environments and runs are kept: below the build directory, which no commit holds.
pub(super) fn cache() -> PathBuf {
    cargo::target(&workspace::root()).join("live-lab")
}

/// A virtual environment.
pub(super) struct Venv {
    dir: PathBuf,
    release: String,
    parsed: Release,
}

impl Venv {
    /// One that is there.
    pub(super) fn given(dir: &Path, wanted: Option<&str>) -> Result<Self> {
        let dir = dir.canonicalize().with_context(|| format!("{}", dir.display()))?;
        let release = installed(&dir)?;
        if let Some(wanted) = wanted.filter(|wanted| *wanted != release) {
            bail!("{} holds LMCache {release}, not {wanted}", dir.display());
        }
        let parsed = release.parse().with_context(|| release.clone())?;
        Ok(Self { dir, release, parsed })
    }

    /// The one of a release below `cache`, made where it is not there yet.
    pub(super) fn of_release(cache: &Path, release: &str) -> Result<Self> {
        release.parse::<Release>().with_context(|| format!("`{release}` is no release"))?;
        let dir = cache.join(format!("venv-{release}"));
        if installed(&dir).is_ok_and(|found| found == release) {
            return Self::given(&dir, Some(release));
        }
        println!("LMCache {release} is installed into {}", dir.display());
        std::fs::create_dir_all(cache)?;
        if dir.exists() {
            // What an interrupted installation left.
            std::fs::remove_dir_all(&dir)?;
        }
        done(Command::new("python3").args(["-m", "venv"]).arg(&dir))?;
        let pip = dir.join("bin/pip");
        let package = format!("lmcache=={release}");
        // The command line of 0.4.6 imports `openai`, which its package does not name.
        done(Command::new(pip).args(["install", "--quiet", &package, "openai"]))?;
        Self::given(&dir, Some(release))
    }

    /// The release.
    pub(super) fn release(&self) -> &str {
        &self.release
    }

    /// The release, to compare.
    pub(super) fn parsed(&self) -> Release {
        self.parsed
    }

    /// One of its programs.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.dir.join("bin").join(name)
    }
}

fn installed(dir: &Path) -> Result<String> {
    const ASK: &str = "import importlib.metadata as m; print(m.version('lmcache'))";
    let python = dir.join("bin/python");
    let out = Command::new(&python)
        .args(["-c", ASK])
        .output()
        .with_context(|| format!("{}", python.display()))?;
    ensure!(out.status.success(), "{} has no LMCache", dir.display());
    Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
}

fn done(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("{command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}
