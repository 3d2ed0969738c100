//! What answers of HTTP APIs state.

use std::collections::BTreeMap;

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_http::{Answer, Body, Endpoint, HttpEvidence, HttpReader};
use lmcache_prom::contract::Product;

use super::{HttpRow, Statements};

/// Joins answers by the directory that they lie in: one server at one time.
pub(super) fn join(
    answers: &[(usize, String, Vec<u8>)],
    read: Vec<(usize, HttpEvidence)>,
    paths: &[String],
    out: &mut Statements,
) -> Vec<HttpRow> {
    let mut servers: BTreeMap<String, HttpReader> = BTreeMap::new();
    for (index, relative, bytes) in answers {
        let path = paths.get(*index).map_or(relative.as_str(), String::as_str);
        let (directory, name) = placed(path, relative);
        servers.entry(directory.to_owned()).or_default().push(&Answer {
            name,
            source: path,
            status: None,
            body: bytes,
        });
    }
    let mut rows: Vec<HttpRow> = servers
        .into_iter()
        .map(|(path, reader)| HttpRow { path, evidence: reader.finish() })
        .collect();
    // The evidence of answers that are here as well says the same again.
    if rows.is_empty() {
        rows.extend(read.into_iter().map(|(index, evidence)| HttpRow {
            path: paths.get(index).cloned().unwrap_or_default(),
            evidence,
        }));
    }
    for row in &rows {
        state(row, out);
    }
    rows
}

/// The server that an answer is of, and the name of its route.
fn placed<'a>(path: &'a str, relative: &'a str) -> (&'a str, &'a str) {
    match path.split_once("://") {
        // Fetched: the server is told by the URL, the route by the name given.
        Some((scheme, rest)) => {
            let end = scheme.len() + 3 + rest.find('/').unwrap_or(rest.len());
            (path.get(..end).unwrap_or(path), relative)
        }
        None => path.rsplit_once('/').unwrap_or(("", path)),
    }
}

fn state(row: &HttpRow, out: &mut Statements) {
    out.readings.push(reading(row));
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
    let told: Vec<&String> = evidence
        .endpoints
        .iter()
        .filter(|(_, e)| e.present && !matches!(e.body, Body::Html | Body::Empty | Body::Binary))
        .map(|(name, _)| name)
        .collect();
    let (status, because) = if told.is_empty() {
        let why = if evidence.html_answers > 0 { "pages for people" } else { "no route's answer" };
        (Status::Unknown, format!("{} holds {why} only", row.path))
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
