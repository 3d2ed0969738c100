//! Which module belongs to which server or program, and which modules are left out: data.

use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::facts::Kind;

/// One row.
#[derive(Debug, Clone)]
struct Row {
    kind: Option<Kind>,
    prefix: String,
    components: Vec<String>,
}

/// The rows of one product.
#[derive(Debug, Clone, Default)]
pub(crate) struct Places {
    rows: Vec<Row>,
}

/// The table.
pub(crate) const TABLE: &str = "xtask/catalog/places.tsv";

impl Places {
    /// Reads the rows of a product.
    pub(crate) fn read(root: &Path, product: &str) -> Result<Self> {
        let path = root.join(TABLE);
        let text = std::fs::read_to_string(&path).with_context(|| format!("{}", path.display()))?;
        Self::parse(&text, product).with_context(|| format!("{}", path.display()))
    }

    /// The same, of text at hand.
    pub(crate) fn parse(text: &str, product: &str) -> Result<Self> {
        let mut rows = Vec::new();
        for (n, line) in text.lines().enumerate() {
            if line.starts_with('#') || line.trim().is_empty() {
                continue;
            }
            let cells: Vec<&str> = line.split('\t').collect();
            let [of, kind, prefix, components] = cells[..] else {
                anyhow::bail!("line {}: {} columns, not 4", n + 1, cells.len());
            };
            if of != product {
                continue;
            }
            let kind_of = Kind::of(kind);
            ensure!(kind_of.is_some() || kind == "*", "line {}: kind {kind:?}", n + 1);
            let components = components.split(',').filter(|c| *c != "-" && !c.is_empty());
            rows.push(Row {
                kind: kind_of,
                prefix: prefix.to_owned(),
                components: components.map(str::to_owned).collect(),
            });
        }
        Ok(Self { rows })
    }

    /// Components that a module serves: those of the longest prefix that it has.
    pub(crate) fn components(&self, kind: Kind, path: &str) -> Vec<String> {
        self.rows
            .iter()
            .filter(|row| row.kind == Some(kind) && path.starts_with(&row.prefix))
            .max_by_key(|row| row.prefix.len())
            .map(|row| row.components.clone())
            .unwrap_or_default()
    }

    /// Whether a module is of interest for a kind: all are where no row names any.
    pub(crate) fn concerns(&self, kind: Kind, path: &str) -> bool {
        !self.rows.iter().any(|row| row.kind == Some(kind))
            || !self.components(kind, path).is_empty()
    }

    /// Whether a module is left out altogether.
    pub(crate) fn left_out(&self, path: &str) -> bool {
        self.rows
            .iter()
            .any(|r| r.kind.is_none() && r.components.is_empty() && path.starts_with(&r.prefix))
    }
}
