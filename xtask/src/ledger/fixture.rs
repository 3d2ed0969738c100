//! Fixtures as proofs see them: what they claim, and copies with something taken out.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use coverage_model::{FAMILIES, Family};
use globset::{Glob, GlobSet, GlobSetBuilder};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

use super::model::Part;
use crate::pages::name_of;
use crate::tree;

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
    let family = family(part);
    let mut taken = 0usize;
    for from in tree::files(&fixture.path)? {
        let relative = from.strip_prefix(&fixture.path)?;
        if files.is_match(relative) {
            taken += 1;
            continue;
        }
        let target = to.join(relative);
        if let Some(dir) = target.parent() {
            std::fs::create_dir_all(dir)?;
        }
        let bytes = std::fs::read(&from)?;
        let rewritten = match String::from_utf8(bytes) {
            Ok(text) => {
                let kept = without(&text, part, &series, family, catalog);
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

/// The family that a proof is about, where it names nothing else that it rests on.
fn family(part: &Part) -> Option<&'static Family> {
    let named = !part.series.is_empty() || !part.files.is_empty() || !part.lines.is_empty();
    let family = part.family.as_deref().filter(|_| !named)?;
    FAMILIES.iter().find(|f| format!("{}/{}", f.surface, f.name) == family)
}

fn without(
    text: &str,
    part: &Part,
    series: &GlobSet,
    family: Option<&Family>,
    catalog: &Catalog,
) -> String {
    let of_family = |name: &str| {
        family.zip(catalog.name(name)).is_some_and(|(family, n)| family.contains(n.signal()))
    };
    let gone = |line: &str| {
        let name = name_of(line.trim());
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
