//! `lmcache_log_evidence.json`: what a log proves.
//!
//! The first keys are those that scripts around the older Python tool read; the rest holds
//! everything. Nothing in it is a raw line: texts are masked.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A named value over all lines of an event.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Field {
    /// Lines that have it.
    pub count: u64,
    /// Sum of its numbers.
    pub sum: f64,
    /// Smallest number.
    pub min: Option<f64>,
    /// Largest number.
    pub max: Option<f64>,
    /// First number.
    pub first: Option<f64>,
    /// Last number.
    pub last: Option<f64>,
    /// Numbers that are zero.
    pub zeros: u64,
    /// Numbers below zero.
    pub negatives: u64,
    /// Different texts and how often, at most sixteen. Hashes are eight digits that only tell
    /// them apart.
    pub texts: BTreeMap<String, u64>,
    /// Lines with further texts.
    pub more_texts: u64,
}

/// One line as an example.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Example {
    /// Line, counted from 1.
    pub line: u64,
    /// Its message, masked.
    pub text: String,
}

/// One event over all lines.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct EventStat {
    /// Category.
    pub category: String,
    /// Lines.
    pub count: u64,
    /// First line.
    pub first_line: u64,
    /// Last line.
    pub last_line: u64,
    /// Time of the first line, as it stands there.
    pub first_time: Option<String>,
    /// Time of the last line.
    pub last_time: Option<String>,
    /// The first line.
    pub example: Example,
    /// What was taken from the lines.
    pub fields: BTreeMap<String, Field>,
}

/// What the log covers.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Coverage {
    /// A start-up line stands before the first line of work: what the log does not say of the
    /// start did not happen.
    pub covers_start: bool,
    /// The first line is the rest of a longer record.
    pub starts_mid_record: bool,
    /// The last line has no end.
    pub ends_mid_line: bool,
    /// Time of the first line that has one.
    pub first_time: Option<String>,
    /// Time of the last line that has one.
    pub last_time: Option<String>,
    /// Bytes.
    pub bytes: u64,
    /// Lines that were cut because they are too long.
    pub cut_lines: u64,
    /// Lines that are no UTF-8.
    pub non_utf8_lines: u64,
    /// Lines by who wrote them.
    pub products: BTreeMap<String, u64>,
    /// Lines by level.
    pub levels: BTreeMap<String, u64>,
}

/// A process that wrote into the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ProcessLines {
    /// Name or rank.
    pub name: String,
    /// Process id.
    pub pid: Option<u32>,
    /// Lines.
    pub lines: u64,
}

/// A setting that the log tells.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct ConfigEntry {
    /// Different values in the order of their lines, masked.
    pub values: Vec<String>,
    /// Line of the first.
    pub line: u64,
}

/// Lookups that embedded LMCache logged, request by request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Lookups {
    /// Lines.
    pub count: u64,
    /// Tokens of all prompts.
    pub total_tokens: u64,
    /// Tokens that the engine had itself.
    pub computed_tokens: u64,
    /// Tokens that LMCache had.
    pub hit_tokens: u64,
    /// Tokens to load.
    pub need_tokens: u64,
    /// Lines without a hit.
    pub without_hit: u64,
    /// Lines with a negative number of tokens to load.
    pub negative_need: u64,
    /// Lines where nothing was to load although LMCache had something.
    pub hit_not_needed: u64,
    /// Shortest prompt.
    pub min_total: Option<u64>,
    /// Longest prompt.
    pub max_total: Option<u64>,
    /// Lines without an answer yet (`None`).
    pub pending: u64,
}

/// A traceback, counted by its last line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Traceback {
    /// Its last line, masked.
    pub last_line: String,
    /// How often.
    pub count: u64,
    /// Line of the first.
    pub first_line: u64,
    /// The innermost frames of the first, masked.
    pub frames: Vec<String>,
}

/// LMCache's lines that no row of the table knows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct OtherLines {
    /// Lines of LMCache.
    pub lmcache_lines: u64,
    /// Of these, lines that are not known.
    pub unknown: u64,
    /// The unknown ones by their shape (numbers as `N`), masked, with how often.
    pub shapes: BTreeMap<String, u64>,
    /// Lines of further shapes.
    pub further: u64,
}

/// Hints on the configuration, under the names that scripts know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LogConfig {
    /// Connector classes.
    pub connectors: BTreeSet<String>,
    /// A line speaks of `PYTHONHASHSEED`.
    pub pythonhashseed_seen: bool,
    /// Values of it.
    pub pythonhashseed_values: BTreeSet<String>,
    /// As the configuration says.
    pub enable_p2p: Option<bool>,
    /// As the configuration says.
    pub enable_pd: Option<bool>,
    /// As the configuration says.
    pub enable_async_loading: Option<bool>,
    /// vLLM was asked for `LMCacheConnector`, which it does not have any more.
    pub stale_lmcache_connector_seen: bool,
}

/// What a log proves.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LogEvidence {
    /// `inferguard-lmcache-logs/v1`.
    pub schema_version: String,
    /// Lines.
    pub line_count: u64,
    /// Lines by category.
    pub event_counts: BTreeMap<String, u64>,
    /// `has_CATEGORY`, and more.
    pub booleans: BTreeMap<String, bool>,
    /// Examples by category, masked, at most six each.
    pub snippets: BTreeMap<String, Vec<String>>,
    /// Hints on the configuration.
    pub config: LogConfig,
    /// Modes that a line shows: `mp`, `embedded`, `p2p`, `disaggregated_prefill`.
    pub mode_candidates: BTreeSet<String>,
    /// Findings are the rules' and not the parser's: always empty.
    pub findings: Vec<serde_json::Value>,
    /// What the log covers.
    pub coverage: Coverage,
    /// Who wrote into it.
    pub processes: Vec<ProcessLines>,
    /// Releases by product.
    pub versions: BTreeMap<String, BTreeSet<String>>,
    /// Events by id.
    pub events: BTreeMap<String, EventStat>,
    /// Lookups.
    pub lookups: Lookups,
    /// Settings by name.
    pub settings: BTreeMap<String, ConfigEntry>,
    /// Tracebacks, the most frequent first.
    pub tracebacks: Vec<Traceback>,
    /// Lines that are not known.
    pub other: OtherLines,
}

impl LogEvidence {
    /// The value of `schema_version`.
    pub const SCHEMA: &'static str = "inferguard-lmcache-logs/v1";

    /// An event that happened.
    pub fn event(&self, id: &str) -> Option<&EventStat> {
        self.events.get(id)
    }

    /// How often an event happened.
    pub fn count(&self, id: &str) -> u64 {
        self.events.get(id).map_or(0, |e| e.count)
    }

    /// A setting: the last value that the log tells.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).and_then(|e| e.values.last()).map(String::as_str)
    }

    /// Whether anything of LMCache, vLLM or SGLang is in it.
    pub fn is_known(&self) -> bool {
        !self.events.is_empty()
            || self
                .coverage
                .products
                .keys()
                .any(|p| matches!(p.as_str(), "lmcache" | "vllm" | "sglang"))
    }
}
