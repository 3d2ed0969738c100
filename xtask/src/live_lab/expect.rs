//! What is known of a run, held against what the tool says.

use std::fmt;
use std::time::Duration;

use lmcache_http::{Class, Component, Method, Routes, Side};
use lmcache_prom::contract::Release;
use serde_json::Value;

/// One expectation.
struct Row {
    scenario: &'static str,
    what: String,
    found: String,
    holds: bool,
}

/// All of them, in the order in which they were held.
#[derive(Default)]
pub(super) struct Rows(Vec<Row>);

impl Rows {
    /// Holds one.
    pub(super) fn hold(
        &mut self,
        scenario: &'static str,
        what: impl Into<String>,
        holds: bool,
        found: impl fmt::Display,
    ) {
        let row = Row { scenario, what: what.into(), found: found.to_string(), holds };
        println!("   {} {}: {}", mark(row.holds), row.what, row.found);
        self.0.push(row);
    }

    /// Holds that something took no longer than it may.
    pub(super) fn within(
        &mut self,
        scenario: &'static str,
        what: &str,
        took: Duration,
        most: Duration,
    ) {
        let found = format!("{:.1} s", took.as_secs_f64());
        let what = format!("{what} within {:.1} s", most.as_secs_f64());
        self.hold(scenario, what, took <= most, found);
    }

    /// How many do not hold.
    pub(super) fn failed(&self) -> usize {
        self.0.iter().filter(|row| !row.holds).count()
    }
}

fn mark(holds: bool) -> &'static str {
    if holds { "ok  " } else { "FAIL" }
}

impl fmt::Display for Rows {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for row in &self.0 {
            let found: String = row.found.chars().take(200).collect();
            writeln!(f, "{} {:8} {:44} {found}", mark(row.holds), row.scenario, row.what)?;
        }
        writeln!(f, "{} expectations, {} do not hold", self.0.len(), self.failed())
    }
}

/// A text or another value of a report.
pub(super) fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Status of a family of the multiprocess server.
pub(super) fn family(report: &Value, name: &str) -> String {
    let rows = report["families"].as_array();
    rows.into_iter()
        .flatten()
        .find(|row| row["surface"] == "lmcache_mp" && row["family"] == name)
        .map_or_else(|| "not in the report".to_owned(), |row| text(&row["status"]))
}

/// Families that are judged missing.
pub(super) fn missing(report: &Value) -> Vec<String> {
    let rows = report["families"].as_array();
    rows.into_iter()
        .flatten()
        .filter(|row| row["status"] == "missing")
        .map(|row| text(&row["family"]))
        .collect()
}

/// Codes of findings that say that something is wrong; remarks are none.
pub(super) fn findings(report: &Value) -> Vec<String> {
    let rows = report["findings"].as_array();
    let wrong = |row: &&Value| row["severity"] != "info";
    rows.into_iter().flatten().filter(wrong).map(|row| text(&row["code"])).collect()
}

/// Whether the releases of LMCache that a report admits hold this one.
pub(super) fn admits(report: &Value, release: Release) -> bool {
    let row = &report["releases"]["lmcache"];
    let bound = |key: &str| row[key].as_str().and_then(|text| text.parse::<Release>().ok());
    bound("min").is_some_and(|min| min <= release)
        && bound("max").is_none_or(|max| release <= max)
        && row["contradictions"].as_array().is_none_or(Vec::is_empty)
}

/// Entries of a packet's manifest by name, each with its status and code of error.
pub(super) fn entries<'a>(manifest: &'a Value, name: &str) -> Vec<&'a Value> {
    let files = manifest["files"].as_array();
    files.into_iter().flatten().filter(|file| file["name"] == name).collect()
}

/// Questions whose entry is not what a release's routes say.
pub(super) fn wrong_routes(manifest: &Value, release: Release) -> Vec<String> {
    let routes = Routes::new();
    let has = |path: &str| {
        routes
            .lookup_in(Component::MpServer, Method::Get, path)
            .iter()
            .any(|route| route.path == path && route.in_release(release))
    };
    routes
        .questions(Side::Lmcache)
        .iter()
        .filter_map(|question| {
            let wanted =
                if question.paths.iter().any(|path| has(path)) { "ok" } else { "no_such_route" };
            let name = format!("lmcache_{}", question.name);
            let found: Vec<String> =
                entries(manifest, &name).iter().map(|entry| text(&entry["status"])).collect();
            (found != [wanted]).then(|| format!("{name}: {found:?}, not {wanted}"))
        })
        .collect()
}

/// Requests that a collector must not make.
pub(super) fn forbidden(lines: &[String]) -> Vec<String> {
    let routes = Routes::new();
    let bad = |line: &&String| {
        let mut words = line.split(' ');
        let (method, target) = (words.next().unwrap_or(""), words.next().unwrap_or(""));
        let harmless = routes
            .lookup(Method::Get, target)
            .iter()
            .all(|r| matches!(r.class, Class::Safe | Class::Conditional));
        method != "GET" || target.contains('?') || !harmless
    };
    lines.iter().filter(bad).cloned().collect()
}
