//! The packages as a stranger has them: unpacked side by side, without the repository. Everything
//! in them builds, their tests pass, their examples run.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::archive::Archive;
use super::manifest::Crate;
use crate::cargo;

/// The workspace that they are put into. The profile is the repository's, so that what is built
/// already is not built again.
const MANIFEST: &str = "[workspace]\nresolver = \"3\"\nmembers = [\"*\"]\n
[profile.dev]\ndebug = \"line-tables-only\"\n\n[patch.crates-io]\n";

/// Builds, tests and runs what the packages hold, in a directory of its own.
pub(super) fn try_out(root: &Path, crates: &[Crate], archives: &[Archive]) -> Result<()> {
    // One place for all runs: elsewhere each would leave its build behind.
    let place = cargo::target(root).join("stranger");
    if place.exists() {
        std::fs::remove_dir_all(&place).with_context(|| format!("{}", place.display()))?;
    }
    let mut manifest = MANIFEST.to_owned();
    for (one, archive) in crates.iter().zip(archives) {
        archive.unpack(&place.join(&one.name))?;
        writeln!(manifest, "{name} = {{ path = \"{name}\" }}", name = one.name)?;
    }
    std::fs::write(place.join("Cargo.toml"), manifest)?;
    // The versions that are tested here, and no newer ones.
    std::fs::copy(root.join("Cargo.lock"), place.join("Cargo.lock"))?;
    let cargo = |arguments: &[&str]| {
        let mut command = cargo::command();
        command.args(arguments).current_dir(&place);
        command.env("CARGO_TARGET_DIR", cargo::target(root));
        command
    };
    for one in crates {
        // Each alone, since what is built together shares its features.
        for features in [&[][..], &["--no-default-features"], &["--all-features"]] {
            let check = ["check", "--offline", "--quiet", "--package", &one.name];
            cargo::run(cargo(&check).args(features))?;
        }
        println!("{}: builds alone, with all features and with none", one.name);
    }
    println!("tests of the unpacked packages");
    cargo::run(&mut cargo(&["test", "--offline", "--quiet", "--workspace"]))?;
    for one in crates {
        let mut ran = !one.library;
        for example in &one.examples {
            let run = ["run", "--offline", "--quiet", "--package", &one.name, "--example", example];
            let output = cargo(&run).output()?;
            // Those that need a file say so and end with 2.
            ensure!(
                matches!(output.status.code(), Some(0 | 2)),
                "example {example} of {} failed: {}: {}",
                one.name,
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
            if output.status.success() && !output.stdout.is_empty() {
                println!("{}: example {example} runs", one.name);
                ran = true;
            }
        }
        ensure!(ran, "{} has no example that runs without a file", one.name);
    }
    Ok(())
}
