//! The route contract: which server of which release answers which path, and what may be asked.
//!
//! The tables are `contract/*.csv`; a new release is a change of those files and of nothing else.

mod name;
mod table;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use lmcache_prom::contract::{Product, Release};
use serde::{Deserialize, Serialize};

use crate::component::Component;

pub use name::path_of;

/// An HTTP method, as far as the tables tell them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
#[non_exhaustive]
pub enum Method {
    /// GET (and HEAD).
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// Any method: a proxy.
    Any,
}

impl Method {
    /// Upper-case name.
    pub const fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
            Method::Any => "ANY",
        }
    }

    /// The method with this name, in any case; HEAD is GET.
    pub fn from_name(name: &str) -> Option<Method> {
        let all =
            [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete, Method::Any];
        if name.eq_ignore_ascii_case("head") {
            return Some(Method::Get);
        }
        all.into_iter().find(|method| method.name().eq_ignore_ascii_case(name))
    }

    fn accepts(self, asked: Method) -> bool {
        self == asked || self == Method::Any
    }
}

/// What calling a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Class {
    /// Reads and changes nothing.
    Safe,
    /// Changes something in some forms, or reads by a POST.
    Conditional,
    /// Changes or deletes something, or runs something.
    Mutating,
    /// Changes nothing, but its answer is full of secrets.
    Sensitive,
}

impl Class {
    /// The name in tables and reports.
    pub const fn name(self) -> &'static str {
        match self {
            Class::Safe => "safe",
            Class::Conditional => "conditional",
            Class::Mutating => "mutating",
            Class::Sensitive => "sensitive",
        }
    }

    fn from_name(name: &str) -> Option<Class> {
        [Class::Safe, Class::Conditional, Class::Mutating, Class::Sensitive]
            .into_iter()
            .find(|class| class.name() == name)
    }
}

/// One line of the tables: a route of one server and the releases that have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// Whose route.
    pub component: Component,
    /// Method.
    pub method: Method,
    /// Path; parameters stand in braces.
    pub path: &'static str,
    /// First release that has it; `None` where that was not determined.
    pub from: Option<Release>,
    /// Last release that has it; `None` if it is still there.
    pub to: Option<Release>,
    /// What calling it does.
    pub class: Class,
    /// The reason for the class, in words.
    pub why: &'static str,
    /// What an answer can hold that must not leave unredacted; empty if nothing.
    pub exposes: &'static str,
    /// Its path before a rename; empty if it had none.
    pub previous: &'static str,
    /// Its path after a rename; empty if it has none.
    pub next: &'static str,
    /// The question that it answers ([`Question::name`]); empty if it is never asked.
    pub ask: &'static str,
    /// What a reader of an answer should know.
    pub note: &'static str,
}

impl Route {
    /// Whether a release has it. A bound that was not determined holds.
    pub fn in_release(&self, release: Release) -> bool {
        self.from.is_none_or(|from| from <= release) && self.to.is_none_or(|to| release <= to)
    }

    /// Whether a path (without query) is one of this route's.
    pub fn matches(&self, path: &str) -> bool {
        table::template_matches(self.path, path)
    }

    /// Whether asking it, as it stands in the table, reads and changes nothing.
    fn is_askable(&self) -> bool {
        self.method == Method::Get
            && self.parameters() == 0
            && matches!(self.class, Class::Safe | Class::Conditional)
    }

    /// How many parameters the path has.
    pub fn parameters(&self) -> usize {
        self.path.matches('{').count()
    }
}

/// A route that a collector must leave alone, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Skipped {
    /// Method and path.
    pub endpoint: String,
    /// Why, in words.
    pub reason: String,
    /// `destructive_skipped`, `sensitive_skipped` or `conditional_skipped`.
    pub status: String,
}

/// Whom a question is put to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// A server of LMCache, whichever of them it is.
    Lmcache,
    /// An engine.
    Engine,
}

impl Side {
    fn holds(self, component: Component) -> bool {
        (component.product() == Product::Lmcache) == (self == Side::Lmcache)
    }
}

/// One thing to ask a server, by a GET that changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Whom.
    pub side: Side,
    /// Name in evidence: `health`, `status`, ...
    pub name: &'static str,
    /// Whether it is asked below `--lmcache-http-base-url`, as scripts expect.
    pub established: bool,
    /// Name of the file that the answer is written to.
    pub file: &'static str,
    /// Paths without parameters, by component and the newest first: the next one where one is
    /// not there.
    pub paths: Vec<&'static str>,
}

/// The route tables.
///
/// ```
/// use lmcache_http::{Class, Method, Routes, Side};
///
/// let routes = Routes::new();
/// let old = routes.lookup(Method::Get, "/api/status").first().copied().unwrap();
/// assert_eq!((old.class, old.next), (Class::Safe, "/status"));
/// assert_eq!(routes.lookup(Method::Post, "/cache/clear")[0].class, Class::Mutating);
/// let health = routes.questions(Side::Lmcache).remove(0);
/// assert_eq!(health.paths, ["/healthcheck", "/api/healthcheck", "/healthz"]);
/// ```
#[derive(Debug, Clone)]
pub struct Routes {
    table: Vec<Route>,
    commits: BTreeMap<&'static str, Release>,
    releases: Vec<Release>,
    status_keys: Vec<table::StatusKey>,
}

impl Default for Routes {
    fn default() -> Self {
        Self::new()
    }
}

impl Routes {
    /// Reads the tables; about 30 µs. Hold on to it.
    pub fn new() -> Self {
        let (commits, releases) = table::commits();
        Self { table: table::routes(), commits, releases, status_keys: table::status_keys() }
    }

    /// Every route, as the tables order them.
    pub fn all(&self) -> &[Route] {
        &self.table
    }

    /// LMCache releases whose routes were read, oldest first.
    pub fn releases(&self) -> &[Release] {
        &self.releases
    }

    /// The LMCache release with this build id (`g3e11e108`).
    pub fn release_of_commit(&self, commit: &str) -> Option<Release> {
        if let Some(release) = self.commits.get(commit) {
            return Some(*release);
        }
        // Builds shorten ids to different lengths.
        let mut near = self.commits.iter().filter(|(known, _)| {
            commit.len() >= 8 && (known.starts_with(commit) || commit.starts_with(**known))
        });
        match (near.next(), near.next()) {
            (Some((_, release)), None) => Some(*release),
            _ => None,
        }
    }

    /// Whether a release's `/status` can have a key (`key` or `key=value`); `None` if no examined
    /// release has it.
    pub(crate) fn status_key_in(&self, key: &str, release: Release) -> Option<bool> {
        let mut spans = self.status_keys.iter().filter(|k| k.key == key).peekable();
        spans.peek()?;
        Some(spans.any(|k| k.from <= release && k.to.is_none_or(|to| release <= to)))
    }

    /// Routes that a method and path (or URL) mean, of every component and span of releases; the
    /// most literal templates only.
    pub fn lookup(&self, method: Method, path: &str) -> Vec<&Route> {
        self.find(None, method, path)
    }

    /// [`lookup`](Self::lookup) in one component.
    pub fn lookup_in(&self, component: Component, method: Method, path: &str) -> Vec<&Route> {
        self.find(Some(component), method, path)
    }

    fn find(&self, component: Option<Component>, method: Method, path: &str) -> Vec<&Route> {
        let path = path_of(path);
        let found: Vec<&Route> = self
            .table
            .iter()
            .filter(|r| component.is_none_or(|component| r.component == component))
            .filter(|r| r.method.accepts(method) && r.matches(path))
            .collect();
        let least = found.iter().map(|r| r.parameters()).min().unwrap_or(0);
        found.into_iter().filter(|r| r.parameters() == least).collect()
    }

    /// What to ask a server whose release is not known, in the order of the table.
    pub fn questions(&self, side: Side) -> Vec<Question> {
        let mut out: Vec<Question> =
            table::questions().into_iter().filter(|q| q.side == side).collect();
        for question in &mut out {
            let mut routes: Vec<&Route> = self
                .table
                .iter()
                .filter(|r| r.ask == question.name && side.holds(r.component) && r.is_askable())
                .collect();
            routes.sort_by_key(|r| (r.component, r.to.is_some(), Reverse(r.to), Reverse(r.from)));
            for route in routes {
                if !question.paths.contains(&route.path) {
                    question.paths.push(route.path);
                }
            }
        }
        out
    }

    /// The question that a path answers, those with parameters after those without.
    pub(crate) fn asked_by(&self, path: &str) -> Option<&'static str> {
        let asked = || self.table.iter().filter(|r| !r.ask.is_empty());
        asked()
            .find(|r| r.path == path)
            .or_else(|| asked().find(|r| r.parameters() > 0 && r.matches(path)))
            .map(|r| r.ask)
    }

    /// Routes that a collector leaves alone, with the reason, of every server and engine.
    pub fn skipped(&self) -> Vec<Skipped> {
        let mut skipped: Vec<Skipped> = self
            .table
            .iter()
            .filter(|r| r.class != Class::Safe)
            .map(|r| Skipped {
                endpoint: if r.ask.is_empty() {
                    format!("{} {}", r.method.name(), r.path)
                } else {
                    format!("{} {} with parameters", r.method.name(), r.path)
                },
                status: match r.class {
                    Class::Sensitive => "sensitive_skipped",
                    // A form that changes something, or a read that removes what it reads.
                    Class::Conditional if r.method == Method::Get => "destructive_skipped",
                    Class::Conditional => "conditional_skipped",
                    Class::Mutating | Class::Safe => "destructive_skipped",
                }
                .to_owned(),
                reason: r.why.to_owned(),
            })
            .collect();
        skipped.sort();
        // One route of several servers is one line.
        skipped.dedup_by(|a, b| a.endpoint == b.endpoint);
        skipped
    }

    /// The path that a saved answer's file name means: `lmcache_status.json`, `config_adapters`,
    /// `periodic-threads-health`, `api_healthcheck.txt`.
    pub fn path_of_file(&self, name: &str) -> Option<String> {
        name::path_of_file(self, name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What must never be asked, in any form.
    const NEVER: &[&str] = &[
        "clear",
        "reset",
        "run_script",
        "env",
        "inference_info",
        "objects",
        "prefetches",
        "generate",
        "keys",
        "flush",
        "hash",
        "pins",
        "proxy",
        "{",
        "?",
    ];

    #[test]
    fn no_question_changes_anything_or_tells_too_much() {
        let routes = Routes::new();
        let all = [routes.questions(Side::Lmcache), routes.questions(Side::Engine)].concat();
        for question in &all {
            assert!(!question.paths.is_empty(), "{}", question.name);
            for path in &question.paths {
                let word = NEVER.iter().find(|n| path.contains(**n));
                assert!(path.starts_with('/') && word.is_none(), "{path} {word:?}");
                for route in routes.lookup(Method::Get, path) {
                    assert!(!matches!(route.class, Class::Mutating | Class::Sensitive), "{path}");
                }
            }
        }
        for (i, a) in all.iter().enumerate() {
            for b in all.iter().skip(i + 1) {
                assert!(a.file != b.file && (a.side, a.name) != (b.side, b.name), "{}", a.name);
            }
        }
        assert_eq!(all.iter().filter(|q| q.established).count(), 11);
    }

    #[test]
    fn every_route_that_names_a_question_is_asked() {
        let routes = Routes::new();
        let all = [routes.questions(Side::Lmcache), routes.questions(Side::Engine)].concat();
        // One with a parameter is asked where the user names its value.
        let whole = |r: &&Route| !r.ask.is_empty() && r.parameters() == 0;
        for route in routes.all().iter().filter(whole) {
            let found = all.iter().any(|q| q.name == route.ask && q.paths.contains(&route.path));
            assert!(found, "{route:?}");
        }
    }

    #[test]
    fn the_value_of_a_parameter_is_no_part_of_a_name() {
        let routes = Routes::new();
        for (path, name) in [
            ("/periodic-threads/lmcache-mp-worker-reaper", Some("periodic_thread")),
            ("/periodic-threads", Some("periodic_threads")),
            ("/quota/tenant-a", Some("quota_by_salt")),
            ("/quota", Some("quota")),
            ("/periodic-threads/a/b", None),
        ] {
            assert_eq!(routes.asked_by(path), name, "{path}");
        }
    }

    #[test]
    fn what_is_left_alone_is_told_with_its_reason() {
        let skipped = Routes::new().skipped();
        for (endpoint, status) in [
            ("GET /env", "sensitive_skipped"),
            ("GET /inference_info", "sensitive_skipped"),
            ("GET /cache/objects", "sensitive_skipped"),
            ("GET /directory/keys", "sensitive_skipped"),
            ("GET /loglevel with parameters", "destructive_skipped"),
            ("GET /cache/prefetches/{request_id}", "destructive_skipped"),
            ("GET /flush_cache", "destructive_skipped"),
            ("GET /health_generate", "destructive_skipped"),
            ("POST /api/clear-cache", "destructive_skipped"),
            ("POST /metrics/reset", "destructive_skipped"),
            ("POST /run_script", "destructive_skipped"),
            ("PUT /quota/{cache_salt}", "destructive_skipped"),
            ("POST /cache/checksums", "conditional_skipped"),
        ] {
            let found = skipped.iter().find(|s| s.endpoint == endpoint);
            assert_eq!(found.map(|s| s.status.as_str()), Some(status), "{endpoint}");
            assert!(found.is_some_and(|s| !s.reason.is_empty() && s.reason != "reads"));
        }
    }
}
