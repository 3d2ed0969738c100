//! Which mode runs, from any lane.

use lmcache_prom::contract::{Catalog, Component, Product, Release};

use crate::architecture::connector_mode;
use crate::evidence::{Evidence, FactKind, Source, Target};
use crate::vocabulary::{Claim, Mode};

/// A mode and how it is known.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ModeVerdict {
    /// The mode.
    pub mode: Mode,
    /// How it is known.
    pub claim: Claim,
    /// What shows it.
    pub evidence: Vec<Source>,
    /// Why, as a sentence; for `unknown` also what would settle it.
    pub because: String,
}

fn first_of(catalog: &Catalog, evidence: &Evidence, component: Component) -> Option<Source> {
    evidence.targets.iter().find_map(|t| {
        // A coordinator's page also shows the event bus of a server, which it is not.
        if t.is_coordinator() && component != Component::Coordinator {
            return None;
        }
        t.signals
            .iter()
            .find(|(id, _)| catalog.signal(id).last().is_some_and(|s| s.component == component))
            .and_then(|(_, o)| o.source.clone())
    })
}

/// How an engine's page says whether it consults an external cache.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Asks {
    /// It asked an external cache for tokens that it lacked.
    Yes(Source),
    /// It had prompt tokens to look up beyond its own cache and asked nobody.
    No(Source),
    /// Too little traffic to tell, or no series that tells.
    Unclear,
}

/// Whether a vLLM or SGLang page shows an external cache being asked.
pub(crate) fn asks_external_cache(target: &Target) -> Asks {
    if let Some(observed) = target.signals.get("vllm.external_prefix_cache_queries") {
        let source = observed.source.clone().unwrap_or_else(|| Source::new("", ""));
        if observed.nonzero > 0 {
            return Asks::Yes(source);
        }
        // Every miss of the local cache is put to a connector where there is one.
        if target.nonzero("vllm.prefix_cache_queries") && target.nonzero("vllm.prompt_tokens") {
            return Asks::No(source);
        }
        return Asks::Unclear;
    }
    if let Some(observed) = target.signals.get("sglang.evicted_tokens") {
        let source = observed.source.clone().unwrap_or_else(|| Source::new("", ""));
        let classes = observed.labels.get("cache_type");
        if classes.is_some_and(|c| c.iter().any(|v| is_lmcache_class(v))) {
            return Asks::Yes(source);
        }
        if classes.is_some_and(|c| !c.is_empty()) {
            return Asks::No(source);
        }
    }
    Asks::Unclear
}

/// Whether a SGLang cache class is LMCache's.
pub(crate) fn is_lmcache_class(class: &str) -> bool {
    class.starts_with("LMC")
}

/// Whether an LMCache cache class on this page is a client of the multiprocess server. LMCache's
/// radix cache is an in-process one to SGLang 0.5.12 and a client from 0.5.13 on; the unified one
/// came later and is a client always.
pub(crate) fn is_mp_client(target: &Target, class: &str) -> bool {
    let since = Release::new(0, 5, 13, 0);
    let newer = || {
        let sglang = target.releases.get(&Product::Sglang);
        sglang.and_then(lmcache_prom::contract::Inference::min).is_some_and(|min| min >= since)
    };
    is_lmcache_class(class) && (class == "LMCacheUnifiedRadixCache" || newer())
}

/// The sighting of an LMCache cache class on SGLang's page, and the class.
fn sglang_lmcache(evidence: &Evidence) -> Option<(Source, String)> {
    evidence.targets.iter().find_map(|t| {
        let observed = t.signals.get("sglang.evicted_tokens")?;
        let class = observed.labels.get("cache_type")?.iter().find(|v| is_lmcache_class(v))?;
        Some((observed.source.clone()?, class.clone()))
    })
}

/// The mode that artifacts of other lanes show, where they agree.
fn by_lane(evidence: &Evidence) -> Option<ModeVerdict> {
    if evidence.only_intents() {
        return None;
    }
    let told: Vec<(Mode, &crate::evidence::Fact)> = evidence
        .facts
        .iter()
        .filter_map(|f| match &f.kind {
            FactKind::Mode(mode) => Some((*mode, f)),
            FactKind::Connector(name) => connector_mode(name).map(|mode| (mode, f)),
            _ => None,
        })
        .collect();
    let (mode, first) = told.first()?;
    let evidence = told.iter().map(|(_, f)| f.source.clone()).collect();
    let differ = told.iter().find(|(m, _)| m != mode);
    Some(match differ {
        None => ModeVerdict {
            mode: *mode,
            claim: first.claim,
            evidence,
            because: format!("{} ({})", first.source.what, first.source.artifact),
        },
        Some((other, second)) => ModeVerdict {
            mode: Mode::Mixed,
            claim: Claim::Inferred,
            evidence,
            because: format!(
                "{} shows {} ({}), {} shows {} ({})",
                first.source.artifact,
                mode.name(),
                first.source.what,
                second.source.artifact,
                other.name(),
                second.source.what
            ),
        },
    })
}

/// Engines whose connectors are named, and none of them is LMCache's. What stands in a
/// MultiConnector is not always named.
fn foreign_connector(evidence: &Evidence) -> Option<ModeVerdict> {
    let named: Vec<(&str, &Source)> = evidence
        .facts
        .iter()
        .filter_map(|f| match &f.kind {
            FactKind::Connector(name) => Some((name.as_str(), &f.source)),
            _ => None,
        })
        .collect();
    let (name, _) = named.first()?;
    let foreign =
        |(name, _): &(&str, &Source)| connector_mode(name).is_none() && *name != "MultiConnector";
    named.iter().all(foreign).then(|| ModeVerdict {
        mode: Mode::None,
        claim: Claim::Inferred,
        evidence: named.iter().map(|(_, source)| (*source).clone()).collect(),
        because: format!("the engine's KV connector is {name}, which is not LMCache's"),
    })
}

/// Decides the mode.
pub(crate) fn detect(catalog: &Catalog, evidence: &Evidence) -> ModeVerdict {
    let mp = first_of(catalog, evidence, Component::Mp);
    let blend = first_of(catalog, evidence, Component::Blend);
    let embedded = first_of(catalog, evidence, Component::Embedded);
    let connector = first_of(catalog, evidence, Component::Connector);
    let coordinator = first_of(catalog, evidence, Component::Coordinator);
    let verdict = |mode, claim, sources: Vec<Option<Source>>, because: &str| ModeVerdict {
        mode,
        claim,
        evidence: sources.into_iter().flatten().collect(),
        because: because.to_owned(),
    };
    match (&mp, &blend, &embedded) {
        (Some(_), _, Some(_)) | (_, Some(_), Some(_)) => {
            return verdict(
                Mode::Mixed,
                Claim::Measured,
                vec![mp.or(blend), embedded],
                "series of a multiprocess server and of an embedded engine are both there",
            );
        }
        (_, Some(_), None) => {
            return verdict(
                Mode::Cacheblend,
                Claim::Measured,
                vec![blend, mp],
                "series of the CacheBlend engine are there",
            );
        }
        (Some(_), None, None) => {
            return verdict(
                Mode::Mp,
                Claim::Measured,
                vec![mp],
                "series of a multiprocess server are there",
            );
        }
        (None, None, Some(_)) => {
            return verdict(
                Mode::Embedded,
                Claim::Measured,
                vec![embedded],
                "lmcache: series prove an engine with LMCache inside",
            );
        }
        (None, None, None) => {}
    }
    if connector.is_some() {
        return verdict(
            Mode::Mp,
            Claim::Inferred,
            vec![connector],
            "the engine's page shows LMCache's MP connector; the server's own page was not given or is empty",
        );
    }
    if coordinator.is_some() {
        return verdict(
            Mode::Mp,
            Claim::Inferred,
            vec![coordinator],
            "an LMCache coordinator's page is there; no server's page was given",
        );
    }
    if let Some(told) = by_lane(evidence) {
        return told;
    }
    if let Some(none) = foreign_connector(evidence) {
        return none;
    }
    if let Some((source, class)) = sglang_lmcache(evidence) {
        let mp = evidence.targets.iter().any(|t| is_mp_client(t, &class));
        return verdict(
            if mp { Mode::Mp } else { Mode::Unknown },
            if mp { Claim::Inferred } else { Claim::NotProven },
            vec![Some(source)],
            &if mp {
                format!(
                    "SGLang's cache class is {class}, a client of LMCache's multiprocess server; the server's own page was not given or is empty"
                )
            } else {
                format!(
                    "SGLang's cache class is {class}, which is LMCache's; which mode it means depends on SGLang's release: its log or launch line would tell"
                )
            },
        );
    }
    let silent = evidence.targets.iter().any(Target::is_silent);
    let engines: Vec<&Target> = evidence.targets.iter().filter(|t| !t.is_silent()).collect();
    let answers: Vec<Asks> = engines.iter().map(|t| asks_external_cache(t)).collect();
    let none = !answers.is_empty() && answers.iter().all(|a| matches!(a, Asks::No(_)));
    if none && !silent {
        let sources =
            answers.into_iter().map(|a| if let Asks::No(s) = a { Some(s) } else { None }).collect();
        return verdict(
            Mode::None,
            Claim::Inferred,
            sources,
            "the engine served prompts and never asked an external cache",
        );
    }
    if answers.iter().any(|a| matches!(a, Asks::Yes(_))) {
        let sources = answers
            .into_iter()
            .map(|a| if let Asks::Yes(s) = a { Some(s) } else { None })
            .collect();
        return verdict(
            Mode::Unknown,
            Claim::NotProven,
            sources,
            "the engine asks an external cache, but nothing here names it: LMCache's own page, the engine's launch \
             line or its log would",
        );
    }
    let because = if silent {
        "a page answers and carries no LMCache metrics; metrics disabled, pushed by OTLP only and not an LMCache \
         server look alike from here: the answer of /config or /status, the launch line or the server's log would \
         settle it"
    } else if engines.is_empty() {
        "no metrics page could be read"
    } else if engines.iter().all(|t| t.signals.keys().any(|s| s.starts_with("controller."))) {
        "only a controller of LMCache is seen: the pages, launch lines or logs of the engines that register with it \
         would tell how LMCache runs in them"
    } else {
        "the engine's page alone does not tell whether LMCache is behind it: LMCache's own page, the engine's launch \
         line or its log would"
    };
    verdict(Mode::Unknown, Claim::NotProven, vec![], because)
}
