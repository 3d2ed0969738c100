//! Labels by facts: which hold together, and which one leads.

#![allow(clippy::unwrap_used)]

use coverage_model::{Claim, Evidence, Fact, FactKind, LABELS, Mode, Source, assess};
use lmcache_prom::contract::{Catalog, Product, Release};

fn labels(kinds: Vec<FactKind>) -> Vec<String> {
    let facts = kinds
        .into_iter()
        .map(|kind| Fact { kind, claim: Claim::Inferred, source: Source::new("log", "line") })
        .collect();
    let coverage = assess(&Catalog::new(), &Evidence { facts, ..Evidence::default() });
    let architecture = coverage.architecture;
    assert_eq!(architecture.headline, architecture.labels.first().unwrap().label);
    for label in &architecture.labels {
        assert!(LABELS.iter().any(|(name, _)| *name == label.label), "{}", label.label);
        assert!(label.label == "unknown" || !label.evidence.is_empty(), "{}", label.label);
    }
    architecture.labels.into_iter().map(|l| l.label).collect()
}

fn connector(name: &str) -> FactKind {
    FactKind::Connector(name.into())
}

#[test]
fn engines_and_connectors() {
    let vllm = || FactKind::Engine(Product::Vllm);
    let sglang = || FactKind::Engine(Product::Sglang);
    let release = |patch| FactKind::Release(Product::Sglang, Release::new(0, 5, patch, 0));
    for (facts, want) in [
        (vec![], vec!["unknown"]),
        (vec![vllm(), connector("LMCacheMPConnector")], vec!["vllm_mp_lmcache"]),
        (vec![vllm(), connector("LMCacheConnectorV1")], vec!["vllm_embedded_lmcache"]),
        (vec![vllm(), connector("OffloadingConnector")], vec!["engine_without_lmcache"]),
        (vec![vllm(), FactKind::NoConnector], vec!["engine_without_lmcache"]),
        (
            vec![
                vllm(),
                connector("MultiConnector"),
                connector("NixlConnector"),
                connector("MooncakeStoreConnector"),
            ],
            vec!["engine_without_lmcache", "disaggregated_prefill_candidate"],
        ),
        (
            vec![
                vllm(),
                connector("MultiConnector"),
                connector("OffloadingConnector"),
                connector("MooncakeConnector"),
            ],
            vec!["engine_without_lmcache"],
        ),
        (
            vec![
                vllm(),
                connector("MultiConnector"),
                connector("NixlConnector"),
                connector("LMCacheConnectorV1"),
            ],
            vec!["vllm_embedded_lmcache", "disaggregated_prefill_candidate"],
        ),
        // What else stands in it is not known.
        (
            vec![vllm(), connector("MultiConnector"), connector("NixlConnector")],
            vec!["disaggregated_prefill_candidate"],
        ),
        // An encoder cache is no KV cache.
        (vec![vllm(), connector("LMCacheECConnector")], vec!["engine_without_lmcache"]),
        // What stands in a MultiConnector need not be named.
        (vec![vllm(), connector("MultiConnector")], vec!["unknown"]),
        (
            vec![vllm(), connector("MultiConnector"), connector("LMCacheMPConnector")],
            vec!["vllm_mp_lmcache"],
        ),
        (vec![sglang(), FactKind::SglangLmcache, release(14)], vec!["sglang_mp_lmcache"]),
        (vec![sglang(), FactKind::SglangLmcache, release(11)], vec!["sglang_embedded_lmcache"]),
        (vec![sglang(), FactKind::SglangLmcache], vec!["sglang_mp_lmcache_candidate"]),
        (
            vec![sglang(), FactKind::SglangLmcache, FactKind::MpServer],
            vec!["sglang_mp_lmcache", "lmcache_mp_server"],
        ),
        (vec![sglang(), FactKind::Hicache], vec!["hicache_without_lmcache"]),
        (
            vec![FactKind::TensorrtLlm, connector("LMCacheMPKvConnectorScheduler")],
            vec!["tensorrt_llm_mp_lmcache"],
        ),
        (
            vec![FactKind::TensorrtLlm, connector("LMCacheKvConnectorWorker")],
            vec!["tensorrt_llm_embedded_lmcache"],
        ),
        (
            vec![vllm(), connector("LMCacheConnectorV1"), FactKind::EmbeddedBlend],
            vec!["vllm_embedded_cacheblend", "vllm_embedded_lmcache"],
        ),
    ] {
        assert_eq!(labels(facts.clone()), want, "{facts:?}");
    }
}

#[test]
fn what_stands_beside_never_leads() {
    let all = labels(vec![
        FactKind::PdRole("prefill"),
        FactKind::PdRole("decode"),
        FactKind::Feature("p2p"),
        FactKind::Coordinator,
        FactKind::Controller,
        FactKind::Engine(Product::Vllm),
        FactKind::MpServer,
        connector("LMCacheMPConnector"),
    ]);
    assert_eq!(
        all,
        [
            "vllm_mp_lmcache",
            "lmcache_mp_server",
            "disaggregated_prefill_candidate",
            "coordinator",
            "p2p_candidate",
        ]
    );
    assert_eq!(labels(vec![FactKind::Controller]), ["controller_only"]);
    assert_eq!(labels(vec![FactKind::Coordinator]), ["coordinator"]);
}

#[test]
fn roles_of_disaggregation_are_named() {
    let facts = [FactKind::PdRole("prefill"), FactKind::PdRole("decode")].map(|kind| Fact {
        kind,
        claim: Claim::Inferred,
        source: Source::new("log", "kv_role"),
    });
    let evidence = Evidence { facts: facts.to_vec(), ..Evidence::default() };
    let architecture = assess(&Catalog::new(), &evidence).architecture;
    assert_eq!(architecture.labels[0].roles, ["prefill", "decode"]);
}

#[test]
fn a_connector_that_is_not_lmcaches_is_a_mode() {
    let fact = |kind| Fact { kind, claim: Claim::Inferred, source: Source::new("log", "line") };
    let evidence = Evidence {
        facts: vec![fact(FactKind::Engine(Product::Vllm)), fact(connector("NixlConnector"))],
        ..Evidence::default()
    };
    assert_eq!(assess(&Catalog::new(), &evidence).mode.mode, Mode::None);
}
