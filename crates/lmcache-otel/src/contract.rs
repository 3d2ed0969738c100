//! The span contract: which release starts which span, and how its attributes are read.
//!
//! The tables are `contract/*.csv`; a new release is a change of those files and of nothing else.

use std::collections::BTreeMap;

use lmcache_prom::contract::Release;
use serde::{Deserialize, Serialize};

const SPANS: &str = include_str!("../contract/spans.csv");
const ATTRIBUTES: &str = include_str!("../contract/attributes.csv");

/// What a span stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SpanKind {
    /// One request from its begin to its end.
    Root,
    /// A part of a request.
    Phase,
    /// An event without length.
    Point,
    /// An error without length.
    Error,
    /// A phase of a transfer.
    Transfer,
}

/// An attribute of a span and the releases that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpanAttribute {
    /// Name.
    pub name: &'static str,
    /// First release.
    pub from: Release,
    /// Last release; `None` if it is still there.
    pub to: Option<Release>,
    /// Every span of those releases has it, as far as was seen.
    pub always: bool,
}

/// One line of the span table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpanRule {
    /// Name.
    pub name: &'static str,
    /// Instrumentation scope.
    pub tracer: &'static str,
    /// Names of possible parents; empty for a root.
    pub parents: Vec<&'static str>,
    /// What it stands for.
    pub kind: SpanKind,
    /// First release.
    pub from: Release,
    /// Last release; `None` if it is still there.
    pub to: Option<Release>,
    /// Attributes.
    pub attributes: Vec<SpanAttribute>,
}

/// How an attribute is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treat {
    /// A number, also where a string holds it.
    Number,
    /// `True` or `False`, also as a string.
    Flag,
    /// One of few words, kept.
    Word,
    /// Distinct values are counted, never kept.
    Id,
    /// Empty or not is counted; never kept.
    Salt,
}

/// The tables.
///
/// ```
/// let contract = lmcache_otel::SpanContract::new();
/// assert_eq!(contract.rule("mp.store").unwrap().parents, ["request"]);
/// assert!(contract.rule("http.request").is_none());
/// ```
#[derive(Debug, Clone)]
pub struct SpanContract {
    rules: BTreeMap<&'static str, SpanRule>,
    treats: BTreeMap<&'static str, Treat>,
}

impl Default for SpanContract {
    fn default() -> Self {
        Self::new()
    }
}

fn lines(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).skip(1)
}

impl SpanContract {
    /// Reads the tables.
    pub fn new() -> Self {
        Self {
            rules: lines(SPANS).filter_map(rule).map(|rule| (rule.name, rule)).collect(),
            treats: lines(ATTRIBUTES).filter_map(treat).collect(),
        }
    }

    /// The rule of a span name.
    pub fn rule(&self, name: &str) -> Option<&SpanRule> {
        self.rules.get(name)
    }

    /// Every rule in order of names.
    pub fn rules(&self) -> impl Iterator<Item = &SpanRule> {
        self.rules.values()
    }

    /// How an attribute is read; `None` for one that no examined release sets.
    pub fn treat(&self, attribute: &str) -> Option<Treat> {
        self.treats.get(attribute).copied()
    }

    /// Whether a scope is LMCache's: its own tracers are all named `lmcache_mp.…`.
    pub fn owns_scope(scope: &str) -> bool {
        scope.starts_with("lmcache_mp.") || scope == "lmcache" || scope.starts_with("lmcache.")
    }
}

fn rule(line: &'static str) -> Option<SpanRule> {
    let mut cells = line.split('|');
    let name = cells.next()?;
    let tracer = cells.next()?;
    let parents = cells.next()?.split_ascii_whitespace().collect();
    let kind = match cells.next()? {
        "root" => SpanKind::Root,
        "phase" => SpanKind::Phase,
        "point" => SpanKind::Point,
        "error" => SpanKind::Error,
        "transfer" => SpanKind::Transfer,
        _ => return None,
    };
    let from: Release = cells.next()?.parse().ok()?;
    let to: Option<Release> = cells.next()?.parse().ok();
    let attributes = cells.next()?.split_ascii_whitespace().filter_map(|text| {
        let (text, always) = text.strip_suffix('!').map_or((text, false), |text| (text, true));
        let (name, span) = text.split_once('@').unwrap_or((text, ""));
        let (first, last) = span.split_once("..").unwrap_or((span, ""));
        let first = if first.is_empty() { from } else { first.parse().ok()? };
        let last = if last.is_empty() { to } else { Some(last.parse().ok()?) };
        Some(SpanAttribute { name, from: first, to: last, always })
    });
    Some(SpanRule { name, tracer, parents, kind, from, to, attributes: attributes.collect() })
}

fn treat(line: &'static str) -> Option<(&'static str, Treat)> {
    let mut cells = line.split('|');
    let name = cells.next()?;
    let treat = match cells.next()? {
        "number" => Treat::Number,
        "flag" => Treat::Flag,
        "word" => Treat::Word,
        "id" => Treat::Id,
        "salt" => Treat::Salt,
        _ => return None,
    };
    Some((name, treat))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_and_every_attribute_has_a_treatment() {
        let contract = SpanContract::new();
        assert_eq!(contract.rules.len(), lines(SPANS).count());
        assert_eq!(contract.treats.len(), lines(ATTRIBUTES).count());
        for rule in contract.rules() {
            assert!(SpanContract::owns_scope(rule.tracer));
            for parent in &rule.parents {
                assert!(contract.rule(parent).is_some(), "{parent}");
            }
            for attribute in &rule.attributes {
                assert!(contract.treat(attribute.name).is_some(), "{}", attribute.name);
            }
        }
        let store = contract.rule("mp.store").map(|r| r.attributes.len());
        assert_eq!(store, Some(8));
    }
}
