//! The smaller answers: quota per cache salt, chunk statistics, log levels, the list of routes.

use std::collections::{BTreeMap, BTreeSet};

use evidence_redact::{Kind, Redactor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::flat::masked;
use crate::json::cut;
use crate::routes::Method;

/// Items that are kept of one answer.
const MOST: usize = 1000;

/// Quota per cache salt: `/quota` and `/quota/{cache_salt}` of the MP server (LMCache 0.4.5 to
/// 0.5.6) and of the coordinator (0.4.7 to 0.5.6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct QuotaFacts {
    /// Tenants with a quota; `None` where the answer is about one salt.
    pub users: Option<u64>,
    /// GiB in use over all salts, where the answer says so.
    pub total_gb: Option<f64>,
    /// Limit of salts without their own, in GiB, where the answer says so.
    pub default_limit_gb: Option<f64>,
    /// Each salt that is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub salts: Vec<SaltQuota>,
}

/// Quota and use of one cache salt.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct SaltQuota {
    /// The salt's placeholder; `_default` and the empty salt stay as they are.
    pub salt: String,
    /// Limit in GiB.
    pub limit_gb: Option<f64>,
    /// Use in GiB.
    pub usage_gb: Option<f64>,
    /// Whether a limit was set for it.
    pub exists: Option<bool>,
}

/// A quota answer; `None` for any other object.
pub(super) fn quota(map: &Map<String, Value>, redactor: &Redactor) -> Option<QuotaFacts> {
    let number = |key: &str| map.get(key).and_then(Value::as_f64);
    let mut out = QuotaFacts {
        total_gb: number("total_gb"),
        default_limit_gb: number("default_limit_gb"),
        ..QuotaFacts::default()
    };
    let known = |keys: &[&str]| map.keys().all(|key| keys.contains(&key.as_str()));
    match (map.get("users"), map.get("by_cache_salt"), map.get("cache_salt")) {
        (Some(Value::Object(users)), ..) if map.len() <= 3 => {
            out.users = Some(users.len() as u64);
            let salts = users.iter().take(MOST);
            out.salts.extend(salts.map(|(name, v)| salt(name, v, Some(true), redactor)));
        }
        (_, Some(Value::Object(salts)), _) => {
            out.users = Some(salts.len() as u64);
            let salts = salts.iter().take(MOST);
            out.salts.extend(salts.map(|(name, v)| salt(name, v, None, redactor)));
        }
        (_, Some(Value::Array(list)), _) => {
            out.users = Some(list.len() as u64);
            let name = |v: &Value| v.get("cache_salt").and_then(Value::as_str).map(str::to_owned);
            let list = list.iter().take(MOST);
            out.salts.extend(list.map(|v| salt(&name(v).unwrap_or_default(), v, None, redactor)));
        }
        (.., Some(Value::String(name)))
            if ["limit_gb", "quota_limit_gb", "usage_gb", "current_usage_gb"]
                .iter()
                .any(|key| map.contains_key(*key)) =>
        {
            out.salts.push(salt(name, &Value::Object(map.clone()), None, redactor));
        }
        _ if out.default_limit_gb.is_some() && known(&["default_limit_gb"]) => {}
        _ => return None,
    }
    Some(out)
}

fn salt(name: &str, value: &Value, exists: Option<bool>, redactor: &Redactor) -> SaltQuota {
    let number = |keys: [&str; 2]| keys.iter().find_map(|k| value.get(*k)?.as_f64());
    let flag = |key: &str| value.get(key).and_then(Value::as_bool);
    SaltQuota {
        salt: salt_placeholder(name, redactor),
        limit_gb: number(["limit_gb", "quota_limit_gb"]),
        usage_gb: number(["current_usage_gb", "usage_gb"]),
        exists: flag("exists").or_else(|| flag("quota_exists")).or(exists),
    }
}

/// The placeholder of a cache salt: the one that the redactor gives it where it stands as a value.
/// Answers name salts by it ([`SaltQuota::salt`]); the same redactor gives the same name.
pub fn salt_placeholder(salt: &str, redactor: &Redactor) -> String {
    if matches!(salt, "" | "_default") {
        return salt.to_owned();
    }
    let probe = json!({ "cache_salt": salt }).to_string();
    let clean = redactor.redact(Kind::Json, probe.as_bytes());
    let value: Option<Value> = serde_json::from_slice(clean.bytes()).ok();
    let name = value.as_ref().and_then(|v| v.get("cache_salt")).and_then(Value::as_str);
    name.unwrap_or("redacted").to_owned()
}

/// What the embedded engine counted of looked-up chunks (`/chunk_statistics/status`, LMCache
/// 0.3.12 to 0.5.6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ChunkFacts {
    /// It is counting.
    pub enabled: Option<bool>,
    /// Requests that were seen.
    pub total_requests: Option<u64>,
    /// Chunks of their lookups.
    pub total_chunks: Option<u64>,
    /// Of these, chunks seen for the first time.
    pub unique_chunks: Option<u64>,
    /// Of these, chunks seen before: what an unlimited cache could have served.
    pub duplicate_chunks: Option<u64>,
    /// `duplicate_chunks / total_chunks`, as the server states it.
    pub reuse_rate: Option<f64>,
    /// Part of the server's lookup time that the counting itself took, in per cent.
    pub overhead_percentage: Option<f64>,
    /// Times that the queue of the counting was full, and the engine waited for it.
    pub queue_full_blocks: Option<u64>,
    /// The process ends by itself when a bound of the counting is reached.
    pub auto_exit: Option<bool>,
}

/// Chunk statistics; `None` for any other object.
pub(super) fn chunks(map: &Map<String, Value>) -> Option<ChunkFacts> {
    let has = |name: &str| map.contains_key(name);
    let is_statistics = has("total_chunks")
        || has("unique_chunks")
        || has("auto_exit_enabled")
        || has("total_requests") && has("enabled");
    if !is_statistics {
        return None;
    }
    let whole = |key: &str| map.get(key).and_then(Value::as_u64);
    let flag = |key: &str| map.get(key).and_then(Value::as_bool);
    let inner = |part: &str, key: &str| map.get(part)?.get(key).cloned();
    Some(ChunkFacts {
        enabled: flag("enabled"),
        total_requests: whole("total_requests"),
        total_chunks: whole("total_chunks"),
        unique_chunks: whole("unique_chunks"),
        duplicate_chunks: whole("duplicate_chunks"),
        reuse_rate: map.get("reuse_rate").and_then(Value::as_f64),
        overhead_percentage: inner("timing", "overhead_percentage").and_then(|v| v.as_f64()),
        queue_full_blocks: inner("async_queue", "full_blocks").and_then(|v| v.as_u64()),
        auto_exit: flag("auto_exit_enabled"),
    })
}

/// Levels of loggers (`/loglevel` without a query, LMCache 0.3.9.post2 to 0.5.6).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LogLevels {
    /// Loggers that are listed.
    pub loggers: u64,
    /// Levels of LMCache's and the engines' loggers that are not `NOTSET`, by name: what they
    /// leave out of a log is not missing there.
    pub levels: BTreeMap<String, String>,
}

/// First words of the list of loggers.
pub(super) const LOGGERS: &str = "=== Loggers and Levels";

/// Roots of loggers whose levels are kept.
const ROOTS: [&str; 4] = ["lmcache", "vllm", "sglang", "root"];

/// Reads the list of loggers.
pub(super) fn log_levels(text: &str, redactor: &Redactor) -> LogLevels {
    let mut out = LogLevels::default();
    for (name, level) in text.lines().skip(1).filter_map(|line| line.rsplit_once(": ")) {
        out.loggers += 1;
        let root = name.split('.').next().unwrap_or(name);
        if ROOTS.contains(&root) && level != "NOTSET" && out.levels.len() < MOST {
            let level = cut(level.trim(), 40).to_owned();
            out.levels.insert(masked(cut(name, 120), redactor), level);
        }
    }
    out
}

/// The list of routes (`/openapi.json`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct OpenapiFacts {
    /// Title of the application (`LMCache HTTP API`).
    pub title: Option<String>,
    /// The application's own version: no release of LMCache.
    pub version: Option<String>,
    /// Paths, as templates.
    pub paths: Vec<String>,
    /// Methods by path, in capitals.
    pub methods: BTreeMap<String, BTreeSet<String>>,
}

/// Reads the list of routes; `None` for any other object.
pub(super) fn openapi(map: &Map<String, Value>) -> Option<OpenapiFacts> {
    let paths = map.get("openapi").and(map.get("paths"))?.as_object();
    let words = |key: &str| {
        let text = map.get("info")?.get(key)?.as_str()?;
        Some(cut(text, 160).to_owned())
    };
    let methods: BTreeMap<String, BTreeSet<String>> = paths
        .into_iter()
        .flatten()
        .take(MOST)
        .map(|(path, item)| {
            let names = item.as_object().into_iter().flat_map(|item| item.keys());
            let names = names.filter(|name| Method::from_name(name).is_some());
            (path.clone(), names.map(|name| name.to_ascii_uppercase()).collect())
        })
        .collect();
    Some(OpenapiFacts {
        title: words("title"),
        version: words("version"),
        paths: methods.keys().cloned().collect(),
        methods,
    })
}
