//! The metrics pages of a packet in memory, so that they can be changed and judged again.

use std::path::Path;

use anyhow::{Context, Result};
use inferguard::packet::{ArtifactKind, Input, Limits, open, sniff};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::Catalog;

use crate::tree;

/// A page: its path within the packet, and its text.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    pub(crate) path: String,
    pub(crate) text: String,
}

/// Files that make a directory a packet.
pub(crate) const PACKET: &[&str] = &["manifest.json", "fixture.json"];

/// The metrics pages of a packet.
pub(crate) fn pages(packet: &Path) -> Result<Vec<Page>> {
    let mut out = Vec::new();
    for path in tree::files(packet)? {
        let relative = path.strip_prefix(packet)?.to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).with_context(|| format!("{}", path.display()))?;
        let head = &bytes[..bytes.len().min(64 << 10)];
        if sniff(&relative, head) == ArtifactKind::PrometheusText
            && let Ok(text) = String::from_utf8(bytes)
        {
            out.push(Page { path: relative, text });
        }
    }
    out.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(out)
}

/// Judges pages as `inferguard check` does.
pub(crate) fn judge(catalog: &Catalog, pages: &[Page]) -> CheckReport {
    let inputs: Vec<Input> = pages
        .iter()
        .map(|p| Input::Fetched {
            url: p.path.clone(),
            file: None,
            role: None,
            body: Ok(p.text.clone().into_bytes()),
            at: None,
        })
        .collect();
    check(catalog, open(&inputs, &Limits::default()), &Options::default())
}

/// Pages without the lines of the sample names that `gone` accepts.
pub(crate) fn without(pages: &[Page], gone: impl Fn(&str) -> bool) -> Vec<Page> {
    pages
        .iter()
        .map(|p| {
            let kept: String = p
                .text
                .lines()
                .filter(|line| line.starts_with('#') || !gone(name_of(line)))
                .flat_map(|line| [line, "\n"])
                .collect();
            Page { path: p.path.clone(), text: kept }
        })
        .collect()
}

/// The sample name of a line.
pub(crate) fn name_of(line: &str) -> &str {
    let end = line.find(['{', ' ', '\t']).unwrap_or(line.len());
    line.get(..end).unwrap_or(line)
}
