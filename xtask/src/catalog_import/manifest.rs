//! The packages that columns were read from: release, file, hash, dates.

use std::path::Path;

use anyhow::Result;

use super::package::Package;
use super::tables::layout::cell;
use super::tables::lines::Table;

/// The file.
pub(crate) const FILE: &str = "xtask/catalog/packages.csv";

/// The row of a release: file, hash, when built, when read.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Source {
    /// Product and release.
    pub(crate) product: String,
    /// Release.
    pub(crate) release: String,
    /// Name of the file.
    pub(crate) file: String,
    /// SHA-256 of the file.
    pub(crate) sha256: String,
    /// Day on which the package was built, as it says itself.
    pub(crate) built: String,
    /// Day on which the column was read or last held against it.
    pub(crate) read: String,
}

fn table(root: &Path) -> Result<Table> {
    Table::read(&root.join(FILE), '|', Some("product"))
}

/// All rows.
pub(crate) fn read(root: &Path) -> Result<Vec<Source>> {
    let text = |row: &[String], at| cell(row, at).to_owned();
    Ok(table(root)?
        .rows()
        .map(|row| Source {
            product: text(row, 0),
            release: text(row, 1),
            file: text(row, 2),
            sha256: text(row, 3),
            built: text(row, 4),
            read: text(row, 5),
        })
        .collect())
}

/// The table with the row of a package set; tells of another hash for the same file.
pub(crate) fn with(root: &Path, package: &Package, today: &str) -> Result<(Table, Option<String>)> {
    let mut table = table(root)?;
    let release: String = package.version.clone();
    let same = |row: &[String]| cell(row, 0) == package.name && cell(row, 1) == release;
    let other = table
        .rows()
        .find(|row| same(row) && cell(row, 2) == package.file && cell(row, 3) != package.sha256)
        .map(|row| format!("{FILE} has {} for {}", cell(row, 3), package.file));
    table.retain(|row| !same(row));
    let row = vec![
        package.name.clone(),
        release.clone(),
        package.file.clone(),
        package.sha256.clone(),
        package.built.clone(),
        today.to_owned(),
    ];
    let mut rows: Vec<Vec<String>> = table.rows().cloned().collect();
    rows.push(row);
    rows.sort_by_key(|row| {
        (cell(row, 0).to_owned(), cell(row, 1).parse::<lmcache_prom::contract::Release>().ok())
    });
    table.retain(|_| false);
    table.lines.extend(rows.into_iter().map(super::tables::lines::Line::Row));
    Ok((table, other))
}
