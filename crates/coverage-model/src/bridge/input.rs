//! What the bridge is given.

use lmcache_prom::contract::{Product, Release};
use serde::Serialize;

use crate::evidence::Source;
use crate::vocabulary::Claim;

/// What a process is to the bridge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// A vLLM engine.
    Vllm,
    /// An SGLang engine.
    Sglang,
    /// A multiprocess LMCache server.
    Server,
    /// LMCache inside an engine, on a page of its own or on the engine's.
    Embedded,
}

impl Part {
    /// Whether it is an engine.
    pub const fn is_engine(self) -> bool {
        matches!(self, Self::Vllm | Self::Sglang)
    }

    /// The product, as the contract names it.
    pub const fn product(self) -> Product {
        match self {
            Self::Vllm => Product::Vllm,
            Self::Sglang => Product::Sglang,
            Self::Server | Self::Embedded => Product::Lmcache,
        }
    }
}

/// Which number of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stat {
    /// Value of a counter.
    Value,
    /// Sum of a histogram.
    Sum,
    /// Observations of a histogram.
    Count,
}

/// How much one series grew in a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// Signal.
    pub signal: &'static str,
    /// Which number of it.
    pub stat: Stat,
    /// The labels that [`ASKED`] names and the series has.
    pub labels: Vec<(&'static str, String)>,
    /// How much it grew.
    pub value: f64,
    /// Where its later value was read.
    pub source: Source,
}

impl Counter {
    /// Value of a label; empty where the series has none.
    pub fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(n, _)| *n == name).map_or("", |(_, v)| v.as_str())
    }
}

/// A series that the bridge asks for, and the labels by which it has to stay apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// Signal.
    pub signal: &'static str,
    /// Labels to keep; over all others it is summed.
    pub labels: &'static [&'static str],
}

const fn asked(signal: &'static str, labels: &'static [&'static str]) -> Asked {
    Asked { signal, labels }
}

/// All series that the bridge asks for.
pub const ASKED: &[Asked] = &[
    asked("vllm.prompt_tokens", &[]),
    asked("vllm.prompt_tokens_by_source", &["source"]),
    asked("vllm.prompt_tokens_cached_by_source", &["source"]),
    asked("vllm.prefix_cache_queries", &[]),
    asked("vllm.prefix_cache_hits", &[]),
    asked("vllm.external_prefix_cache_queries", &[]),
    asked("vllm.external_prefix_cache_hits", &[]),
    asked("vllm.num_preemptions", &[]),
    asked("vllm.request_success", &["finished_reason"]),
    asked("vllm.time_to_first_token_seconds", &[]),
    asked("vllm.request_prefill_time_seconds", &[]),
    asked("vllm.request_prefill_kv_computed_tokens", &[]),
    asked("sglang.prompt_tokens", &["engine_type"]),
    asked("sglang.cached_tokens", &["engine_type", "cache_source"]),
    asked("sglang.num_requests", &["engine_type"]),
    asked("sglang.time_to_first_token_seconds", &["engine_type"]),
    asked("sglang.per_stage_req_latency_seconds", &["stage"]),
    asked("sglang.realtime_tokens", &["mode"]),
    asked("mp.lookup.requests", &[]),
    asked("mp.lookup.early_exit", &[]),
    asked("mp.lookup.requested_tokens", &[]),
    asked("mp.lookup.hit_tokens", &[]),
    asked("mp.lookup.hit_l1_tokens", &[]),
    asked("mp.lookup.hit_l2_tokens", &[]),
    asked("mp.transfer.chunks_loaded", &["worker_id"]),
    asked("embedded.num_lookup_requests", &["worker_id"]),
    asked("embedded.num_lookup_tokens", &["worker_id"]),
    asked("embedded.num_lookup_hits", &["worker_id"]),
    asked("embedded.num_hit_tokens", &["worker_id"]),
    asked("embedded.time_to_retrieve", &["worker_id"]),
];

/// Gauges that are zero while no request is under way.
pub const QUEUES: &[&str] = &[
    "vllm.num_requests_running",
    "vllm.num_requests_waiting",
    "sglang.num_running_reqs",
    "sglang.num_queue_reqs",
];

/// Numbers of a process in one window.
#[derive(Debug, Clone, PartialEq)]
pub enum SideWindow {
    /// Its page was taken at both ends, and it was one process.
    Counted(Vec<Counter>),
    /// It was another process at the end; why that is known.
    Restarted(String),
    /// Its page was not taken at both ends.
    NotScraped,
}

/// Something that an artifact states.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stated<T> {
    /// What it states.
    pub value: T,
    /// Where.
    pub source: Source,
}

/// One engine or LMCache process.
#[derive(Debug, Clone, PartialEq)]
pub struct Side {
    /// Role.
    pub role: String,
    /// What it is.
    pub part: Part,
    /// Oldest release that its page or another lane admits.
    pub min: Option<Release>,
    /// Newest such release; `None` for "or newer".
    pub max: Option<Release>,
    /// KV connectors that something names for it, or for the one engine that there is.
    pub connectors: Vec<Stated<String>>,
    /// Something says that it has no connector.
    pub no_connector: Option<Source>,
    /// `kv_producer`, `kv_consumer`, `kv_both`, `prefill`, `decode`.
    pub kv_role: Option<Stated<String>>,
    /// Tokens a block.
    pub block_size: Option<Stated<u64>>,
    /// Tokens a chunk.
    pub chunk_size: Option<Stated<u64>>,
    /// Models that its series are labelled with.
    pub models: Vec<String>,
    /// Role of the engine that this LMCache runs inside, where that is known.
    pub inside: Option<String>,
    /// Numbers, window by window, in the order of [`BridgeInput::windows`].
    pub windows: Vec<SideWindow>,
}

impl Side {
    /// A process of which nothing is known yet.
    pub fn new(role: impl Into<String>, part: Part) -> Self {
        Self {
            role: role.into(),
            part,
            min: None,
            max: None,
            connectors: vec![],
            no_connector: None,
            kv_role: None,
            block_size: None,
            chunk_size: None,
            models: vec![],
            inside: None,
            windows: vec![],
        }
    }

    /// The releases as text.
    pub fn release_text(&self) -> Option<String> {
        Some(match (self.min?, self.max) {
            (min, Some(max)) if min == max => min.to_string(),
            (min, Some(max)) => format!("{min} to {max}"),
            (min, None) => format!("{min} or newer"),
        })
    }

    /// Whether every admitted release is this one or newer.
    pub fn surely_since(&self, release: Release) -> bool {
        self.min.is_some_and(|min| min >= release)
    }

    /// Whether some admitted release is this one or newer.
    pub fn maybe_since(&self, release: Release) -> bool {
        self.max.is_none_or(|max| max >= release)
    }

    /// A connector of LMCache that something names.
    pub fn lmcache_connector(&self) -> Option<&Stated<String>> {
        self.connectors.iter().find(|c| crate::architecture::is_lmcache_connector(&c.value))
    }

    /// What it counted in a window.
    pub fn counted(&self, at: usize) -> Option<&[Counter]> {
        match self.windows.get(at) {
            Some(SideWindow::Counted(counters)) => Some(counters),
            _ => None,
        }
    }
}

/// A window that all processes share.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct WindowInput {
    /// Page at its start; `None` for the start of the processes.
    pub from: Option<String>,
    /// Page at its end.
    pub to: String,
    /// Length in seconds.
    pub seconds: Option<f64>,
    /// It begins with the processes, for want of a second scrape.
    pub since_start: bool,
    /// No request was under way at its start.
    pub settled_from: Option<bool>,
    /// No request was under way at its end.
    pub settled_to: Option<bool>,
    /// Most seconds between pages that are taken for pages of one moment.
    pub skew_seconds: Option<f64>,
    /// Why counts of the two sides cover different times, where they do.
    pub not_comparable: Option<String>,
    /// What limits it.
    pub notes: Vec<String>,
}

/// What another lane tells of retrieves: spans, log lines.
#[derive(Debug, Clone, PartialEq)]
pub struct Retrieved {
    /// Tokens retrieved, where it says so.
    pub tokens: Option<f64>,
    /// Seconds spent on them, where it says so.
    pub seconds: Option<f64>,
    /// How it is known.
    pub claim: Claim,
    /// Where.
    pub source: Source,
}

/// Loads that failed, as the engine's log tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Losses {
    /// Requests.
    pub requests: Option<f64>,
    /// Tokens.
    pub tokens: Option<f64>,
    /// How often the line stands there.
    pub lines: u64,
    /// The first line.
    pub source: Source,
}

/// Time to the first token of requests of a sort.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Ttft {
    /// Requests.
    pub requests: u64,
    /// Mean in seconds.
    pub mean: f64,
    /// Median in seconds.
    pub p50: Option<f64>,
}

/// What a log of requests says of the time to the first token.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestTimes {
    /// Requests in it.
    pub requests: u64,
    /// Those that report cached tokens.
    pub hit: Option<Ttft>,
    /// Those that report none.
    pub miss: Option<Ttft>,
    /// All of them.
    pub all: Option<Ttft>,
    /// By phase, label or engine, where the log names more than one.
    pub groups: Vec<(String, Ttft)>,
    /// Mean length of its prompts in tokens.
    pub prompt_tokens: Option<f64>,
    /// Where.
    pub source: Source,
}

/// What the user declared of costs.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Declared {
    /// `--gpu-hour-usd`.
    pub gpu_hour_usd: Option<f64>,
    /// `--gpus`.
    pub gpus: Option<f64>,
    /// `--useful-tasks`.
    pub useful_tasks: Option<f64>,
}

/// Everything that the bridge is given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct BridgeInput {
    /// Engines and LMCache processes.
    pub sides: Vec<Side>,
    /// Windows that they share, in order of time.
    pub windows: Vec<WindowInput>,
    /// An LMCache server's page was given that carries no LMCache series: what it counts is not
    /// known, and its silence proves nothing.
    pub silent_cache: Option<Source>,
    /// LMCache's event bus dropped events.
    pub dropped_events: Option<Source>,
    /// Retrieves that logs or spans tell of.
    pub retrieved: Vec<Retrieved>,
    /// Loads that failed.
    pub losses: Vec<Losses>,
    /// Most tokens that could have hit, by the lookup-hash log: tokens of chunks that repeat an
    /// earlier prefix.
    pub repeatable_tokens: Option<Stated<f64>>,
    /// SGLang's own hierarchical cache is on.
    pub hicache: Option<Source>,
    /// SGLang runs with `--enable-lmcache`, or its cache class is LMCache's.
    pub sglang_lmcache: Option<Source>,
    /// Logs of requests.
    pub request_times: Vec<RequestTimes>,
    /// Logs of requests of the time before what is looked at: before disaggregation, before the
    /// cache.
    pub before: Vec<RequestTimes>,
    /// What the user declared.
    pub declared: Declared,
}

impl BridgeInput {
    /// The engines.
    pub fn engines(&self) -> impl Iterator<Item = &Side> {
        self.sides.iter().filter(|s| s.part.is_engine())
    }

    /// The LMCache processes.
    pub fn caches(&self) -> impl Iterator<Item = &Side> {
        self.sides.iter().filter(|s| !s.part.is_engine())
    }
}
