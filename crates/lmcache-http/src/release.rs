//! Which releases fit what a server answered.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::{Product, Release};
use serde::{Deserialize, Serialize};

use crate::body::Body;
use crate::component::Component;
use crate::reading::{Presence, Reading};
use crate::routes::{Method, Route, Routes};

/// What the answers of one server say about its release.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ReleaseEvidence {
    /// The server that fits the answers; `None` if several or none do.
    pub component: Option<Component>,
    /// Release of LMCache that an answer states (`/lmc_version`, `/version`).
    pub stated: Option<String>,
    /// Release that the build id belongs to, which an answer states.
    pub by_commit: Option<String>,
    /// Examined releases that agree with every fact, oldest first. Empty: no fact decides, or none
    /// agrees.
    pub releases: Vec<String>,
    /// The newest examined release is among them: a newer one may fit as well.
    pub or_newer: bool,
    /// Facts that ruled a release out: routes that are there or not, names in a status.
    pub narrowed_by: Vec<String>,
    /// Facts that no release left agrees with, and statements that differ from each other.
    pub contradictions: Vec<String>,
    /// Routes that are not there although every release left has them: something stands between, or
    /// settings take them away. No absence was used then.
    pub hidden: Vec<String>,
    /// Paths that answered and that no examined release has: a newer release, or another server.
    pub unknown_paths: Vec<String>,
}

impl ReleaseEvidence {
    /// The first and the last release that the routes and the status admit; the last is `None`
    /// where a newer one than all examined fits too. Nothing where no fact ruled any out.
    pub fn range(&self) -> Option<(Release, Option<Release>)> {
        if self.narrowed_by.is_empty() {
            return None;
        }
        let first = self.releases.first()?.parse().ok()?;
        let last = self.releases.last()?.parse().ok()?;
        Some((first, (!self.or_newer).then_some(last)))
    }
}

/// Whether a route is there.
struct RouteFact {
    method: Method,
    path: String,
    present: bool,
    /// The whole list of routes says it, template by template.
    listed: bool,
}

impl RouteFact {
    /// The lines of the table that are about the route.
    fn routes<'a>(&self, known: &[&'a Route]) -> Vec<&'a Route> {
        let about = |r: &&&Route| {
            (r.method == self.method || r.method == Method::Any)
                && (r.path == self.path || !self.listed && r.matches(&self.path))
        };
        known.iter().filter(about).copied().collect()
    }

    fn told(&self) -> String {
        let there = if self.present { "is there" } else { "is not there" };
        format!("{} {} {there}", self.method.name(), self.path)
    }
}

/// Keeps the releases that a fact admits, if any is left, and records a fact that ruled one out.
fn admit(
    left: &mut Vec<Release>,
    because: &mut Vec<String>,
    what: String,
    has: impl Fn(Release) -> bool,
) -> bool {
    let agree: Vec<Release> = left.iter().copied().filter(|r| has(*r)).collect();
    if agree.is_empty() {
        return false;
    }
    if agree.len() < left.len() {
        because.push(what);
        *left = agree;
    }
    true
}

/// Reads what a set of answers of *one* server says about its release.
///
/// A 404 of the framework says that a route is not there; an answer of the route's own shape says
/// that it is. Where the list of routes (`/openapi.json`) was read, it is a statement about every
/// route.
pub fn release_evidence(routes: &Routes, readings: &[Reading]) -> ReleaseEvidence {
    let mut evidence =
        ReleaseEvidence { component: component(routes, readings), ..ReleaseEvidence::default() };
    read_versions(routes, readings, &mut evidence);
    let Some(component) = evidence.component else { return evidence };
    if component.product() != Product::Lmcache {
        return evidence;
    }
    let keys: BTreeSet<&str> =
        readings.iter().flat_map(|r| r.status_keys.iter().map(String::as_str)).collect();
    narrow(routes, component, &facts(routes, component, readings), &keys, &mut evidence);
    if let Some(stated) = &evidence.stated
        && !evidence.releases.is_empty()
        && !evidence.releases.contains(stated)
        && stated.parse().is_ok_and(|r: Release| routes.releases().contains(&r))
    {
        evidence.contradictions.push(format!(
            "an answer states release {stated}, its routes are those of {}",
            evidence.releases.join(", ")
        ));
    }
    evidence
}

fn read_versions(routes: &Routes, readings: &[Reading], evidence: &mut ReleaseEvidence) {
    let mut stated: BTreeSet<String> = BTreeSet::new();
    for reading in readings {
        let commit = match &reading.body {
            Body::Version { release, commit, in_object: false } => {
                if let Ok(release) = release.parse::<Release>() {
                    stated.insert(release.to_string());
                }
                commit.as_deref()
            }
            Body::Commit { id } => Some(id.as_str()),
            _ => None,
        };
        if let Some(release) = commit.and_then(|commit| routes.release_of_commit(commit)) {
            evidence.by_commit = Some(release.to_string());
        }
    }
    if stated.len() > 1 {
        let all: Vec<&str> = stated.iter().map(String::as_str).collect();
        evidence.contradictions.push(format!("answers state several releases: {}", all.join(", ")));
    }
    evidence.stated = stated.pop_first();
    if let (Some(stated), Some(built)) = (&evidence.stated, &evidence.by_commit)
        && stated != built
    {
        let line = format!("release {stated} is stated, the build id is that of {built}");
        evidence.contradictions.push(line);
    }
}

fn narrow(
    routes: &Routes,
    component: Component,
    facts: &[RouteFact],
    keys: &BTreeSet<&str>,
    evidence: &mut ReleaseEvidence,
) {
    let known: Vec<&Route> = routes.all().iter().filter(|r| r.component == component).collect();
    let mut left: Vec<Release> = routes
        .releases()
        .iter()
        .copied()
        .filter(|release| known.iter().any(|r| r.from.is_some() && r.in_release(*release)))
        .collect();
    // What is there is shown; what is not there may be hidden by whatever stands between.
    for fact in facts.iter().filter(|f| f.present) {
        let same = fact.routes(&known);
        if same.is_empty() {
            evidence.unknown_paths.push(format!("{} {}", fact.method.name(), fact.path));
            continue;
        }
        let has = |release| same.iter().any(|r| r.in_release(release));
        if !admit(&mut left, &mut evidence.narrowed_by, fact.told(), has) {
            evidence.contradictions.push(fact.told());
        }
    }
    for key in keys {
        // A name that no examined release has tells nothing.
        if routes.releases().first().and_then(|r| routes.status_key_in(key, *r)).is_none() {
            continue;
        }
        let has = |release| routes.status_key_in(key, release) == Some(true);
        let told = format!("/status has {key}");
        if !admit(&mut left, &mut evidence.narrowed_by, told.clone(), has) {
            evidence.contradictions.push(told);
        }
    }
    let (mut fewer, mut because) = (left.clone(), evidence.narrowed_by.clone());
    for fact in facts.iter().filter(|f| !f.present) {
        let same = fact.routes(&known);
        let has = |release| !same.iter().any(|r| r.in_release(release));
        if !same.is_empty() && !admit(&mut fewer, &mut because, fact.told(), has) {
            evidence.hidden.push(fact.told());
        }
    }
    if evidence.hidden.is_empty() {
        left = fewer;
        evidence.narrowed_by = because;
    }
    evidence.unknown_paths.sort();
    evidence.unknown_paths.dedup();
    if !evidence.narrowed_by.is_empty() {
        evidence.or_newer = left.last() == routes.releases().last();
        evidence.releases = left.iter().map(ToString::to_string).collect();
    }
}

/// Routes that are there with some settings and not with others, or that the framework's list
/// leaves out: their absence says nothing of the release.
const DEPENDS: [&str; 3] = ["/openapi.json", "/", "/metrics"];

fn facts(routes: &Routes, component: Component, readings: &[Reading]) -> Vec<RouteFact> {
    // By method and path; presence wins over absence, the list of routes over answers.
    let mut facts: BTreeMap<(Method, String), (bool, bool)> = BTreeMap::new();
    for reading in readings {
        let Some(path) = reading.path.as_deref() else { continue };
        let present = match reading.route {
            Presence::Present => true,
            Presence::Absent if !DEPENDS.contains(&path) => false,
            _ => continue,
        };
        // A file name's route is a guess: it counts only where the tables know the path, and not
        // where old and new paths are saved under one name.
        let found = routes.lookup(reading.method, path);
        let renamed = found.iter().any(|r| !r.previous.is_empty() || !r.next.is_empty());
        if reading.path_guessed && (found.is_empty() || renamed) {
            continue;
        }
        facts.entry((reading.method, path.to_owned())).or_insert((present, false)).0 |= present;
    }
    for listed in readings.iter().map(|r| &r.listed).filter(|l| !l.is_empty()) {
        let own = |r: &&Route| r.component == component && r.method != Method::Any;
        for route in routes.all().iter().filter(own).filter(|r| !DEPENDS.contains(&r.path)) {
            let key = (route.method, route.path.to_owned());
            let present = listed.contains(&key);
            facts.insert(key, (present, true));
        }
        facts.extend(listed.iter().map(|key| (key.clone(), (true, true))));
    }
    facts
        .into_iter()
        .map(|((method, path), (present, listed))| RouteFact { method, path, present, listed })
        .collect()
}

/// The component that the answers' content names most often; without any, the one that alone has
/// a route that answered.
fn component(routes: &Routes, readings: &[Reading]) -> Option<Component> {
    let mut votes: BTreeMap<Component, usize> = BTreeMap::new();
    for component in readings.iter().filter_map(|r| r.component) {
        *votes.entry(component).or_default() += 1;
    }
    let best = votes.values().copied().max();
    let mut winners = votes.iter().filter(|(_, votes)| Some(**votes) == best);
    if let (Some((winner, _)), None) = (winners.next(), winners.next()) {
        return Some(*winner);
    }
    if best.is_some() {
        return None;
    }
    let mut only: BTreeSet<Component> = BTreeSet::new();
    for reading in readings.iter().filter(|r| r.route == Presence::Present && r.body.is_known()) {
        let Some(path) = reading.path.as_deref() else { continue };
        let whose: BTreeSet<Component> =
            routes.lookup(reading.method, path).iter().map(|r| r.component).collect();
        if whose.len() == 1 {
            only.extend(whose);
        }
    }
    match (only.pop_first(), only.pop_first()) {
        (Some(component), None) => Some(component),
        _ => None,
    }
}
