//! How engine and LMCache are put together, as labels with their evidence.

use lmcache_prom::contract::Catalog;
use serde::Serialize;

use crate::evidence::{Evidence, Source};
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
    if shows("blend.") {
        add("lmcache_cacheblend", Claim::Measured, mode.evidence.clone());
    }
    if mp_server {
        add("lmcache_mp_server", Claim::Measured, mode.evidence.clone());
    }
    if mode.mode == Mode::Embedded {
        add("lmcache_embedded_unknown_engine", Claim::Measured, mode.evidence.clone());
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
    if has(&labels, "vllm_mp_lmcache") || has(&labels, "sglang_mp_lmcache") {
        labels.retain(|l| l.label != "engine_without_lmcache");
    }
    if labels.is_empty() {
        labels.push(Label { label: "unknown".into(), claim: Claim::NotProven, evidence: vec![] });
    }
    let headline = labels.first().map_or_else(|| "unknown".to_owned(), |l| l.label.clone());
    Architecture { headline, labels }
}
