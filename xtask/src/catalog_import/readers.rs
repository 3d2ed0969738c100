//! Who depends on a name: families, and the sources that hold it as a literal.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use super::facts::Kind;
use super::tables::Entry;
use super::tables::layout::cell;
use crate::tree;

/// Sources by the string literals that they hold.
#[derive(Debug, Default)]
pub(crate) struct Readers {
    files: Vec<(String, String)>,
}

/// Sources that make the tables, and those that test: neither depends on a name.
fn left_out(path: &str) -> bool {
    path.contains("/contract/tables/") || path.contains("/tests/") || path.ends_with("tests.rs")
}

impl Readers {
    /// Reads the sources of the crates.
    pub(crate) fn new(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for path in tree::files(&root.join("crates"))? {
            let name = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
            if path.extension().is_none_or(|e| e != "rs") || left_out(&name) {
                continue;
            }
            files.push((name, std::fs::read_to_string(&path)?));
        }
        Ok(Self { files })
    }

    fn holding(&self, literal: &str) -> Vec<String> {
        let quoted = format!("\"{literal}\"");
        self.files
            .iter()
            .filter(|(_, text)| text.contains(&quoted))
            .map(|(path, _)| path.strip_prefix("crates/").unwrap_or(path).to_owned())
            .collect()
    }

    /// What reads an entry of the tables, by name.
    pub(crate) fn of(&self, kind: Kind, entry: &Entry) -> Vec<String> {
        let row = &entry.row;
        let mut out: Vec<String> = Vec::new();
        match kind {
            Kind::Metric => {
                let signal = cell(row, 0);
                let families = coverage_model::FAMILIES.iter().filter(|f| f.contains(signal));
                out.extend(families.map(|f| format!("family {}/{}", f.surface, f.name)));
                out.extend(self.holding(signal));
                out.extend(self.holding(cell(row, 1)));
            }
            Kind::Route => {
                let ask = cell(row, 10);
                if !ask.is_empty() {
                    out.push(format!("question {ask}"));
                }
                out.extend(self.holding(cell(row, 2)));
            }
            Kind::Log => {
                let id = cell(row, 0);
                out.push(format!("template {id}"));
                out.extend(self.holding(id));
            }
            Kind::Span | Kind::Codec | Kind::Connector | Kind::TracedCall | Kind::ConfigKey => {
                let name = cell(row, usize::from(kind == Kind::Connector));
                out.extend(self.holding(name.rsplit("StorageManager.").next().unwrap_or(name)));
            }
            _ => {}
        }
        let mut seen = BTreeSet::new();
        out.retain(|name| seen.insert(name.clone()));
        out
    }

    /// Sources that read a label, attribute or argument of an entry.
    pub(crate) fn of_label(&self, kind: Kind, entry: &Entry, label: &str) -> Vec<String> {
        let readers = self.of(kind, entry);
        let holding = self.holding(label);
        holding.into_iter().filter(|path| readers.contains(path)).collect()
    }
}
