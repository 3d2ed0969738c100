//! What answers of HTTP APIs state.

use std::collections::BTreeMap;

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_http::{
    Answer, Body, Capture, Component, Endpoint, HttpEvidence, Reader, Reading, captures,
};
use lmcache_prom::contract::Product;

use super::{HttpRow, Statements};
use crate::packet::Artifact;

/// What was found of HTTP APIs, until everything is opened: an index beside the answers tells
/// which server was asked, under which path, and what gave no answer.
#[derive(Debug, Default)]
pub(crate) struct Exchanges {
    /// Index of the artifact, path in the packet, bytes.
    answers: Vec<(usize, String, Vec<u8>)>,
    /// Path of an index, and what it lists.
    indexes: Vec<(String, Vec<Capture>)>,
    /// Evidence of answers that was read before.
    pub(crate) evidence: Vec<(usize, HttpEvidence)>,
    /// The answers, read, by server; filled when everything is opened.
    servers: BTreeMap<Server, Vec<Reading>>,
}

/// One server at one time: the directory of its answers, and where it was asked.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Server {
    directory: String,
    origin: Option<String>,
    /// Answers of an engine beside those of LMCache, told by their names.
    engine: bool,
}

impl Exchanges {
    /// Takes the bytes of an answer or of a file of captured answers.
    pub(crate) fn answer(&mut self, artifact: usize, relative: &str, bytes: Vec<u8>) {
        self.answers.push((artifact, relative.to_owned(), bytes));
    }

    /// Takes an index: who was asked for what, and where the answer is.
    pub(crate) fn index(&mut self, path: &str, text: &[u8]) {
        if let Some(found) = captures(text) {
            self.indexes.push((path.to_owned(), found));
        }
    }

    /// Whether anything was taken that is not read yet: making the reader costs more than a page.
    pub(crate) fn wait(&self) -> bool {
        !self.answers.is_empty() || !self.indexes.is_empty()
    }

    /// Reads everything that was taken.
    pub(crate) fn read(&mut self, reader: &Reader, artifacts: &[Artifact]) {
        let mut known: BTreeMap<String, &Capture> = BTreeMap::new();
        for (index, records) in &self.indexes {
            for record in records {
                if let Some(file) = &record.file {
                    known.insert(below(directory(index), file), record);
                }
            }
        }
        let shown = |index: usize| artifacts.get(index).map_or("", |a| a.path.as_str());
        let mut out: BTreeMap<Server, Vec<Reading>> = BTreeMap::new();
        let mut put = |directory: &str, file: &str, reading: Reading| {
            let engine = reading.origin.is_none()
                && file.rsplit('/').next().is_some_and(|base| base.starts_with("engine_"));
            let origin = reading.origin.clone();
            let server = Server { directory: directory.to_owned(), origin, engine };
            out.entry(server).or_default().push(reading);
        };
        for (index, relative, bytes) in &self.answers {
            let source = shown(*index);
            let (place, url) = match source.split_once("://") {
                // Fetched: the server and the route are told by the URL.
                Some(_) => (origin(source), Some(source)),
                None => (directory(source), None),
            };
            if let Some(records) = captures(bytes) {
                for record in &records {
                    let mut answer = record.answer(source, None);
                    // A response with its head is named by its file alone.
                    answer.file = answer.file.or(Some(relative));
                    answer.path = answer.path.or(url);
                    put(place, relative, reader.read(&answer));
                }
                continue;
            }
            let record = known.get(source);
            let mut answer = Answer {
                file: Some(relative),
                path: url,
                source,
                body: bytes,
                ..Answer::default()
            };
            if let Some(record) = record {
                answer.method = record.method;
                answer.path = record.path.as_deref().or(url);
                answer.status = record.status;
            }
            put(place, relative, reader.read(&answer));
        }
        for (index, records) in &self.indexes {
            for record in records.iter().filter(|r| r.file.is_none()) {
                let reading = reader.read(&record.answer(index, None));
                let server = beside(&out, directory(index), reading.origin.clone());
                out.entry(server).or_default().push(reading);
            }
        }
        self.servers = out;
        self.answers.clear();
        self.indexes.clear();
    }
}

/// The server that an exchange is of whose answer is in no file: what was not there, and what
/// failed. Where an index lists several times of one server, it is a row of its own.
fn beside(servers: &BTreeMap<Server, Vec<Reading>>, base: &str, origin: Option<String>) -> Server {
    let is_below = |directory: &str| {
        directory.strip_prefix(base).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let mut same =
        servers.keys().filter(|s| origin.is_some() && s.origin == origin && is_below(&s.directory));
    match (same.next(), same.next()) {
        (Some(server), None) => server.clone(),
        _ => Server { directory: base.to_owned(), origin, engine: false },
    }
}

fn directory(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(directory, _)| directory)
}

fn below(base: &str, file: &str) -> String {
    let file = file.trim_start_matches("./");
    match base {
        "" => file.to_owned(),
        _ => format!("{}/{file}", base.trim_end_matches('/')),
    }
}

/// Scheme, host and port of a URL.
fn origin(url: &str) -> &str {
    let start = url.find("://").map_or(0, |at| at + 3);
    let end = url.get(start..).and_then(|rest| rest.find('/')).map_or(url.len(), |at| start + at);
    url.get(..end).unwrap_or(url)
}

/// One row a server, and what each of them states.
pub(super) fn join(exchanges: Exchanges, paths: &[String], out: &mut Statements) -> Vec<HttpRow> {
    let routes = lmcache_http::Routes::new();
    let mut rows: Vec<HttpRow> = exchanges
        .servers
        .into_iter()
        .map(|(server, readings)| HttpRow {
            path: server.directory,
            server: server.origin,
            evidence: HttpEvidence::of(&routes, &readings),
        })
        // A scrape of an engine that failed is no exchange with an API.
        .filter(|row| row.evidence.of_lmcache || row.evidence.endpoints.values().any(|e| e.present))
        .collect();
    // The evidence of answers that are here as well says the same again.
    if rows.is_empty() {
        rows.extend(exchanges.evidence.into_iter().map(|(index, evidence)| HttpRow {
            path: paths.get(index).cloned().unwrap_or_default(),
            server: None,
            evidence,
        }));
    }
    let told = rows.iter().any(|row| answered(row).next().is_some());
    for row in &rows {
        state(row, out);
        release(row, out);
        // A time at which nothing answered outweighs no time at which something did.
        if !told || answered(row).next().is_some() {
            out.readings.push(reading(row));
        }
    }
    rows
}

/// Names of endpoints whose answer tells something.
fn answered(row: &HttpRow) -> impl Iterator<Item = &String> {
    row.evidence
        .endpoints
        .iter()
        .filter(|(_, e)| e.present && !matches!(e.body, Body::Html | Body::Empty | Body::Binary))
        .map(|(name, _)| name)
}

/// What the routes of a server say of its release: those that are there and those that are not.
fn release(row: &HttpRow, out: &mut Statements) {
    let found = &row.evidence.release;
    let is_server = matches!(found.component, Some(Component::MpServer | Component::Embedded));
    if !is_server || !found.contradictions.is_empty() {
        return;
    }
    let mut fact = |kind, what: String| {
        let source = Source::new(row.path.clone(), what);
        out.facts.push(Fact { kind, claim: Claim::Inferred, source });
    };
    if let Some((first, last)) = found.range() {
        let what = found.narrowed_by.join(", ");
        fact(FactKind::ReleaseRange(Product::Lmcache, first, last), what);
    }
    if let (Some(built), None) = (&found.by_commit, &found.stated)
        && let Ok(built) = built.parse()
    {
        fact(FactKind::Release(Product::Lmcache, built), "the build id".into());
    }
}

fn state(row: &HttpRow, out: &mut Statements) {
    let evidence = &row.evidence;
    let mut fact = |kind, claim, source: Source| out.facts.push(Fact { kind, claim, source });
    let source = |endpoint: &Endpoint, what: String| Source::new(endpoint.source.clone(), what);
    for (name, endpoint) in &evidence.endpoints {
        match &endpoint.body {
            Body::Status(status) => {
                if evidence.shows_mp_server() {
                    let class = status.engine_type.clone().unwrap_or_default();
                    let shown = source(endpoint, format!("/status of {class}"));
                    fact(FactKind::Mode(Mode::Mp), Claim::Inferred, shown.clone());
                    fact(FactKind::MpServer, Claim::Measured, shown);
                }
                if status.l2_adapters.is_some_and(|n| n > 0) {
                    fact(
                        FactKind::Feature("l2"),
                        Claim::Inferred,
                        source(endpoint, "storage_manager lists L2 adapters".into()),
                    );
                }
                if status.p2p_enabled == Some(true) {
                    fact(
                        FactKind::Feature("p2p"),
                        Claim::Inferred,
                        source(endpoint, "p2p_enabled is true".into()),
                    );
                }
            }
            // LMCache's own routes; an engine's version is another product's.
            Body::Version { release, in_object: false, .. }
                if matches!(name.as_str(), "version" | "lmc_version") =>
            {
                if let Ok(parsed) = release.parse() {
                    fact(
                        FactKind::Release(Product::Lmcache, parsed),
                        Claim::Measured,
                        source(endpoint, format!("/{name} says {release}")),
                    );
                }
            }
            Body::Version { release, in_object: true, .. }
                if matches!(name.as_str(), "version" | "engine_version") =>
            {
                if let Ok(parsed) = release.parse() {
                    fact(
                        FactKind::Release(Product::Vllm, parsed),
                        Claim::Measured,
                        source(endpoint, format!("/version says {release}")),
                    );
                }
            }
            Body::Config { statements } => {
                let value = |pointer: &str| {
                    statements.iter().find(|s| s.pointer == pointer).map(|s| s.value.as_str())
                };
                if value("/mp/chunk_size").is_some() {
                    let shown =
                        source(endpoint, "the configuration of a multiprocess server".into());
                    fact(FactKind::Mode(Mode::Mp), Claim::Inferred, shown.clone());
                    fact(FactKind::MpServer, Claim::Inferred, shown);
                }
                for pointer in ["/observability/enabled", "/observability/metrics_enabled"] {
                    if value(pointer) == Some("false") {
                        fact(
                            FactKind::MetricsDisabled,
                            Claim::Inferred,
                            source(endpoint, format!("{pointer} is false")),
                        );
                        break;
                    }
                }
                if value("/observability/otlp_endpoint").is_some_and(|v| v != "null") {
                    fact(
                        FactKind::OtlpOnly,
                        Claim::Inferred,
                        source(endpoint, "/observability/otlp_endpoint is set".into()),
                    );
                }
            }
            _ => {}
        }
    }
}

fn reading(row: &HttpRow) -> LaneReading {
    let evidence = &row.evidence;
    let told: Vec<&String> = answered(row).collect();
    let (status, because) = if told.is_empty() {
        let asked = evidence.endpoints.len();
        let why = match evidence.html_answers {
            0 => format!("{}: none of {asked} routes that were asked answered", row.path),
            _ => format!("{} holds pages for people only", row.path),
        };
        (Status::Unknown, why)
    } else {
        (Status::Populated, format!("{}: {} routes answered", row.path, told.len()))
    };
    LaneReading {
        surface: "lmcache_http",
        family: "mp_http_api",
        status,
        seen: told.iter().map(|name| (*name).clone()).collect(),
        series: evidence.endpoints.len() as u64,
        nonzero: told.len() as u64,
        because,
    }
}
