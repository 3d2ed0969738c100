//! How engine and LMCache are put together, as labels with their evidence.

use lmcache_prom::contract::{Catalog, Product, Release};
use serde::Serialize;

use crate::evidence::{Evidence, FactKind, Source};
use crate::mode::{Asks, ModeVerdict, asks_external_cache, is_lmcache_class};
use crate::vocabulary::{Claim, Mode};

/// One label and how it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Label {
    /// `vllm_mp_lmcache`, `lmcache_mp_server`, ...
    pub label: String,
    /// How it is known.
    pub claim: Claim,
    /// What shows it.
    pub evidence: Vec<Source>,
}

/// Labels of a deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Architecture {
    /// The label that says most.
    pub headline: String,
    /// All labels, the headline first.
    pub labels: Vec<Label>,
}

/// A label that facts of other lanes give.
struct Told {
    label: &'static str,
    evidence: Vec<Source>,
}

/// What logs and launch lines say of engines, the most telling first.
fn told(evidence: &Evidence, shows: &dyn Fn(&str) -> bool, mp_server: bool) -> Vec<Told> {
    let engine = |product, prefix: &str| {
        evidence.fact(&FactKind::Engine(product)).is_some() || shows(prefix)
    };
    let (vllm, sglang) = (engine(Product::Vllm, "vllm."), engine(Product::Sglang, "sglang."));
    let mut out: Vec<Told> = Vec::new();
    let mut connected = false;
    if evidence.only_intents() {
        return out;
    }
    let mut put =
        |label, source: &Source| match out.iter_mut().find(|t: &&mut Told| t.label == label) {
            Some(have) => have.evidence.push(source.clone()),
            None => out.push(Told { label, evidence: vec![source.clone()] }),
        };
    for fact in &evidence.facts {
        let FactKind::Connector(name) = &fact.kind else { continue };
        connected = true;
        match connector_mode(name) {
            Some(Mode::Mp) if sglang && !vllm => put("sglang_mp_lmcache", &fact.source),
            Some(Mode::Mp) => put("vllm_mp_lmcache", &fact.source),
            Some(Mode::Embedded) if sglang && !vllm => put("sglang_embedded_lmcache", &fact.source),
            Some(Mode::Embedded) => put("vllm_embedded_lmcache", &fact.source),
            _ if name.starts_with("Nixl") => {
                put("vllm_disaggregated_prefill_candidate", &fact.source);
            }
            _ => {}
        }
    }
    if let Some(fact) = evidence.fact(&FactKind::SglangLmcache) {
        // LMCache's radix cache is a client of the multiprocess server from SGLang 0.5.13 on.
        let since = Release::new(0, 5, 13, 0);
        let newer = evidence
            .targets
            .iter()
            .filter_map(|t| t.releases.get(&Product::Sglang))
            .filter_map(lmcache_prom::contract::Inference::min)
            .chain(evidence.facts.iter().filter_map(|f| match f.kind {
                FactKind::Release(Product::Sglang, release) => Some(release),
                _ => None,
            }))
            .map(|release| release >= since)
            .next();
        let server = mp_server
            || evidence.fact(&FactKind::MpServer).is_some()
            || evidence.fact(&FactKind::Mode(Mode::Mp)).is_some();
        put(
            match newer {
                Some(true) => "sglang_mp_lmcache",
                _ if server => "sglang_mp_lmcache",
                Some(false) => "sglang_embedded_lmcache",
                None => "sglang_lmcache",
            },
            &fact.source,
        );
    } else if let Some(fact) = evidence.fact(&FactKind::Hicache) {
        put("hicache_without_lmcache", &fact.source);
    }
    let embedded = evidence.fact(&FactKind::Mode(Mode::Embedded));
    if let Some(fact) = embedded.filter(|_| vllm && !connected) {
        put("vllm_embedded_lmcache", &fact.source);
    }
    for fact in &evidence.facts {
        if let FactKind::PdRole(_) = fact.kind {
            let label = if sglang && !vllm {
                "sglang_disaggregated_prefill_candidate"
            } else {
                "vllm_disaggregated_prefill_candidate"
            };
            put(label, &fact.source);
        }
    }
    let without = evidence.fact(&FactKind::NoConnector);
    if let Some(fact) = without.filter(|_| !connected && embedded.is_none()) {
        put("engine_without_lmcache", &fact.source);
    }
    // Who disaggregates has a cache as well, and the cache is what is asked about.
    out.sort_by_key(|t| t.label.ends_with("_candidate"));
    out
}

/// The mode that a KV connector class means; nothing for connectors that are not LMCache's.
pub(crate) fn connector_mode(name: &str) -> Option<Mode> {
    if name.contains("LMCacheMP") {
        Some(Mode::Mp)
    } else if name.contains("LMCache") {
        Some(Mode::Embedded)
    } else {
        None
    }
}

/// Puts labels on a deployment.
pub(crate) fn detect(_catalog: &Catalog, evidence: &Evidence, mode: &ModeVerdict) -> Architecture {
    let mut labels: Vec<Label> = Vec::new();
    let mut add = |label: &str, claim: Claim, sources: Vec<Source>| {
        if !labels.iter().any(|l| l.label == label) {
            labels.push(Label { label: label.to_owned(), claim, evidence: sources });
        }
    };
    let shows = |prefix: &str| {
        evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with(prefix)))
    };
    let source = |signal: &str| {
        evidence.targets.iter().find_map(|t| t.signals.get(signal).and_then(|o| o.source.clone()))
    };
    let mp_server = evidence.targets.iter().any(|t| {
        !t.is_coordinator()
            && t.signals.keys().any(|s| s.starts_with("mp.") || s.starts_with("blend."))
    });
    let lookups = ["mp.lookup.requested_tokens", "mp.lookup.requests"]
        .into_iter()
        .find(|s| evidence.nonzero(s));

    if shows("vllm.") {
        if let Some(connector) = source("vllm.lmcache_mp_lookup_duration_seconds") {
            add("vllm_mp_lmcache", Claim::Measured, vec![connector]);
        } else if shows("embedded.") {
            add("vllm_embedded_lmcache", Claim::Measured, mode.evidence.clone());
        } else {
            for target in &evidence.targets {
                match asks_external_cache(target) {
                    Asks::Yes(asked) if mp_server => {
                        if let Some(lookup) = lookups.and_then(source) {
                            add("vllm_mp_lmcache", Claim::Inferred, vec![asked, lookup]);
                        }
                    }
                    Asks::No(asked) if target.signals.keys().any(|s| s.starts_with("vllm.")) => {
                        add("engine_without_lmcache", Claim::Inferred, vec![asked]);
                    }
                    _ => {}
                }
            }
        }
    }
    if shows("sglang.") {
        for target in &evidence.targets {
            let Some(evicted) = target.signals.get("sglang.evicted_tokens") else { continue };
            let sources: Vec<Source> = evicted.source.iter().cloned().collect();
            let classes = evicted.labels.get("cache_type");
            if classes.is_some_and(|c| c.iter().any(|v| is_lmcache_class(v))) {
                if shows("embedded.") {
                    add("sglang_embedded_lmcache", Claim::Measured, sources);
                } else if mp_server {
                    add("sglang_mp_lmcache", Claim::Measured, sources);
                } else {
                    add("sglang_lmcache", Claim::Inferred, sources);
                }
            } else if shows("sglang.hicache_") {
                add("hicache_without_lmcache", Claim::Inferred, sources);
            } else {
                add("engine_without_lmcache", Claim::Inferred, sources);
            }
        }
        let external = evidence.targets.iter().find_map(|t| {
            let o = t.signals.get("sglang.cached_tokens")?;
            let from_cache = o
                .labels
                .get("cache_source")
                .is_some_and(|c| c.iter().any(|v| v == "storage" || v == "host"));
            if from_cache { o.source.clone() } else { None }
        });
        if mp_server && let (Some(external), Some(lookup)) = (external, lookups.and_then(source)) {
            add("sglang_mp_lmcache", Claim::Inferred, vec![external, lookup]);
        }
    }
    for label in told(evidence, &shows, mp_server) {
        add(label.label, Claim::Inferred, label.evidence);
    }
    if shows("blend.") {
        add("lmcache_cacheblend", Claim::Measured, mode.evidence.clone());
    }
    if mp_server {
        add("lmcache_mp_server", Claim::Measured, mode.evidence.clone());
    } else if let Some(fact) = evidence.fact(&FactKind::MpServer) {
        add("lmcache_mp_server", fact.claim, vec![fact.source.clone()]);
    }
    if mode.mode == Mode::Embedded {
        let claim = mode.claim;
        add("lmcache_embedded_unknown_engine", claim, mode.evidence.clone());
    }
    if shows("coordinator.") {
        add("lmcache_p2p_candidate", Claim::Inferred, vec![]);
    }
    if let Some(nixl) = source("vllm.nixl_xfer_time_seconds") {
        add("vllm_disaggregated_prefill_candidate", Claim::Inferred, vec![nixl]);
    }
    // What a page shows twice is said once: a label that another one contains is left out.
    let has = |labels: &[Label], name: &str| labels.iter().any(|l| l.label == name);
    if has(&labels, "vllm_embedded_lmcache") || has(&labels, "sglang_embedded_lmcache") {
        labels.retain(|l| l.label != "lmcache_embedded_unknown_engine");
    }
    if has(&labels, "sglang_mp_lmcache") || has(&labels, "sglang_embedded_lmcache") {
        labels.retain(|l| l.label != "sglang_lmcache");
    }
    if labels.iter().any(|l| l.label.ends_with("_lmcache") && l.label != "engine_without_lmcache") {
        labels.retain(|l| l.label != "engine_without_lmcache");
    }
    if labels.is_empty() {
        labels.push(Label { label: "unknown".into(), claim: Claim::NotProven, evidence: vec![] });
    }
    let headline = labels.first().map_or_else(|| "unknown".to_owned(), |l| l.label.clone());
    Architecture { headline, labels }
}
