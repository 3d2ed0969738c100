//! The contract of one product as the tables of the repository hold it.

pub(crate) mod layout;
pub(crate) mod lines;
pub(crate) mod spans;
pub(crate) mod wording;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use lmcache_prom::contract::Release;

use super::facts::Kind;
use layout::{LAYOUTS, Layout, cell};
use lines::{Line, Table};

/// Releases by product.
pub(crate) const RELEASES: &str = "crates/lmcache-prom/contract/releases.csv";
/// Build ids of LMCache by release.
pub(crate) const COMMITS: &str = "crates/lmcache-http/contract/commits.csv";

/// The tables of one product.
#[derive(Debug, Clone)]
pub(crate) struct Catalog {
    /// The product.
    pub(crate) product: String,
    /// Its examined releases, oldest first.
    pub(crate) order: Vec<Release>,
    /// Its tables with their layouts.
    pub(crate) tables: Vec<(Layout, Table)>,
    pub(crate) releases: Table,
    pub(crate) commits: Table,
}

/// What one release has by the tables.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Number of the table.
    pub(crate) table: usize,
    /// Its row.
    pub(crate) row: Vec<String>,
    /// Labels, attributes or arguments with their marks.
    pub(crate) labels: BTreeMap<String, String>,
}

/// All that one release has, by kind and key.
pub(crate) type Column = BTreeMap<(Kind, String), Entry>;

impl Catalog {
    /// Reads the tables of a product.
    pub(crate) fn read(root: &Path, product: &str) -> Result<Self> {
        let releases = Table::read(&root.join(RELEASES), '|', Some("product"))?;
        let commits = Table::read(&root.join(COMMITS), '|', Some("release"))?;
        let row = releases
            .rows()
            .find(|row| cell(row, 0) == product)
            .with_context(|| format!("{RELEASES} has no product {product}"))?;
        let order: Vec<Release> = cell(row, 2)
            .split_whitespace()
            .map(|r| r.parse().with_context(|| format!("{RELEASES}: {r:?}")))
            .collect::<Result<_>>()?;
        ensure!(!order.is_empty(), "{RELEASES}: {product} has no releases");
        let mut tables = Vec::new();
        for layout in LAYOUTS.iter().filter(|l| l.product == product) {
            let table = Table::read(&root.join(layout.path), layout.delimiter, layout.head)?;
            tables.push((*layout, table));
        }
        Ok(Self { product: product.to_owned(), order, tables, releases, commits })
    }

    /// The newest release.
    pub(crate) fn newest(&self) -> Release {
        self.order.last().copied().unwrap_or(Release::new(0, 0, 0, 0))
    }

    /// The tables as they were when `last` was the newest release.
    pub(crate) fn cut(&self, last: Release) -> Self {
        let mut out = self.clone();
        out.order.retain(|release| *release <= last);
        out.set_order();
        if out.product == "lmcache" {
            out.commits.retain(|row| cell(row, 0).parse::<Release>().is_ok_and(|r| r <= last));
        }
        for (layout, table) in &mut out.tables {
            let layout = *layout;
            table.retain(|row| layout.span(row).is_none_or(|s| s.from.is_none_or(|f| f <= last)));
            for row in table.rows_mut() {
                let Some(span) = layout.span(row) else { continue };
                if span.to.is_some_and(|to| to >= last) {
                    layout.set_to(row, None);
                }
                if let Some((at, marks_last)) = layout.labels
                    && let Some(labels) = row.get_mut(at)
                {
                    *labels = spans::cut(labels, span, last, marks_last);
                }
            }
        }
        out
    }

    /// Writes the list of releases into its table.
    pub(crate) fn set_order(&mut self) {
        let list = self.order.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        for row in self.releases.rows_mut() {
            if cell(row, 0) == self.product
                && let Some(cell) = row.get_mut(2)
            {
                cell.clone_from(&list);
            }
        }
    }

    /// What a release has.
    pub(crate) fn column(&self, release: Release) -> Column {
        let mut out = Column::new();
        for (number, (layout, table)) in self.tables.iter().enumerate() {
            for row in table.rows() {
                let Some(span) = layout.span(row) else { continue };
                if !span.has(release) {
                    continue;
                }
                let labels = layout
                    .labels
                    .map(|(at, _)| spans::at(cell(row, at), release))
                    .unwrap_or_default();
                let entry = Entry { table: number, row: row.clone(), labels };
                out.insert((layout.kind, layout.key_of(row)), entry);
            }
        }
        out
    }

    /// The build id of a release.
    pub(crate) fn build(&self, release: Release) -> Option<&str> {
        let release = release.to_string();
        self.commits.rows().find(|row| cell(row, 0) == release).map(|row| cell(row, 1))
    }

    /// Closes the row of a key that a release has.
    pub(crate) fn close(&mut self, kind: Kind, key: &str, last: Release) {
        let last_text = last.to_string();
        for (layout, table) in self.tables.iter_mut().filter(|(l, _)| l.kind == kind) {
            for row in table.rows_mut() {
                if layout.key_of(row) == key && layout.span(row).is_some_and(|s| s.has(last)) {
                    layout.set_to(row, Some(&last_text));
                }
            }
        }
    }

    /// All files with their texts.
    pub(crate) fn files(&self) -> Vec<(&Path, String)> {
        let mut out: Vec<(&Path, String)> =
            self.tables.iter().map(|(_, t)| (t.path.as_path(), t.text())).collect();
        out.push((&self.releases.path, self.releases.text()));
        if self.product == "lmcache" {
            out.push((&self.commits.path, self.commits.text()));
        }
        out
    }

    /// Adds a row to the table of a kind; the nth where there are several.
    pub(crate) fn insert(&mut self, number: usize, row: Vec<String>) {
        if let Some((_, table)) = self.tables.get_mut(number) {
            table.insert(row);
        }
    }

    /// Changes the row of a key that a release has.
    pub(crate) fn change(
        &mut self,
        kind: Kind,
        key: &str,
        release: Release,
        change: impl Fn(&Layout, &mut Vec<String>),
    ) {
        for (layout, table) in self.tables.iter_mut().filter(|(l, _)| l.kind == kind) {
            for line in &mut table.lines {
                let Line::Row(row) = line else { continue };
                if layout.key_of(row) == key && layout.span(row).is_some_and(|s| s.has(release)) {
                    change(layout, row);
                }
            }
        }
    }
}
