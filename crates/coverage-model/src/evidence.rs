//! What the model is given: targets that were observed and facts from any lane.
//!
//! Evidence is a *set*: a new lane (logs, HTTP, launch flags) adds [`Fact`]s and needs no new
//! argument anywhere.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::{Catalog, Component, Inference, Product, Release};

use crate::vocabulary::{Claim, Mode, Status};

/// Where a statement was read.
#[derive(Debug, Clone, PartialEq, PartialOrd, serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Source {
    /// Artifact: its path as the user named it, or a flag.
    pub artifact: String,
    /// Line in the artifact, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Series, line or flag that was read.
    pub what: String,
    /// Value as it stands there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl Source {
    /// A source without a line.
    pub fn new(artifact: impl Into<String>, what: impl Into<String>) -> Self {
        Self { artifact: artifact.into(), line: None, what: what.into(), value: None }
    }
}

/// One signal as it was seen on the pages of one target.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    /// Names under which it was seen: sample name of a counter or gauge, base name of a
    /// histogram, as written on the page.
    pub names: BTreeSet<String>,
    /// Most label sets that one page showed.
    pub series: u64,
    /// Most label sets with a value other than zero that one page showed.
    pub nonzero: u64,
    /// Values of the labels that the model asks about (`cache_type`, `cache_source`).
    pub labels: BTreeMap<&'static str, BTreeSet<String>>,
    /// The last sighting, a nonzero one where there is one.
    pub source: Option<Source>,
}

/// One process whose pages were read, over all of its scrapes.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// Role: `lmcache`, `vllm-a`, ...
    pub role: String,
    /// Artifacts (paths) of its pages.
    pub artifacts: Vec<String>,
    /// Signals by id.
    pub signals: BTreeMap<&'static str, Observation>,
    /// Names that begin with a known product's prefix and that no examined release has.
    pub unknown_names: BTreeSet<String>,
    /// Releases inferred from this target's names, by product.
    pub releases: BTreeMap<Product, Inference>,
    /// The page has Python or process series.
    pub process_series: bool,
    /// What shows that series were taken off the pages on their way here (a filter, a cut, an
    /// excerpt), if anything does.
    pub taken_off: Option<String>,
}

impl Target {
    /// Components whose signals were seen.
    pub fn components(&self, catalog: &lmcache_prom::contract::Catalog) -> BTreeSet<Component> {
        self.signals
            .keys()
            .filter_map(|id| catalog.signal(id).last())
            .map(|s| s.component)
            .collect()
    }

    /// Whether this is a coordinator's page: it carries the event bus' series of a server and its
    /// own directory's, and nothing else of a server, which it is not.
    pub fn is_coordinator(&self) -> bool {
        self.signals.keys().any(|s| s.starts_with("coordinator."))
    }

    /// Whether the page names no product at all: process series, or nothing.
    pub fn is_silent(&self) -> bool {
        self.signals.is_empty() && self.unknown_names.is_empty()
    }

    /// Whether a signal was seen.
    pub fn has(&self, signal: &str) -> bool {
        self.signals.contains_key(signal)
    }

    /// Whether a signal was seen with a value other than zero.
    pub fn nonzero(&self, signal: &str) -> bool {
        self.signals.get(signal).is_some_and(|o| o.nonzero > 0)
    }
}

/// A statement of any lane about the deployment.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// What is stated.
    pub kind: FactKind,
    /// How it is known.
    pub claim: Claim,
    /// Where it was read.
    pub source: Source,
}

/// What a [`Fact`] states.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FactKind {
    /// A feature of the contract tables (`l2`, `p2p`, `blend`, ...) is configured.
    Feature(&'static str),
    /// LMCache's metrics (or all of its observability) are switched off.
    MetricsDisabled,
    /// LMCache pushes its metrics by OTLP; its page is empty by design.
    OtlpOnly,
    /// A release that the user or an artifact declares.
    Release(Product, Release),
    /// Releases that an artifact's shape admits: from the first to the second, `None` for "or
    /// newer".
    ReleaseRange(Product, Release, Option<Release>),
    /// A mode that an artifact of another lane shows.
    Mode(Mode),
    /// An engine of this product runs.
    Engine(Product),
    /// A multiprocess LMCache server runs.
    MpServer,
    /// An engine is configured with this KV connector class.
    Connector(String),
    /// A connector class is loaded from this module instead of the engine's registry.
    ConnectorModule(String, String),
    /// The MP connector's class is the engine's own copy (`true`) or the lmcache package's.
    BuiltinConnector(bool),
    /// LMCache inside an engine blends.
    EmbeddedBlend,
    /// An LMCache controller runs.
    Controller,
    /// An LMCache coordinator runs.
    Coordinator,
    /// TensorRT-LLM runs.
    TensorrtLlm,
    /// An engine started without any KV connector.
    NoConnector,
    /// An engine failed to start.
    StartFailed,
    /// An engine started and serves.
    Started,
    /// SGLang runs with `--enable-lmcache`.
    SglangLmcache,
    /// SGLang runs with its own hierarchical cache.
    Hicache,
    /// An engine is the `prefill` or the `decode` side of disaggregated prefill.
    PdRole(&'static str),
    /// A capture lane of this kind was supplied; the number counts its artifacts.
    Lane(&'static str, usize),
}

/// What the artifacts of a lane say of the lane's own family.
#[derive(Debug, Clone, PartialEq)]
pub struct LaneReading {
    /// Group of rows.
    pub surface: &'static str,
    /// Name within the group.
    pub family: &'static str,
    /// What is known of it.
    pub status: Status,
    /// What was counted: records, spans, lines.
    pub seen: Vec<String>,
    /// Kinds of things seen.
    pub series: u64,
    /// Kinds of things seen more than zero times.
    pub nonzero: u64,
    /// Why.
    pub because: String,
}

/// Everything that is known, from all lanes.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// Observed processes.
    pub targets: Vec<Target>,
    /// Facts from any lane.
    pub facts: Vec<Fact>,
    /// What each lane says of its own families.
    pub lanes: Vec<LaneReading>,
}

impl Evidence {
    /// The newest release of a product that facts name, where the contract ends before it: what
    /// that release renamed or dropped is not known.
    pub fn beyond(&self, catalog: &Catalog, product: Product) -> Option<(Release, &Source)> {
        let newest = catalog.releases(product).last().copied()?;
        self.facts
            .iter()
            .filter_map(|fact| match fact.kind {
                FactKind::Release(of, release) | FactKind::ReleaseRange(of, release, _)
                    if of == product && release > newest =>
                {
                    Some((release, &fact.source))
                }
                _ => None,
            })
            .max_by_key(|(release, _)| *release)
    }

    /// Several launches name different connectors and none of them came up: what they name was
    /// meant, and nothing says what runs.
    pub(crate) fn only_intents(&self) -> bool {
        let modes: BTreeSet<&str> = self
            .facts
            .iter()
            .filter_map(|f| match &f.kind {
                FactKind::Connector(name) => crate::architecture::connector_mode(name),
                _ => None,
            })
            .map(Mode::name)
            .collect();
        modes.len() > 1
            && self.fact(&FactKind::StartFailed).is_some()
            && self.fact(&FactKind::Started).is_none()
    }

    /// The first fact of a kind.
    pub fn fact(&self, kind: &FactKind) -> Option<&Fact> {
        self.facts.iter().find(|f| f.kind == *kind)
    }

    /// Whether any target shows a signal.
    pub fn has(&self, signal: &str) -> bool {
        self.targets.iter().any(|t| t.has(signal))
    }

    /// Whether any target shows a signal with a value other than zero.
    pub fn nonzero(&self, signal: &str) -> bool {
        self.targets.iter().any(|t| t.nonzero(signal))
    }
}
