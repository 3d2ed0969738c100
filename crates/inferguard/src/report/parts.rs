//! Parts that several reports share.

use std::collections::BTreeSet;

use coverage_model::{Claim, Evidence, Fact, FactKind, Label, Source};
use lmcache_prom::contract::{Catalog, Effect, Inference, Product, Release, narrow, narrow_range};
use serde::Serialize;

/// The tool that made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tool {
    /// `inferguard`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Tool {
    /// This build.
    pub(crate) fn this() -> Self {
        Self { name: "inferguard".into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// Times of the logs of requests in a packet, for [`Options::before`].
pub fn request_times(packet: &crate::packet::Packet) -> Vec<coverage_model::bridge::RequestTimes> {
    packet.lanes.launch.as_ref().map(crate::bridge::facts::request_times).unwrap_or_default()
}

/// Whether rules are asked.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Rules {
    /// All of them.
    #[default]
    Asked,
    /// None: the report is about something else.
    Skipped,
}

/// What the user declared beside the evidence.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Mode that the user expects; `None` for any.
    pub expect_mode: Option<coverage_model::Mode>,
    /// The user says that an L2 adapter is configured.
    pub l2_configured: bool,
    /// The user says that the engine has a KV connector or another external cache.
    pub external_cache_configured: bool,
    /// The user says that the engine offloads its cache to the CPU.
    pub cpu_offload_configured: bool,
    /// LMCache release that the user declares.
    pub release: Option<Release>,
    /// What the user knows of the MP server's launch.
    pub mp: MpDeclared,
    /// Thresholds that the user set.
    pub settings: diagnosis_rules::Settings,
    /// What the user declares of costs.
    pub costs: coverage_model::bridge::Declared,
    /// Logs of requests of the time before, as [`super::request_times`] reads them.
    pub before: Vec<coverage_model::bridge::RequestTimes>,
    /// What the user says of the chunks of lookups.
    pub chunks: crate::sizing::Chunks,
    /// Whether rules are asked.
    pub rules: Rules,
}

/// What the user declares of the MP server's launch; `null` is "not said", which is no default.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MpDeclared {
    /// `--disable-observability`.
    pub observability_disabled: Option<bool>,
    /// `--disable-metrics`.
    pub metrics_disabled: Option<bool>,
    /// `--disable-logging`.
    pub logging_disabled: Option<bool>,
    /// Spans are exported.
    pub tracing_enabled: Option<bool>,
    /// A trace is recorded.
    pub trace_recording_enabled: Option<bool>,
    /// `--prometheus-port`.
    pub prometheus_port: Option<u16>,
    /// `--event-bus-queue-size`; 0 is what was said, not "the default".
    pub event_bus_queue_size: Option<u64>,
    /// `--metrics-sample-rate`.
    pub metrics_sample_rate: Option<f64>,
    /// `--instance-id`.
    pub service_instance_id: Option<String>,
}

impl MpDeclared {
    /// Whether metrics are declared to be switched off, alone or with all of observability.
    pub fn metrics_off(&self) -> bool {
        self.metrics_disabled == Some(true) || self.observability_disabled == Some(true)
    }
}

impl Options {
    /// The options as facts, for the model.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        let mut add = |kind, flag: &str| {
            facts.push(Fact {
                kind,
                claim: Claim::Inferred,
                source: Source::new("command line", flag),
            });
        };
        if self.l2_configured {
            add(FactKind::Feature("l2"), "--l2-configured");
        }
        if self.external_cache_configured {
            add(FactKind::Feature("connector"), "--external-cache-configured");
        }
        if self.cpu_offload_configured {
            add(FactKind::Feature("cpu_offload"), "--cpu-offload-configured");
        }
        if self.mp.metrics_off() {
            add(FactKind::MetricsDisabled, "--mp-metrics-disabled or --mp-observability-disabled");
        }
        facts
    }
}

/// Architecture labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ArchitectureRow {
    /// The label that says most.
    pub headline: String,
    /// All labels, the headline first.
    pub labels: Vec<Label>,
}

/// A fact that decided a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DecidedBy {
    /// `at least 0.5.6`, `at most 0.4.7`, `declared`.
    pub effect: String,
    /// The fact.
    pub because: String,
}

/// The releases of one product that explain what was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReleaseRow {
    /// Oldest release that explains it.
    pub min: Option<String>,
    /// Newest release that explains it; `null` means "or newer".
    pub max: Option<String>,
    /// Release that the user declared.
    pub declared: Option<String>,
    /// The oldest end is that of the contract: an older release would look the same.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub or_older: bool,
    /// All examined releases within the range.
    pub candidates: Vec<String>,
    /// Facts that decided the ends.
    pub decided_by: Vec<DecidedBy>,
    /// Facts that no single release explains.
    pub contradictions: Vec<String>,
    /// Roles whose pages it was read from.
    pub roles: Vec<String>,
    /// The release that something names, where it is older than the oldest that the contract was
    /// read from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub older_than_catalog: Option<OlderThanCatalog>,
    /// The release is newer than the contract: which, and how to learn it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub newer_than_catalog: Option<NewerThanCatalog>,
}

/// A release from before the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OlderThanCatalog {
    /// The release.
    pub release: String,
    /// The oldest release that the contract was read from.
    pub oldest_examined: String,
    /// What names the release.
    pub because: String,
}

/// The one release that artifacts name, where they agree.
fn told(evidence: &Evidence, product: Product) -> Option<(Release, &Source)> {
    let mut named = evidence.facts.iter().filter_map(|fact| match fact.kind {
        // What is installed need not be what runs.
        FactKind::Release(of, release) if of == product && fact.claim != Claim::NotProven => {
            Some((release, &fact.source))
        }
        _ => None,
    });
    let first = named.next()?;
    named.all(|(release, _)| release == first.0).then_some(first)
}

/// A release that the contract does not reach.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NewerThanCatalog {
    /// The release.
    pub release: String,
    /// The newest release that the contract was read from.
    pub newest_examined: String,
    /// What names the release.
    pub because: String,
    /// How the contract learns it.
    pub refresh: String,
}

/// How the contract learns a release; without one, the newest that there is.
pub(crate) fn refresh(product: Product, release: Option<Release>) -> String {
    let release = release.map_or_else(|| "RELEASE".to_owned(), |r| r.to_string());
    format!(
        "take a newer inferguard, or import it in its sources: cargo xtask catalog import \
         --product {} --version {release} (docs/catalog-import.md)",
        product.name()
    )
}

fn newer(catalog: &Catalog, evidence: &Evidence, product: Product) -> Option<NewerThanCatalog> {
    let (release, source) = evidence.beyond(catalog, product)?;
    Some(NewerThanCatalog {
        release: release.to_string(),
        newest_examined: catalog.releases(product).last()?.to_string(),
        because: format!("{} ({})", source.what, source.artifact),
        refresh: refresh(product, Some(release)),
    })
}

/// Releases by product; `null` for a product that was not seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Releases {
    /// LMCache.
    pub lmcache: Option<ReleaseRow>,
    /// vLLM.
    pub vllm: Option<ReleaseRow>,
    /// SGLang.
    pub sglang: Option<ReleaseRow>,
}

/// Narrows every target's LMCache release by the declared one.
pub(crate) fn declare(catalog: &Catalog, evidence: &mut Evidence, declared: Option<Release>) {
    let Some(declared) = declared else { return };
    for target in &mut evidence.targets {
        if let Some(inference) = target.releases.get_mut(&Product::Lmcache) {
            narrow(catalog, inference, declared, "--release");
        }
    }
}

/// Narrows the release of the one process that shows a product's series by what artifacts of
/// other lanes admit. With several it is not known which of them an artifact is of: nothing is
/// narrowed then.
pub(crate) fn narrow_by_facts(catalog: &Catalog, evidence: &mut Evidence) {
    let Evidence { targets, facts, .. } = evidence;
    for product in [Product::Lmcache, Product::Vllm, Product::Sglang] {
        let mut found: Vec<&mut Inference> = targets
            .iter_mut()
            .filter(|t| !t.is_coordinator())
            .filter_map(|t| t.releases.get_mut(&product))
            .collect();
        let [process] = found.as_mut_slice() else { continue };
        for fact in facts.iter() {
            let (min, max) = match fact.kind {
                FactKind::Release(p, exact) if p == product => {
                    // One before all of them is not told apart by what was examined.
                    let Some(effective) = catalog.examined(product, exact) else { continue };
                    (effective, Some(effective))
                }
                FactKind::ReleaseRange(p, min, max) if p == product => (min, max),
                _ => continue,
            };
            // What is installed need not be what runs: it narrows where it fits, and
            // contradicts nothing.
            if fact.claim == Claim::NotProven && !process.admits(min, max) {
                continue;
            }
            let source = format!("{} ({})", fact.source.artifact, fact.source.what);
            narrow_range(process, min, max, &source);
        }
    }
}

/// One row a product: the union of what its targets admit.
pub(crate) fn releases(
    catalog: &Catalog,
    evidence: &Evidence,
    declared: Option<Release>,
) -> Releases {
    Releases {
        lmcache: release_row(catalog, evidence, Product::Lmcache, declared),
        vllm: release_row(catalog, evidence, Product::Vllm, None),
        sglang: release_row(catalog, evidence, Product::Sglang, None),
    }
}

fn release_row(
    catalog: &Catalog,
    evidence: &Evidence,
    product: Product,
    declared: Option<Release>,
) -> Option<ReleaseRow> {
    let found: Vec<(&str, &Inference)> = evidence
        .targets
        .iter()
        .filter_map(|t| t.releases.get(&product).map(|i| (t.role.as_str(), i)))
        .collect();
    if found.is_empty() {
        return without_page(catalog, evidence, product, declared);
    }
    // Processes of one product usually run one release: what all of them admit, or, where they
    // differ, what any of them admits.
    let sets: Vec<BTreeSet<Release>> =
        found.iter().map(|(_, i)| i.candidates.iter().copied().collect()).collect();
    let common =
        sets.iter().skip(1).fold(sets[0].clone(), |a, b| a.intersection(b).copied().collect());
    let mut contradictions: Vec<String> =
        found.iter().flat_map(|(_, i)| i.contradictions.iter().map(|c| c.what.clone())).collect();
    let candidates: BTreeSet<Release> = if common.is_empty() {
        let list: Vec<String> =
            found.iter().map(|(role, i)| format!("{role} {}", span(i))).collect();
        contradictions.push(format!("the processes run different releases: {}", list.join(", ")));
        sets.into_iter().flatten().collect()
    } else {
        common
    };
    let newest = catalog.releases(product).last().copied();
    let open = declared.is_none()
        && candidates.last().copied() == newest
        && found.iter().any(|(_, i)| i.open);
    let mut decided_by: Vec<DecidedBy> = Vec::new();
    for (_, inference) in &found {
        for decision in &inference.decided_by {
            let row = DecidedBy {
                effect: match decision.effect {
                    Effect::AtLeast(r) => format!("at least {r}"),
                    Effect::AtMost(r) => format!("at most {r}"),
                },
                because: decision.because.clone(),
            };
            let tight = match decision.effect {
                Effect::AtLeast(r) => Some(&r) == candidates.first(),
                Effect::AtMost(r) => Some(&r) == candidates.last(),
            };
            if tight && !decided_by.iter().any(|d| d.effect == row.effect) {
                decided_by.push(row);
            }
        }
    }
    if let Some(d) = declared {
        decided_by.push(DecidedBy { effect: "declared".into(), because: format!("--release {d}") });
    }
    let oldest = catalog.releases(product).first();
    let mut row = ReleaseRow {
        min: candidates.first().map(ToString::to_string),
        max: if open { None } else { candidates.last().map(ToString::to_string) },
        or_older: declared.is_none() && candidates.first() == oldest,
        declared: declared.map(|d| d.to_string()),
        candidates: candidates.iter().map(ToString::to_string).collect(),
        decided_by,
        contradictions,
        roles: found.iter().map(|(role, _)| (*role).to_owned()).collect(),
        older_than_catalog: None,
        newer_than_catalog: newer(catalog, evidence, product),
    };
    if let ([_], None, Some((release, source))) =
        (found.as_slice(), declared, told(evidence, product))
    {
        name(catalog, product, &mut row, &candidates, release, source);
    }
    Some(row)
}

/// Takes the release that something names for that of the one process, where its page fits: a page
/// tells examined releases apart, and none from before them.
fn name(
    catalog: &Catalog,
    product: Product,
    row: &mut ReleaseRow,
    candidates: &BTreeSet<Release>,
    release: Release,
    source: &Source,
) {
    let because = format!("{} ({})", source.what, source.artifact);
    match catalog.examined(product, release) {
        Some(effective) if !candidates.contains(&effective) => return,
        Some(_) if row.newer_than_catalog.is_some() => return,
        Some(_) => {}
        None if row.or_older => {
            let oldest = catalog.releases(product).first();
            row.older_than_catalog = oldest.map(|oldest| OlderThanCatalog {
                release: release.to_string(),
                oldest_examined: oldest.to_string(),
                because: because.clone(),
            });
        }
        None => return,
    }
    row.or_older = false;
    (row.min, row.max) = (Some(release.to_string()), Some(release.to_string()));
    let effect = release.to_string();
    if !row.decided_by.iter().any(|d| d.effect == effect) {
        row.decided_by.push(DecidedBy { effect, because });
    }
}

/// The release of a product of which no page was given: what was declared, or what artifacts
/// of other lanes admit together.
fn without_page(
    catalog: &Catalog,
    evidence: &Evidence,
    product: Product,
    declared: Option<Release>,
) -> Option<ReleaseRow> {
    let mut row = ReleaseRow {
        min: None,
        max: None,
        or_older: false,
        declared: declared.map(|d| d.to_string()),
        candidates: vec![],
        decided_by: vec![],
        contradictions: vec![],
        roles: vec![],
        older_than_catalog: None,
        newer_than_catalog: newer(catalog, evidence, product),
    };
    if let Some(d) = declared {
        (row.min, row.max) = (Some(d.to_string()), Some(d.to_string()));
        row.decided_by.push(DecidedBy { effect: "declared".into(), because: "--release".into() });
        return Some(row);
    }
    let (mut low, mut high): (Option<Release>, Option<Release>) = (None, None);
    let mut told = false;
    for fact in &evidence.facts {
        let (min, max) = match fact.kind {
            FactKind::Release(p, exact) if p == product => (exact, Some(exact)),
            FactKind::ReleaseRange(p, min, max) if p == product => (min, max),
            _ => continue,
        };
        let because = format!("{} ({})", fact.source.what, fact.source.artifact);
        if (low.is_some_and(|l| max.is_some_and(|m| m < l))) || high.is_some_and(|h| min > h) {
            row.contradictions.push(format!("{because} does not fit what the others say"));
            continue;
        }
        let effect = match max {
            Some(max) if max == min => min.to_string(),
            Some(max) => format!("{min} to {max}"),
            None => format!("at least {min}"),
        };
        if low.is_none_or(|l| min > l) || max.is_some_and(|m| high.is_none_or(|h| m < h)) {
            row.decided_by.push(DecidedBy { effect, because });
        }
        low = Some(low.map_or(min, |l| l.max(min)));
        high = match (high, max) {
            (Some(h), Some(m)) => Some(h.min(m)),
            (h, m) => h.or(m),
        };
        told = true;
    }
    row.min = low.map(|r| r.to_string());
    row.max = high.map(|r| r.to_string());
    row.candidates = catalog
        .releases(product)
        .iter()
        .filter(|r| low.is_some_and(|l| **r >= l) && high.is_none_or(|h| **r <= h))
        .map(ToString::to_string)
        .collect();
    told.then_some(row)
}

fn span(inference: &Inference) -> String {
    match (inference.min(), inference.max()) {
        (Some(a), Some(b)) if a == b => a.to_string(),
        (Some(a), Some(b)) => format!("{a} to {b}"),
        (Some(a), None) => format!("{a} or newer"),
        _ => "unknown".into(),
    }
}
