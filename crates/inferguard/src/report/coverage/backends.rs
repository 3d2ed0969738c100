//! Coverage of each place where LMCache keeps KV: memory, disk, remote stores, peers, adapters.

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::{FamilyRow, Status};
use lmcache_prom::Timeline;
use serde::Serialize;

/// How well a backend is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum BackendStatus {
    /// All of its series that are there have counted something.
    Populated,
    /// Some have, others stand at zero or should be there and are not.
    Partial,
    /// All stand at zero.
    Zero,
    /// None is there, and nothing says that it should.
    NotEmitted,
    /// None is there, and one should.
    Missing,
    /// Not in this mode, or not configured.
    NotApplicable,
    /// Switched off.
    Disabled,
    /// No page of it was given, or the page proves nothing.
    Unknown,
}

/// One backend.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BackendRow {
    /// `remote`, `local_cpu`, `disk`, `p2p`, `storage_manager`, `l1_counters`, `l1_memory`, `l2:NAME`.
    pub backend: String,
    /// How well it is told.
    pub status: BackendStatus,
    /// Why.
    pub because: String,
    /// Series that have counted something.
    pub populated: Vec<String>,
    /// Series at zero.
    pub zero: Vec<String>,
    /// Series that should be there.
    pub missing: Vec<String>,
}

/// A backend, the surface and family that tell of it, and which of their signals are about it.
/// Failure counters are not among them: at zero they say nothing of the backend's use.
const BACKENDS: &[(&str, &str, &str, &[&str])] = &[
    (
        "remote",
        "lmcache_embedded",
        "production_remote_backend_network",
        &["embedded.num_remote_", "embedded.remote_time_to_"],
    ),
    (
        "local_cpu",
        "lmcache_embedded",
        "production_local_cpu_backend",
        &[
            "embedded.local_cpu_hot_cache_count",
            "embedded.local_cpu_evict_count",
            "embedded.local_cpu_evict_keys_count",
        ],
    ),
    (
        "disk",
        "lmcache_embedded",
        "production_cache_usage_lifecycle",
        &["embedded.local_storage_usage"],
    ),
    ("p2p_embedded", "lmcache_embedded", "production_p2p", &["embedded.p2p_"]),
    ("p2p", "lmcache_mp", "p2p", &["mp.p2p."]),
    ("storage_manager", "lmcache_mp", "storage_manager", &["mp.storage_manager."]),
    ("l1_counters", "lmcache_mp", "l1_counters", &["mp.l1."]),
    ("l1_memory", "lmcache_mp", "l1_memory", &["mp.l1."]),
    ("l2", "lmcache_mp", "l2_counters", &["mp.l2."]),
];

/// The rows.
pub(super) fn rows(families: &[FamilyRow], timelines: &[Timeline]) -> Vec<BackendRow> {
    let mut out: Vec<BackendRow> = BACKENDS
        .iter()
        .filter_map(|(backend, surface, family, signals)| {
            let row = families.iter().find(|f| f.surface == *surface && f.family == *family)?;
            Some(one(backend, row, signals))
        })
        .collect();
    out.extend(adapters(timelines));
    out
}

fn one(backend: &str, family: &FamilyRow, signals: &[&str]) -> BackendRow {
    let (mut populated, mut zero, mut missing) = (vec![], vec![], vec![]);
    for signal in family.signals.iter().filter(|s| signals.iter().any(|p| s.signal.starts_with(p)))
    {
        let name = signal.seen.first().or(signal.expected.last()).unwrap_or(&signal.signal).clone();
        match signal.status {
            Status::Populated => populated.push(name),
            Status::Zero => zero.push(name),
            Status::Missing => missing.push(name),
            _ => {}
        }
    }
    let status = match (populated.is_empty(), zero.is_empty(), missing.is_empty()) {
        (false, true, true) => BackendStatus::Populated,
        (false, _, _) => BackendStatus::Partial,
        (true, false, _) => BackendStatus::Zero,
        (true, true, false) => BackendStatus::Missing,
        (true, true, true) => match family.status {
            Status::NotApplicable => BackendStatus::NotApplicable,
            Status::Disabled => BackendStatus::Disabled,
            Status::Unknown => BackendStatus::Unknown,
            _ => BackendStatus::NotEmitted,
        },
    };
    BackendRow {
        backend: backend.to_owned(),
        status,
        because: family.because.clone(),
        populated,
        zero,
        missing,
    }
}

/// Each L2 adapter by its name on the page.
fn adapters(timelines: &[Timeline]) -> Vec<BackendRow> {
    let mut seen: BTreeMap<String, (BTreeSet<String>, BTreeSet<String>)> = BTreeMap::new();
    for timeline in timelines {
        let Some(last) = timeline.scrapes().last() else { continue };
        let counts = |name: &&str| {
            name.starts_with("lmcache_mp_") && !name.ends_with("_bucket") && !name.ends_with("_sum")
        };
        for name in last.scrape.sample_names().filter(counts) {
            for series in last.scrape.series(name) {
                let Some(adapter) = series.label("l2_name") else { continue };
                let (live, idle) = seen.entry(adapter.to_owned()).or_default();
                if series.value() > 0.0 {
                    live.insert(name.to_owned());
                    idle.remove(name);
                } else if !live.contains(name) {
                    idle.insert(name.to_owned());
                }
            }
        }
    }
    seen.into_iter()
        .map(|(adapter, (live, idle))| {
            // In-flight gauges are at zero whenever nothing is in flight.
            let (populated, mut zero): (Vec<String>, Vec<String>) =
                (live.into_iter().collect(), idle.into_iter().collect());
            zero.retain(|name| !name.contains("inflight"));
            let status = match (populated.is_empty(), zero.is_empty()) {
                (false, true) => BackendStatus::Populated,
                (false, false) => BackendStatus::Partial,
                (true, false) => BackendStatus::Zero,
                (true, true) => BackendStatus::NotEmitted,
            };
            BackendRow {
                backend: format!("l2:{adapter}"),
                status,
                because: "the adapter's own series on the last page".into(),
                populated,
                zero,
                missing: vec![],
            }
        })
        .collect()
}
