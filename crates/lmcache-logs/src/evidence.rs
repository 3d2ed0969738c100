//! What a log says: the typed evidence.

use std::collections::BTreeMap;

/// Schema id of [`LogEvidence`].
pub const LOGS_SCHEMA: &str = "inferguard-lmcache-logs/v1";

type Map<V> = BTreeMap<String, V>;

/// Evidence of one log, or of several that were read one after the other.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LogEvidence {
    /// [`LOGS_SCHEMA`].
    pub schema_version: String,
    /// Lines with anything on them.
    pub line_count: u64,
    /// Lines by category of the older format; all 14 keys are there.
    pub event_counts: Map<u64>,
    /// `has_<category>`, `has_config_hints`, `has_stale_lmcache_connector`.
    pub booleans: Map<bool>,
    /// First lines of each category, redacted; 6 at most, of 220 characters.
    pub snippets: Map<Vec<String>>,
    /// Configuration in the older format's keys.
    pub config: ConfigHints,
    /// `mp`, `embedded`, `p2p`, `disaggregated_prefill`, `cacheblend`, `coordinator`.
    pub mode_candidates: Vec<String>,
    /// Always empty: judging is done elsewhere. Kept for readers of the older format.
    pub findings: Vec<serde_json::Value>,
    /// Speeds that P2P lines name.
    pub numeric_hints: NumericHints,
    /// What part of the process's life the log covers.
    pub coverage: Coverage,
    /// What happened, by event id of the table.
    pub events: Map<EventStat>,
    /// Lines by process label.
    pub processes: Map<u64>,
    /// Lines by level.
    pub levels: Map<u64>,
    /// Versions that products name, by product.
    pub versions: Map<Vec<String>>,
    /// Connector classes that were created or configured.
    pub connectors: Vec<String>,
    /// Roles of connectors (`KVConnectorRole.WORKER`, `kv_both`, ...).
    pub roles: Vec<String>,
    /// Settings by key (`chunk_size`, `kv_transfer_config.kv_role`); different values side by side.
    pub settings: Map<Vec<Setting>>,
    /// Lookups of requests by the in-process connector.
    pub requests: RequestStats,
    /// Answers of HTTP servers, from access lines.
    pub http: Vec<HttpStat>,
    /// Tracebacks by their last line.
    pub tracebacks: Vec<Traceback>,
    /// Lines of known products that no row of the table knows, by shape; most frequent first.
    pub other: Vec<OtherGroup>,
    /// What did not fit: counts of things that were left out for the caps on memory.
    pub dropped: Dropped,
}

/// `config` of the older format.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ConfigHints {
    /// Connector classes.
    pub connectors: Vec<String>,
    /// A word about PYTHONHASHSEED stands in the log.
    pub pythonhashseed_seen: bool,
    /// Values it has been given; advice in warnings is not a value.
    pub pythonhashseed_values: Vec<String>,
    /// `enable_p2p`, where a configuration dump names it.
    pub enable_p2p: Option<bool>,
    /// `enable_pd`.
    pub enable_pd: Option<bool>,
    /// `enable_async_loading`.
    pub enable_async_loading: Option<bool>,
    /// The connector class of the time before vLLM V1 is named.
    pub stale_lmcache_connector_seen: bool,
}

/// `numeric_hints` of the older format.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NumericHints {
    /// Speeds of P2P transfers.
    pub p2p_transfer_speed: Vec<SpeedHint>,
}

/// A speed that a line names.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SpeedHint {
    /// The number.
    pub value: f64,
    /// Its unit as written.
    pub unit: String,
    /// The line, redacted.
    pub snippet: String,
}

/// What part of a process's life a log covers. Absence of a line proves something only where
/// the start is covered.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Coverage {
    /// One of the first lines of a process comes before any line of a serving one.
    pub covers_start: bool,
    /// Lines of a serving process come first: the head of the log is missing.
    pub truncated_start: bool,
    /// The last line has no end.
    pub truncated_end: bool,
    /// First time as written.
    pub first_time: Option<String>,
    /// Last time as written.
    pub last_time: Option<String>,
    /// Seconds between them, where they are written the same way.
    pub span_seconds: Option<f64>,
    /// Lines, empty ones too.
    pub lines: u64,
    /// Bytes.
    pub bytes: u64,
    /// Lines that are not UTF-8.
    pub not_utf8: u64,
    /// Lines longer than the limit; their rest was not looked at.
    pub long_lines: u64,
    /// By product that formatted the lines.
    pub products: Map<ProductCoverage>,
}

/// Lines of one product.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct ProductCoverage {
    /// All.
    pub lines: u64,
    /// Known to the table, or access lines.
    pub known: u64,
    /// Not known to the table.
    pub other: u64,
    /// Frames, code and last lines of tracebacks.
    pub traceback: u64,
    /// One of its first lines comes before lines of its serving.
    pub covers_start: bool,
    /// Line where one of its first lines stands.
    pub start_line: Option<u64>,
    /// First line with a serving event.
    pub serve_line: Option<u64>,
}

/// How often something happened.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct EventStat {
    /// Lines.
    pub count: u64,
    /// Worst level.
    pub level: String,
    /// Time of the first, as written.
    pub first_time: Option<String>,
    /// Time of the last.
    pub last_time: Option<String>,
    /// Line of the first, from 1.
    pub first_line: u64,
    /// Line of the last.
    pub last_line: u64,
    /// The first line itself, redacted.
    pub example: Example,
    /// Numbers, by field.
    pub fields: Map<NumberStat>,
    /// Texts, by field.
    pub texts: Map<TextStat>,
    /// Lines by process label.
    pub processes: Map<u64>,
}

/// One line, redacted.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Example {
    /// Its number, from 1.
    pub line: u64,
    /// Its message.
    pub text: String,
}

/// Numbers of one field.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct NumberStat {
    /// How many.
    pub count: u64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
    /// Sum.
    pub sum: f64,
    /// First.
    pub first: f64,
    /// Last.
    pub last: f64,
    /// How many are zero.
    pub zero: u64,
    /// How many are below zero.
    pub negative: u64,
    /// Unit, where the wording gives one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl NumberStat {
    /// Mean, if there is any.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum / self.count as f64)
    }

    pub(crate) fn add(&mut self, value: f64) {
        if !value.is_finite() {
            return;
        }
        if self.count == 0 {
            (self.min, self.max, self.first) = (value, value, value);
        }
        self.count += 1;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.sum += value;
        self.last = value;
        self.zero += u64::from(value == 0.0);
        self.negative += u64::from(value < 0.0);
    }
}

/// Texts of one field.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TextStat {
    /// How often each value stands there, redacted.
    pub values: Map<u64>,
    /// Sightings of further values, beyond the cap.
    pub more: u64,
}

/// One value of a setting.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Setting {
    /// Value as written, quotes off, redacted.
    pub value: String,
    /// Line where it first stands.
    pub line: u64,
    /// Event that printed it.
    pub source: String,
    /// How often it was printed; equal dumps of a whole configuration count once.
    pub count: u64,
}

/// Lookups of requests.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RequestStats {
    /// Lookup lines.
    pub count: u64,
    /// Tokens of the requests.
    pub total_tokens: f64,
    /// Tokens that the engine had itself.
    pub computed_tokens: f64,
    /// Tokens that LMCache had.
    pub hit_tokens: f64,
    /// Tokens to load, lines with negative numbers left out.
    pub need_to_load_tokens: f64,
    /// Lines whose number to load is negative.
    pub need_to_load_negative: u64,
    /// Lines whose number to load is zero.
    pub need_to_load_zero: u64,
    /// Lines without a hit.
    pub hit_zero: u64,
    /// Lines whose hit is the whole request.
    pub hit_all: u64,
    /// Lines with a hit that the engine has itself, so that nothing is loaded.
    pub hit_not_needed: u64,
    /// Shortest request, in tokens.
    pub total_min: Option<f64>,
    /// Longest request, in tokens.
    pub total_max: Option<f64>,
}

/// Answers of an HTTP server.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HttpStat {
    /// Method.
    pub method: String,
    /// Path, without its query; numbers in it are `#`. Redacted.
    pub path: String,
    /// Status.
    pub status: u16,
    /// How many.
    pub count: u64,
    /// Line of the first.
    pub first_line: u64,
}

/// Tracebacks that end alike.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Traceback {
    /// Last line of the first of them, redacted; empty if the log ends before it.
    pub last_line: String,
    /// How many.
    pub count: u64,
    /// Line where the first begins.
    pub first_line: u64,
    /// Its last frames, innermost last; where they are of libraries, after the last one of LMCache or
    /// the engine.
    pub frames: Vec<String>,
}

/// Lines that no row of the table knows.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct OtherGroup {
    /// Product that formatted them.
    pub product: String,
    /// Worst level.
    pub level: String,
    /// Message without its numbers, hashes, paths and quoted values.
    pub shape: String,
    /// How many.
    pub count: u64,
    /// The first of them, redacted.
    pub example: Example,
}

/// What the caps on memory left out.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Dropped {
    /// Lines of further shapes.
    pub other_lines: u64,
    /// Tracebacks of further groups.
    pub tracebacks: u64,
    /// Lines of further processes.
    pub process_lines: u64,
    /// Settings.
    pub settings: u64,
    /// Access lines of further routes.
    pub http: u64,
}

impl LogEvidence {
    /// An event of the table, if it happened.
    pub fn event(&self, id: &str) -> Option<&EventStat> {
        self.events.get(id)
    }

    /// How often an event happened.
    pub fn count(&self, id: &str) -> u64 {
        self.event(id).map_or(0, |e| e.count)
    }

    /// Whether any event whose id begins with `prefix` happened.
    pub fn any(&self, prefix: &str) -> bool {
        self.events.range(prefix.to_owned()..).next().is_some_and(|(id, _)| id.starts_with(prefix))
    }

    /// Numbers of a field of an event.
    pub fn number(&self, id: &str, field: &str) -> Option<&NumberStat> {
        self.event(id)?.fields.get(field)
    }

    /// First value of a setting. A key is found with and without what stands before its last dot:
    /// `kv_role` finds `kv_transfer_config.kv_role`.
    pub fn config_value(&self, key: &str) -> Option<&str> {
        self.setting(key)?.first().map(|s| s.value.as_str())
    }

    /// All values of a setting, found like [`Self::config_value`].
    pub fn setting(&self, key: &str) -> Option<&[Setting]> {
        self.settings
            .get(key)
            .or_else(|| {
                let dotted =
                    |k: &&String| k.strip_suffix(key).is_some_and(|head| head.ends_with('.'));
                self.settings.iter().find(|(k, _)| dotted(k)).map(|(_, v)| v)
            })
            .map(Vec::as_slice)
    }

    /// Whether the log provably covers the start of a process: only then is the absence of a
    /// start-up line evidence.
    pub fn covers_start(&self) -> bool {
        self.coverage.covers_start
    }

    /// Share of the lines of LMCache's logger that no row of the table knows.
    pub fn other_share(&self) -> Option<f64> {
        let lmcache = self.coverage.products.get("lmcache")?;
        (lmcache.lines > 0).then(|| lmcache.other as f64 / lmcache.lines as f64)
    }
}
