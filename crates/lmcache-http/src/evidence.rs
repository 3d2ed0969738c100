//! `lmcache_http_evidence.json`: what the answers of a server say together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::body::{Body, read_body};
use crate::status::Status;

/// One answer, as a collector or a saved file gives it.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    /// Name: the file without its ending, or the route without its first slash.
    pub name: &'a str,
    /// Path of the file or URL, for the evidence.
    pub source: &'a str,
    /// Status of HTTP, where it is known.
    pub status: Option<u16>,
    /// The body.
    pub body: &'a [u8],
}

/// One route and what it answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Endpoint {
    /// Something was answered that is not "no such route".
    pub present: bool,
    /// `json`, `text`, `html`, `binary`, `empty`.
    pub content_type: String,
    /// Bytes of the body.
    pub raw_length: u64,
    /// `healthy`, `unhealthy`, `unknown`, `unavailable`.
    pub status: String,
    /// Status of HTTP, where it is known.
    pub http_status: Option<u16>,
    /// Path of the artifact.
    pub source: String,
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
    /// Releases that are named.
    pub releases: BTreeSet<String>,
    /// The status, where it was given.
    pub status: Option<Status>,
    /// Answers that are no API's: pages for people.
    pub html_answers: u64,
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

/// Collects answers.
#[derive(Debug, Default)]
pub struct HttpReader(HttpEvidence);

impl HttpReader {
    /// Starts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer; of several with one name the last stands.
    pub fn push(&mut self, answer: &Answer<'_>) {
        let body = read_body(answer.body);
        let gone = matches!(answer.status, Some(404 | 405 | 410))
            || matches!(&body, Body::Error { message } if message == "Not Found");
        let status = match (&body, answer.status) {
            _ if gone => "unavailable",
            (Body::Health { healthy: true }, _) => "healthy",
            (Body::Health { healthy: false }, _) => "unhealthy",
            (Body::Status(s), _) if s.is_healthy == Some(true) => "healthy",
            (Body::Status(s), _) if s.is_healthy == Some(false) => "unhealthy",
            (Body::Threads(t), _) if !t.unhealthy.is_empty() => "unhealthy",
            (Body::Error { .. }, Some(code)) if code >= 500 => "unhealthy",
            _ => "unknown",
        };
        let kind = match &body {
            Body::Empty => "empty",
            Body::Html => "html",
            Body::Binary => "binary",
            Body::Text | Body::Alive => "text",
            _ => "json",
        };
        match &body {
            Body::Version { release, in_object: false, .. } => {
                self.0.releases.insert(release.clone());
            }
            Body::Status(found) => self.0.status = Some((**found).clone()),
            Body::Html => self.0.html_answers += 1,
            _ => {}
        }
        let endpoint = Endpoint {
            present: !gone,
            content_type: kind.into(),
            raw_length: answer.body.len() as u64,
            status: status.into(),
            http_status: answer.status,
            source: answer.source.to_owned(),
            body,
        };
        self.0.endpoints.insert(name(answer.name), endpoint);
    }

    /// The evidence of everything that was pushed.
    pub fn finish(mut self) -> HttpEvidence {
        let out = &mut self.0;
        out.schema_version = HttpEvidence::SCHEMA.into();
        let (mut healthy, mut unhealthy) = (false, false);
        for (name, endpoint) in &out.endpoints {
            out.booleans.insert(format!("has_{name}"), endpoint.present);
            // A page that only says that it answers is no health.
            healthy |= endpoint.status == "healthy";
            if endpoint.status == "unhealthy" {
                unhealthy = true;
                out.failure_reasons.push(BTreeMap::from([
                    ("code".to_owned(), format!("lmcache_http_{name}_unhealthy")),
                    ("message".to_owned(), format!("{name} answers that something is not healthy")),
                ]));
            }
        }
        out.booleans.insert("is_healthy".into(), healthy && !unhealthy);
        self.0
    }
}

/// `lmcache_status.txt`, `http/status.json` and `/status` are one name: `status`.
fn name(text: &str) -> String {
    let base = text.rsplit('/').find(|p| !p.is_empty()).unwrap_or("root");
    let stem = base.split('.').next().unwrap_or(base);
    let stem = stem.strip_prefix("lmcache_").unwrap_or(stem);
    let stem = stem.strip_prefix("lmcache-").unwrap_or(stem);
    let name = match stem {
        "healthcheck" | "healthz" | "api_healthcheck" => "health",
        "config" => "conf",
        other => other,
    };
    name.replace('-', "_").chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(answers: &[(&str, Option<u16>, &str)]) -> HttpEvidence {
        let mut reader = HttpReader::new();
        for (name, status, body) in answers {
            reader.push(&Answer { name, source: name, status: *status, body: body.as_bytes() });
        }
        reader.finish()
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
        assert_eq!(got.endpoints["api_status"].status, "unavailable");
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
