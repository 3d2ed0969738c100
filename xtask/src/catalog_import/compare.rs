//! Two columns side by side: one that was read and one that is there.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::Release;

use super::drift;
use super::facts::{Kind, Reading};
use super::judged::Judged;
use super::tables::layout::{Layout, cell};
use super::tables::lines::Table;
use super::tables::{Catalog, Entry};

/// What differs between a column that an import wrote and the one of the tables.
#[derive(Debug, Default)]
pub(crate) struct Comparison {
    /// Rows that are the same in every cell, by kind.
    pub(crate) same: BTreeMap<Kind, usize>,
    /// Rows that only the tables have.
    pub(crate) lacking: Vec<(Kind, String)>,
    /// Rows that only the import wrote.
    pub(crate) extra: Vec<(Kind, String)>,
    /// Cells that differ: of what, which column, written, in the table.
    pub(crate) cells: Vec<(Kind, String, String, String, String)>,
}

fn columns(table: &Table, layout: &Layout) -> Vec<String> {
    let head = layout.head.unwrap_or("\0");
    table
        .lines
        .iter()
        .find_map(|line| match line {
            super::tables::lines::Line::Text(text) if text.starts_with(head) => {
                Some(text.split(layout.delimiter).map(str::to_owned).collect())
            }
            _ => None,
        })
        .unwrap_or_default()
}

/// Compares the columns of a release.
pub(crate) fn columns_of(written: &Catalog, there: &Catalog, release: Release) -> Comparison {
    let (ours, theirs) = (written.column(release), there.column(release));
    let mut out = Comparison::default();
    for ((kind, key), entry) in &theirs {
        let Some(mine) = ours.get(&(*kind, key.clone())) else {
            out.lacking.push((*kind, key.clone()));
            continue;
        };
        let Some((layout, table)) = there.tables.get(entry.table) else { continue };
        let differing = differing(layout, mine, entry);
        if differing.is_empty() {
            *out.same.entry(*kind).or_default() += 1;
        }
        let names = columns(table, layout);
        for at in differing {
            let (written, there) = match layout.labels {
                Some((labels, _)) if labels == at => {
                    let only = |a: &Entry, b: &Entry| -> String {
                        let names = a.labels.keys().filter(|l| !b.labels.contains_key(*l));
                        names.cloned().collect::<Vec<_>>().join(" ")
                    };
                    (only(mine, entry), only(entry, mine))
                }
                _ => (cell(&mine.row, at).to_owned(), cell(&entry.row, at).to_owned()),
            };
            let name = names.get(at).cloned().unwrap_or_else(|| format!("column {}", at + 1));
            out.cells.push((*kind, key.clone(), name, written, there));
        }
    }
    out.extra.extend(ours.keys().filter(|k| !theirs.contains_key(*k)).cloned());
    out
}

fn differing(layout: &Layout, mine: &Entry, theirs: &Entry) -> Vec<usize> {
    let width = mine.row.len().max(theirs.row.len());
    (0..width)
        .filter(|at| match layout.labels {
            // Marks and the order of labels are not what a release changes.
            Some((labels, _)) if labels == *at => {
                let names = |e: &Entry| e.labels.keys().cloned().collect::<BTreeSet<_>>();
                names(mine) != names(theirs)
            }
            _ => cell(&mine.row, *at) != cell(&theirs.row, *at),
        })
        .collect()
}

/// What a released column and a reading of its package do not agree on.
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// Names that both have.
    pub(crate) agreed: BTreeMap<Kind, usize>,
    /// Differences, in words.
    pub(crate) differences: Vec<(Kind, String, String)>,
    /// Differences that have a recorded reason.
    pub(crate) accepted: usize,
}

/// Holds the column of a release against a reading of its package.
pub(crate) fn check(
    catalog: &Catalog,
    release: Release,
    reading: &Reading,
    judged: &Judged,
) -> Check {
    let column = catalog.column(release);
    let found = drift::names(&column, reading);
    let mut out = Check::default();
    let mut tell = |kind: Kind, key: &str, what: String| {
        if judged.accepts(kind, key, release) {
            out.accepted += 1;
        } else {
            out.differences.push((kind, key.to_owned(), what));
        }
    };
    for ((kind, key), entry) in &column {
        let Some(fact) = found.get(&(*kind, key.clone())) else {
            tell(*kind, key, "in the table, not in the package".into());
            continue;
        };
        if *kind == Kind::Log {
            continue;
        }
        let lacks: Vec<&str> = entry
            .labels
            .keys()
            .filter(|l| fact.labels.complete && !fact.labels.names.contains_key(*l))
            .map(String::as_str)
            .collect();
        let more: Vec<&str> = fact
            .labels
            .names
            .keys()
            .filter(|l| {
                catalog.tables.get(entry.table).is_some_and(|(t, _)| t.labels.is_some())
                    && !entry.labels.contains_key(*l)
            })
            .map(String::as_str)
            .collect();
        if !lacks.is_empty() {
            tell(*kind, key, format!("only the table has {}", lacks.join(", ")));
        }
        if !more.is_empty() {
            tell(*kind, key, format!("only the package has {}", more.join(", ")));
        }
        if *kind == Kind::Metric {
            for (what, at) in [("type", 3), ("unit", 4), ("otel", 2)] {
                let otel = !fact.says("otel").is_empty();
                if (what == "type" || otel) && fact.says(what) != cell(&entry.row, at) {
                    tell(
                        *kind,
                        key,
                        format!(
                            "{what} {:?} in the table, {:?} in the package",
                            cell(&entry.row, at),
                            fact.says(what)
                        ),
                    );
                }
            }
        }
    }
    for (kind, key) in found.keys() {
        let whole = catalog.tables.iter().any(|(l, _)| l.kind == *kind && l.whole);
        if whole && !column.contains_key(&(*kind, key.clone())) {
            tell(*kind, key, "in the package, not in the table".into());
        }
    }
    if let (Some(build), Some(there)) = (reading.of(Kind::Build).next(), catalog.build(release))
        && build.key != there
    {
        tell(Kind::Build, &build.key.clone(), format!("{there} in the table"));
    }
    for key in column.keys().filter(|k| found.contains_key(*k)) {
        *out.agreed.entry(key.0).or_default() += 1;
    }
    out
}
