//! `cargo xtask licences`: every dependency has a licence that we allow.

use std::path::Path;

use anyhow::{Result, bail};

use crate::cargo;

/// Licences that may be linked into an Apache-2.0 program without further duties.
const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "Unicode-3.0",
    // The same terms, before they were called Unicode-3.0.
    "Unicode-DFS-2016",
    "Unlicense",
    "Zlib",
    "CC0-1.0",
    "0BSD",
    "CDLA-Permissive-2.0",
];

/// Whether an SPDX expression leaves a choice that we allow.
fn allowed(expression: &str) -> bool {
    let cleaned = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Within these expressions AND binds tighter than OR, once brackets are gone too: the few
    // bracketed ones of our tree are of the form (A OR B) AND C, which is checked term by term.
    let conjunctive = expression.contains(") AND");
    let terms = |text: &str, by: &str| -> Vec<String> {
        text.split(by).map(|t| t.trim().to_owned()).collect()
    };
    if conjunctive {
        return terms(&cleaned, " AND ")
            .iter()
            .all(|part| terms(part, " OR ").iter().any(|l| ALLOWED.contains(&l.as_str())));
    }
    terms(&cleaned, " OR ")
        .iter()
        .any(|part| terms(part, " AND ").iter().all(|l| ALLOWED.contains(&l.as_str())))
}

/// Checks the dependency tree of the workspace.
pub(crate) fn run(root: &Path) -> Result<()> {
    let metadata = cargo::metadata(root)?;
    let packages = cargo::packages(&metadata)?;
    let mut bad = Vec::new();
    for package in packages {
        let licence = package["license"].as_str().unwrap_or("");
        if !allowed(licence) {
            bad.push(format!("{} {} ({licence:?})", package["name"], package["version"]));
        }
    }
    if !bad.is_empty() {
        bail!("licences that are not allowed: {}", bad.join(", "));
    }
    println!("{} packages, every licence allowed", packages.len());
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn expressions_are_understood() {
        for ok in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
            "LGPL-2.1 OR MIT",
        ] {
            assert!(allowed(ok), "{ok}");
        }
        for bad in ["", "MPL-2.0", "LGPL-3.0", "MIT AND GPL-2.0", "(MIT OR Apache-2.0) AND GPL-3.0"]
        {
            assert!(!allowed(bad), "{bad}");
        }
    }
}
