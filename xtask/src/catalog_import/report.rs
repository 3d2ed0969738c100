//! Drift, comparisons and checks as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lmcache_prom::contract::Release;

use super::compare::{Check, Comparison};
use super::drift::Drift;
use super::facts::{Fact, Kind, Reading};
use super::places::Places;
use super::readers::Readers;
use super::tables::{Catalog, Column, layout::cell, wording};

/// How many names one line lists.
const NAMES: usize = 6;

fn some(names: &[String]) -> String {
    let shown = names.iter().take(NAMES).cloned().collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(NAMES) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

/// What a report is about.
pub(crate) struct Subject<'r> {
    /// The catalog before the release.
    pub(crate) catalog: &'r Catalog,
    /// Release before, release read.
    pub(crate) releases: (Release, Release),
    /// What was read of the release.
    pub(crate) reading: &'r Reading,
    /// What was read of the one before.
    pub(crate) before: Option<&'r Reading>,
    /// Who depends on what.
    pub(crate) readers: &'r Readers,
    /// Modules whose log lines are of interest, where not all are.
    pub(crate) places: &'r Places,
}

/// The drift report.
pub(crate) fn drift(subject: &Subject<'_>, drift: &Drift) -> String {
    let (previous, release) = subject.releases;
    let column = subject.catalog.column(previous);
    let mut out = String::new();
    let _ = writeln!(out, "{} {previous} -> {release}", subject.catalog.product);
    let mut counts: BTreeMap<Kind, usize> = BTreeMap::new();
    for fact in subject.reading.facts.values() {
        *counts.entry(fact.kind).or_default() += 1;
    }
    let counts: Vec<String> =
        counts.into_iter().map(|(kind, n)| format!("{n} {}", kind.name())).collect();
    let _ = writeln!(out, "read: {}", counts.join(", "));
    let depends = |out: &mut String, kind: Kind, key: &str| {
        let readers = column.get(&(kind, key.to_owned())).map(|e| subject.readers.of(kind, e));
        let readers = readers.unwrap_or_default();
        let text = if readers.is_empty() { "nothing of ours".into() } else { some(&readers) };
        let _ = writeln!(out, "    read by: {text}");
    };

    let _ = writeln!(out, "\nnew: {}", drift.new.len());
    for (kind, key) in &drift.new {
        let Some(fact) = subject.reading.get(*kind, key) else { continue };
        let _ = writeln!(out, "  {} {key}", kind.name());
        let _ = writeln!(out, "    {}{}", fact.site, told(fact));
        if let Some(proposed) = proposal(subject, fact, &column) {
            let _ = writeln!(out, "    to judge: {proposed}");
        }
    }
    let _ = writeln!(out, "\ngone: {}", drift.gone.len());
    for (kind, key) in &drift.gone {
        let _ = writeln!(out, "  {} {key}", kind.name());
        depends(&mut out, *kind, key);
    }
    if !drift.doubtful.is_empty() {
        let _ = writeln!(
            out,
            "\nnot found, and left open (--previous tells whether they can be): {}",
            drift.doubtful.len()
        );
        for (kind, key) in &drift.doubtful {
            let _ = writeln!(out, "  {} {key}", kind.name());
            depends(&mut out, *kind, key);
        }
    }
    let _ = writeln!(out, "\nrenamed, as judged: {}", drift.renamed.len());
    for rename in &drift.renamed {
        let _ = writeln!(out, "  {} {}\n    -> {}", rename.kind.name(), rename.old, rename.new);
        let _ = writeln!(out, "    {}", rename.reason);
        depends(&mut out, rename.kind, &rename.old);
    }
    let _ = writeln!(out, "\nperhaps renamed, to judge: {}", drift.candidates.len());
    for candidate in &drift.candidates {
        let _ = writeln!(out, "  {} {}", candidate.kind.name(), candidate.old);
        let _ = writeln!(out, "    -> {}\n    {}", candidate.new, candidate.because);
    }
    let _ = writeln!(out, "\nlabels, attributes, arguments: {}", drift.labels.len());
    for change in &drift.labels {
        let signs = change.came.iter().map(|c| format!("+{c}"));
        let signs = signs.chain(change.went.iter().map(|w| format!("-{w}"))).collect::<Vec<_>>();
        let _ = writeln!(out, "  {} {}: {}", change.kind.name(), change.key, signs.join(" "));
        let Some(entry) = column.get(&(change.kind, change.key.clone())) else { continue };
        for label in &change.went {
            let readers = subject.readers.of_label(change.kind, entry, label);
            if !readers.is_empty() {
                let _ = writeln!(out, "    {label} read by: {}", some(&readers));
            }
        }
    }
    let _ = writeln!(out, "\ntypes and units: {}", drift.changes.len());
    for c in &drift.changes {
        let _ =
            writeln!(out, "  {} {}: {} {:?} -> {:?}", c.kind.name(), c.key, c.what, c.old, c.new);
        depends(&mut out, c.kind, &c.key);
    }
    unlisted(&mut out, subject, drift, &column);
    unread(&mut out, subject);
    out
}

fn told(fact: &Fact) -> String {
    let mut out = String::new();
    for (what, value) in &fact.said {
        if matches!(*what, "type" | "unit" | "tracer" | "takes") && !value.is_empty() {
            let _ = write!(out, ", {what} {value}");
        }
    }
    if !fact.labels.names.is_empty() {
        let names: Vec<&str> = fact.labels.names.keys().map(String::as_str).collect();
        let _ = write!(out, ", with {}", names.join(" "));
    }
    out
}

/// What speaks for when a new metric appears: those that the same event drives.
fn proposal(subject: &Subject<'_>, fact: &Fact, column: &Column) -> Option<String> {
    match fact.kind {
        Kind::Metric => {
            if !fact.says("observable").is_empty() {
                return Some("when: observable, so there with its cohort from the start".into());
            }
            let events: Vec<&str> = fact.events.iter().map(String::as_str).collect();
            let same = subject
                .reading
                .of(Kind::Metric)
                .filter(|f| !f.events.is_empty() && f.events == fact.events);
            let mut when: Vec<String> = same
                .filter_map(|f| column.get(&(Kind::Metric, f.key.clone())))
                .map(|e| cell(&e.row, 7).to_owned())
                .collect();
            when.sort();
            when.dedup();
            match (events.is_empty(), when.as_slice()) {
                (true, _) => Some("when, needs, family".into()),
                (false, []) => Some(format!("when: on {}", events.join(", "))),
                (false, list) => Some(format!(
                    "when: on {}, like others that are {}",
                    events.join(", "),
                    list.join(" or ")
                )),
            }
        }
        Kind::Route => Some("class, exposes, ask".into()),
        Kind::Span => Some("kind, parent".into()),
        Kind::Connector => Some("mode".into()),
        _ => None,
    }
}

/// Kinds whose tables hold only what we use: what is new against the release before.
fn unlisted(out: &mut String, subject: &Subject<'_>, drift: &Drift, column: &Column) {
    let Some(before) = subject.before else { return };
    for kind in [Kind::Flag, Kind::Variable, Kind::Connector] {
        if subject.catalog.tables.iter().any(|(l, _)| l.kind == kind && l.whole) {
            continue;
        }
        let differing = |a: &Reading, b: &Reading| -> Vec<String> {
            a.of(kind).filter(|f| b.get(kind, &f.key).is_none()).map(|f| f.key.clone()).collect()
        };
        let (came, went) = (differing(subject.reading, before), differing(before, subject.reading));
        let ours =
            |name: &String| kind != Kind::Variable || name.to_lowercase().contains("lmcache");
        let list = |sign: char, names: Vec<String>| {
            names.into_iter().filter(ours).map(|n| format!("{sign}{n}")).collect::<Vec<_>>()
        };
        let mut all = list('+', came);
        all.extend(list('-', went));
        let _ = writeln!(out, "\n{}s: {}", kind.name(), all.len());
        for name in all {
            let _ = writeln!(out, "  {name}");
        }
        let defaults: Vec<String> = subject
            .reading
            .of(kind)
            .filter_map(|f| {
                let old = before.get(kind, &f.key)?;
                let (a, b) = (old.says("default"), f.says("default"));
                (a != b).then(|| format!("  {}: default {a} -> {b}", f.key))
            })
            .collect();
        for line in defaults {
            let _ = writeln!(out, "{line}");
        }
    }
    let templates = column.keys().filter(|(k, _)| *k == Kind::Log).map(|(_, t)| t.clone());
    let renamed = drift.renamed.iter().filter(|r| r.kind == Kind::Log).map(|r| r.new.clone());
    let expressions: Vec<_> =
        templates.chain(renamed).filter_map(|t| wording::expression(&t)).collect();
    let mut loud: Vec<String> = subject
        .reading
        .of(Kind::Log)
        .filter(|f| matches!(f.says("level"), "warning" | "error" | "critical"))
        .filter(|f| subject.places.concerns(Kind::Log, &f.site.path))
        .filter(|f| before.get(Kind::Log, &f.key).is_none())
        .map(|f| (wording::template(&f.key), f))
        .filter(|(text, _)| !expressions.iter().any(|e| e.is_match(text)))
        .map(|(text, f)| format!("  {} {text}\n    {}", f.says("level"), f.site))
        .collect();
    loud.sort();
    let _ =
        writeln!(out, "\nlog lines of warnings and errors that no template reads: {}", loud.len());
    for line in loud {
        let _ = writeln!(out, "{line}");
    }
}

fn unread(out: &mut String, subject: &Subject<'_>) {
    let reading = subject.reading;
    let _ = writeln!(
        out,
        "\nnot readable (the name cannot be told): {}; modules that do not parse: {}",
        reading.unread.len(),
        reading.broken.len()
    );
    for (what, site) in &reading.unread {
        let _ = writeln!(out, "  {what} {site} {}", site.within);
    }
    for broken in &reading.broken {
        let _ = writeln!(out, "  {broken}");
    }
}

/// An import beside the column that is there.
pub(crate) fn comparison(comparison: &Comparison) -> String {
    let mut out = String::new();
    let same: Vec<String> =
        comparison.same.iter().map(|(k, n)| format!("{n} {}", k.name())).collect();
    let _ = writeln!(out, "compared with the column that is there");
    let _ = writeln!(out, "the same in every cell: {}", same.join(", "));
    let _ = writeln!(out, "only in the tables: {}", comparison.lacking.len());
    for (kind, key) in &comparison.lacking {
        let _ = writeln!(out, "  {} {key}", kind.name());
    }
    let _ = writeln!(out, "only in the import: {}", comparison.extra.len());
    for (kind, key) in &comparison.extra {
        let _ = writeln!(out, "  {} {key}", kind.name());
    }
    let _ = writeln!(out, "cells that needed judgement: {}", comparison.cells.len());
    for (kind, key, column, written, there) in &comparison.cells {
        let _ =
            writeln!(out, "  {} {key}\n    {column}: {written:?}, judged {there:?}", kind.name());
    }
    out
}

/// A check of a released column.
pub(crate) fn check(product: &str, release: Release, check: &Check) -> String {
    let mut out = String::new();
    let agreed: Vec<String> =
        check.agreed.iter().map(|(k, n)| format!("{n} {}", k.name())).collect();
    let _ = writeln!(
        out,
        "{product} {release}: {} found again; {} differ for a recorded reason; {} differ",
        agreed.join(", "),
        check.accepted,
        check.differences.len()
    );
    for (kind, key, what) in &check.differences {
        let _ = writeln!(out, "  {} {key}: {what}", kind.name());
    }
    out
}
