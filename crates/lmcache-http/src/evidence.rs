//! `lmcache_http_evidence.json`: what the answers of a server say together.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::Product;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::body::Body;
use crate::reading::{Presence, Reading};
use crate::release::{ReleaseEvidence, release_evidence};
use crate::routes::{Method, Routes, Skipped};
use crate::status::Status;

/// One route and what it answered.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Endpoint {
    /// Something was answered that is not "no such route".
    pub present: bool,
    /// `json`, `text`, `html`, `metrics`, `binary`, `empty`.
    pub content_type: String,
    /// Bytes of the body.
    pub raw_length: u64,
    /// JSON type of the body as Python names it (`dict`, `str`, ...).
    pub json_type: Option<String>,
    /// `healthy`, `unhealthy`, `unknown`, `unavailable`.
    pub status: String,
    /// Status of HTTP, where it is known.
    pub http_status: Option<u16>,
    /// Whether the server has the route: a fact about its release.
    pub route: Presence,
    /// Path that was asked, where it is known.
    pub path: Option<String>,
    /// Why there is no answer.
    pub error: Option<String>,
    /// Path of the artifact.
    pub source: String,
    /// Scalar values at the top of the answer that are named in all releases.
    #[cfg_attr(feature = "schema", schemars(with = "BTreeMap<String, serde_json::Value>"))]
    pub fields: BTreeMap<String, Value>,
    /// What it says.
    pub body: Body,
}

/// What the answers of a server say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct HttpEvidence {
    /// `inferguard-lmcache-http-evidence/v1`.
    pub schema_version: String,
    /// Routes by name.
    pub endpoints: BTreeMap<String, Endpoint>,
    /// `has_NAME`, `is_healthy`.
    pub booleans: BTreeMap<String, bool>,
    /// `lmcache_http_NAME_unhealthy`.
    pub failure_reasons: Vec<BTreeMap<String, String>>,
    /// Routes that are never called, with the reason; a collector's evidence names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skipped_endpoints: Vec<Skipped>,
    /// Releases that are named.
    pub releases: BTreeSet<String>,
    /// Releases that fit the routes, the status and what is stated.
    pub release: ReleaseEvidence,
    /// The status, where it was given.
    pub status: Option<Status>,
    /// Answers that are no API's: pages for people.
    pub html_answers: u64,
    /// It is a server of LMCache, by its answers or by the routes that it was asked for.
    pub of_lmcache: bool,
}

impl HttpEvidence {
    /// The value of `schema_version`.
    pub const SCHEMA: &'static str = "inferguard-lmcache-http-evidence/v1";

    /// Whether anything of a multiprocess server is in it.
    pub fn shows_mp_server(&self) -> bool {
        self.status.as_ref().is_some_and(|s| {
            s.engine_type.as_deref().is_some_and(|t| t.contains("Server") || t.contains("Engine"))
        })
    }

    /// Endpoints that gave no answer at all, with the reason. "No such route" is an answer.
    pub fn unanswered(&self) -> impl Iterator<Item = (&Endpoint, &str)> {
        self.endpoints.values().filter_map(|e| Some((e, e.error.as_deref()?)))
    }

    /// A value of a configuration answer, by JSON pointer.
    pub fn config(&self, pointer: &str) -> Option<&str> {
        self.endpoints.values().find_map(|e| match &e.body {
            Body::Config { statements } => {
                statements.iter().find(|s| s.pointer == pointer).map(|s| s.value.as_str())
            }
            _ => None,
        })
    }
}

impl HttpEvidence {
    /// The evidence of one server's answers; of several answers of one endpoint the last stands.
    ///
    /// ```
    /// use lmcache_http::{Answer, HttpEvidence, Reader};
    ///
    /// let reader = Reader::with_salt(*b"random, per packet")?;
    /// let ask = |path, status, body| {
    ///     reader.read(&Answer { path: Some(path), status: Some(status), body, ..Answer::default() })
    /// };
    /// let evidence = HttpEvidence::of(reader.routes(), &[
    ///     ask("/", 200, br#"{"status":"ok","service":"LMCache HTTP API"}"#),
    ///     ask("/config", 404, br#"{"detail":"Not Found"}"#),
    ///     ask("/healthcheck", 200, br#"{"status":"healthy"}"#),
    /// ]);
    /// // The 404 tells of the release, and nothing of health.
    /// assert_eq!(evidence.booleans["is_healthy"], true);
    /// assert_eq!(evidence.release.releases.last().map(String::as_str), Some("0.5.0"));
    /// # Ok::<(), evidence_redact::Error>(())
    /// ```
    pub fn of(routes: &Routes, readings: &[Reading]) -> Self {
        let mut out = Self { schema_version: Self::SCHEMA.into(), ..Self::default() };
        out.release = release_evidence(routes, readings);
        out.of_lmcache = match out.release.component {
            Some(component) => component.product() == Product::Lmcache,
            None => readings.iter().filter_map(|r| r.path.as_deref()).any(|path| {
                let found = routes.lookup(Method::Get, path);
                let all = found.iter().all(|r| r.component.product() == Product::Lmcache);
                path != "/" && !found.is_empty() && all
            }),
        };
        for reading in readings.iter().filter(|r| r.method == Method::Get) {
            out.add(reading);
        }
        out.conclude();
        out
    }

    fn add(&mut self, reading: &Reading) {
        match &reading.body {
            Body::Version { release, in_object: false, .. } => {
                self.releases.insert(release.clone());
            }
            Body::Status(found) => self.status = Some((**found).clone()),
            Body::Html => self.html_answers += 1,
            _ => {}
        }
        let made = endpoint(reading);
        // Where one name has several paths, the one that a release has stands.
        if let Some(held) = self.endpoints.get(&reading.name)
            && held.present
            && !made.present
        {
            return;
        }
        self.endpoints.insert(reading.name.clone(), made);
    }

    fn conclude(&mut self) {
        let (mut healthy, mut unhealthy) = (false, false);
        for (name, endpoint) in &self.endpoints {
            self.booleans.insert(format!("has_{name}"), endpoint.present);
            // A page that only says that it answers is no health.
            healthy |= endpoint.status == "healthy";
            if endpoint.status == "unhealthy" {
                unhealthy = true;
                self.failure_reasons.push(BTreeMap::from([
                    ("code".to_owned(), format!("lmcache_http_{name}_unhealthy")),
                    ("message".to_owned(), format!("{name} answers that something is not healthy")),
                ]));
            }
        }
        self.booleans.insert("is_healthy".into(), healthy && !unhealthy);
    }
}

/// Endpoints whose server errors speak of health; any other route may fail for itself.
const OF_HEALTH: [&str; 2] = ["health", "status"];

fn endpoint(reading: &Reading) -> Endpoint {
    let body = &reading.body;
    let code = reading.http_status;
    let gone = reading.route == Presence::Absent || matches!(code, Some(404 | 405 | 410));
    let failed = code.is_some_and(|code| code >= 500) && OF_HEALTH.contains(&reading.name.as_str());
    let status = match body {
        _ if gone || reading.error.is_some() => "unavailable",
        Body::Health { healthy: false } => "unhealthy",
        Body::Status(s) if s.is_healthy == Some(false) => "unhealthy",
        Body::Threads(t) if !t.unhealthy.is_empty() => "unhealthy",
        Body::Error { .. } | Body::Health { .. } | Body::Status(_) if failed => "unhealthy",
        Body::Health { healthy: true } => "healthy",
        Body::Status(s) if s.is_healthy == Some(true) => "healthy",
        _ => "unknown",
    };
    let kind = match body {
        Body::Empty => "empty",
        Body::Html => "html",
        Body::Binary => "binary",
        Body::Metrics => "metrics",
        Body::Text | Body::Alive | Body::Stacks(_) | Body::LogLevels(_) => "text",
        _ => "json",
    };
    Endpoint {
        present: !gone && reading.error.is_none(),
        content_type: kind.into(),
        raw_length: reading.raw_length,
        json_type: reading.json_type.map(str::to_owned),
        status: status.into(),
        http_status: code,
        route: reading.route,
        path: reading.path.clone(),
        error: reading.error.clone(),
        source: reading.source.clone(),
        fields: reading.fields.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect(),
        body: body.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reading::{Answer, Reader};

    fn read(answers: &[(&str, Option<u16>, &str)]) -> HttpEvidence {
        let reader = Reader::with_salt(*b"test").unwrap();
        let readings: Vec<Reading> = answers
            .iter()
            .map(|(name, status, body)| {
                reader.read(&Answer {
                    file: Some(name),
                    source: name,
                    status: *status,
                    body: body.as_bytes(),
                    ..Answer::default()
                })
            })
            .collect();
        HttpEvidence::of(reader.routes(), &readings)
    }

    #[test]
    fn a_404_a_root_and_a_login_page_are_no_health() {
        let got = read(&[
            ("root.json", None, r#"{"status":"ok"}"#),
            ("conf.json", Some(404), r#"{"detail":"Not Found"}"#),
            ("api_status.json", None, r#"{"detail":"Not Found"}"#),
            ("metrics.txt", Some(200), "<!doctype html><html>log in</html>"),
            ("version.json", None, r#""0.5.6-g3e11e108""#),
        ]);
        assert!(!got.booleans["is_healthy"]);
        assert!(!got.booleans["has_conf"]);
        assert_eq!(got.endpoints["status"].status, "unavailable");
        assert_eq!(got.html_answers, 1);
        assert_eq!(got.releases.iter().next().unwrap(), "0.5.6");
        assert!(got.failure_reasons.is_empty());
    }

    #[test]
    fn a_dead_thread_beats_a_green_health_check() {
        let got = read(&[
            ("healthcheck.json", Some(200), r#"{"status":"healthy"}"#),
            (
                "status.json",
                Some(200),
                r#"{"is_healthy":false,"engine_type":"MPCacheServer","chunk_size":256,"active_sessions":0,
                  "storage_manager":{"l1_eviction_controller":{"is_healthy":false,"thread_alive":false,"eviction_policy":"IsolatedLRU"},
                  "l1_manager":{"memory_used_bytes":1,"memory_total_bytes":2,"memory_usage_ratio":0.5}}}"#,
            ),
        ]);
        assert!(!got.booleans["is_healthy"]);
        let status = got.status.as_ref().unwrap();
        assert_eq!(status.dead_threads, ["storage_manager.l1_eviction_controller"]);
        assert_eq!(status.eviction_policies, ["IsolatedLRU"]);
        assert_eq!(status.l1["_default"].used_bytes, Some(1));
        assert!(got.shows_mp_server());
        assert_eq!(got.failure_reasons[0]["code"], "lmcache_http_status_unhealthy");
    }

    #[test]
    fn secrets_of_a_configuration_are_masked() {
        let got = read(&[(
            "config.json",
            None,
            r#"{"mp":{"chunk_size":256},"storage_manager":{"l2":{"aws_secret_access_key":"PLANTED","url":"redis://u:PLANTED@h:1"}}}"#,
        )]);
        let text = serde_json::to_string(&got).unwrap();
        assert!(!text.contains("PLANTED"), "{text}");
        assert_eq!(got.config("/mp/chunk_size"), Some("256"));
    }
}
