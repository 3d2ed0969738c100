//! What a release changes: the column of the release before, held against a reading.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::Release;

use super::facts::{Fact, Kind, Reading};
use super::judged::{Judged, Rename};
use super::tables::layout::cell;
use super::tables::{Catalog, Column, wording};

/// How alike two names have to be to be proposed by that alone.
const ALIKE: f64 = 0.75;

/// A pair that may be one thing under two names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Candidate {
    /// What it is about.
    pub(crate) kind: Kind,
    /// Name that is gone.
    pub(crate) old: String,
    /// Name that is new.
    pub(crate) new: String,
    /// What speaks for it.
    pub(crate) because: String,
}

/// Labels, attributes or arguments that came and went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Labels {
    /// What it is about.
    pub(crate) kind: Kind,
    /// Of what.
    pub(crate) key: String,
    /// That came.
    pub(crate) came: Vec<String>,
    /// That went.
    pub(crate) went: Vec<String>,
}

/// A value that changed: what, of what, from, to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    /// What it is about.
    pub(crate) kind: Kind,
    /// Of what.
    pub(crate) key: String,
    /// `type` or `unit`.
    pub(crate) what: &'static str,
    /// Before.
    pub(crate) old: String,
    /// Now.
    pub(crate) new: String,
}

/// The drift of one release.
#[derive(Debug, Default)]
pub(crate) struct Drift {
    /// Names that came.
    pub(crate) new: BTreeSet<(Kind, String)>,
    /// Names that went.
    pub(crate) gone: BTreeSet<(Kind, String)>,
    /// Names of the table that were not found, where nothing tells whether they ever would be.
    pub(crate) doubtful: BTreeSet<(Kind, String)>,
    /// Renames that a person judged.
    pub(crate) renamed: Vec<Rename>,
    /// Renames to judge.
    pub(crate) candidates: Vec<Candidate>,
    /// Labels that changed.
    pub(crate) labels: Vec<Labels>,
    /// Types and units that changed.
    pub(crate) changes: Vec<Change>,
}

/// Facts by the names that the tables have for them.
type Found = BTreeMap<(Kind, String), Fact>;

/// Names that a reading has in terms of the tables: templates instead of wordings.
pub(crate) fn names(column: &Column, reading: &Reading) -> BTreeMap<(Kind, String), Fact> {
    let templates = column.keys().filter(|(k, _)| *k == Kind::Log).map(|(_, key)| key.clone());
    let mut out: BTreeMap<(Kind, String), Fact> = wording::fitting(templates, reading)
        .into_iter()
        .map(|(template, fact)| ((Kind::Log, template), fact.clone()))
        .collect();
    let others = reading.facts.values().filter(|f| f.kind != Kind::Log);
    out.extend(others.map(|f| ((f.kind, f.key.clone()), f.clone())));
    out
}

/// Compares.
pub(crate) fn between(
    catalog: &Catalog,
    (previous, release): (Release, Release),
    (old, new): (Option<&Reading>, &Reading),
    judged: &Judged,
) -> Drift {
    let column = catalog.column(previous);
    let found = names(&column, new);
    let before = old.map(|old| names(&column, old));
    let mut drift = Drift::default();
    let whole: BTreeSet<Kind> =
        catalog.tables.iter().filter(|(l, _)| l.whole).map(|(l, _)| l.kind).collect();
    for (kind, key) in column.keys() {
        if found.contains_key(&(*kind, key.clone())) {
            continue;
        }
        let entry = (*kind, key.clone());
        match &before {
            Some(before) if before.contains_key(&entry) => {
                drift.gone.insert(entry);
            }
            Some(_) => {}
            None if judged.accepts(*kind, key, previous) => {}
            None => {
                drift.doubtful.insert(entry);
            }
        }
    }
    for (kind, key) in found.keys() {
        let entry = (*kind, key.clone());
        if whole.contains(kind)
            && !column.contains_key(&entry)
            && !judged.accepts(*kind, key, release)
        {
            drift.new.insert(entry);
        }
    }
    for ((kind, key), fact) in &found {
        let Some(entry) = column.get(&(*kind, key.clone())) else { continue };
        if *kind == Kind::Log {
            continue;
        }
        let old_fact = before.as_ref().and_then(|b| b.get(&(*kind, key.clone())));
        let labels = labels(&entry.labels, fact, old_fact, before.is_some());
        if let Some((came, went)) = labels {
            drift.labels.push(Labels { kind: *kind, key: key.clone(), came, went });
        }
        if *kind == Kind::Metric {
            for (what, at) in [("type", 3), ("unit", 4)] {
                let (now, then) = (fact.says(what), cell(&entry.row, at));
                if !now.is_empty()
                    && now != then
                    && (what == "type" || !fact.says("otel").is_empty())
                {
                    drift.changes.push(Change {
                        kind: *kind,
                        key: key.clone(),
                        what,
                        old: then.to_owned(),
                        new: now.to_owned(),
                    });
                }
            }
        }
    }
    renames(&mut drift, &column, (before.as_ref(), &found), new, judged, release);
    drift
}

type Changed = (Vec<String>, Vec<String>);

fn labels(
    table: &BTreeMap<String, String>,
    fact: &Fact,
    before: Option<&Fact>,
    compared: bool,
) -> Option<Changed> {
    let came: Vec<String> = fact
        .labels
        .names
        .keys()
        .filter(|name| !table.contains_key(*name))
        .filter(|name| before.is_none_or(|b| !b.labels.names.contains_key(*name)))
        .cloned()
        .collect();
    let went: Vec<String> = table
        .keys()
        .filter(|name| !fact.labels.names.contains_key(*name))
        .filter(|name| match before {
            Some(b) => {
                b.labels.names.contains_key(*name) && b.labels.complete == fact.labels.complete
            }
            None => !compared && fact.labels.complete,
        })
        .cloned()
        .collect();
    (!came.is_empty() || !went.is_empty()).then_some((came, went))
}

/// Takes judged renames out of what came and went, and proposes others.
fn renames(
    drift: &mut Drift,
    column: &Column,
    (before, found): (Option<&Found>, &Found),
    reading: &Reading,
    judged: &Judged,
    release: Release,
) {
    for rename in judged.of(release) {
        let old = (rename.kind, rename.old.clone());
        let gone = drift.gone.remove(&old) | drift.doubtful.remove(&old);
        drift.new.remove(&(rename.kind, rename.new.clone()));
        if gone {
            drift.renamed.push(rename.clone());
        }
    }
    let templates = column.keys().filter(|(k, _)| *k == Kind::Log).map(|(_, t)| t.as_str());
    let judged = drift.renamed.iter().filter(|r| r.kind == Kind::Log).map(|r| r.new.as_str());
    let templates: Vec<_> = templates.chain(judged).filter_map(wording::expression).collect();
    for (kind, old) in drift.gone.iter().chain(&drift.doubtful) {
        let known = before.and_then(|b| b.get(&(*kind, old.clone())));
        let mut all: Vec<(f64, Candidate)> = Vec::new();
        let mut weigh = |new: &str, fact: &Fact| {
            let (score, because) = weight(*kind, old, known, column, new, fact);
            if score >= ALIKE {
                let candidate =
                    Candidate { kind: *kind, old: old.clone(), new: new.to_owned(), because };
                all.push((score, candidate));
            }
        };
        if *kind == Kind::Log {
            // A wording of the same place that no template fits.
            for fact in reading.of(Kind::Log) {
                let same = known.is_some_and(|k| {
                    (&k.site.path, &k.site.within) == (&fact.site.path, &fact.site.within)
                });
                if same && !templates.iter().any(|t| t.is_match(&wording::line(&fact.key))) {
                    weigh(&wording::template(&fact.key), fact);
                }
            }
        } else {
            for (_, new) in drift.new.iter().filter(|(k, _)| k == kind) {
                if let Some(fact) = found.get(&(*kind, new.clone())) {
                    weigh(new, fact);
                }
            }
        }
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.new.cmp(&b.1.new)));
        drift.candidates.extend(all.into_iter().take(3).map(|(_, c)| c));
    }
}

fn weight(
    kind: Kind,
    old: &str,
    known: Option<&Fact>,
    column: &Column,
    new: &str,
    fact: &Fact,
) -> (f64, String) {
    let alike = strsim::normalized_levenshtein(old, new);
    let mut because = Vec::new();
    let mut score = alike;
    if kind == Kind::Metric {
        let row = column.get(&(kind, old.to_owned())).map(|e| e.row.as_slice()).unwrap_or_default();
        if cell(row, 3) != fact.says("type") {
            return (0.0, String::new());
        }
        if !cell(row, 2).is_empty() && cell(row, 2) == fact.says("otel") {
            score += 1.0;
            because.push(format!("the same instrument {}", fact.says("otel")));
        }
    }
    if let Some(known) = known {
        if !known.events.is_empty() && known.events == fact.events {
            score += 0.4;
            let events: Vec<&str> = fact.events.iter().map(String::as_str).collect();
            because.push(format!("the same event {}", events.join(", ")));
        }
        if (&known.site.path, &known.site.within) == (&fact.site.path, &fact.site.within) {
            score += 0.3;
            because.push(format!("the same place {}", fact.site.path));
        }
    }
    because.push(format!("names alike by {alike:.2}"));
    (score, because.join(", "))
}
