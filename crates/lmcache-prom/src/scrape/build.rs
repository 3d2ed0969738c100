//! From events to the store.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::symbols::{Pair, SetId, Symbol};
use super::{Column, Limits, Meta, Scrape};
use crate::histogram;
use crate::text::{Event, Issue, IssueKind, MetricKind, Sample, Summary};

pub(super) struct Builder {
    scrape: Scrape,
    max_series: usize,
    max_issues: usize,
    series: usize,
    /// Row of each canonical set, by sample name: finds a series that stands twice.
    rows: HashMap<(Symbol, SetId), u32>,
    columns: HashMap<Symbol, Column>,
    /// The last name and its symbol: samples of a family follow each other.
    last: Option<Symbol>,
    pairs: Vec<(Pair, Symbol)>,
    members: Vec<Pair>,
}

impl Builder {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            scrape: Scrape::default(),
            max_series: limits.max_series,
            max_issues: limits.max_issues,
            series: 0,
            rows: HashMap::new(),
            columns: HashMap::new(),
            last: None,
            pairs: Vec::new(),
            members: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, event: &Event<'_, '_>) {
        match event {
            Event::Sample(sample) => {
                if self.sample(sample).is_none() {
                    self.scrape.partial = true;
                }
            }
            Event::Help { name, text } => self.meta(name).help = Some((*text).to_owned()),
            Event::Unit { name, unit } => self.meta(name).unit = Some((*unit).to_owned()),
            Event::Type { name, kind, line, offset } => {
                let meta = self.meta(name);
                let conflict = meta.kind.is_some_and(|old| old != *kind);
                meta.kind = Some(*kind);
                if conflict {
                    self.issue(Issue { kind: IssueKind::TypeConflict, line: *line, column: 1, offset: *offset });
                }
            }
            Event::Issue(issue) => self.issue(*issue),
            Event::Eof => {}
        }
    }

    fn meta(&mut self, name: &str) -> &mut Meta {
        if !self.scrape.meta.contains_key(name) {
            self.scrape.meta.insert(name.to_owned(), Meta::default());
        }
        self.scrape.meta.entry(name.to_owned()).or_default()
    }

    fn issue(&mut self, issue: Issue) {
        self.scrape.issue_count += 1;
        if self.scrape.issues.len() < self.max_issues {
            self.scrape.issues.push(issue);
        }
    }

    /// Keeps a sample; `None` when there is no room.
    fn sample(&mut self, sample: &Sample<'_, '_>) -> Option<()> {
        if self.series >= self.max_series {
            return None;
        }
        let name = match self.last {
            Some(last) if self.scrape.symbols.get(last) == sample.name => last,
            _ => {
                let name = self.scrape.symbols.intern(sample.name)?;
                self.last = Some(name);
                name
            }
        };
        let set = self.set(sample)?;
        let canonical = self.scrape.canonical_of(set);
        let line = u32::try_from(sample.line).unwrap_or(u32::MAX);
        let names = &mut self.scrape.names;
        let column = self.columns.entry(name).or_insert_with(|| {
            names.push(name);
            Column::default()
        });
        let row = u32::try_from(column.values.len()).ok()?;
        match self.rows.entry((name, canonical)) {
            hashbrown::hash_map::Entry::Vacant(free) => {
                free.insert(row);
                column.sets.push(set);
                column.values.push(sample.value);
                column.lines.push(line);
                self.series += 1;
            }
            hashbrown::hash_map::Entry::Occupied(taken) => {
                let at = *taken.get() as usize;
                let old = column.values[at];
                let same = old == sample.value || (old.is_nan() && sample.value.is_nan());
                if !same {
                    column.values[at] = sample.value;
                    column.lines[at] = line;
                    let issue = Issue {
                        kind: IssueKind::DuplicateSeries,
                        line: sample.line,
                        column: 1,
                        offset: sample.offset,
                    };
                    self.issue(issue);
                }
            }
        }
        Some(())
    }

    fn set(&mut self, sample: &Sample<'_, '_>) -> Option<SetId> {
        self.pairs.clear();
        let mut empties = false;
        for (label, value) in sample.labels() {
            let label = self.scrape.symbols.intern(label)?;
            empties |= value.is_empty();
            let value = self.scrape.symbols.intern(&value)?;
            self.pairs.push((self.scrape.sets.intern_pair((label, value))?, label));
        }
        let symbols = &self.scrape.symbols;
        self.pairs.sort_unstable_by(|a, b| symbols.get(a.1).cmp(symbols.get(b.1)));
        self.members.clear();
        self.members.extend(self.pairs.iter().map(|p| p.0));
        let set = self.scrape.sets.intern_set(&self.members)?;
        if set as usize == self.scrape.canonical.len() {
            // A new set: find or make its twin without empty values.
            self.scrape.canonical.push(set);
            if empties {
                let scrape = &self.scrape;
                self.members.retain(|p| !scrape.symbols.get(scrape.sets.pair(*p).1).is_empty());
                let twin = self.scrape.sets.intern_set(&self.members)?;
                if twin as usize == self.scrape.canonical.len() {
                    self.scrape.canonical.push(twin);
                }
                self.scrape.canonical[set as usize] = twin;
            }
        }
        debug_assert_eq!(self.scrape.canonical.len(), self.scrape.sets.sets());
        Some(set)
    }

    pub(super) fn finish(mut self, summary: &Summary) -> Scrape {
        drop(std::mem::take(&mut self.rows));
        let mut columns: BTreeMap<Symbol, Column> = BTreeMap::new();
        for (name, mut column) in self.columns.drain() {
            column.sets.shrink_to_fit();
            column.values.shrink_to_fit();
            column.lines.shrink_to_fit();
            columns.insert(name, column);
        }
        self.scrape.columns = columns;
        self.scrape.symbols.shrink();
        self.scrape.sets.shrink();
        self.scrape.lines = summary.lines;
        self.scrape.samples = summary.samples;
        self.scrape.bytes = summary.bytes;
        self.scrape.eof = summary.eof;
        let mut found = self.counters();
        found.extend(histogram::inconsistencies(&self.scrape));
        for issue in found {
            self.issue(issue);
        }
        self.scrape
    }

    /// Values that a counter cannot have.
    fn counters(&self) -> Vec<Issue> {
        let mut out = Vec::new();
        for name in &self.scrape.names {
            let text = self.scrape.symbols.get(*name);
            if self.scrape.kind_of(text) != MetricKind::Counter || text.ends_with("_created") {
                continue;
            }
            for series in self.scrape.series(text) {
                let kind = match series.value() {
                    v if v.is_nan() => IssueKind::NanCounter,
                    v if v < 0.0 => IssueKind::NegativeCounter,
                    _ => continue,
                };
                out.push(Issue { kind, line: series.line(), column: 1, offset: 0 });
            }
        }
        out
    }
}
