//! What a person judged: renames, with the reason, and what a package holds that cannot be read.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use globset::{Glob, GlobMatcher};
use lmcache_prom::contract::Release;
use serde::Deserialize;

use super::facts::Kind;

/// The file.
pub(crate) const FILE: &str = "xtask/catalog/judged.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    rename: Vec<RenameRow>,
    #[serde(default)]
    accept: Vec<AcceptRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RenameRow {
    product: String,
    release: String,
    kind: String,
    old: String,
    new: String,
    reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct AcceptRow {
    product: String,
    kind: String,
    names: String,
    #[serde(default)]
    releases: Vec<String>,
    reason: String,
}

/// One name that became another.
#[derive(Debug, Clone)]
pub(crate) struct Rename {
    /// First release with the new name.
    pub(crate) release: Release,
    /// What it is about.
    pub(crate) kind: Kind,
    /// Old name.
    pub(crate) old: String,
    /// New name.
    pub(crate) new: String,
    /// Why it is one.
    pub(crate) reason: String,
}

/// Names that tables and packages differ in for a reason.
#[derive(Debug, Clone)]
struct Accept {
    kind: Kind,
    names: GlobMatcher,
    releases: Vec<Release>,
}

/// The judgement on one product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    /// Renames.
    pub(crate) renames: Vec<Rename>,
    accepts: Vec<Accept>,
}

impl Judged {
    /// Reads what concerns a product.
    pub(crate) fn read(root: &Path, product: &str) -> Result<Self> {
        let path = root.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        Self::parse(&text, product).with_context(|| format!("{}", path.display()))
    }

    /// The same, of text at hand.
    pub(crate) fn parse(text: &str, product: &str) -> Result<Self> {
        let document: Document = toml::from_str(text)?;
        let kind = |name: &str| Kind::of(name).with_context(|| format!("kind {name:?}"));
        let mut out = Self::default();
        for row in document.rename.into_iter().filter(|r| r.product == product) {
            ensure!(!row.reason.trim().is_empty(), "{}: a rename needs a reason", row.new);
            out.renames.push(Rename {
                release: row.release.parse()?,
                kind: kind(&row.kind)?,
                old: row.old,
                new: row.new,
                reason: row.reason,
            });
        }
        for row in document.accept.into_iter().filter(|r| r.product == product) {
            ensure!(!row.reason.trim().is_empty(), "{}: a reason is needed", row.names);
            let releases: Result<_, _> = row.releases.iter().map(|r| r.parse()).collect();
            out.accepts.push(Accept {
                kind: kind(&row.kind)?,
                names: Glob::new(&row.names)?.compile_matcher(),
                releases: releases?,
            });
        }
        Ok(out)
    }

    /// Renames of a release.
    pub(crate) fn of(&self, release: Release) -> impl Iterator<Item = &Rename> {
        self.renames.iter().filter(move |r| r.release == release)
    }

    /// Whether a difference has a recorded reason.
    pub(crate) fn accepts(&self, kind: Kind, name: &str, release: Release) -> bool {
        self.accepts.iter().any(|a| {
            a.kind == kind
                && a.names.is_match(name)
                && (a.releases.is_empty() || a.releases.contains(&release))
        })
    }
}
