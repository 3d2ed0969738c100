//! What is in a package, and what must not be.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};
use flate2::read::GzDecoder;

use super::manifest::Crate;

/// What a registry takes at most.
const LARGEST: u64 = 10 << 20;
/// What every package brings along.
const BRINGS: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE", "Cargo.toml"];
/// How sources name another file that has to be there when they are compiled.
const NAMES_A_FILE: [&str; 4] = ["include_str!(", "include_bytes!(", "include!(", "#[path = "];

/// How a test finds what lies beside its crate in the repository, and nowhere else.
const LEADS_OUT: &str = "join(\"../..";

/// A package, unpacked in memory.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) packed: u64,
    /// Contents by path within the package.
    pub(super) files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Archive {
    /// Reads a `.crate` file.
    pub(super) fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("{}", path.display()))?;
        let mut files = BTreeMap::new();
        let mut archive = tar::Archive::new(GzDecoder::new(bytes.as_slice()));
        for entry in archive.entries()? {
            let mut entry = entry?;
            // Its first part is the package's name and version.
            let inside: PathBuf = entry.path()?.components().skip(1).collect();
            let mut contents = Vec::new();
            entry.read_to_end(&mut contents)?;
            files.insert(inside, contents);
        }
        Ok(Self { packed: bytes.len() as u64, files })
    }

    /// Bytes of all files.
    pub(super) fn unpacked(&self) -> usize {
        self.files.values().map(Vec::len).sum()
    }

    /// Writes the files below a directory.
    pub(super) fn unpack(&self, to: &Path) -> Result<()> {
        for (path, contents) in &self.files {
            let path = to.join(path);
            if let Some(parent) = path.parent() {
                std::fs::create_dir_all(parent)?;
            }
            std::fs::write(&path, contents).with_context(|| format!("{}", path.display()))?;
        }
        Ok(())
    }
}

/// What is wrong with a package.
pub(super) fn defects(root: &Path, one: &Crate, archive: &Archive) -> Result<Vec<String>> {
    let mut out = Vec::new();
    if archive.packed > LARGEST {
        out.push(format!("{}: {} bytes, more than a registry takes", one.name, archive.packed));
    }
    for name in BRINGS {
        if archive.files.get(Path::new(name)).is_none_or(Vec::is_empty) {
            out.push(format!("{}: no {name} in the package", one.name));
        }
    }
    let licence = std::fs::read(root.join("LICENSE")).context("LICENSE")?;
    if archive.files.get(Path::new("LICENSE")).is_some_and(|found| *found != licence) {
        out.push(format!("{}: its LICENSE is not the repository's", one.name));
    }
    let own = machine_paths(root);
    for (path, contents) in &archive.files {
        let text = String::from_utf8_lossy(contents);
        let place = format!("{}: {}", one.name, path.display());
        for (number, line) in text.lines().enumerate() {
            if own.iter().any(|own| line.contains(own)) {
                out.push(format!("{place}:{} names a path of this machine", number + 1));
            }
        }
        if path.extension().is_some_and(|extension| extension == "rs") {
            if text.contains(LEADS_OUT) {
                out.push(format!("{place} reads files of the repository: `exclude` it"));
            }
            out.extend(
                missing(path, &text, &archive.files)
                    .into_iter()
                    .map(|named| format!("{place} includes {named}, which is not in the package")),
            );
        }
    }
    Ok(out)
}

/// Paths that exist on this machine only.
fn machine_paths(root: &Path) -> Vec<String> {
    let home = std::env::var("HOME").ok().filter(|home| home.len() > 1);
    // A short home such as `/root` stands in other people's paths too: only with its `.cargo`.
    let cargo = std::env::var("CARGO_HOME").ok().or_else(|| Some(format!("{}/.cargo", home?)));
    [Some(root.display().to_string()), cargo].into_iter().flatten().collect()
}

/// Files that a source includes and the package has not.
fn missing(source: &Path, text: &str, files: &BTreeMap<PathBuf, Vec<u8>>) -> Vec<String> {
    let mut out = Vec::new();
    for start in NAMES_A_FILE {
        for (at, _) in text.match_indices(start) {
            let named = text.get(at + start.len()..).and_then(|rest| {
                rest.trim_start().strip_prefix('"')?.split_once('"').map(|(named, _)| named)
            });
            let Some(named) = named else { continue };
            if !resolved(source, named).is_some_and(|path| files.contains_key(&path)) {
                out.push(named.to_owned());
            }
        }
    }
    out
}

/// A path beside a source, within the package; nothing where it leads out of it.
fn resolved(source: &Path, named: &str) -> Option<PathBuf> {
    let mut out: PathBuf = source.parent()?.to_path_buf();
    for part in Path::new(named).components() {
        match part {
            Component::Normal(name) => out.push(name),
            Component::ParentDir => out.pop().then_some(())?,
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn included_files_have_to_be_there() {
        let files = BTreeMap::from([
            (PathBuf::from("README.md"), b"x".to_vec()),
            (PathBuf::from("src/tables/a.csv"), b"x".to_vec()),
        ]);
        let missing = |text: &str| missing(Path::new("src/lib.rs"), text, &files);
        for good in [
            r#"#![doc = include_str!("../README.md")]"#,
            "include_bytes!(\n    \"tables/a.csv\")",
            "include!(concat!(env!(\"OUT_DIR\"), \"/x\"))",
        ] {
            assert!(missing(good).is_empty(), "{good}");
        }
        for bad in ["../../README.md", "tables/b.csv", "/etc/hosts"] {
            assert_eq!(missing(&format!("include_str!(\"{bad}\")")), [bad]);
        }
    }
}
