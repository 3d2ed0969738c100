//! The vocabulary of the contract tables.

use super::release::Release;

/// A product whose series the contract knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Product {
    /// LMCache: server, CacheBlend, coordinator, embedded engine, controller.
    Lmcache,
    /// The vLLM engine.
    Vllm,
    /// The SGLang engine.
    Sglang,
}

impl Product {
    /// Lower-case name as used in reports and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lmcache => "lmcache",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
        }
    }
}

/// The part of a product that exposes a spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Component {
    /// LMCache's multiprocess (MP) server.
    Mp,
    /// CacheBlend inside the MP server.
    Blend,
    /// LMCache's coordinator (P2P directory).
    Coordinator,
    /// LMCache inside the serving process.
    Embedded,
    /// The `lmcache_controller` process of embedded deployments.
    Controller,
    /// LMCache's own connector, exposed on the engine's page.
    Connector,
    /// The engine itself.
    Engine,
}

/// Prometheus type of a series as the product declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SeriesType {
    /// Only grows, until its process restarts.
    Counter,
    /// May go either way.
    Gauge,
    /// `_bucket`, `_sum`, `_count`.
    Histogram,
    /// Quantiles, `_sum`, `_count`.
    Summary,
}

impl SeriesType {
    /// The word of a `# TYPE` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
        }
    }
}

/// When a release exposes a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum When {
    /// Registered together with the other members of the cohort: if one member is on a page,
    /// all of them are.
    With(&'static str),
    /// Appears with the first such event and stays.
    After(&'static str),
    /// Appears only when something fails; its absence is good news.
    Failure(&'static str),
    /// Sees a sampled fraction of the events (1 % by default), so that its absence proves nothing.
    Sampled(&'static str),
    /// A point only while something is in flight at scrape time.
    InFlight,
    /// Appears when first used; no other series proves that it should be there.
    FirstUse,
}

/// A label that a spelling carries, in which releases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LabelRule {
    /// Label name.
    pub name: &'static str,
    /// True when some series of the family may lack it.
    pub optional: bool,
    /// First release with it, where later than the spelling itself.
    pub from: Option<Release>,
    /// Last release with it, where earlier than the spelling's.
    pub to: Option<Release>,
}

/// One way in which some releases spell a signal: one line of the contract tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spelling {
    /// Stable signal id, such as `mp.l1.evictions`.
    pub signal: &'static str,
    /// Sample name of a counter or gauge, base name of a histogram or summary.
    pub name: &'static str,
    /// Name in an OTLP feed, empty where there is none.
    pub otel: &'static str,
    /// Declared type.
    pub kind: SeriesType,
    /// Unit as the instrument declares it (`tokens`, `chunks`, `s`, `GB/s`, ...), may be empty.
    pub unit: &'static str,
    /// First release with this spelling (among those examined).
    pub from: Release,
    /// Last release with it; `None` when the newest examined release still has it.
    pub to: Option<Release>,
    /// When it is exposed.
    pub when: When,
    /// Features without which it never appears (`l2`, `blend`, `device_path`, ...).
    pub needs: &'static [&'static str],
    /// Labels.
    pub labels: &'static [LabelRule],
    /// Signals to read instead, once this one is gone.
    pub nearest: &'static [&'static str],
    /// Who exposes it.
    pub component: Component,
}

impl Spelling {
    /// Whether `release` has this spelling.
    pub fn in_release(&self, release: Release) -> bool {
        self.from <= release && self.to.is_none_or(|to| release <= to)
    }

    /// Product that exposes it.
    pub fn product(&self) -> Product {
        match self.component {
            Component::Engine if self.signal.starts_with("vllm.") => Product::Vllm,
            Component::Engine => Product::Sglang,
            _ => Product::Lmcache,
        }
    }
}

/// What one event proves about others: a line of `contract/events.csv`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventRule {
    /// Event id.
    pub event: &'static str,
    /// Signals whose value above zero proves it.
    pub proved_by: &'static [&'static str],
    /// Events that must have happened before it.
    pub implies: &'static [&'static str],
    /// Features under which neither `proved_by` nor another event's `implies` proves it.
    pub unless: &'static [&'static str],
    /// What happened, in words.
    pub meaning: &'static str,
}
