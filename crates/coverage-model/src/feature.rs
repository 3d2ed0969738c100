//! Features of a deployment that decide whether a signal can exist at all.

use std::collections::BTreeMap;

use lmcache_prom::contract::Catalog;

use crate::evidence::{Evidence, FactKind, Target};

/// What follows when a needed feature is not in use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Without {
    /// The signal cannot exist: it is not applicable.
    NotApplicable,
    /// The signal could exist but takes another path here: it is not emitted.
    NotEmitted,
}

/// A feature of the contract tables: id, what follows without it, what it is in words.
pub(crate) struct Feature {
    pub(crate) id: &'static str,
    pub(crate) without: Without,
    pub(crate) absent: &'static str,
}

const fn feature(id: &'static str, without: Without, absent: &'static str) -> Feature {
    Feature { id, without, absent }
}

const FEATURES: &[Feature] = &[
    feature("l2", Without::NotApplicable, "no L2 adapter is configured or seen"),
    feature("blend", Without::NotApplicable, "no CacheBlend series is there"),
    feature("blend_legacy", Without::NotApplicable, "the legacy CacheBlend engine is not seen"),
    feature("p2p", Without::NotApplicable, "no P2P peer is configured or seen"),
    feature("coordinator", Without::NotApplicable, "no coordinator is configured or seen"),
    feature("controller", Without::NotApplicable, "no lmcache_controller page was given"),
    feature("connector", Without::NotApplicable, "no such KV connector is configured or seen"),
    feature(
        "lmcache_connector",
        Without::NotApplicable,
        "LMCache's own MP connector is not seen on the engine's page",
    ),
    feature("nixl", Without::NotApplicable, "no NIXL connector is configured or seen"),
    feature("mooncake", Without::NotApplicable, "no Mooncake connector is configured or seen"),
    feature("hf3fs", Without::NotApplicable, "no HF3FS connector is configured or seen"),
    feature("hisparse", Without::NotApplicable, "no HiSparse connector is configured or seen"),
    feature("umbp", Without::NotApplicable, "no UMBP transfer is seen"),
    feature("disaggregation", Without::NotApplicable, "no PD disaggregation is configured or seen"),
    feature(
        "cpu_offload",
        Without::NotApplicable,
        "no CPU offload connector is configured or seen",
    ),
    feature("hicache", Without::NotApplicable, "HiCache is not configured or seen"),
    feature(
        "kv_cache_metrics",
        Without::NotEmitted,
        "only with --kv-cache-metrics, which is off by default",
    ),
    feature("remote_backend", Without::NotApplicable, "no remote backend is seen"),
    feature("option", Without::NotEmitted, "only with an engine option that is off by default"),
    feature("kv_events", Without::NotEmitted, "only while KV events are enabled"),
    feature(
        "device_path",
        Without::NotEmitted,
        "only the LMCache-driven transfer path emits it, and none of that path's series is there",
    ),
    feature(
        "l0_reports",
        Without::NotEmitted,
        "only when the engine reports its block allocations",
    ),
    feature(
        "native_recorder",
        Without::NotEmitted,
        "only with the native (CUDA) transfer recorder",
    ),
];

/// Beginnings of connector names, and the features that the connectors bring.
const OF_CONNECTOR: &[(&str, &str)] = &[
    ("Nixl", "nixl"),
    ("Mooncake", "mooncake"),
    ("HF3FS", "hf3fs"),
    ("HiSparse", "hisparse"),
    ("Offloading", "cpu_offload"),
    ("SimpleCPUOffload", "cpu_offload"),
];

pub(crate) fn describe(id: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|f| f.id == id)
}

/// Features in use, each with what shows it.
#[derive(Debug, Clone, Default)]
pub(crate) struct InUse(BTreeMap<&'static str, String>);

impl InUse {
    /// Features that one target's own signals show, and those that facts of any lane state.
    pub(crate) fn of(catalog: &Catalog, evidence: &Evidence, target: &Target) -> Self {
        let mut map = BTreeMap::new();
        for (signal, observed) in &target.signals {
            let name = observed.names.iter().next().map_or(*signal, String::as_str);
            for need in catalog.signal(signal).iter().flat_map(|s| s.needs) {
                map.entry(*need).or_insert_with(|| format!("{name} is there"));
            }
        }
        for signal in ["mp.l2.store_adapters", "mp.l2.prefetch_adapters"] {
            if target.nonzero(signal) {
                map.entry("l2").or_insert_with(|| "the adapter gauge is above zero".into());
            }
        }
        if target.nonzero("mp.p2p.active_lookup_jobs") {
            map.entry("p2p").or_insert_with(|| "P2P lookups are active".into());
        }
        if evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with("coordinator.")))
        {
            for id in ["coordinator", "p2p"] {
                map.entry(id).or_insert_with(|| "a coordinator's page is there".into());
            }
        }
        for fact in &evidence.facts {
            match &fact.kind {
                FactKind::Feature(id) => {
                    map.entry(*id).or_insert_with(|| format!("{} says so", fact.source.what));
                }
                FactKind::Connector(name) => {
                    let brings = OF_CONNECTOR.iter().filter(|(start, _)| name.starts_with(start));
                    for (_, id) in brings {
                        map.entry(*id).or_insert_with(|| format!("the connector is {name}"));
                    }
                }
                _ => {}
            }
        }
        Self(map)
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }
}
