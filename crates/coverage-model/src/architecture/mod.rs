//! How engine and LMCache are put together: a set of labels, each a fact with its evidence, and
//! one headline.
//!
//! Several labels may hold at once (a multiprocess server with peers behind engines that
//! disaggregate their prefill). The headline is the label that says most; the order of
//! [`LABELS`] breaks ties.

mod told;

use lmcache_prom::contract::{Catalog, Product};
use serde::Serialize;

use crate::evidence::{Evidence, Fact, FactKind, Source};
use crate::mode::{Asks, ModeVerdict, asks_external_cache, is_lmcache_class, is_mp_client};
use crate::vocabulary::{Claim, Mode};

pub(crate) use told::connector_mode;

/// Every label with what it says.
pub const LABELS: &[(&str, &str)] = &[
    ("vllm_embedded_cacheblend", "vLLM with LMCache inside that blends"),
    ("vllm_mp_lmcache", "vLLM behind a multiprocess LMCache server"),
    ("vllm_embedded_lmcache", "vLLM with LMCache inside"),
    ("sglang_mp_lmcache", "SGLang behind a multiprocess LMCache server"),
    ("sglang_mp_lmcache_candidate", "SGLang with LMCache, probably behind a multiprocess server"),
    ("sglang_embedded_lmcache", "SGLang with LMCache inside"),
    ("tensorrt_llm_mp_lmcache", "TensorRT-LLM behind a multiprocess LMCache server"),
    ("tensorrt_llm_embedded_lmcache", "TensorRT-LLM with LMCache inside"),
    ("hicache_without_lmcache", "SGLang with its own hierarchical cache"),
    ("engine_without_lmcache", "an engine without LMCache"),
    ("lmcache_cacheblend", "a multiprocess LMCache server that blends"),
    ("lmcache_mp_server", "a multiprocess LMCache server"),
    ("lmcache_embedded_unknown_engine", "LMCache inside an engine that is not seen"),
    ("disaggregated_prefill_candidate", "one engine prefills for another"),
    ("p2p_candidate", "LMCache servers that share their caches"),
    ("coordinator", "an LMCache coordinator"),
    ("controller_only", "an LMCache controller, and nothing else of LMCache"),
    ("unknown", "nothing seen tells"),
];

/// Labels that stand beside what runs and never say what runs while another label does.
const BESIDE: &[&str] =
    &["disaggregated_prefill_candidate", "p2p_candidate", "coordinator", "controller_only"];

/// One label and how it is known.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Label {
    /// `vllm_mp_lmcache`, `lmcache_mp_server`, ...
    pub label: String,
    /// How it is known.
    pub claim: Claim,
    /// What belongs to it: the roles of disaggregated prefill.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub roles: Vec<String>,
    /// What shows it.
    pub evidence: Vec<Source>,
}

/// Labels of a deployment.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Architecture {
    /// The label that says most.
    pub headline: String,
    /// All labels, the headline first.
    pub labels: Vec<Label>,
}

/// Whether a connector class is LMCache's.
pub(crate) fn is_lmcache_connector(name: &str) -> bool {
    connector_mode(name).is_some()
}

/// Labels as they are found.
struct Found(Vec<Label>);

impl Found {
    fn add(&mut self, label: &str, claim: Claim, evidence: Vec<Source>) {
        match self.0.iter_mut().find(|l| l.label == label) {
            Some(have) => {
                for source in evidence {
                    if have.evidence.len() < 6 && !have.evidence.contains(&source) {
                        have.evidence.push(source);
                    }
                }
            }
            None => {
                self.0.push(Label { label: label.to_owned(), claim, roles: vec![], evidence });
            }
        }
    }

    fn has(&self, label: &str) -> bool {
        self.0.iter().any(|l| l.label == label)
    }

    fn drop(&mut self, label: &str) {
        self.0.retain(|l| l.label != label);
    }
}

/// A fact that speaks of LMCache, or of SGLang's own hierarchical cache.
fn of_a_cache(fact: &Fact) -> bool {
    match &fact.kind {
        FactKind::Connector(name) => is_lmcache_connector(name),
        FactKind::Release(product, _) | FactKind::ReleaseRange(product, _, _) => {
            *product == Product::Lmcache && fact.claim != Claim::NotProven
        }
        FactKind::Mode(mode) => !matches!(mode, Mode::None | Mode::Unknown),
        FactKind::SglangLmcache | FactKind::Hicache | FactKind::MpServer => true,
        _ => false,
    }
}

/// A connector that holds others, of which one may be LMCache's.
fn of_several(fact: &Fact) -> bool {
    matches!(&fact.kind, FactKind::Connector(name) if name == "MultiConnector")
}

/// Puts labels on a deployment.
pub(crate) fn detect(_catalog: &Catalog, evidence: &Evidence, mode: &ModeVerdict) -> Architecture {
    let mut found = Found(vec![]);
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
        .find(|s| evidence.nonzero(s))
        .and_then(source);

    if shows("vllm.") {
        vllm(evidence, mode, mp_server, lookups.as_ref(), &mut found);
    }
    if shows("sglang.") {
        sglang(evidence, mp_server, lookups.as_ref(), &mut found);
    }
    for label in told::told(evidence, &shows, mp_server) {
        found.add(label.label, Claim::Inferred, label.evidence);
        if let Some(have) = found.0.iter_mut().find(|l| l.label == label.label) {
            have.roles.extend(label.roles);
        }
    }
    if let Some(fact) = evidence.fact(&FactKind::EmbeddedBlend)
        && found.has("vllm_embedded_lmcache")
    {
        found.add("vllm_embedded_cacheblend", Claim::Inferred, vec![fact.source.clone()]);
        let at = found.0.iter().position(|l| l.label == "vllm_embedded_cacheblend");
        if let Some(label) = at.map(|at| found.0.remove(at)) {
            found.0.insert(0, label);
        }
    }
    if shows("blend.") {
        found.add("lmcache_cacheblend", Claim::Measured, mode.evidence.clone());
    }
    if mp_server {
        found.add("lmcache_mp_server", Claim::Measured, mode.evidence.clone());
    } else if let Some(fact) = evidence.fact(&FactKind::MpServer) {
        found.add("lmcache_mp_server", fact.claim, vec![fact.source.clone()]);
    }
    if mode.mode == Mode::Embedded {
        found.add("lmcache_embedded_unknown_engine", mode.claim, mode.evidence.clone());
    }
    beside(evidence, &source, &mut found);
    contained(&mut found);
    if let [only] = found.0.as_slice()
        && only.label == "disaggregated_prefill_candidate"
        && evidence.facts.iter().any(|f| matches!(f.kind, FactKind::Engine(_)))
        && !evidence.facts.iter().any(|f| of_a_cache(f) || of_several(f))
    {
        let told = only.evidence.clone();
        found.add("engine_without_lmcache", Claim::Inferred, told);
    }
    if found.0.is_empty() {
        found.add("unknown", Claim::NotProven, vec![]);
    }
    // Who disaggregates or shares has a cache as well, and the cache is what is asked about.
    found.0.sort_by_key(|l| BESIDE.contains(&l.label.as_str()));
    let headline = found.0.first().map_or_else(|| "unknown".to_owned(), |l| l.label.clone());
    Architecture { headline, labels: found.0 }
}

fn vllm(
    evidence: &Evidence,
    mode: &ModeVerdict,
    mp_server: bool,
    lookups: Option<&Source>,
    found: &mut Found,
) {
    let own = |signal: &str| {
        evidence.targets.iter().find_map(|t| t.signals.get(signal).and_then(|o| o.source.clone()))
    };
    let embedded =
        evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with("embedded.")));
    if let Some(connector) = own("vllm.lmcache_mp_lookup_duration_seconds") {
        found.add("vllm_mp_lmcache", Claim::Measured, vec![connector]);
        return;
    }
    if embedded {
        found.add("vllm_embedded_lmcache", Claim::Measured, mode.evidence.clone());
        return;
    }
    for target in &evidence.targets {
        match asks_external_cache(target) {
            Asks::Yes(asked) if mp_server => {
                if let Some(lookup) = lookups {
                    found.add("vllm_mp_lmcache", Claim::Inferred, vec![asked, lookup.clone()]);
                }
            }
            Asks::No(asked) if target.signals.keys().any(|s| s.starts_with("vllm.")) => {
                found.add("engine_without_lmcache", Claim::Inferred, vec![asked]);
            }
            _ => {}
        }
    }
}

fn sglang(evidence: &Evidence, mp_server: bool, lookups: Option<&Source>, found: &mut Found) {
    let shows = |prefix: &str| {
        evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with(prefix)))
    };
    for target in &evidence.targets {
        let Some(evicted) = target.signals.get("sglang.evicted_tokens") else { continue };
        let sources: Vec<Source> = evicted.source.iter().cloned().collect();
        let classes = evicted.labels.get("cache_type");
        if classes.is_some_and(|c| c.iter().any(|v| is_lmcache_class(v))) {
            if shows("embedded.") {
                found.add("sglang_embedded_lmcache", Claim::Measured, sources);
            } else if mp_server {
                found.add("sglang_mp_lmcache", Claim::Measured, sources);
            } else if classes.is_some_and(|c| c.iter().any(|v| is_mp_client(target, v))) {
                found.add("sglang_mp_lmcache", Claim::Inferred, sources);
            } else {
                found.add("sglang_mp_lmcache_candidate", Claim::Inferred, sources);
            }
        } else if shows("sglang.hicache_") {
            found.add("hicache_without_lmcache", Claim::Inferred, sources);
        } else {
            found.add("engine_without_lmcache", Claim::Inferred, sources);
        }
    }
    // Tokens of host or storage beside lookups of a server: HiCache would show the same.
    let external = evidence.targets.iter().find_map(|t| {
        let o = t.signals.get("sglang.cached_tokens")?;
        let outside = |v: &String| v == "host" || v.starts_with("storage");
        let any = o.labels.get("cache_source").is_some_and(|c| c.iter().any(outside));
        if any { o.source.clone() } else { None }
    });
    if mp_server && let (Some(external), Some(lookup)) = (external, lookups) {
        found.add("sglang_mp_lmcache_candidate", Claim::Inferred, vec![external, lookup.clone()]);
    }
}

/// Labels of what stands beside engine and cache.
fn beside(evidence: &Evidence, source: &dyn Fn(&str) -> Option<Source>, found: &mut Found) {
    let page = |prefix: &str| {
        evidence.targets.iter().find_map(|t| {
            let signal = t.signals.iter().find(|(s, _)| s.starts_with(prefix))?;
            signal.1.source.clone()
        })
    };
    let coordinator = page("coordinator.");
    if let Some(page) = coordinator.clone() {
        found.add("coordinator", Claim::Measured, vec![page]);
    } else if let Some(fact) = evidence.fact(&FactKind::Coordinator) {
        found.add("coordinator", fact.claim, vec![fact.source.clone()]);
    }
    let p2p = evidence.fact(&FactKind::Feature("p2p")).map(|f| f.source.clone());
    let jobs = evidence
        .targets
        .iter()
        .filter(|t| {
            t.nonzero("mp.p2p.active_lookup_jobs") || t.nonzero("embedded.p2p_time_to_transfer")
        })
        .find_map(|_| {
            source("mp.p2p.active_lookup_jobs").or_else(|| source("embedded.p2p_time_to_transfer"))
        });
    if let Some(shown) = p2p.or(jobs).or(coordinator) {
        found.add("p2p_candidate", Claim::Inferred, vec![shown]);
    }
    if let Some(nixl) = source("vllm.nixl_xfer_time_seconds") {
        found.add("disaggregated_prefill_candidate", Claim::Inferred, vec![nixl]);
    }
    let only = found.0.is_empty();
    if only && let Some(page) = page("controller.") {
        found.add("controller_only", Claim::Measured, vec![page]);
    } else if only && let Some(fact) = evidence.fact(&FactKind::Controller) {
        found.add("controller_only", fact.claim, vec![fact.source.clone()]);
    }
}

/// What a deployment shows twice is said once: a label that another one contains is left out.
fn contained(found: &mut Found) {
    if ["vllm_embedded_lmcache", "sglang_embedded_lmcache", "tensorrt_llm_embedded_lmcache"]
        .iter()
        .any(|l| found.has(l))
    {
        found.drop("lmcache_embedded_unknown_engine");
    }
    if found.has("sglang_mp_lmcache") || found.has("sglang_embedded_lmcache") {
        found.drop("sglang_mp_lmcache_candidate");
    }
    if found.0.iter().any(|l| l.label.ends_with("_lmcache") && !l.label.contains("without")) {
        found.drop("engine_without_lmcache");
    }
}
