//! `cargo xtask msrv`: the Rust that the workspace declares is enough for everything in its lock
//! file, and, with `--build`, builds it.
//!
//! Calls of newer parts of the standard library are found by clippy (`incompatible_msrv`, in every
//! run of it); newer syntax only by building.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

use crate::cargo;

/// A version of Rust; what is not said is zero.
type Version = (u64, u64, u64);

fn version(text: &str) -> Option<Version> {
    let mut parts = text.split('.').map(|part| part.parse().ok());
    let version =
        (parts.next()??, parts.next().unwrap_or(Some(0))?, parts.next().unwrap_or(Some(0))?);
    parts.next().is_none().then_some(version)
}

/// Packages that ask for more than `declared`, and how many say nothing.
fn beyond(packages: &[Value], declared: Version) -> Result<(Vec<String>, usize)> {
    let (mut more, mut silent) = (Vec::new(), 0);
    for package in packages {
        let Some(asked) = package["rust_version"].as_str() else {
            silent += 1;
            continue;
        };
        let told = || format!("{} {}", package["name"].as_str().unwrap_or("?"), package["version"]);
        let asked_version = version(asked).with_context(|| format!("{}: {asked:?}", told()))?;
        if asked_version > declared {
            more.push(format!("{} asks for {asked}", told()));
        }
    }
    Ok((more, silent))
}

/// The Rust that the workspace declares.
pub(crate) fn declared(root: &Path) -> Result<String> {
    let manifest: toml::Value = toml::from_str(&std::fs::read_to_string(root.join("Cargo.toml"))?)?;
    let declared = manifest.get("workspace").and_then(|w| w.get("package")?.get("rust-version"));
    Ok(declared.and_then(toml::Value::as_str).context("no rust-version in Cargo.toml")?.to_owned())
}

/// Holds the lock file against the declared version, and builds with it where that is asked for.
pub(crate) fn run(root: &Path, build: bool) -> Result<()> {
    let text = declared(root)?;
    let wanted = version(&text).with_context(|| format!("rust-version {text:?}"))?;
    let metadata = cargo::metadata(root)?;
    let packages = cargo::packages(&metadata)?;
    let (more, silent) = beyond(packages, wanted)?;
    if !more.is_empty() {
        bail!("rust-version is {text}, and {}", more.join(", "));
    }
    println!(
        "{} packages, none asks for more than Rust {text}; {silent} do not say",
        packages.len()
    );
    if !build {
        return Ok(());
    }
    let toolchain = format!("{}.{}.{}", wanted.0, wanted.1, wanted.2);
    let there = Command::new("rustup").args(["run", &toolchain, "rustc", "--version"]).output();
    ensure!(
        there.is_ok_and(|found| found.status.success()),
        "Rust {toolchain} is not here: `rustup toolchain install {toolchain} --profile minimal`"
    );
    // Its own directory: two compilers in one rebuild each other's work.
    cargo::run(
        Command::new("rustup")
            .args(["run", &toolchain, "cargo", "check", "--workspace", "--all-targets", "--locked"])
            .env("CARGO_TARGET_DIR", cargo::target(root).join("msrv"))
            .env_remove("RUSTUP_TOOLCHAIN")
            .env_remove("CARGO")
            .current_dir(root),
    )?;
    println!(
        "the workspace builds with Rust {toolchain}: libraries, command, tests, examples, benches"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{beyond, version};

    #[test]
    fn versions_are_compared_by_their_numbers() {
        assert_eq!(version("1.89"), Some((1, 89, 0)));
        assert_eq!(version("1.9.1"), Some((1, 9, 1)));
        assert!(version("1.100") > version("1.89.9"));
        for bad in ["", "1.x", "1.2.3.4", "stable"] {
            assert_eq!(version(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_package_that_asks_for_more_is_named() {
        let packages = [
            json!({"name": "old", "version": "1.0.0", "rust_version": "1.63"}),
            json!({"name": "same", "version": "1.0.0", "rust_version": "1.89"}),
            json!({"name": "silent", "version": "1.0.0", "rust_version": null}),
            json!({"name": "new", "version": "2.0.0", "rust_version": "1.90.0"}),
        ];
        let (more, silent) = beyond(&packages, (1, 89, 0)).unwrap();
        assert_eq!((more.len(), silent), (1, 1));
        assert!(more[0].starts_with("new"), "{more:?}");
        let odd = [json!({"name": "odd", "version": "1.0.0", "rust_version": "latest"})];
        assert!(beyond(&odd, (1, 89, 0)).is_err());
    }
}
