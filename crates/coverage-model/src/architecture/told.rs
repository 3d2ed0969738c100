//! Labels that logs and launch lines give.

use lmcache_prom::contract::{Product, Release};

use crate::evidence::{Evidence, FactKind, Source};
use crate::vocabulary::Mode;

/// A label that facts of other lanes give.
pub(super) struct Told {
    pub(super) label: &'static str,
    pub(super) roles: Vec<String>,
    pub(super) evidence: Vec<Source>,
}

/// What logs and launch lines say of engines, the most telling first.
pub(super) fn told(
    evidence: &Evidence,
    shows: &dyn Fn(&str) -> bool,
    mp_server: bool,
) -> Vec<Told> {
    let engine = |product, prefix: &str| {
        evidence.fact(&FactKind::Engine(product)).is_some() || shows(prefix)
    };
    let (vllm, sglang) = (engine(Product::Vllm, "vllm."), engine(Product::Sglang, "sglang."));
    let tensorrt = evidence.fact(&FactKind::TensorrtLlm).is_some() && !vllm && !sglang;
    let mut out: Vec<Told> = Vec::new();
    let mut connected = false;
    if evidence.only_intents() {
        return out;
    }
    let mut put =
        |label, source: &Source| match out.iter_mut().find(|t: &&mut Told| t.label == label) {
            Some(have) => have.evidence.push(source.clone()),
            None => out.push(Told { label, roles: vec![], evidence: vec![source.clone()] }),
        };
    let mut foreign: Option<&Source> = None;
    let mut several = false;
    let mut inside: Vec<&str> = Vec::new();
    for fact in &evidence.facts {
        let FactKind::Connector(name) = &fact.kind else { continue };
        let label = match connector_mode(name) {
            Some(Mode::Mp) if tensorrt => "tensorrt_llm_mp_lmcache",
            Some(Mode::Mp) if sglang && !vllm => "sglang_mp_lmcache",
            Some(Mode::Mp) => "vllm_mp_lmcache",
            Some(_) if tensorrt => "tensorrt_llm_embedded_lmcache",
            Some(_) if sglang && !vllm => "sglang_embedded_lmcache",
            Some(_) => "vllm_embedded_lmcache",
            None => {
                if name.starts_with("Nixl") || name == "P2pNcclConnector" {
                    put("disaggregated_prefill_candidate", &fact.source);
                }
                if name == "MultiConnector" {
                    several = true;
                } else if !inside.contains(&name.as_str()) {
                    inside.push(name);
                }
                foreign.get_or_insert(&fact.source);
                continue;
            }
        };
        connected = true;
        put(label, &fact.source);
    }
    // What stands in a MultiConnector is named beside it, or not known; one alone needs none.
    connected |= several && inside.len() < 2;
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
                None => "sglang_mp_lmcache_candidate",
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
    let mut roles: Vec<String> = Vec::new();
    for fact in &evidence.facts {
        if let FactKind::PdRole(role) = fact.kind {
            put("disaggregated_prefill_candidate", &fact.source);
            if !roles.iter().any(|r| r == role) {
                roles.push(role.to_owned());
            }
        }
    }
    let none = evidence.fact(&FactKind::NoConnector).map(|f| &f.source).or(foreign);
    if let Some(source) = none.filter(|_| !connected && embedded.is_none()) {
        put("engine_without_lmcache", source);
    }
    for told in &mut out {
        if told.label == "disaggregated_prefill_candidate" {
            told.roles.clone_from(&roles);
        }
    }
    out
}

/// The mode that a KV connector class means; nothing for connectors that are not LMCache's.
pub(crate) fn connector_mode(name: &str) -> Option<Mode> {
    // LMCacheECConnector caches what encoders make, not KV.
    if name.contains("LMCacheEC") {
        None
    } else if name.contains("LMCacheMP") || name == "lmcache-mp" {
        Some(Mode::Mp)
    } else if name.contains("LMCache") || name == "lmcache" {
        Some(Mode::Embedded)
    } else {
        None
    }
}
