//! A table as its file has it: comments, blank lines and the order of rows stay.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// One line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Line {
    /// A comment, the names of columns, or nothing.
    Text(String),
    /// A row.
    Row(Vec<String>),
}

/// One table.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    /// Where it is.
    pub(crate) path: PathBuf,
    delimiter: char,
    /// Its lines.
    pub(crate) lines: Vec<Line>,
}

impl Table {
    /// Reads a table; `head` names its first column where the first line that is no comment names
    /// the columns.
    pub(crate) fn read(path: &Path, delimiter: char, head: Option<&str>) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("{}", path.display()))?;
        Ok(Self::parse(path, &text, delimiter, head))
    }

    /// The same, of text at hand.
    pub(crate) fn parse(path: &Path, text: &str, delimiter: char, head: Option<&str>) -> Self {
        let lines = text
            .lines()
            .map(|line| {
                let names = head.is_some_and(|h| {
                    line.strip_prefix(h).is_some_and(|rest| rest.starts_with(delimiter))
                });
                if line.starts_with("# ") || line.trim().is_empty() || names {
                    Line::Text(line.to_owned())
                } else {
                    Line::Row(line.split(delimiter).map(str::to_owned).collect())
                }
            })
            .collect();
        Self { path: path.to_owned(), delimiter, lines }
    }

    /// Its rows.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &Vec<String>> {
        self.lines.iter().filter_map(|line| match line {
            Line::Row(row) => Some(row),
            Line::Text(_) => None,
        })
    }

    /// Its rows, to change.
    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut Vec<String>> {
        self.lines.iter_mut().filter_map(|line| match line {
            Line::Row(row) => Some(row),
            Line::Text(_) => None,
        })
    }

    /// Drops rows.
    pub(crate) fn retain(&mut self, keep: impl Fn(&[String]) -> bool) {
        self.lines.retain(|line| match line {
            Line::Row(row) => keep(row),
            Line::Text(_) => true,
        });
    }

    /// Puts a row behind the last one whose first cell is not greater, among those that begin
    /// alike; at the end where none does.
    pub(crate) fn insert(&mut self, row: Vec<String>) {
        let first = row.first().map_or("", String::as_str);
        let group = |cell: &str| cell.split(['.', '\t']).next().unwrap_or_default().to_owned();
        let mut at = self.lines.len();
        for (n, line) in self.lines.iter().enumerate() {
            let Line::Row(other) = line else { continue };
            let other = other.first().map_or("", String::as_str);
            if group(other) == group(first) && other <= first {
                at = n + 1;
            }
        }
        self.lines.insert(at, Line::Row(row));
    }

    /// The whole text.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for line in &self.lines {
            match line {
                Line::Text(text) => out.push_str(text),
                Line::Row(row) => {
                    for (n, cell) in row.iter().enumerate() {
                        if n > 0 {
                            out.push(self.delimiter);
                        }
                        out.push_str(cell);
                    }
                }
            }
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives() {
        let text = "# a table\nname|from|to\na.x|1.0.0|-\n\nb.y|1.0.0|1.1.0\n";
        let mut table = Table::parse(Path::new("t"), text, '|', Some("name"));
        assert_eq!(table.text(), text);
        assert_eq!(table.rows().count(), 2);
        table.insert(vec!["a.z".into(), "1.1.0".into(), "-".into()]);
        assert!(table.text().contains("a.x|1.0.0|-\na.z|1.1.0|-\n"), "{}", table.text());
    }
}
