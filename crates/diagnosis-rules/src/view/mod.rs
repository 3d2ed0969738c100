//! The evidence as rules see it: plain data, by signal, event and setting.

mod events;
mod settings;
mod sizing;
mod target;

use std::collections::BTreeMap;

use coverage_model::bridge::Bridge;
use coverage_model::{Coverage, Evidence, FamilyRow, Mode, Source};
use lmcache_http::{HttpEvidence, Status};
use lmcache_launch::Process;
use lmcache_logs::LogEvidence;
use lmcache_logs::lookup_hash::{LookupGroup, LookupHashEvidence};
use lmcache_otel::SpanEvidence;
use lmcache_prom::contract::{Catalog, Product, Release};
use lmcache_trace::{ReplayEvidence, TraceEvidence};

pub use events::Event;
pub use settings::{Printed, Stated, Teller};
pub use sizing::Sizing;
pub use target::{Growth, Reading, Sample, Target};

/// Evidence of one artifact (or, for HTTP, of one server).
#[derive(Debug, Clone, Copy)]
pub struct Lane<'a, T> {
    /// Path of the artifact.
    pub path: &'a str,
    /// What was read.
    pub evidence: &'a T,
}

/// What the user declared beside the evidence.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Declared {
    /// Metrics of the MP server are declared to be switched off.
    pub metrics_off: bool,
    /// Mode that the user expects.
    pub expect_mode: Option<Mode>,
    /// Endpoints that were named and did not answer, each with why.
    pub unreachable: Vec<(String, String)>,
    /// The MP server is declared to export spans.
    pub tracing: bool,
    /// The MP server is declared to record a trace.
    pub trace_recording: bool,
}

/// Everything that is known of a deployment.
#[derive(Debug)]
pub struct View<'a> {
    /// Names of series by signal and release.
    pub catalog: &'a Catalog,
    /// Processes whose pages were read.
    pub targets: Vec<Target<'a>>,
    /// Logs.
    pub logs: Vec<Lane<'a, LogEvidence>>,
    /// What processes print of their own configuration.
    pub printed: Printed,
    /// Processes as launched, configuration, host, cluster, scraper, requests.
    pub launch: Option<&'a lmcache_launch::Evidence>,
    /// Answers of HTTP APIs, a row a server.
    pub http: Vec<Lane<'a, HttpEvidence>>,
    /// Cache salts of metrics pages by the placeholder under which other lanes name them; filled
    /// where an answer lists quotas.
    pub salts: BTreeMap<String, String>,
    /// Spans.
    pub spans: Vec<Lane<'a, SpanEvidence>>,
    /// Traces.
    pub traces: Vec<Lane<'a, TraceEvidence>>,
    /// Outputs of LMCache's trace tools.
    pub replay: Option<&'a ReplayEvidence>,
    /// Lookup hashes.
    pub hashes: Option<&'a LookupHashEvidence>,
    /// What lookups say of the cache's size, where lookups were recorded.
    pub sizing: Option<&'a Sizing>,
    /// Mode, architecture, families.
    pub coverage: &'a Coverage,
    /// What engines and caches say of the same tokens.
    pub bridge: &'a Bridge,
    /// Facts of all lanes.
    pub facts: &'a Evidence,
    /// Releases by product: oldest and newest that explain what was seen.
    pub releases: BTreeMap<Product, (Option<Release>, Option<Release>)>,
    /// Facts that no single release explains, by product.
    pub contradictions: Vec<(&'static str, String)>,
    /// What the user declared.
    pub declared: Declared,
}

impl<'a> View<'a> {
    /// Targets that show a signal.
    pub fn with(&self, signal: &str) -> impl Iterator<Item = &Target<'a>> {
        self.targets.iter().filter(move |t| t.has(signal))
    }

    /// How much a signal grew over all targets; `None` where none shows it.
    pub fn growth(&self, signal: &str) -> Option<Growth> {
        self.targets.iter().filter_map(|t| t.growth(signal)).reduce(|mut a, b| {
            a.value += b.value;
            a.window &= b.window;
            a
        })
    }

    /// The last value of a signal, summed over all targets.
    pub fn last(&self, signal: &str) -> Option<Reading> {
        self.targets.iter().filter_map(|t| t.last(signal)).reduce(|mut a, b| {
            a.value += b.value;
            a
        })
    }

    /// Serving engines as launched.
    pub fn engines(&self) -> impl Iterator<Item = &'a Process> {
        self.launch.into_iter().flat_map(|l| l.launch.engines())
    }

    /// Processes as launched.
    pub fn processes(&self) -> impl Iterator<Item = &'a Process> {
        self.launch.into_iter().flat_map(|l| l.launch.processes.iter())
    }

    /// Statuses of LMCache servers, each with its path.
    pub fn statuses(&self) -> impl Iterator<Item = (&'a str, &'a Status)> {
        self.http.iter().filter_map(|row| {
            let status = row.evidence.status.as_ref()?;
            let path = row
                .evidence
                .endpoints
                .get("status")
                .map_or(row.path, |endpoint| endpoint.source.as_str());
            Some((path, status))
        })
    }

    /// Whether the release of a product may lie in this range; true where it is not known.
    pub fn release_may(
        &self,
        product: Product,
        from: Option<Release>,
        to: Option<Release>,
    ) -> bool {
        let Some((min, max)) = self.releases.get(&product) else { return true };
        let below = max.zip(from).is_some_and(|(max, from)| max < from);
        let above = min.zip(to).is_some_and(|(min, to)| min > to);
        !below && !above
    }

    /// The row of a family, where it is judged.
    pub fn family(&self, surface: &str, family: &str) -> Option<&'a FamilyRow> {
        self.coverage.families.iter().find(|f| f.surface == surface && f.family == family)
    }

    /// Of the tokens that the lookup hashes list, those that repeat an earlier prefix: the most
    /// that could have hit. `None` without them, or where they are not whole.
    pub fn hash_ceiling(&self) -> Option<(f64, f64)> {
        let hashes =
            self.hashes.filter(|h| h.hashes_not_tracked == 0 && h.rows_not_grouped == 0)?;
        let sum = |of: fn(&LookupGroup) -> u64| hashes.groups.iter().map(of).sum::<u64>() as f64;
        let tokens = sum(|g| g.chunks.saturating_mul(g.chunk_size));
        let repeated = sum(|g| g.repeated_prefix_chunks.saturating_mul(g.chunk_size));
        (tokens > 0.0).then_some((repeated, tokens))
    }

    /// Whether something was lost on the way here: with that an absence proves nothing.
    pub fn is_partial(&self) -> bool {
        self.drops_events() || !self.coverage.excerpts.is_empty()
    }

    /// Whether the event bus dropped events: what it feeds is wrong then, not only incomplete.
    pub fn drops_events(&self) -> bool {
        self.facts.nonzero("mp.event_bus.dropped_events") || self.count(&["mp.bus.drops"]) > 0
    }
}

/// A source that names a value.
pub(crate) fn source(
    artifact: &str,
    line: Option<u64>,
    what: impl Into<String>,
    value: impl Into<String>,
) -> Source {
    Source { line, value: Some(value.into()), ..Source::new(artifact, what) }
}

/// A place of a launched process or a host's fact as a source.
pub(crate) fn placed(
    place: &lmcache_launch::Place,
    what: impl Into<String>,
    value: Option<String>,
) -> Source {
    let mut out = Source::new(place.artifact.as_deref().unwrap_or("launch"), what);
    out.line = place.line;
    out.value = value;
    out
}
