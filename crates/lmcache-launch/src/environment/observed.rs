//! The types of facts that others observed: the scraper, dashboards, load generators, collectors.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::place::Place;

/// A target as Prometheus sees it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScrapeTarget {
    /// Job or pool.
    pub job: Option<String>,
    /// URL, redacted.
    pub url: Option<String>,
    /// `up` or `down`.
    pub up: Option<bool>,
    /// Last error, redacted.
    pub last_error: Option<String>,
    /// What the error is (`tables/prom_log.tsv`).
    pub error_code: Option<String>,
    /// Duration of the last scrape in seconds.
    pub scrape_seconds: Option<f64>,
    /// Interval in seconds.
    pub interval_seconds: Option<f64>,
    /// Timeout in seconds.
    pub timeout_seconds: Option<f64>,
    /// It was dropped by relabelling.
    pub dropped: bool,
    /// Where it stands.
    pub place: Place,
}

/// A job of a Prometheus configuration.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct ScrapeJob {
    /// Name.
    pub job: String,
    /// Interval in seconds, its own or the global one.
    pub interval_seconds: Option<f64>,
    /// Timeout in seconds, its own or the global one.
    pub timeout_seconds: Option<f64>,
    /// Path; `/metrics` if not said.
    pub metrics_path: String,
    /// Static targets, redacted.
    pub targets: Vec<String>,
    /// Sources of targets other than static ones (`kubernetes_sd_configs`).
    pub discovery: Vec<String>,
    /// Samples allowed per scrape.
    pub sample_limit: Option<u64>,
    /// Patterns of `metric_relabel_configs` that drop or keep series, with their action.
    pub relabels: Vec<(String, String)>,
    /// Where it stands.
    pub place: Place,
}

/// Messages of the scraper's log that say the same.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ScraperMessage {
    /// What it is (`tables/prom_log.tsv`), or `other`.
    pub code: String,
    /// Level.
    pub level: Option<String>,
    /// Job or pool.
    pub pool: Option<String>,
    /// Target, redacted.
    pub target: Option<String>,
    /// How often.
    pub count: u64,
    /// Samples dropped, in sum.
    pub dropped_samples: u64,
    /// First time, as written.
    pub first: Option<String>,
    /// Last time, as written.
    pub last: Option<String>,
    /// One message, redacted.
    pub example: String,
    /// Where the first one stands.
    pub place: Place,
}

/// A query of a dashboard or rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Query {
    /// Panel, alert or record.
    pub title: Option<String>,
    /// Expression, redacted.
    pub expr: String,
    /// Names of series that it asks for.
    pub metrics: Vec<String>,
    /// Patterns of names (`{__name__=~"..."}`).
    pub patterns: Vec<String>,
    /// Where it stands.
    pub place: Place,
}

/// A description or result of a load.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Workload {
    /// Facts by the names of `tables/workload_keys.tsv`; one object a run where there are several.
    pub facts: BTreeMap<String, Value>,
    /// Runs that are compared with one another.
    pub runs: Vec<BTreeMap<String, Value>>,
    /// Other numbers and words, by pointer.
    pub other: BTreeMap<String, Value>,
    /// Where it stands.
    pub place: Place,
}

impl Workload {
    /// A fact as a number.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.facts.get(name).and_then(Value::as_f64)
    }
}

/// One attempt of a collector to read something.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Probe {
    /// Route or target.
    pub endpoint: String,
    /// Phase or label of the capture.
    pub phase: Option<String>,
    /// HTTP status.
    pub status: Option<u16>,
    /// Error, redacted.
    pub error: Option<String>,
    /// Seconds since the epoch.
    pub at: Option<f64>,
    /// Duration in milliseconds.
    pub milliseconds: Option<f64>,
    /// Where it stands.
    pub place: Place,
}

/// What a capture did to processes (`process_start`, `up`, `exit`, `kill`, ...).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureEvent {
    /// Kind.
    pub kind: String,
    /// Process or target.
    pub name: Option<String>,
    /// Seconds since the epoch.
    pub at: Option<f64>,
    /// Exit code, where the process ended.
    pub exit_code: Option<i64>,
    /// Where it stands.
    pub place: Place,
}

/// Sums of a listing of files; names are not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listing {
    /// Files.
    pub files: u64,
    /// Bytes in sum.
    pub bytes: u64,
    /// Files of no bytes.
    pub empty: u64,
    /// Smallest and largest size in bytes.
    pub sizes: Option<(u64, u64)>,
    /// Where it stands.
    pub place: Place,
}

/// A fact from an engine's own HTTP answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EngineFact {
    /// `version`, `model`, `max_model_len`, `running_requests`, `message`, ...
    pub name: String,
    /// Value, redacted.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}
