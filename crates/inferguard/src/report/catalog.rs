//! `inferguard catalog`: the contract itself, and what a page does with it.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::{Catalog, Component, Part, Product, Release, Spelling, When};
use serde::Serialize;

use super::parts::{Options, ReleaseRow, Tool, refresh};
use crate::packet::{Artifact, Packet};

/// One spelling of a signal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CatalogEntry {
    /// Signal id.
    pub signal: String,
    /// Name on a page.
    pub name: String,
    /// Name in an OTLP feed; empty for none.
    pub otel: String,
    /// Declared type.
    pub kind: String,
    /// Unit.
    pub unit: String,
    /// First release with it.
    pub from: String,
    /// Last release with it; `null`: still there in the newest examined one.
    pub to: Option<String>,
    /// When it appears, in words.
    pub when: String,
    /// Features without which it never appears.
    pub needs: Vec<String>,
    /// Labels with their releases.
    pub labels: Vec<String>,
    /// Families that it belongs to.
    pub families: Vec<String>,
    /// What to read instead, once it is gone.
    pub nearest: Vec<String>,
}

fn entry(catalog: &Catalog, s: &Spelling) -> CatalogEntry {
    CatalogEntry {
        signal: s.signal.into(),
        name: s.name.into(),
        otel: s.otel.into(),
        kind: s.kind.name().into(),
        unit: s.unit.into(),
        from: s.from.to_string(),
        to: s.to.map(|r| r.to_string()),
        when: when_words(catalog, s.when),
        needs: s.needs.iter().map(|n| (*n).to_owned()).collect(),
        labels: s
            .labels
            .iter()
            .map(|l| {
                let span = match (l.from, l.to) {
                    (Some(a), Some(b)) => format!(" ({a} to {b})"),
                    (Some(a), None) => format!(" (since {a})"),
                    (None, Some(b)) => format!(" (to {b})"),
                    (None, None) => String::new(),
                };
                let optional = if l.optional { ", not on every series" } else { "" };
                format!("{}{span}{optional}", l.name)
            })
            .collect(),
        families: coverage_model::FAMILIES
            .iter()
            .filter(|f| f.contains(s.signal))
            .map(|f| format!("{}/{}", f.surface, f.name))
            .collect(),
        nearest: s.nearest.iter().map(|n| (*n).to_owned()).collect(),
    }
}

fn when_words(catalog: &Catalog, when: When) -> String {
    match when {
        When::With(cohort) => format!("registered together with the other series of {cohort}"),
        When::After(event) => {
            format!("once {}", catalog.event(event).map_or(event, |r| r.meaning))
        }
        When::Failure(_) => "with the first failure only".into(),
        When::Sampled(_) => "sampled: a fraction of the events (1 % by default)".into(),
        When::InFlight => "only while something is in flight".into(),
        _ => "when first used".into(),
    }
}

/// Report of `catalog list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CatalogList {
    /// `inferguard/catalog-list/v1`.
    pub schema: String,
    /// Product.
    pub product: String,
    /// Release that was asked for; `null` for all.
    pub release: Option<String>,
    /// Examined releases of the product.
    pub releases: Vec<String>,
    /// Entries in order of their signals.
    pub entries: Vec<CatalogEntry>,
}

/// Lists the contract of a product, of one release or of all.
pub fn list(catalog: &Catalog, product: Product, release: Option<Release>) -> CatalogList {
    let effective = release.map(|r| effective(catalog, product, r));
    CatalogList {
        schema: "inferguard/catalog-list/v1".into(),
        product: product.name().into(),
        release: release.map(|r| r.to_string()),
        releases: catalog.releases(product).iter().map(ToString::to_string).collect(),
        entries: catalog
            .signals()
            .flat_map(|(_, list)| list.iter())
            .filter(|s| s.product() == product)
            .filter(|s| effective.is_none_or(|r| s.in_release(r)))
            .map(|s| entry(catalog, s))
            .collect(),
    }
}

/// The examined release whose contract is shown for a release: for one from before all, the first.
fn effective(catalog: &Catalog, product: Product, release: Release) -> Release {
    let first = || catalog.releases(product).first().copied();
    catalog.examined(product, release).or_else(first).unwrap_or(release)
}

/// Report of `catalog show`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CatalogShow {
    /// `inferguard/catalog-show/v1`.
    pub schema: String,
    /// What was asked for.
    pub asked: String,
    /// Signal id.
    pub signal: String,
    /// Its spellings, oldest first.
    pub history: Vec<CatalogEntry>,
}

/// The history of a signal, by its id or by any of its names; on failure the nearest ids.
pub fn show(catalog: &Catalog, asked: &str) -> Result<CatalogShow, Vec<String>> {
    let signal = if catalog.signal(asked).is_empty() {
        catalog.name(asked).map(|n| n.signal())
    } else {
        catalog.signal(asked).first().map(|s| s.signal)
    };
    let Some(signal) = signal.or_else(|| {
        // A family's base name, as HELP and TYPE lines have it.
        catalog.spellings().find(|s| s.name.strip_suffix("_total") == Some(asked)).map(|s| s.signal)
    }) else {
        return Err(nearest(catalog, asked));
    };
    Ok(CatalogShow {
        schema: "inferguard/catalog-show/v1".into(),
        asked: asked.into(),
        signal: signal.into(),
        history: catalog.signal(signal).iter().map(|s| entry(catalog, s)).collect(),
    })
}

fn nearest(catalog: &Catalog, asked: &str) -> Vec<String> {
    let wanted: Vec<&str> = asked
        .split(['_', '.', ':'])
        .filter(|w| w.len() > 1 && *w != "lmcache" && *w != "total")
        .collect();
    let mut scored: Vec<(usize, &str)> = catalog
        .spellings()
        .map(|s| {
            (
                wanted.iter().filter(|w| s.name.contains(**w) || s.signal.contains(**w)).count(),
                s.name,
            )
        })
        .filter(|(n, _)| *n > 0)
        .collect();
    scored.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(b.1)));
    let best = scored.first().map_or(0, |s| s.0);
    let mut names: Vec<String> =
        scored.into_iter().filter(|(n, _)| *n == best).map(|(_, name)| name.to_owned()).collect();
    names.dedup();
    names.truncate(5);
    names
}

/// Report of `catalog diff`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CatalogDiff {
    /// `inferguard/catalog-diff/v1`.
    pub schema: String,
    /// Product.
    pub product: String,
    /// From this release.
    pub from: String,
    /// To this release.
    pub to: String,
    /// Signals with another name on the page: old name, new name.
    pub renamed: Vec<(String, String)>,
    /// Signals with another name in an OTLP feed only: old name, new name.
    pub renamed_in_otlp_only: Vec<(String, String)>,
    /// Names that came.
    pub added: Vec<String>,
    /// Names that went, with what to read instead.
    pub removed: Vec<(String, Vec<String>)>,
    /// Names whose labels changed: name, labels that came, labels that went.
    pub labels: Vec<(String, Vec<String>, Vec<String>)>,
}

/// What changes between two releases.
pub fn diff(catalog: &Catalog, product: Product, from: Release, to: Release) -> CatalogDiff {
    let (a, b) = (effective(catalog, product, from), effective(catalog, product, to));
    let mut out = CatalogDiff {
        schema: "inferguard/catalog-diff/v1".into(),
        product: product.name().into(),
        from: from.to_string(),
        to: to.to_string(),
        renamed: vec![],
        renamed_in_otlp_only: vec![],
        added: vec![],
        removed: vec![],
        labels: vec![],
    };
    for (_, list) in catalog.signals() {
        let at = |r: Release| list.iter().find(|s| s.product() == product && s.in_release(r));
        match (at(a), at(b)) {
            (Some(x), Some(y)) if x.name != y.name => {
                out.renamed.push((x.name.into(), y.name.into()));
            }
            (Some(x), Some(y)) => {
                if x.otel != y.otel {
                    out.renamed_in_otlp_only.push((x.otel.into(), y.otel.into()));
                }
                let labels = |s: &Spelling, r: Release| -> BTreeSet<&'static str> {
                    s.labels
                        .iter()
                        .filter(|l| l.from.is_none_or(|f| f <= r) && l.to.is_none_or(|t| r <= t))
                        .map(|l| l.name)
                        .collect()
                };
                let (old, new) = (labels(x, a), labels(y, b));
                let pick = |p: &BTreeSet<&str>, q: &BTreeSet<&str>| -> Vec<String> {
                    p.difference(q).map(|l| (*l).to_owned()).collect()
                };
                let (came, went) = (pick(&new, &old), pick(&old, &new));
                if !came.is_empty() || !went.is_empty() {
                    out.labels.push((y.name.into(), came, went));
                }
            }
            (None, Some(y)) => out.added.push(y.name.into()),
            (Some(x), None) => {
                let instead = x
                    .nearest
                    .iter()
                    .flat_map(|n| catalog.signal(n).iter().filter(|s| s.in_release(b)))
                    .map(|s| s.name.to_owned())
                    .collect();
                out.removed.push((x.name.into(), instead));
            }
            (None, None) => {}
        }
    }
    out
}

/// One name of a page, held against the contract.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DriftRow {
    /// Name on the page, or that should be on it.
    pub name: String,
    /// What is to be said.
    pub note: String,
}

/// Report of `catalog drift`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DriftReport {
    /// `inferguard/catalog-drift/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// What was read.
    pub inputs: Vec<Artifact>,
    /// Releases, one row a product.
    pub releases: BTreeMap<String, ReleaseRow>,
    /// Names of known products that no examined release has.
    pub unknown: Vec<DriftRow>,
    /// Names on the page that the newest examined release spells otherwise.
    pub renamed: Vec<DriftRow>,
    /// Names on the page that the newest examined release no longer has.
    pub gone: Vec<DriftRow>,
    /// Labels on the page that the contract does not know for the name.
    pub unknown_labels: Vec<DriftRow>,
    /// Number of names that the contract explains.
    pub explained: usize,
    /// Products of which something is not known, with how the contract learns it.
    pub refresh: BTreeMap<String, DriftRow>,
}

/// Labels that a scraper adds to every series.
const SCRAPER_LABELS: &[&str] = &[
    "instance",
    "job",
    "le",
    "quantile",
    "pod",
    "namespace",
    "container",
    "node",
    "service",
    "endpoint",
];

/// Says of which product names are unknown, and what to do: for a release that is known to be
/// newer, and for names that none of the examined ones has.
fn refreshes(catalog: &Catalog, out: &mut DriftReport) {
    for product in [Product::Lmcache, Product::Vllm, Product::Sglang] {
        let Some(newest) = catalog.releases(product).last() else { continue };
        let unknown = out.unknown.iter().filter(|row| product_of(&row.name) == Some(product));
        let unknown = unknown.count();
        let row = out.releases.get(product.name());
        let newer = row.and_then(|r| r.newer_than_catalog.as_ref());
        let (name, note) = match newer {
            Some(newer) => (
                newer.release.clone(),
                format!(
                    "newer than {newest}, the newest release examined; names on these pages that \
                     are not known: {unknown}; {}",
                    newer.refresh
                ),
            ),
            None if unknown > 0 => (
                format!("after {newest}?"),
                format!(
                    "names on these pages that are in no examined release, of which the newest \
                     is {newest}: {unknown}; if a newer release runs, {}",
                    refresh(product, None)
                ),
            ),
            None => continue,
        };
        out.refresh.insert(product.name().into(), DriftRow { name, note });
    }
}

/// The product whose names begin like this one.
fn product_of(name: &str) -> Option<Product> {
    [
        ("vllm:lmcache", Product::Lmcache),
        ("lmcache", Product::Lmcache),
        ("vllm", Product::Vllm),
        ("sglang", Product::Sglang),
    ]
    .into_iter()
    .find(|(head, _)| name.starts_with(head))
    .map(|(_, product)| product)
}

/// What on these pages is unknown, renamed or gone.
pub fn drift(catalog: &Catalog, mut packet: Packet, options: &Options) -> DriftReport {
    let mut names: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for page in &packet.pages {
        for name in page.scrape.sample_names() {
            let labels = names.entry(name.to_owned()).or_default();
            for series in page.scrape.series(name) {
                for (label, _) in series.labels() {
                    if !labels.contains(label) {
                        labels.insert(label.to_owned());
                    }
                }
            }
        }
    }
    let judged = super::check::judge(catalog, &mut packet, options);
    let mut out = DriftReport {
        schema: "inferguard/catalog-drift/v1".into(),
        tool: Tool::this(),
        inputs: packet.artifacts,
        releases: BTreeMap::new(),
        unknown: vec![],
        renamed: vec![],
        gone: vec![],
        unknown_labels: vec![],
        explained: 0,
        refresh: BTreeMap::new(),
    };
    for (product, row) in [
        ("lmcache", judged.releases.lmcache),
        ("vllm", judged.releases.vllm),
        ("sglang", judged.releases.sglang),
    ] {
        if let Some(row) = row {
            out.releases.insert(product.into(), row);
        }
    }
    let unknown: BTreeSet<&String> =
        judged.targets.iter().flat_map(|t| t.unknown_names.iter()).collect();
    out.unknown = unknown
        .into_iter()
        .map(|n| {
            let near = nearest(catalog, n);
            let note = if near.is_empty() {
                "no examined release has it".to_owned()
            } else {
                format!("no examined release has it; nearest: {}", near.join(", "))
            };
            DriftRow { name: n.clone(), note }
        })
        .collect();
    refreshes(catalog, &mut out);
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for (name, labels) in &names {
        let Some(known) = catalog.name(name) else { continue };
        let Some(spelling) = known.newest() else { continue };
        out.explained += 1;
        let newest = catalog.releases(spelling.product()).last().copied();
        if let Some(newest) = newest
            && known.in_release(newest).is_none()
            && told.insert(spelling.name)
        {
            let current = catalog.signal(spelling.signal).iter().find(|s| s.in_release(newest));
            let to = spelling.to.map_or_else(String::new, |t| format!("last in {t}; "));
            if let Some(s) = current {
                out.renamed.push(DriftRow {
                    name: spelling.name.into(),
                    note: format!("{to}{newest} spells it {}", s.name),
                });
            } else {
                let instead: Vec<&str> = spelling
                    .nearest
                    .iter()
                    .flat_map(|n| catalog.signal(n).iter().filter(|s| s.in_release(newest)))
                    .map(|s| s.name)
                    .collect();
                let hint = if instead.is_empty() {
                    "nothing replaces it".into()
                } else {
                    format!("read {}", instead.join(", "))
                };
                out.gone.push(DriftRow { name: spelling.name.into(), note: format!("{to}{hint}") });
            }
        }
        if matches!(known.part, Part::Created) || spelling.component == Component::Engine {
            continue;
        }
        for label in labels {
            let in_contract =
                known.spellings.iter().any(|s| s.labels.iter().any(|l| l.name == label));
            if !in_contract && !SCRAPER_LABELS.contains(&label.as_str()) {
                out.unknown_labels.push(DriftRow {
                    name: name.clone(),
                    note: format!("label {label} is not in the contract"),
                });
            }
        }
    }
    out
}
