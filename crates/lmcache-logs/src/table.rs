//! The table of line shapes.

use std::cell::OnceCell;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{Captures, Regex};
use regex_syntax::hir::{Hir, HirKind};
use thiserror::Error;

/// Rows that say something, and rows that are only known.
const EVENTS: &str = include_str!("../contract/events.tsv");
const ROUTINE: &str = include_str!("../contract/routine.tsv");

/// One line shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Stable id: `lmcache.stored`, `vllm.stats`, ...
    pub id: &'static str,
    /// `lmcache`, `vllm`, `sglang`, `uvicorn` or `any`.
    pub product: &'static str,
    /// Category: `store`, `allocation`, ...
    pub category: &'static str,
    /// Regular expression, searched in the message.
    pub pattern: &'static str,
}

/// Why a table could not be made: a row is broken, which no log can cause.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TableError {
    /// A row has not four columns.
    #[error("row {0} has not four columns")]
    Columns(usize),
    /// A pattern does not parse.
    #[error("row {0}: the pattern does not parse")]
    Pattern(&'static str),
    /// The literals could not be put together.
    #[error("the literals of the patterns could not be put together")]
    Literals,
}

struct Shape {
    row: Row,
    /// Compiled when it is first needed.
    regex: OnceCell<Option<Regex>>,
}

/// All line shapes, ready to be searched for.
pub struct Table {
    shapes: Vec<Shape>,
    literals: AhoCorasick,
    /// Shape of each literal.
    owners: Vec<usize>,
    /// Shapes without a literal: always tried.
    always: Vec<usize>,
}

impl std::fmt::Debug for Table {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Table").field("rows", &self.shapes.len()).finish_non_exhaustive()
    }
}

impl Table {
    /// The table of all known releases.
    pub fn new() -> Result<Self, TableError> {
        let mut shapes = Vec::new();
        for line in EVENTS.lines().chain(ROUTINE.lines()) {
            if line.starts_with('#') || line.is_empty() {
                continue;
            }
            let mut cells = line.split('\t');
            let (Some(id), Some(product), Some(category), Some(pattern), None) =
                (cells.next(), cells.next(), cells.next(), cells.next(), cells.next())
            else {
                return Err(TableError::Columns(shapes.len() + 1));
            };
            shapes.push(Shape {
                row: Row { id, product, category, pattern },
                regex: OnceCell::new(),
            });
        }
        let mut literals: Vec<String> = Vec::new();
        let (mut owners, mut always) = (Vec::new(), Vec::new());
        for (index, shape) in shapes.iter().enumerate() {
            let hir = regex_syntax::parse(shape.row.pattern)
                .map_err(|_| TableError::Pattern(shape.row.id))?;
            match needed(&hir) {
                Some(list) => {
                    for literal in list {
                        literals.push(literal);
                        owners.push(index);
                    }
                }
                None => always.push(index),
            }
        }
        let literals = AhoCorasick::builder()
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::DFA))
            .build(&literals)
            .map_err(|_| TableError::Literals)?;
        Ok(Self { shapes, literals, owners, always })
    }

    /// All rows, in their order.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.shapes.iter().map(|s| &s.row)
    }

    /// The row at a place.
    pub(crate) fn row(&self, index: usize) -> Option<&Row> {
        self.shapes.get(index).map(|s| &s.row)
    }

    pub(crate) fn regex(&self, index: usize) -> Option<&Regex> {
        let shape = self.shapes.get(index)?;
        shape.regex.get_or_init(|| Regex::new(shape.row.pattern).ok()).as_ref()
    }

    /// The first row that a message matches, and what it takes from it. `scratch` is kept
    /// between calls so that nothing is allocated.
    pub(crate) fn find<'m>(
        &self,
        message: &'m str,
        scratch: &mut Vec<usize>,
    ) -> Option<(usize, Option<Captures<'m>>)> {
        scratch.clear();
        for hit in self.literals.find_overlapping_iter(message) {
            if let Some(owner) = self.owners.get(hit.pattern().as_usize())
                && !scratch.contains(owner)
            {
                scratch.push(*owner);
            }
        }
        scratch.extend(&self.always);
        scratch.sort_unstable();
        for &index in scratch.iter() {
            let Some(regex) = self.regex(index) else { continue };
            if regex.captures_len() == 1 {
                if regex.is_match(message) {
                    return Some((index, None));
                }
            } else if let Some(captures) = regex.captures(message) {
                return Some((index, Some(captures)));
            }
        }
        None
    }
}

/// Shortest literal that is looked for: shorter ones stand in every other line.
const SHORTEST: usize = 4;

/// Literals of which at least one stands in everything that the expression matches.
fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            (text.len() >= SHORTEST).then(|| vec![text.to_owned()])
        }
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Concat(parts) => parts
            .iter()
            .filter_map(needed)
            .max_by_key(|list| list.iter().map(String::len).min().unwrap_or(0)),
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(needed(part)?);
            }
            Some(all)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_ids_are_unique() {
        let table = Table::new().unwrap();
        let mut ids: Vec<&str> = table.rows().map(|r| r.id).collect();
        for index in 0..table.shapes.len() {
            assert!(table.regex(index).is_some(), "{:?}", table.row(index));
        }
        let n = ids.len();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), n);
        // Each shape that is always tried costs every line.
        let always: Vec<&str> = table.always.iter().map(|i| table.shapes[*i].row.id).collect();
        assert!(always.len() <= 16, "{always:?}");
    }

    #[test]
    fn literals_are_what_a_match_needs() {
        let of = |p: &str| needed(&regex_syntax::parse(p).unwrap());
        assert_eq!(of("Stored (?P<n>\\d+) out of total"), Some(vec![" out of total".into()]));
        assert_eq!(of("(?:alpha|bravo) \\d"), Some(vec!["alpha".into(), "bravo".into()]));
        assert_eq!(of("(?:alpha)?\\d"), None);
        assert_eq!(of("(?i:alpha)"), None);
    }
}
