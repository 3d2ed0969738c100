//! The event table: one row a wording of a log line, read from `tables/events.tsv`.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use crate::product::Product;
use crate::template::{Capture, Template};

const EVENTS: &str = include_str!("../tables/events.tsv");

/// When in the life of a process a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Among its first lines.
    Open,
    /// Only while it starts.
    Start,
    /// Only when it already serves.
    Serve,
    /// At any time.
    Any,
}

impl Phase {
    fn of(flags: &[&str]) -> Self {
        if flags.contains(&"open") {
            Self::Open
        } else if flags.contains(&"start") {
            Self::Start
        } else if flags.contains(&"serve") {
            Self::Serve
        } else {
            Self::Any
        }
    }
}

/// What one wording of a log line means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventRow {
    /// Id of the event; several wordings of several releases share one.
    pub id: &'static str,
    /// Categories of the older evidence format that it counts towards.
    pub categories: Vec<&'static str>,
    /// When in the life of a process it is written.
    pub phase: Phase,
    /// Its field `config` holds settings.
    pub config: bool,
    /// Products that write it: `lmcache`, `vllm`, `sglang`, or `any`.
    pub products: Vec<&'static str>,
    /// Releases by the products' sources, `first..last`; nothing after the dots: the last one that
    /// was examined has it. `seen`: known from captured logs only. `*`: no product's own.
    pub releases: &'static str,
    /// Wording.
    pub template: &'static str,
    /// What it tells, in words.
    pub meaning: &'static str,
}

impl EventRow {
    fn allows(&self, product: Product) -> bool {
        let name = match product {
            Product::Lmcache => "lmcache",
            Product::Vllm => "vllm",
            Product::Sglang => "sglang",
            Product::Unknown => return true,
            Product::Uvicorn | Product::Prometheus | Product::Native => "any",
        };
        self.products.iter().any(|p| *p == "any" || *p == name)
    }
}

/// The rows of the table as data, in their order.
pub fn event_table() -> Vec<EventRow> {
    EVENTS.lines().filter_map(parse_row).collect()
}

fn parse_row(line: &'static str) -> Option<EventRow> {
    if line.starts_with('#') || line.trim().is_empty() {
        return None;
    }
    let mut cells = line.split('\t');
    let mut next = || cells.next();
    let list = |cell: &'static str| -> Vec<&'static str> {
        cell.split(',').filter(|c| *c != "-" && !c.is_empty()).collect()
    };
    let id = next()?;
    let categories = list(next()?);
    let flags = list(next()?);
    let products = list(next()?);
    Some(EventRow {
        id,
        categories,
        phase: Phase::of(&flags),
        config: flags.contains(&"config"),
        products,
        releases: next()?,
        template: next()?,
        meaning: next()?,
    })
}

/// The table, compiled for matching.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rows: Vec<EventRow>,
    templates: Vec<Template>,
    /// Event number of each row.
    pub(crate) event_of: Vec<usize>,
    /// Ids by event number.
    pub(crate) ids: Vec<&'static str>,
    /// Names by field number.
    pub(crate) fields: Vec<String>,
    /// Rows by the first four bytes of their literal, sorted by key.
    heads: Vec<([u8; 4], Vec<u16>)>,
    /// Rows whose literal is shorter than four bytes.
    short: Vec<u16>,
    /// Rows that may match anywhere, by needle.
    anywhere: Option<AhoCorasick>,
    needles: Vec<Vec<u16>>,
}

impl Table {
    /// Compiles the committed table. A row that does not compile is left out; a test holds that
    /// there is none.
    pub(crate) fn new() -> Self {
        let mut fields: Vec<String> = Vec::new();
        let mut rows = Vec::new();
        let mut templates = Vec::new();
        let mut ids: Vec<&'static str> = Vec::new();
        let mut event_of = Vec::new();
        let mut heads: BTreeMap<[u8; 4], Vec<u16>> = BTreeMap::new();
        let mut short = Vec::new();
        let mut needles: Vec<(Vec<u8>, Vec<u16>)> = Vec::new();
        for row in event_table() {
            let compiled = Template::compile(row.template, &mut |name| {
                let at = fields.iter().position(|f| f == name).unwrap_or_else(|| {
                    fields.push(name.to_owned());
                    fields.len() - 1
                });
                u16::try_from(at).unwrap_or(u16::MAX)
            });
            let (Ok(template), Ok(index)) = (compiled, u16::try_from(rows.len())) else {
                continue;
            };
            match (template.prefix(), template.needle()) {
                (Some(literal), _) => match literal.first_chunk::<4>() {
                    Some(head) => heads.entry(*head).or_default().push(index),
                    None => short.push(index),
                },
                (None, Some(needle)) => match needles.iter_mut().find(|(n, _)| n == needle) {
                    Some((_, list)) => list.push(index),
                    None => needles.push((needle.to_vec(), vec![index])),
                },
                (None, None) => continue,
            }
            let event = ids.iter().position(|id| *id == row.id).unwrap_or_else(|| {
                ids.push(row.id);
                ids.len() - 1
            });
            event_of.push(event);
            rows.push(row);
            templates.push(template);
        }
        let anywhere = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::DFA))
            .build(needles.iter().map(|(n, _)| n))
            .ok();
        Self {
            rows,
            templates,
            event_of,
            ids,
            fields,
            heads: heads.into_iter().collect(),
            short,
            anywhere,
            needles: needles.into_iter().map(|(_, list)| list).collect(),
        }
    }

    /// Finds the row of a message.
    pub(crate) fn find(
        &self,
        message: &[u8],
        product: Product,
        captures: &mut Vec<Capture>,
    ) -> Option<usize> {
        if let Some(head) = message.first_chunk::<4>()
            && let Ok(at) = self.heads.binary_search_by(|(k, _)| k.cmp(head))
            && let Some((_, list)) = self.heads.get(at)
            && let Some(row) = self.first_of(list, message, product, captures)
        {
            return Some(row);
        }
        if let Some(row) = self.first_of(&self.short, message, product, captures) {
            return Some(row);
        }
        let mut best: Option<usize> = None;
        for found in self.anywhere.as_ref()?.find_overlapping_iter(message) {
            let Some(list) = self.needles.get(found.pattern().as_usize()) else { continue };
            for &row in list {
                let row = usize::from(row);
                if best.is_none_or(|b| row < b) && self.row_matches(row, message, product, captures)
                {
                    best = Some(row);
                }
            }
        }
        // The captures have to be those of the row that is given.
        best.filter(|&row| self.row_matches(row, message, product, captures))
    }

    fn first_of(
        &self,
        list: &[u16],
        message: &[u8],
        product: Product,
        captures: &mut Vec<Capture>,
    ) -> Option<usize> {
        list.iter()
            .map(|&row| usize::from(row))
            .find(|&row| self.row_matches(row, message, product, captures))
    }

    fn row_matches(
        &self,
        row: usize,
        message: &[u8],
        product: Product,
        captures: &mut Vec<Capture>,
    ) -> bool {
        self.templates.get(row).is_some_and(|t| t.matches(message, captures))
            && self.rows.get(row).is_some_and(|r| r.allows(product))
    }
}

/// Units of fields, by the end of their names.
const UNITS: &[(&str, &str)] = &[
    ("tokens_per_s", "tokens/s"),
    ("gb_per_s", "GB/s"),
    ("tokens", "tokens"),
    ("need_to_load", "tokens"),
    ("chunk_size", "tokens"),
    ("block_size", "tokens"),
    ("seconds", "s"),
    ("_s", "s"),
    ("ms", "ms"),
    ("percent", "%"),
    ("bytes", "bytes"),
    ("gib", "GiB"),
    ("gb", "GB"),
    ("mb", "MB"),
    ("chunks", "chunks"),
    ("blocks", "blocks"),
];

/// Unit of a field's numbers.
pub(crate) fn unit(field: &str) -> Option<&'static str> {
    UNITS.iter().find(|(end, _)| field.ends_with(end)).map(|(_, unit)| *unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::category::CATEGORIES;

    #[test]
    fn every_row_compiles_and_is_complete() {
        let lines = EVENTS.lines().filter(|l| !l.starts_with('#') && !l.is_empty()).count();
        let table = Table::new();
        assert_eq!(table.rows.len(), lines);
        for row in &table.rows {
            for category in &row.categories {
                assert!(CATEGORIES.contains(category), "{}: {category}", row.id);
            }
            assert!(!row.products.is_empty() && !row.meaning.is_empty(), "{}", row.id);
        }
    }
}
