//! What a package says of itself, fact by fact, each with the place in its sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::source::program::{CallSite, Program};
use super::source::text::Names;

/// What a fact is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// A metric by its name on a page.
    Metric,
    /// A route: component, method, path.
    Route,
    /// A span by name.
    Span,
    /// A call that a `.lct` trace records.
    TracedCall,
    /// A type tag of `.lct` values.
    Codec,
    /// The wording of a log line.
    Log,
    /// A flag of a program.
    Flag,
    /// A key of the configuration file.
    ConfigKey,
    /// An environment variable.
    Variable,
    /// A KV connector by name.
    Connector,
    /// The build id.
    Build,
}

impl Kind {
    /// All kinds, in the order of reports.
    pub(crate) const ALL: [Self; 11] = [
        Self::Metric,
        Self::Route,
        Self::Span,
        Self::TracedCall,
        Self::Codec,
        Self::Log,
        Self::Flag,
        Self::ConfigKey,
        Self::Variable,
        Self::Connector,
        Self::Build,
    ];

    /// Its name in tables and reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Metric => "metric",
            Self::Route => "route",
            Self::Span => "span",
            Self::TracedCall => "traced-call",
            Self::Codec => "codec",
            Self::Log => "log",
            Self::Flag => "flag",
            Self::ConfigKey => "config-key",
            Self::Variable => "variable",
            Self::Connector => "connector",
            Self::Build => "build",
        }
    }

    /// The kind of a name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A place in the sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Site {
    /// Path of the module.
    pub(crate) path: String,
    /// Line in it.
    pub(crate) line: usize,
    /// Class and function around it.
    pub(crate) within: String,
}

impl fmt::Display for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

impl Site {
    /// Where a call stands.
    pub(crate) fn of<'a>(program: &Program<'a>, site: &CallSite<'a>) -> Self {
        let scope = &site.scope;
        let mut within: Vec<&str> = scope.class.into_iter().collect();
        within.extend(scope.functions.iter().map(|f| f.name.as_str()));
        Self {
            path: program.path(scope).to_owned(),
            line: program.modules.get(scope.module).map_or(0, |m| m.line(site.call.range_start)),
            within: within.join("."),
        }
    }
}

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fact {
    /// What it is about.
    pub(crate) kind: Kind,
    /// Its name.
    pub(crate) key: String,
    /// What is said of it: `type`, `unit`, `otel`, `component`, `takes`, ...
    pub(crate) said: BTreeMap<&'static str, String>,
    /// Labels, attributes or arguments.
    pub(crate) labels: Names,
    /// Events that drive it.
    pub(crate) events: BTreeSet<String>,
    /// Where it stands.
    pub(crate) site: Site,
}

impl Fact {
    /// A fact of which nothing more is said.
    pub(crate) fn new(kind: Kind, key: impl Into<String>, site: Site) -> Self {
        let labels = Names { complete: false, ..Names::default() };
        let (said, events) = (BTreeMap::new(), BTreeSet::new());
        Self { kind, key: key.into(), said, labels, events, site }
    }

    /// With one more thing said.
    pub(crate) fn saying(mut self, what: &'static str, value: impl Into<String>) -> Self {
        self.said.insert(what, value.into());
        self
    }

    /// What is said under a name; empty for nothing.
    pub(crate) fn says(&self, what: &str) -> &str {
        self.said.get(what).map_or("", String::as_str)
    }
}

/// What was read of a package.
#[derive(Debug, Default)]
pub(crate) struct Reading {
    /// Facts by kind and key. Several sites of one fact are one fact.
    pub(crate) facts: BTreeMap<(Kind, String), Fact>,
    /// Call sites whose name cannot be told: what, and where.
    pub(crate) unread: BTreeSet<(&'static str, Site)>,
    /// Modules that do not parse.
    pub(crate) broken: Vec<String>,
}

impl Reading {
    /// Adds a fact; a second site adds its labels and events.
    pub(crate) fn add(&mut self, fact: Fact) {
        match self.facts.entry((fact.kind, fact.key.clone())) {
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(fact);
            }
            std::collections::btree_map::Entry::Occupied(mut entry) => {
                let old = entry.get_mut();
                let labels = std::mem::take(&mut old.labels);
                old.labels = labels.or(fact.labels);
                old.events.extend(fact.events);
                for (what, value) in fact.said {
                    old.said.entry(what).or_insert(value);
                }
            }
        }
    }

    /// Facts of one kind.
    pub(crate) fn of(&self, kind: Kind) -> impl Iterator<Item = &Fact> {
        self.facts.values().filter(move |fact| fact.kind == kind)
    }

    /// One fact.
    pub(crate) fn get(&self, kind: Kind, key: &str) -> Option<&Fact> {
        self.facts.get(&(kind, key.to_owned()))
    }
}
