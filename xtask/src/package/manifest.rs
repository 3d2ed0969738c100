//! The crates that are published: their order, and what their manifests have to say.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{cargo, msrv};

/// What a registry takes at most.
const MOST_KEYWORDS: usize = 5;
/// A longer description is cut in lists.
const LONGEST_DESCRIPTION: usize = 200;

/// One crate that is published.
#[derive(Debug)]
pub(super) struct Crate {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) directory: PathBuf,
    /// Whether it is there for others to build on: not where a command is.
    pub(super) library: bool,
    /// Names of its examples.
    pub(super) examples: Vec<String>,
    /// Crates of the workspace that it needs, with the version that it asks for.
    needs: BTreeMap<String, String>,
    package: Value,
}

/// The published crates of the workspace, each behind all that it needs.
pub(super) fn in_order(metadata: &Value) -> Result<Vec<Crate>> {
    let members: BTreeSet<&str> = metadata["workspace_members"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let published = |package: &&Value| {
        package["id"].as_str().is_some_and(|id| members.contains(id))
            && package["publish"].as_array().is_none_or(|registries| !registries.is_empty())
    };
    let mut waiting = Vec::new();
    for package in cargo::packages(metadata)?.iter().filter(published) {
        waiting.push(read(package)?);
    }
    waiting.sort_by(|a, b| a.name.cmp(&b.name));
    let mut done: Vec<Crate> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting
            .iter()
            .position(|one| one.needs.keys().all(|need| done.iter().any(|d| d.name == *need)));
        let Some(ready) = ready else {
            let names: Vec<&str> = waiting.iter().map(|one| one.name.as_str()).collect();
            bail!("these need each other, or a crate that is not published: {}", names.join(", "));
        };
        done.push(waiting.remove(ready));
    }
    Ok(done)
}

fn read(package: &Value) -> Result<Crate> {
    let text = |key: &str| {
        package[key].as_str().map(str::to_owned).with_context(|| format!("a package without {key}"))
    };
    let manifest = PathBuf::from(text("manifest_path")?);
    let mut needs = BTreeMap::new();
    for dependency in package["dependencies"].as_array().into_iter().flatten() {
        if dependency["path"].is_string() {
            let name = dependency["name"].as_str().context("a dependency without a name")?;
            needs.insert(name.to_owned(), dependency["req"].as_str().unwrap_or("*").to_owned());
        }
    }
    let targets = |kind: &str| {
        let all = package["targets"].as_array().into_iter().flatten();
        all.filter(|target| target["kind"][0] == kind).collect::<Vec<_>>()
    };
    let examples = targets("example")
        .into_iter()
        .filter_map(|target| Some(target["name"].as_str()?.to_owned()))
        .collect();
    Ok(Crate {
        name: text("name")?,
        version: text("version")?,
        directory: manifest.parent().context("a manifest without a directory")?.to_path_buf(),
        library: !targets("lib").is_empty() && targets("bin").is_empty(),
        examples,
        needs,
        package: package.clone(),
    })
}

/// What is wrong with the manifests.
pub(super) fn defects(root: &Path, crates: &[Crate]) -> Result<Vec<String>> {
    let rust = msrv::declared(root)?;
    let mut out = Vec::new();
    for one in crates {
        let mut wrong = |what: String| out.push(format!("{}: {what}", one.name));
        let package = &one.package;
        for key in ["description", "license", "repository", "readme"] {
            if package[key].as_str().is_none_or(str::is_empty) {
                wrong(format!("no {key}"));
            }
        }
        if package["description"].as_str().is_some_and(|d| d.len() > LONGEST_DESCRIPTION) {
            wrong(format!("a description of more than {LONGEST_DESCRIPTION} bytes"));
        }
        let count = |key: &str| package[key].as_array().map_or(0, Vec::len);
        if !(1..=MOST_KEYWORDS).contains(&count("keywords")) {
            wrong(format!("{} keywords; 1 to {MOST_KEYWORDS} are allowed", count("keywords")));
        }
        if count("categories") == 0 {
            wrong("no categories".to_owned());
        }
        if package["rust_version"].as_str() != Some(rust.as_str()) {
            wrong(format!("rust-version {}, the workspace has {rust}", package["rust_version"]));
        }
        for (need, asked) in &one.needs {
            if asked == "*" {
                wrong(format!("asks for {need} without a version"));
            }
        }
        let readme = std::fs::read_to_string(one.directory.join("README.md")).unwrap_or_default();
        if !readme.contains(&format!("Minimum Rust: {rust}.")) {
            wrong(format!("its README does not say \"Minimum Rust: {rust}.\""));
        }
        for feature in package["features"].as_object().into_iter().flatten().map(|(name, _)| name) {
            if feature != "default" && !readme.contains(&format!("| `{feature}` |")) {
                wrong(format!("its README's table of features has no `{feature}`"));
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::in_order;

    fn package(name: &str, needs: &[&str], publish: &Value) -> Value {
        let dependencies: Vec<Value> = needs
            .iter()
            .map(|n| json!({"name": n, "req": "^0.1.0", "path": format!("/w/{n}")}))
            .collect();
        json!({"id": name, "name": name, "version": "0.1.0", "manifest_path": format!("/w/{name}/Cargo.toml"),
            "dependencies": dependencies, "targets": [], "publish": publish})
    }

    fn names(packages: &[Value]) -> Result<Vec<String>, String> {
        let members: Vec<&Value> = packages.iter().map(|p| &p["id"]).collect();
        in_order(&json!({"packages": packages, "workspace_members": members}))
            .map(|crates| crates.into_iter().map(|one| one.name).collect())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn each_comes_behind_what_it_needs() {
        let all = [
            package("app", &["middle", "leaf"], &Value::Null),
            package("leaf", &[], &Value::Null),
            package("middle", &["leaf"], &Value::Null),
            package("task", &["app"], &json!([])),
        ];
        assert_eq!(names(&all).unwrap(), ["leaf", "middle", "app"]);
    }

    #[test]
    fn what_cannot_be_published_is_named() {
        let circle = [package("a", &["b"], &Value::Null), package("b", &["a"], &Value::Null)];
        assert!(names(&circle).unwrap_err().ends_with("a, b"));
        let private = [package("a", &["task"], &Value::Null), package("task", &[], &json!([]))];
        assert!(names(&private).unwrap_err().ends_with('a'));
    }
}
