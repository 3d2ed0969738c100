//! Connectors that something names, and how current each is in its engine's release.

use coverage_model::{Evidence, FactKind, Source};
use lmcache_launch::{ConnectorMode, connector_class};
use lmcache_prom::contract::{Product, Release};
use serde::Serialize;

use crate::report::parts::Releases;

/// How current a connector is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Currency {
    /// The engine's release has it.
    Current,
    /// Loaded by a module path.
    Dynamic,
    /// The engine's own copy of LMCache's class.
    Vendored,
    /// An older engine had it.
    Stale,
    /// No examined release has this name.
    UnknownName,
    /// A class of the embedded mode before a multiprocess server, or the other way round.
    WrongMode,
    /// Not LMCache's.
    NotLmcache,
}

/// One connector.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ConnectorRow {
    /// Class as named.
    pub name: String,
    /// Engine that it is named for, where one is known.
    pub engine: Option<String>,
    /// How current it is.
    pub currency: Currency,
    /// `embedded`, `mp`, `multi`, `other`, `unknown`.
    pub mode: String,
    /// Module that it is loaded from, where one is named.
    pub module: Option<String>,
    /// Whether its class has series of its own (`build_prom_metrics`); `null` where the releases
    /// do not tell.
    pub exports_series: Option<bool>,
    /// Why.
    pub because: String,
    /// Where it is named.
    pub evidence: Vec<Source>,
}

/// A release range as the reports have it.
fn range(row: Option<&crate::report::ReleaseRow>) -> (Option<Release>, Option<Release>) {
    let parse = |text: &Option<String>| text.as_ref().and_then(|t| t.parse().ok());
    row.map_or((None, None), |row| (parse(&row.min), parse(&row.max)))
}

/// All connectors that are named.
pub(super) fn rows(evidence: &Evidence, releases: &Releases) -> Vec<ConnectorRow> {
    let shows = |prefix: &str| {
        evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with(prefix)))
    };
    let runs = |product, prefix: &str| {
        evidence.fact(&FactKind::Engine(product)).is_some() || shows(prefix)
    };
    let engine = if evidence.fact(&FactKind::TensorrtLlm).is_some() {
        Some("tensorrt-llm")
    } else if runs(Product::Vllm, "vllm.") {
        Some("vllm")
    } else if runs(Product::Sglang, "sglang.") {
        Some("sglang")
    } else {
        None
    };
    let mut names: Vec<(String, Vec<Source>)> = Vec::new();
    for fact in &evidence.facts {
        let FactKind::Connector(name) = &fact.kind else { continue };
        match names.iter_mut().find(|(n, _)| n == name) {
            Some((_, sources)) if sources.len() < 4 => sources.push(fact.source.clone()),
            Some(_) => {}
            None => names.push((name.clone(), vec![fact.source.clone()])),
        }
    }
    names
        .into_iter()
        .map(|(name, sources)| one(evidence, releases, engine, name, sources))
        .collect()
}

fn one(
    evidence: &Evidence,
    releases: &Releases,
    engine: Option<&'static str>,
    name: String,
    sources: Vec<Source>,
) -> ConnectorRow {
    let class = engine.and_then(|engine| connector_class(engine, &name));
    let release = match engine {
        Some("sglang") => range(releases.sglang.as_ref()),
        Some("vllm") => range(releases.vllm.as_ref()),
        _ => (None, None),
    };
    let module = evidence.facts.iter().find_map(|f| match &f.kind {
        FactKind::ConnectorModule(of, module) if *of == name => Some(module.clone()),
        _ => None,
    });
    let builtin = evidence.facts.iter().find_map(|f| match f.kind {
        FactKind::BuiltinConnector(builtin) => Some((builtin, f.source.what.clone())),
        _ => None,
    });
    let mode = class.map_or(ConnectorMode::Unknown, |c| c.mode);
    let parse = |text: Option<&str>| text.and_then(|t| t.parse::<Release>().ok());
    let (first, last) = (parse(class.and_then(|c| c.first)), parse(class.and_then(|c| c.last)));
    let server = evidence.fact(&FactKind::MpServer).is_some();
    let another_mp = evidence.facts.iter().any(|f| match &f.kind {
        FactKind::Connector(other) => engine
            .and_then(|e| connector_class(e, other))
            .is_some_and(|c| c.mode == ConnectorMode::Mp),
        _ => false,
    });
    let product = engine.unwrap_or("the engine");
    let (currency, because) = match mode {
        _ if module.is_some() && mode == ConnectorMode::Unknown => {
            (Currency::Dynamic, "loaded by its module path: the engine's registry need not have it".to_owned())
        }
        ConnectorMode::Unknown => (
            Currency::UnknownName,
            format!("no examined release of {product} has a connector of this name"),
        ),
        ConnectorMode::EmbeddedV0 => (
            Currency::Stale,
            "the name of vLLM's V0 engine (to 0.8): V1 engines have LMCacheConnectorV1 and LMCacheMPConnector".to_owned(),
        ),
        _ if last.zip(release.0).is_some_and(|(last, min)| min > last) => (
            Currency::Stale,
            format!("{product} {} was the last to have it", class.and_then(|c| c.last).unwrap_or("")),
        ),
        _ if first.zip(release.1).is_some_and(|(first, max)| max < first) => (
            Currency::UnknownName,
            format!("it came with {product} {}", class.and_then(|c| c.first).unwrap_or("")),
        ),
        ConnectorMode::Other | ConnectorMode::Multi => {
            (Currency::NotLmcache, format!("a connector of {product} itself"))
        }
        ConnectorMode::Embedded if server && !another_mp => (
            Currency::WrongMode,
            "it runs LMCache inside the engine and does not talk to the multiprocess server that runs beside it".to_owned(),
        ),
        ConnectorMode::Embedded if module.is_some() || class.is_some_and(|c| c.first.is_none() && engine == Some("vllm")) => {
            (Currency::Dynamic, "LMCache's own class, loaded by kv_connector_module_path".to_owned())
        }
        ConnectorMode::Mp if builtin.as_ref().is_some_and(|(builtin, _)| *builtin) => {
            (Currency::Vendored, builtin.as_ref().map_or_else(String::new, |(_, what)| what.clone()))
        }
        ConnectorMode::Mp if builtin.is_some() => {
            (Currency::Current, builtin.as_ref().map_or_else(String::new, |(_, what)| what.clone()))
        }
        _ if module.is_some() => (Currency::Dynamic, "loaded by kv_connector_module_path".to_owned()),
        _ => (Currency::Current, format!("{product} has it: {}", class.map_or("", |c| c.source))),
    };
    ConnectorRow {
        exports_series: exports(
            class,
            release,
            range(releases.lmcache.as_ref()),
            builtin.map(|b| b.0),
        ),
        name,
        engine: engine.map(str::to_owned),
        currency,
        mode: match mode {
            ConnectorMode::Embedded | ConnectorMode::EmbeddedV0 => "embedded",
            ConnectorMode::Mp => "mp",
            ConnectorMode::Multi => "multi",
            ConnectorMode::Other => "other",
            ConnectorMode::Unknown => "unknown",
        }
        .to_owned(),
        module,
        because,
        evidence: sources,
    }
}

/// Whether the class has series of its own in these releases.
fn exports(
    class: Option<lmcache_launch::ConnectorClass>,
    engine: (Option<Release>, Option<Release>),
    lmcache: (Option<Release>, Option<Release>),
    builtin: Option<bool>,
) -> Option<bool> {
    let class = class?;
    let since = |from: &str, range: (Option<Release>, Option<Release>)| {
        let from: Release = from.parse().ok()?;
        match range {
            (Some(min), _) if min >= from => Some(true),
            (_, Some(max)) if max < from => Some(false),
            _ => None,
        }
    };
    match (class.series_from, class.package_series_from) {
        (Some(from), _) => since(from, engine),
        (None, Some(_)) if builtin == Some(true) => Some(false),
        (None, Some(from)) => since(from, lmcache),
        (None, None) => Some(false),
    }
}
