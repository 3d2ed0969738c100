//! `cargo xtask msrv`: the Rust that the workspace declares is enough for everything in its lock
//! file, and, with `--build`, builds it.
//!
//! Calls of newer parts of the standard library are found by clippy (`incompatible_msrv`, in every
//! run of it); newer syntax only by building.

use std::collections::{BTreeMap, BTreeSet};
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

/// What the workspace's members need that declare its Rust, themselves included; and the names of
/// the members that declare another. Those serve maintainers and must not be published.
fn needed<'m>(metadata: &'m Value, declared: &str) -> Result<(Vec<&'m Value>, Vec<&'m str>)> {
    let packages = cargo::packages(metadata)?;
    let by_id: BTreeMap<&str, &Value> =
        packages.iter().filter_map(|p| Some((p["id"].as_str()?, p))).collect();
    let edges: BTreeMap<&str, &Value> = metadata["resolve"]["nodes"]
        .as_array()
        .context("cargo metadata: no resolve")?
        .iter()
        .filter_map(|node| Some((node["id"].as_str()?, &node["deps"])))
        .collect();
    let (mut open, mut others) = (Vec::new(), Vec::new());
    for id in metadata["workspace_members"].as_array().into_iter().flatten() {
        let id = id.as_str().context("a member without an id")?;
        let package = by_id.get(id).with_context(|| format!("no package {id}"))?;
        if package["rust_version"].as_str() == Some(declared) {
            open.push(id);
            continue;
        }
        let name = package["name"].as_str().unwrap_or("?");
        ensure!(
            package["publish"].as_array().is_some_and(Vec::is_empty),
            "{name} is published and its rust-version is {}, not {declared}",
            package["rust_version"]
        );
        others.push(name);
    }
    let mut reached = BTreeSet::new();
    while let Some(id) = open.pop() {
        if reached.insert(id) {
            let deps = edges.get(id).and_then(|deps| deps.as_array()).into_iter().flatten();
            open.extend(deps.filter_map(|dep| dep["pkg"].as_str()));
        }
    }
    Ok((reached.iter().filter_map(|id| by_id.get(id).copied()).collect(), others))
}

/// Packages that ask for more than `declared`, and how many say nothing.
fn beyond(packages: &[&Value], declared: Version) -> Result<(Vec<String>, usize)> {
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
    let (packages, others) = needed(&metadata, &text)?;
    let (more, silent) = beyond(&packages, wanted)?;
    if !more.is_empty() {
        bail!("rust-version is {text}, and {}", more.join(", "));
    }
    println!(
        "{} packages, none asks for more than Rust {text}; {silent} do not say; not looked at, \
         since maintainers alone need it: {}",
        packages.len(),
        if others.is_empty() { "nothing".to_owned() } else { others.join(", ") },
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
    let mut check = Command::new("rustup");
    check.args(["run", &toolchain, "cargo", "check", "--workspace", "--all-targets", "--locked"]);
    for other in &others {
        check.args(["--exclude", other]);
    }
    // Its own directory: two compilers in one rebuild each other's work.
    check
        .env("CARGO_TARGET_DIR", cargo::target(root).join("msrv"))
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .current_dir(root);
    cargo::run(&mut check)?;
    println!(
        "all of it builds with Rust {toolchain}: libraries, command, tests, examples, benches"
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{beyond, needed, version};

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
        let (more, silent) = beyond(&packages.each_ref(), (1, 89, 0)).unwrap();
        assert_eq!((more.len(), silent), (1, 1));
        assert!(more[0].starts_with("new"), "{more:?}");
        let odd = [json!({"name": "odd", "version": "1.0.0", "rust_version": "latest"})];
        assert!(beyond(&odd.each_ref(), (1, 89, 0)).is_err());
    }

    #[test]
    fn what_only_maintainers_need_is_not_looked_at() {
        let metadata = |published: bool| {
            let publish = if published { json!(null) } else { json!([]) };
            json!({
                "packages": [
                    {"id": "lib", "name": "lib", "rust_version": "1.89", "publish": null},
                    {"id": "task", "name": "task", "rust_version": "1.95", "publish": publish},
                    {"id": "deep", "name": "deep", "rust_version": "1.70"},
                    {"id": "shared", "name": "shared", "rust_version": "1.70"},
                    {"id": "new", "name": "new", "rust_version": "1.95"},
                ],
                "workspace_members": ["lib", "task"],
                "resolve": {"nodes": [
                    {"id": "lib", "deps": [{"pkg": "shared"}]},
                    {"id": "shared", "deps": [{"pkg": "deep"}]},
                    {"id": "task", "deps": [{"pkg": "new"}, {"pkg": "lib"}]},
                    {"id": "deep", "deps": []},
                    {"id": "new", "deps": []},
                ]},
            })
        };
        let kept = metadata(false);
        let (packages, others) = needed(&kept, "1.89").unwrap();
        let names: Vec<&str> = packages.iter().filter_map(|p| p["name"].as_str()).collect();
        assert_eq!((names, others), (vec!["deep", "lib", "shared"], vec!["task"]));
        assert!(needed(&metadata(true), "1.89").is_err());
    }
}
