//! From events to a [`Scrape`].

use super::intern::{IdTable, Pair};
use super::{Exemplar, FamilyEntry, Limits, NONE, NameEntry, QUANTILE, Row, Scrape};
use crate::text::{
    Dialect, Event, HelpLine, Issue, IssueKind, MetricKind, Sample, Summary, TypeLine, UnitLine,
};
use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher, RandomState};

/// How many issues are kept one by one; all are counted.
const MAX_ISSUES: usize = 1000;

pub(super) struct Builder<'l> {
    limits: &'l Limits,
    scrape: Scrape,
    /// From text id to the name entry / the family entry.
    name_of: BTreeMap<u32, u32>,
    family_of: BTreeMap<u32, u32>,
    row_keys: RandomState,
    /// The name entry of the previous sample.
    last_name: u32,
    /// Labels of the previous sample by position, as ids: most lines repeat most of them.
    last: Vec<Pair>,
    pairs: Vec<Pair>,
    last_set: Vec<Pair>,
    last_set_id: u32,
    limit_said: bool,
}

impl<'l> Builder<'l> {
    pub(super) fn new(limits: &'l Limits) -> Self {
        Self {
            limits,
            scrape: Scrape::default(),
            name_of: BTreeMap::new(),
            family_of: BTreeMap::new(),
            row_keys: RandomState::new(),
            last_name: NONE,
            last: Vec::new(),
            pairs: Vec::new(),
            last_set: Vec::new(),
            last_set_id: NONE,
            limit_said: false,
        }
    }

    pub(super) fn take(&mut self, event: Event<'_, '_>) {
        match event {
            Event::Sample(sample) => self.sample(&sample),
            Event::Type(line) => self.type_line(&line),
            Event::Help(line) => self.help_line(&line),
            Event::Unit(line) => self.unit_line(&line),
            Event::Eof(_) => {}
            Event::Issue(issue) => self.issue(issue),
        }
    }

    fn issue(&mut self, issue: Issue) {
        self.scrape.issue_count += 1;
        self.scrape.lost_lines += u64::from(issue.kind.loses_line());
        if self.scrape.issues.len() < MAX_ISSUES {
            self.scrape.issues.push(issue);
        }
    }

    /// Says once that a limit cut the page.
    fn limit(&mut self, kind: IssueKind, place: Issue) {
        self.scrape.partial = true;
        if !self.limit_said {
            self.limit_said = true;
            self.issue(Issue { kind, ..place });
        }
    }

    fn text(&mut self, text: &str) -> Option<u32> {
        self.scrape.texts.intern(text, self.limits.max_text_bytes)
    }

    fn sample(&mut self, sample: &Sample<'_, '_>) {
        let place = Issue {
            kind: IssueKind::TextLimit,
            line: sample.line,
            column: sample.column,
            offset: sample.offset,
        };
        let (Some(name), Some((set, edge))) = (self.name(sample.name), self.labels(sample)) else {
            return self.limit(IssueKind::TextLimit, place);
        };
        let (rows, names) = (&self.scrape.rows, &self.scrape.names);
        let hash = hash_row(&self.row_keys, name, set, edge);
        let first = self.scrape.row_table.find(hash, |row| {
            rows.get(row as usize).is_some_and(|r| (r.name, r.set, r.edge) == (name, set, edge))
        });
        let Some(row) =
            u32::try_from(rows.len()).ok().filter(|_| rows.len() < self.limits.series())
        else {
            return self.limit(IssueKind::SeriesLimit, place);
        };
        if let Some(first) = first.and_then(|first| rows.get(first as usize)) {
            let first_line = u64::from(first.line);
            let same = first.value == sample.value || first.value.is_nan() && sample.value.is_nan();
            let kind = if same {
                IssueKind::DuplicateSeries { first_line }
            } else {
                IssueKind::ConflictingSeries { first_line }
            };
            self.scrape.repeats.push(row);
            self.issue(Issue { kind, ..place });
        } else {
            if names.get(name as usize).is_some_and(|n| n.counts) {
                if sample.value.is_nan() {
                    self.issue(Issue { kind: IssueKind::NanCounter, ..place });
                } else if sample.value < 0.0 {
                    self.issue(Issue { kind: IssueKind::NegativeCounter, ..place });
                }
            }
            let rows = &self.scrape.rows;
            let keys = &self.row_keys;
            self.scrape.row_table.insert(row, hash, |id| {
                rows.get(id as usize).map_or(0, |r| hash_row(keys, r.name, r.set, r.edge))
            });
        }
        if let Some(timestamp) = sample.timestamp {
            self.scrape.timestamps.push((row, timestamp));
        }
        if let Some(exemplar) = sample.exemplar {
            self.exemplar(row, sample, exemplar, place);
        }
        let line = u32::try_from(sample.line).unwrap_or(u32::MAX);
        self.scrape.rows.push(Row { name, set, edge, line, value: sample.value });
        if let Some(entry) = self.scrape.names.get_mut(name as usize) {
            entry.rows += 1;
        }
    }

    fn exemplar(
        &mut self,
        row: u32,
        sample: &Sample<'_, '_>,
        value: crate::text::ExemplarValue,
        place: Issue,
    ) {
        self.pairs.clear();
        for (name, value) in sample.exemplar_labels() {
            let (Some(name), Some(value)) = (
                self.scrape.texts.intern(&name, self.limits.max_text_bytes),
                self.scrape.texts.intern(&value, self.limits.max_text_bytes),
            ) else {
                return self.limit(IssueKind::TextLimit, place);
            };
            self.pairs.push((name, value));
        }
        match self.scrape.sets.intern(&self.pairs) {
            Some(set) => self.scrape.exemplars.push(Exemplar { row, set, value }),
            None => self.limit(IssueKind::TextLimit, place),
        }
    }

    /// The entry of a sample name.
    fn name(&mut self, name: &str) -> Option<u32> {
        let last = self.scrape.names.get(self.last_name as usize);
        if last.is_some_and(|entry| self.scrape.texts.get(entry.text) == name) {
            return Some(self.last_name);
        }
        let text = self.text(name)?;
        let id = if let Some(id) = self.name_of.get(&text) {
            *id
        } else {
            let id = u32::try_from(self.scrape.names.len()).ok()?;
            let family = self.family_for(name);
            let kind = self.scrape.families.get(family as usize).map(|f| f.kind);
            let counts = kind.is_some_and(|kind| super::family::counts(kind, name));
            self.scrape.names.push(NameEntry { text, family, counts, rows: 0 });
            self.name_of.insert(text, id);
            id
        };
        self.last_name = id;
        Some(id)
    }

    /// The declared family that a sample name belongs to, so far.
    fn family_for(&self, name: &str) -> u32 {
        let declared = |base: &str| {
            let text = self.scrape.texts.find(base)?;
            let id = *self.family_of.get(&text)?;
            self.scrape.families.get(id as usize).map(|family| (id, family.kind))
        };
        super::family::resolve(name, declared).unwrap_or(NONE)
    }

    /// The label set of a sample without its bucket bound or quantile, and that edge.
    fn labels(&mut self, sample: &Sample<'_, '_>) -> Option<(u32, u32)> {
        let limit = self.limits.max_text_bytes;
        self.pairs.clear();
        let mut edge = NONE;
        let mut quantile = None;
        for (at, (name, value)) in sample.labels().enumerate() {
            let texts = &mut self.scrape.texts;
            let last = self.last.get(at).copied();
            let name_id = match last {
                Some((id, _)) if texts.get(id) == name => id,
                _ => texts.intern(&name, limit)?,
            };
            let value_id = match last {
                Some((_, id)) if texts.get(id) == value => id,
                _ => texts.intern(&value, limit)?,
            };
            match self.last.get_mut(at) {
                Some(slot) => *slot = (name_id, value_id),
                None => self.last.push((name_id, value_id)),
            }
            if value.is_empty() {
                self.scrape.empty_labels.insert((self.last_name, name_id));
            } else if name == "le" {
                edge = value_id;
            } else if name == "quantile" {
                quantile = Some((self.pairs.len(), value_id));
                self.pairs.push((name_id, value_id));
            } else {
                self.pairs.push((name_id, value_id));
            }
        }
        let texts = &self.scrape.texts;
        if edge == NONE
            && let Some((at, value)) = quantile
        {
            edge = value | QUANTILE;
            self.pairs.remove(at);
        }
        if !self.pairs.is_sorted_by(|a, b| a.0 == b.0 || texts.get(a.0) < texts.get(b.0)) {
            self.pairs.sort_by(|a, b| texts.get(a.0).cmp(texts.get(b.0)));
        }
        if self.last_set_id == NONE || self.pairs != self.last_set {
            self.last_set_id = self.scrape.sets.intern(&self.pairs)?;
            self.last_set.clone_from(&self.pairs);
        }
        Some((self.last_set_id, edge))
    }

    /// The entry of a declared family, new or old.
    fn family(&mut self, name: &str) -> Option<&mut FamilyEntry> {
        let text = self.text(name)?;
        let id = if let Some(id) = self.family_of.get(&text) {
            *id
        } else {
            if self.scrape.families.len() >= self.limits.series() {
                return None;
            }
            let id = u32::try_from(self.scrape.families.len()).ok()?;
            self.scrape.families.push(FamilyEntry {
                name: text,
                kind: MetricKind::Untyped,
                typed: false,
                help: NONE,
                unit: NONE,
                order: self.scrape.rows.len(),
            });
            self.family_of.insert(text, id);
            id
        };
        self.scrape.families.get_mut(id as usize)
    }

    fn type_line(&mut self, line: &TypeLine<'_>) {
        let place = at(line.place);
        let Some(family) = self.family(&line.name) else {
            return self.limit(IssueKind::TextLimit, place);
        };
        if !family.typed {
            family.typed = true;
            family.kind = line.kind;
            self.late_type(line, place);
        } else if family.kind == line.kind {
            self.issue(Issue { kind: IssueKind::RepeatedType, ..place });
        } else {
            self.issue(Issue { kind: IssueKind::ConflictingType, ..place });
        }
    }

    /// A `TYPE` line that comes after samples is applied to them.
    fn late_type(&mut self, line: &TypeLine<'_>, place: Issue) {
        let mut late = false;
        for name in super::family::members(line.kind, &line.name) {
            let Some(id) = self.scrape.texts.find(&name).and_then(|t| self.name_of.get(&t)) else {
                continue;
            };
            let id = *id as usize;
            let family = self.family_for(&name);
            let kind = self.scrape.families.get(family as usize).map(|f| f.kind);
            if let Some(entry) = self.scrape.names.get_mut(id)
                && entry.family != family
            {
                entry.family = family;
                entry.counts = kind.is_some_and(|kind| super::family::counts(kind, &name));
                late |= entry.rows > 0;
            }
        }
        if late {
            self.issue(Issue { kind: IssueKind::TypeAfterSamples, ..place });
        }
    }

    fn help_line(&mut self, line: &HelpLine<'_>) {
        let place = at(line.place);
        let Some(help) = self.text(&line.text) else {
            return self.limit(IssueKind::TextLimit, place);
        };
        let Some(family) = self.family(&line.name) else {
            return self.limit(IssueKind::TextLimit, place);
        };
        if family.help == NONE {
            family.help = help;
        } else if family.help != help {
            self.issue(Issue { kind: IssueKind::ConflictingHelp, ..place });
        }
    }

    fn unit_line(&mut self, line: &UnitLine<'_>) {
        let place = at(line.place);
        let Some(unit) = self.text(line.unit) else {
            return self.limit(IssueKind::TextLimit, place);
        };
        let Some(family) = self.family(&line.name) else {
            return self.limit(IssueKind::TextLimit, place);
        };
        if family.unit == NONE {
            family.unit = unit;
        } else if family.unit != unit {
            self.issue(Issue { kind: IssueKind::ConflictingUnit, ..place });
        }
    }

    pub(super) fn finish(mut self, summary: Summary) -> Scrape {
        self.adopt();
        let scrape = &mut self.scrape;
        scrape.summary = summary;
        scrape.dialect = dialect(scrape, summary);
        scrape.row_keys = self.row_keys;
        index(scrape);
        scrape.texts.shrink();
        scrape.sets.shrink();
        scrape.rows.shrink_to_fit();
        self.scrape
    }

    /// Gives each sample name without a declared family one of its own, in order of appearance.
    fn adopt(&mut self) {
        let mut first_row = vec![usize::MAX; self.scrape.names.len()];
        for (at, row) in self.scrape.rows.iter().enumerate() {
            if let Some(first) = first_row.get_mut(row.name as usize) {
                *first = at.min(*first);
            }
        }
        for id in 0..self.scrape.names.len() {
            let Some(entry) = self.scrape.names.get(id) else { continue };
            let (text, rows) = (entry.text, entry.rows);
            let family = self.family_for(self.scrape.texts.get(text));
            let family = if family == NONE && rows > 0 {
                let new = u32::try_from(self.scrape.families.len()).unwrap_or(NONE);
                self.scrape.families.push(FamilyEntry {
                    name: text,
                    kind: MetricKind::Untyped,
                    typed: false,
                    help: NONE,
                    unit: NONE,
                    order: first_row.get(id).copied().unwrap_or(usize::MAX),
                });
                self.family_of.insert(text, new);
                new
            } else {
                family
            };
            let kind = self.scrape.families.get(family as usize).map(|f| f.kind);
            let name = self.scrape.texts.get(text);
            let counts = kind.is_some_and(|kind| super::family::counts(kind, name));
            if let Some(entry) = self.scrape.names.get_mut(id) {
                (entry.family, entry.counts) = (family, counts);
            }
        }
        // Declared families come before their samples; put the others between them.
        let count = self.scrape.families.len();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|id| self.scrape.families.get(*id).map_or(usize::MAX, |f| f.order));
        let mut place = vec![0_u32; count];
        for (new, old) in order.iter().enumerate() {
            if let Some(slot) = place.get_mut(*old) {
                *slot = u32::try_from(new).unwrap_or(NONE);
            }
        }
        self.scrape.families =
            order.iter().filter_map(|id| self.scrape.families.get(*id).copied()).collect();
        for entry in &mut self.scrape.names {
            entry.family = place.get(entry.family as usize).copied().unwrap_or(NONE);
        }
        for id in self.family_of.values_mut() {
            *id = place.get(*id as usize).copied().unwrap_or(NONE);
        }
        self.scrape.name_of = std::mem::take(&mut self.name_of);
        self.scrape.family_of = std::mem::take(&mut self.family_of);
    }
}

fn at(place: crate::text::Place) -> Issue {
    Issue { kind: IssueKind::TextLimit, line: place.line, column: 1, offset: place.offset }
}

fn hash_row(keys: &RandomState, name: u32, set: u32, edge: u32) -> u64 {
    let mut hasher = keys.build_hasher();
    hasher.write_u64(u64::from(name) << 32 | u64::from(set));
    hasher.write_u32(edge);
    hasher.finish()
}

/// OpenMetrics declares a counter without the `_total` of its samples; a page whose `# EOF` was
/// cut off is still told by that.
fn dialect(scrape: &Scrape, summary: Summary) -> Dialect {
    let counter = scrape.families.iter().any(|family| {
        family.kind == MetricKind::Counter && {
            let name = scrape.texts.get(family.name);
            !name.ends_with("_total") && scrape.name_id(&format!("{name}_total")).is_some()
        }
    });
    if counter { Dialect::OpenMetrics } else { summary.dialect() }
}

/// Groups the rows by name, keeping the order of the page in each group.
fn index(scrape: &mut Scrape) {
    let mut next = Vec::with_capacity(scrape.names.len());
    let mut start = 0_u32;
    for name in &scrape.names {
        next.push(start);
        start = start.saturating_add(name.rows);
    }
    scrape.starts.clone_from(&next);
    scrape.by_name = vec![0; scrape.rows.len()];
    for (at, row) in scrape.rows.iter().enumerate() {
        let Some(slot) = next.get_mut(row.name as usize) else { continue };
        if let Some(place) = scrape.by_name.get_mut(*slot as usize) {
            *place = u32::try_from(at).unwrap_or(NONE);
        }
        *slot += 1;
    }
    let mut ids: Vec<u32> = (0..u32::try_from(scrape.names.len()).unwrap_or(NONE)).collect();
    ids.sort_by_key(|id| (scrape.names.get(*id as usize).map_or(NONE, |n| n.family), *id));
    scrape.names_by_family = ids;
}

impl Scrape {
    /// The row of a series given by this scrape's own ids.
    pub(super) fn find_row(&self, name: u32, set: u32, edge: u32) -> Option<u32> {
        let table: &IdTable = &self.row_table;
        table.find(hash_row(&self.row_keys, name, set, edge), |row| {
            self.rows
                .get(row as usize)
                .is_some_and(|r| (r.name, r.set, r.edge) == (name, set, edge))
        })
    }
}
