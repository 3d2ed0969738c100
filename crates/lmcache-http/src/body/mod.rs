//! What an answer's body is.

mod parts;
mod threads;

use evidence_redact::Redactor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use parts::{ChunkFacts, LogLevels, OpenapiFacts, QuotaFacts, SaltQuota, salt_placeholder};
pub use threads::{PeriodicThread, Stack, Stacks, ThreadFacts};

use crate::flat::{Statement, masked, statements};
use crate::json::{self, cut};
use crate::status::{Status, is_status};

/// An answer's body, by its content.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", tag = "is")]
#[non_exhaustive]
pub enum Body {
    /// No bytes.
    #[default]
    Empty,
    /// Prometheus or OpenMetrics text.
    Metrics,
    /// The status of a multiprocess server.
    Status(Box<Status>),
    /// A health check: healthy or not.
    Health {
        /// The verdict.
        healthy: bool,
    },
    /// Something answers and says `ok`.
    Alive,
    /// A release.
    Version {
        /// The release, without commit.
        release: String,
        /// Commit, where it is named.
        commit: Option<String>,
        /// It stands in an object (`{"version": ..}`), as vLLM answers; LMCache's own routes
        /// answer a bare string.
        in_object: bool,
    },
    /// A commit.
    Commit {
        /// Its id.
        id: String,
    },
    /// A configuration.
    Config {
        /// Its values, masked.
        statements: Vec<Statement>,
    },
    /// Periodic threads.
    Threads(ThreadFacts),
    /// Stack dumps of the threads of a process.
    Stacks(Stacks),
    /// Levels of loggers.
    LogLevels(LogLevels),
    /// Quota per cache salt.
    Quota(QuotaFacts),
    /// Chunk statistics.
    ChunkStatistics(ChunkFacts),
    /// L2 adapters.
    Adapters {
        /// Their types.
        types: Vec<String>,
    },
    /// The list of all routes.
    Openapi(OpenapiFacts),
    /// An error in the server's own words.
    Error {
        /// The words.
        message: String,
    },
    /// A list of models, as engines give it.
    Models {
        /// How many.
        count: u64,
    },
    /// Another JSON object or list.
    Json {
        /// Its values, masked.
        statements: Vec<Statement>,
    },
    /// A JSON number, truth value or other text.
    Scalar,
    /// A page for people.
    Html,
    /// Other text.
    Text,
    /// No text.
    Binary,
}

impl Body {
    /// Whether the body is of a shape that LMCache's servers or the engines beside them answer.
    pub fn is_known(&self) -> bool {
        !matches!(
            self,
            Body::Empty
                | Body::Metrics
                | Body::Error { .. }
                | Body::Json { .. }
                | Body::Scalar
                | Body::Html
                | Body::Text
                | Body::Binary
        )
    }
}

/// Reads a body; its values are masked with this redactor. The JSON value is given back as it
/// was read.
pub(crate) fn recognise(bytes: &[u8], redactor: &Redactor) -> (Body, Option<Value>) {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return (Body::Empty, None);
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return (Body::Binary, None) };
    match json::parse(bytes) {
        Some(value) => (json(&value, redactor), Some(value)),
        None => (plain(text, redactor), None),
    }
}

fn plain(text: &str, redactor: &Redactor) -> Body {
    let start: String = text.chars().take(64).flat_map(char::to_lowercase).collect();
    if start.starts_with("<!doctype html") || start.starts_with("<html") {
        return Body::Html;
    }
    if text.starts_with("# HELP ") || text.starts_with("# TYPE ") {
        return Body::Metrics;
    }
    if text.starts_with(threads::STACKS) {
        return Body::Stacks(threads::stacks(text, redactor));
    }
    if text.starts_with(parts::LOGGERS) {
        return Body::LogLevels(parts::log_levels(text, redactor));
    }
    match text {
        "ok" | "OK" | "true" => Body::Alive,
        "healthy" => Body::Health { healthy: true },
        "unhealthy" => Body::Health { healthy: false },
        _ if is_release(text.split('-').next().unwrap_or("")) && text.len() < 64 => version(text),
        _ => Body::Text,
    }
}

/// `0.5.6`, `0.3.9.post2`.
fn is_release(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    (3..=5).contains(&parts.len())
        && parts
            .iter()
            .take(3)
            .all(|p| !p.is_empty() && p.starts_with(|c: char| c.is_ascii_digit()))
        && parts.iter().all(|p| p.chars().all(|c| c.is_ascii_alphanumeric() || c == '+'))
}

fn version(text: &str) -> Body {
    let (release, commit) = match text.split_once('-') {
        Some((release, commit)) => (release, Some(commit.to_owned())),
        None => (text, None),
    };
    Body::Version { release: release.to_owned(), commit, in_object: false }
}

fn json(value: &Value, redactor: &Redactor) -> Body {
    match value {
        Value::String(text) => {
            let first = text.split('-').next().unwrap_or("");
            if text.len() < 64 && is_release(first) {
                return version(text);
            }
            let hex = text.strip_prefix('g').unwrap_or(text);
            if (7..=40).contains(&hex.len()) && hex.bytes().all(|b| b.is_ascii_hexdigit()) {
                return Body::Commit { id: text.clone() };
            }
            plain(text, redactor)
        }
        Value::Object(map) => object(map, value, redactor),
        Value::Array(_) => Body::Json { statements: statements(value, redactor) },
        Value::Bool(true) => Body::Alive,
        _ => Body::Scalar,
    }
}

/// Keys by which a configuration is told: all of one set stand in it.
const CONFIG: &[&[&str]] = &[
    &["mp", "storage_manager"],
    &["mp", "observability"],
    &["chunk_size", "local_cpu"],
    &["chunk_size", "remote_url"],
    &["chunk_size", "max_local_cpu_size"],
    &["model_path", "tp_size"],
];

fn object(map: &serde_json::Map<String, Value>, value: &Value, redactor: &Redactor) -> Body {
    let has = |name: &str| map.contains_key(name);
    if is_status(map) {
        return Body::Status(Box::new(Status::of(value)));
    }
    if let Some(routes) = parts::openapi(map) {
        return Body::Openapi(routes);
    }
    if let Some(threads) = threads::periodic(map) {
        return Body::Threads(threads);
    }
    if let Some(quota) = parts::quota(map, redactor) {
        return Body::Quota(quota);
    }
    if map.len() <= 3 {
        if let Some(healthy) = map.get("healthy").or(map.get("is_healthy")).and_then(Value::as_bool)
        {
            return Body::Health { healthy };
        }
        match map.get("status").or(map.get("state")).and_then(Value::as_str) {
            Some("healthy" | "ready" | "running") => return Body::Health { healthy: true },
            Some("ok" | "success" | "alive") => return Body::Alive,
            Some("unhealthy" | "failed" | "error" | "degraded" | "not_ready") => {
                return Body::Health { healthy: false };
            }
            _ => {}
        }
        if let Some(text) = map.get("version").and_then(Value::as_str)
            && is_release(text.split('-').next().unwrap_or(""))
        {
            return Body::Version { release: text.to_owned(), commit: None, in_object: true };
        }
        if let Some(words) = ["error", "detail"].into_iter().find_map(|k| map.get(k)) {
            let words = words.as_str().map_or_else(|| words.to_string(), str::to_owned);
            return Body::Error { message: masked(cut(&words, 240), redactor) };
        }
    }
    if let Some(Value::Array(adapters)) = map.get("adapters") {
        let name = |a: &Value| {
            a.get("type_name").or(a.get("type")).and_then(Value::as_str).map(str::to_owned)
        };
        return Body::Adapters { types: adapters.iter().filter_map(name).take(64).collect() };
    }
    if map.get("object").and_then(Value::as_str) == Some("list")
        && let Some(Value::Array(data)) = map.get("data")
    {
        return Body::Models { count: data.len() as u64 };
    }
    if let Some(chunks) = parts::chunks(map) {
        return Body::ChunkStatistics(chunks);
    }
    if CONFIG.iter().any(|keys| keys.iter().all(|k| has(k))) {
        return Body::Config { statements: statements(value, redactor) };
    }
    Body::Json { statements: statements(value, redactor) }
}
