//! Fixtures as proofs see them: what they claim, and copies with something taken out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use coverage_model::FAMILIES;
use globset::{Glob, GlobSet, GlobSetBuilder};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

use super::model::Part;

/// What a fixture says of itself.
#[derive(Debug, Clone)]
pub(crate) struct Fixture {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// `live`, `driven-collector`, `synthetic`.
    pub(crate) claim: String,
    /// Products and their versions.
    pub(crate) versions: Vec<String>,
    /// Reports on it are pinned by a golden snapshot.
    pub(crate) pinned: bool,
    /// It was captured without a GPU.
    pub(crate) cpu: bool,
}

impl Fixture {
    /// Reads `fixture.json`.
    pub(crate) fn read(root: &Path, name: &str) -> Result<Self> {
        let path = root.join("fixtures/packets").join(name);
        let file = path.join("fixture.json");
        let text = std::fs::read_to_string(&file).with_context(|| format!("{}", file.display()))?;
        let json: Value = serde_json::from_str(&text)?;
        let provenance = &json["provenance"];
        let setting = provenance["setting"].to_string();
        let versions = provenance["versions"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(product, v)| format!("{product} {}", v.as_str().unwrap_or("?")))
            .collect();
        let snapshots = root.join("crates/inferguard-cli/tests/snapshots");
        Ok(Self {
            name: name.to_owned(),
            claim: provenance["claim"].as_str().unwrap_or("synthetic").to_owned(),
            versions,
            pinned: snapshots.join(format!("golden__screen-{name}.snap")).is_file(),
            // Packets of engines say it in their own words; all of them say "CPU".
            cpu: setting.contains("CPU") || provenance.to_string().contains("CPU"),
            path,
        })
    }
}

/// Copies a fixture into `to` without what a proof rests on; fails where nothing was taken out.
pub(crate) fn mutate(fixture: &Fixture, part: &Part, catalog: &Catalog, to: &Path) -> Result<()> {
    let series = globs(&part.series)?;
    let files = globs(&part.files)?;
    let signals = family_signals(part);
    let mut taken = 0usize;
    for relative in tree(&fixture.path)? {
        let from = fixture.path.join(&relative);
        if files.is_match(&relative) {
            taken += 1;
            continue;
        }
        let target = to.join(&relative);
        if let Some(dir) = target.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let bytes = std::fs::read(&from)?;
        let rewritten = match String::from_utf8(bytes) {
            Ok(text) => {
                let kept = without(&text, part, &series, &signals, catalog);
                taken += usize::from(kept.len() != text.len());
                kept.into_bytes()
            }
            Err(binary) => binary.into_bytes(),
        };
        std::fs::write(&target, rewritten)?;
    }
    ensure!(taken > 0, "nothing in {} is what the proof says it rests on", fixture.name);
    Ok(())
}

/// Signals of the family that a proof is about, where it names no series itself.
fn family_signals(part: &Part) -> Vec<&'static str> {
    let named = !part.series.is_empty() || !part.files.is_empty() || !part.lines.is_empty();
    let Some(family) = part.family.as_deref().filter(|_| !named) else { return vec![] };
    FAMILIES
        .iter()
        .filter(|f| format!("{}/{}", f.surface, f.name) == family)
        .flat_map(|f| f.signals.iter().copied())
        .collect()
}

fn without(
    text: &str,
    part: &Part,
    series: &GlobSet,
    signals: &[&str],
    catalog: &Catalog,
) -> String {
    let of_family = |name: &str| {
        catalog.name(name).is_some_and(|named| {
            signals.iter().any(|entry| match entry.strip_suffix('*') {
                Some(prefix) => named.signal().starts_with(prefix),
                None => named.signal() == *entry,
            })
        })
    };
    let gone = |line: &str| {
        let bare = line.trim_start();
        let name = bare.split(['{', ' ']).next().unwrap_or("");
        (!name.is_empty() && (series.is_match(name) || of_family(name)))
            || part.lines.iter().any(|word| line.contains(word.as_str()))
    };
    text.split_inclusive('\n').filter(|line| !gone(line)).collect()
}

fn globs(patterns: &[String]) -> Result<GlobSet> {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        set.add(Glob::new(pattern)?);
    }
    Ok(set.build()?)
}

/// Files of a fixture, relative, without its own description and labels.
fn tree(root: &Path) -> Result<BTreeSet<String>> {
    let (mut out, mut queue) = (BTreeSet::new(), vec![root.to_path_buf()]);
    while let Some(dir) = queue.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| format!("{}", dir.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                queue.push(path);
            } else {
                out.insert(path.strip_prefix(root)?.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(out)
}
