//! The table of line shapes.

use std::cell::OnceCell;
use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use regex::{CaptureLocations, Regex};
use regex_syntax::hir::{Class, Hir, HirKind};
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
    regex: OnceCell<Option<Compiled>>,
}

/// A pattern that is ready, with the groups that it takes.
pub(crate) struct Compiled {
    regex: Regex,
    /// Named groups: number, and name as the table spells it.
    pub(crate) names: Vec<(usize, &'static str)>,
}

impl Compiled {
    fn new(row: Row) -> Option<Self> {
        let regex = Regex::new(row.pattern).ok()?;
        let spelled = |name: &str| {
            let at = row.pattern.find(&format!("(?P<{name}>"))?;
            row.pattern.get(at + 4..at + 4 + name.len())
        };
        let names = regex
            .capture_names()
            .enumerate()
            .filter_map(|(i, name)| Some((i, spelled(name?)?)))
            .collect();
        Some(Self { regex, names })
    }
}

/// What a search found; kept between searches so that nothing is allocated.
#[derive(Debug, Default)]
pub(crate) struct Search {
    candidates: Vec<usize>,
    /// Which row a place in the source matched before: one log call gives one shape.
    hints: HashMap<u64, usize>,
    /// Places of the groups of the row that matched; none where it takes nothing.
    pub(crate) locations: Option<CaptureLocations>,
}

/// Places that are remembered.
const HINTS: usize = 4096;

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
            .ascii_case_insensitive(true)
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

    /// The pattern at a place.
    pub(crate) fn compiled(&self, index: usize) -> Option<&Compiled> {
        let shape = self.shapes.get(index)?;
        shape.regex.get_or_init(|| Compiled::new(shape.row)).as_ref()
    }

    /// The first row that a message matches; the groups' places are in `search`. `place` tells
    /// where in the source the line was written: what that place matched before is tried first.
    pub(crate) fn find(
        &self,
        message: &str,
        place: Option<u64>,
        search: &mut Search,
    ) -> Option<usize> {
        if let Some(&hint) = place.and_then(|p| search.hints.get(&p))
            && self.matches(hint, message, search)
        {
            return Some(hint);
        }
        let mut candidates = std::mem::take(&mut search.candidates);
        candidates.clear();
        for hit in self.literals.find_overlapping_iter(message) {
            if let Some(owner) = self.owners.get(hit.pattern().as_usize())
                && !candidates.contains(owner)
            {
                candidates.push(*owner);
            }
        }
        candidates.extend(&self.always);
        candidates.sort_unstable();
        let found = candidates.iter().copied().find(|&index| self.matches(index, message, search));
        search.candidates = candidates;
        if let (Some(index), Some(place)) = (found, place)
            && search.hints.len() < HINTS
        {
            search.hints.insert(place, index);
        }
        found
    }

    fn matches(&self, index: usize, message: &str, search: &mut Search) -> bool {
        let Some(compiled) = self.compiled(index) else { return false };
        if compiled.names.is_empty() {
            search.locations = None;
            return compiled.regex.is_match(message);
        }
        let fits = |l: &CaptureLocations| l.len() == compiled.regex.captures_len();
        let mut locations = search
            .locations
            .take()
            .filter(fits)
            .unwrap_or_else(|| compiled.regex.capture_locations());
        let matched = compiled.regex.captures_read(&mut locations, message).is_some();
        search.locations = Some(locations);
        matched
    }
}

/// Shortest literal that is looked for: shorter ones stand in every other line.
const SHORTEST: usize = 4;

/// Literals, in small letters, of which at least one stands in everything that the expression
/// matches.
fn needed(hir: &Hir) -> Option<Vec<String>> {
    match hir.kind() {
        HirKind::Capture(capture) => needed(&capture.sub),
        HirKind::Repetition(repetition) if repetition.min > 0 => needed(&repetition.sub),
        HirKind::Concat(parts) => {
            // Neighbours that are letters in either case are one literal.
            let mut best: Option<Vec<String>> = None;
            let mut run = String::new();
            let rank = |list: &Vec<String>| list.iter().map(String::len).min().unwrap_or(0);
            let mut offer = |list: Vec<String>| {
                if best.as_ref().is_none_or(|b| rank(&list) > rank(b)) {
                    best = Some(list);
                }
            };
            for part in parts {
                if let Some(text) = letters(part) {
                    run.push_str(&text);
                    continue;
                }
                if run.len() >= SHORTEST {
                    offer(vec![std::mem::take(&mut run)]);
                }
                run.clear();
                if let Some(list) = needed(part) {
                    offer(list);
                }
            }
            if run.len() >= SHORTEST {
                offer(vec![run]);
            }
            best
        }
        HirKind::Alternation(parts) => {
            let mut all = Vec::new();
            for part in parts {
                all.extend(needed(part)?);
            }
            Some(all)
        }
        _ => letters(hir).filter(|text| text.len() >= SHORTEST).map(|text| vec![text]),
    }
}

/// A literal, or one letter in either case, in small letters.
fn letters(hir: &Hir) -> Option<String> {
    match hir.kind() {
        HirKind::Literal(literal) => {
            Some(std::str::from_utf8(&literal.0).ok()?.to_ascii_lowercase())
        }
        HirKind::Class(class) => {
            let mut chars: Vec<char> = match class {
                Class::Unicode(class) => class
                    .ranges()
                    .iter()
                    .flat_map(|r| r.start()..=r.end())
                    .take(8)
                    // The Kelvin sign and the long s are small letters of no log.
                    .filter(char::is_ascii)
                    .map(|c| c.to_ascii_lowercase())
                    .collect(),
                Class::Bytes(_) => return None,
            };
            chars.dedup();
            match chars.as_slice() {
                [one] => Some(one.to_string()),
                _ => None,
            }
        }
        HirKind::Concat(parts) => parts.iter().map(letters).collect(),
        HirKind::Capture(capture) => letters(&capture.sub),
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
            assert!(table.compiled(index).is_some(), "{:?}", table.row(index));
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
        assert_eq!(of("Stored (?P<n>\\d+) out of Total"), Some(vec![" out of total".into()]));
        assert_eq!(of("(?:alpha|bravo) \\d"), Some(vec!["alpha".into(), "bravo".into()]));
        assert_eq!(of("(?:alpha)?\\d"), None);
        assert_eq!(of("(?i:alpha).*(?i:x)"), Some(vec!["alpha".into()]));
        assert_eq!(of("[Hh]ybrid K"), Some(vec!["hybrid k".into()]));
    }
}
