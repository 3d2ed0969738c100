//! `fixture.json`: what a fixture is, where it came from, what was done to it.

use std::fmt::Write;

use evidence_redact::Counts;
use serde::{Deserialize, Serialize};

use super::provenance::Provenance;
use super::select::Wish;

/// Name of the manifest in a fixture's directory.
pub(super) const FILE: &str = "fixture.json";
/// Name of the labels in a packet and in a fixture. They are no evidence.
pub(super) const TRUTH: &str = "truth.json";
/// Identity of this format.
pub(super) const SCHEMA: &str = "inferguard/fixture/v1";

/// Replacements by class, in class order. A map would have `secret` for a key, and a manifest has
/// to stay the same when it is sanitised like any other JSON.
pub(super) type Redactions = Vec<Redaction>;

/// How often one class was replaced.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Redaction {
    /// [`evidence_redact::Class::name`].
    pub(super) class: String,
    pub(super) count: u64,
}

/// The manifest.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Fixture {
    pub(super) schema: String,
    pub(super) name: String,
    /// What the packet's own manifest says.
    pub(super) provenance: Provenance,
    /// Which files were asked for.
    pub(super) import: Wish,
    pub(super) totals: Totals,
    pub(super) files: Vec<File>,
    pub(super) left_out: Vec<LeftOut>,
    /// The labels, copied beside the evidence.
    pub(super) truth: Option<File>,
}

/// Sums over the files.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Totals {
    pub(super) files: usize,
    pub(super) bytes: u64,
    pub(super) redacted: Redactions,
}

/// One file of the fixture.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct File {
    pub(super) path: String,
    /// How it was read for redaction ([`evidence_redact::Kind::name`]).
    pub(super) kind: String,
    pub(super) bytes: u64,
    pub(super) sha256: String,
    /// The same of the file in the packet.
    pub(super) source: Source,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) redacted: Redactions,
}

/// Size and digest of a file before it was imported.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Source {
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

/// A file of the packet that is not in the fixture.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct LeftOut {
    pub(super) path: String,
    pub(super) bytes: u64,
    pub(super) reason: String,
}

impl Fixture {
    /// The text of the file: one line a file, so that it is short and a diff names what changed.
    pub(super) fn to_json(&self) -> Result<String, serde_json::Error> {
        let head = Fixture { files: Vec::new(), left_out: Vec::new(), ..self.clone() };
        let head = serde_json::to_string_pretty(&head)?;
        let files = lines(&self.files)?;
        let left_out = lines(&self.left_out)?;
        Ok(head
            .replace("\n  \"files\": []", &format!("\n  \"files\": [{files}]"))
            .replace("\n  \"left_out\": []", &format!("\n  \"left_out\": [{left_out}]"))
            + "\n")
    }

    /// What the maintainer sees after an import.
    pub(super) fn summary(&self) -> String {
        let mut out = String::new();
        let Totals { files, bytes, redacted } = &self.totals;
        let _ = writeln!(
            out,
            "{}: {files} files, {bytes} bytes, claim {}",
            self.name, self.provenance.claim
        );
        if !redacted.is_empty() {
            let _ = writeln!(out, "  redacted: {}", in_words(redacted));
        }
        for left in &self.left_out {
            let _ =
                writeln!(out, "  left out {} ({} bytes): {}", left.path, left.bytes, left.reason);
        }
        out
    }
}

/// The elements of an array, one a line.
fn lines<T: Serialize>(items: &[T]) -> Result<String, serde_json::Error> {
    let lines: Result<Vec<String>, _> =
        items.iter().map(|item| Ok(format!("\n    {}", serde_json::to_string(item)?))).collect();
    let lines = lines?;
    Ok(if lines.is_empty() { String::new() } else { lines.join(",") + "\n  " })
}

/// Counts as manifests hold them.
pub(super) fn redactions(counts: &Counts) -> Redactions {
    counts
        .iter()
        .map(|(class, count)| Redaction { class: class.name().to_owned(), count })
        .collect()
}

/// `secret 2, host 1`
pub(super) fn in_words(redactions: &[Redaction]) -> String {
    let words: Vec<String> =
        redactions.iter().map(|r| format!("{} {}", r.class, r.count)).collect();
    words.join(", ")
}
