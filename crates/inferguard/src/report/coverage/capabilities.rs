//! What can be said of this deployment, capability by capability.

use coverage_model::bridge::Bridge;
use coverage_model::{FamilyRow, Mode, RequiredWhen, Status};
use serde::Serialize;

/// How far a capability is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum SupportLevel {
    /// Measured.
    Supported,
    /// In part.
    Partial,
    /// Nothing in this evidence tells.
    MissingSignal,
    /// LMCache's side alone tells of it; the engine's page would measure it.
    InferredWithoutEngineMetrics,
    /// Not for this mode, or not configured.
    NotApplicable,
}

/// One capability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CapabilityRow {
    /// Name.
    pub capability: String,
    /// How far it is there.
    pub support_level: SupportLevel,
    /// Why.
    pub because: String,
    /// Families that it rests on.
    pub rests_on: Vec<String>,
}

/// A capability and the families that it rests on, as `surface/family`; the second list are those of
/// which one has to be counted for the whole to be supported, the first those that are enough for a
/// part of it.
struct Capability {
    name: &'static str,
    families: &'static [&'static str],
    /// About the engine: LMCache's families tell of it only by inference.
    engine: bool,
}

const fn c(name: &'static str, engine: bool, families: &'static [&'static str]) -> Capability {
    Capability { name, families, engine }
}

const CAPABILITIES: &[Capability] = &[
    c("engine_request_latency", true, &["vllm/request_latency", "sglang/request_latency"]),
    c("engine_queue", true, &["vllm/prefill_decode_queue", "sglang/queue"]),
    c("engine_tokens", true, &["vllm/token_throughput", "sglang/token_throughput"]),
    c("engine_kv_cache_usage", true, &["vllm/kv_cache", "sglang/kv_cache"]),
    c("engine_local_hits", true, &["vllm/prefix_cache", "sglang/prefix_cache"]),
    c(
        "engine_external_tokens",
        true,
        &[
            "vllm/external_prefix_cache",
            "vllm/prompt_tokens_by_source",
            "sglang/cached_tokens_by_source",
            "lmcache_mp/lookup_tokens",
        ],
    ),
    c(
        "lmcache_lookup_hit_rate",
        false,
        &["lmcache_mp/lookup_tokens", "lmcache_embedded/production_tokens"],
    ),
    c(
        "lmcache_l1_occupancy",
        false,
        &["lmcache_mp/l1_memory", "lmcache_embedded/production_cache_usage_lifecycle"],
    ),
    c(
        "lmcache_l1_activity",
        false,
        &["lmcache_mp/l1_counters", "lmcache_embedded/production_local_cpu_backend"],
    ),
    c(
        "lmcache_l2_activity",
        false,
        &["lmcache_mp/l2_counters", "lmcache_embedded/production_remote_backend_network"],
    ),
    c("lmcache_l2_throughput", false, &["lmcache_mp/l2_throughput"]),
    c("lmcache_event_loss", false, &["lmcache_mp/event_bus"]),
    c(
        "kv_offload_bandwidth",
        false,
        &[
            "vllm/cpu_offload",
            "lmcache_mp/l0_l1_throughput",
            "lmcache_embedded/production_latency_performance",
        ],
    ),
    c("chunk_lifecycle", false, &["lmcache_mp/l1_lifecycle", "lmcache_mp/real_reuse"]),
    c("cacheblend", false, &["lmcache_cacheblend/lookup"]),
    c("p2p", false, &["lmcache_mp/p2p", "lmcache_embedded/production_p2p"]),
    c("kv_transfer_between_engines", true, &["vllm/nixl", "vllm/mooncake", "sglang/kv_transfer"]),
    c("server_health", false, &["lmcache_http/mp_http_api", "lmcache_embedded/production_health"]),
    c("operations_log", false, &["lmcache_logs/lifecycle_logs"]),
    c("storage_trace", false, &["lmcache_trace_recording/storage_lct"]),
    c("request_spans", false, &["lmcache_otel/mp_spans"]),
];

/// The rows.
pub(super) fn rows(families: &[FamilyRow], mode: Mode, bridge: &Bridge) -> Vec<CapabilityRow> {
    let engine_given = bridge.sides.iter().any(|s| s.part.is_engine());
    let mut out: Vec<CapabilityRow> =
        CAPABILITIES.iter().map(|c| one(c, families, mode, engine_given)).collect();
    out.push(reconciliation(bridge));
    out.push(worth(bridge));
    out
}

fn one(
    capability: &Capability,
    families: &[FamilyRow],
    mode: Mode,
    engine_given: bool,
) -> CapabilityRow {
    let rows: Vec<&FamilyRow> = capability
        .families
        .iter()
        .filter_map(|name| {
            let (surface, family) = name.split_once('/')?;
            families.iter().find(|f| f.surface == surface && f.family == family)
        })
        .collect();
    let own = |row: &&&FamilyRow| !capability.engine || !row.surface.starts_with("lmcache");
    // A feature that stands at zero and is not required here is not in use.
    let optional = |row: &FamilyRow| {
        matches!(row.required_when, RequiredWhen::P2pConfigured | RequiredWhen::Optional)
    };
    let shown = |row: &&&FamilyRow| {
        row.status == Status::Populated || (row.status == Status::Zero && !optional(row))
    };
    let told: Vec<&&FamilyRow> = rows.iter().filter(own).filter(shown).collect();
    let gone = rows.iter().filter(own).any(|r| {
        r.status == Status::Missing || r.signals.iter().any(|s| s.status == Status::Missing)
    });
    let unused = |r: &FamilyRow| {
        r.status == Status::NotApplicable
            || (optional(r) && matches!(r.status, Status::NotEmitted | Status::Zero))
    };
    let applies: Vec<&&FamilyRow> = rows.iter().filter(|r| !unused(r)).collect();
    let (level, because) = if let Some(first) = told.first() {
        let level = if gone { SupportLevel::Partial } else { SupportLevel::Supported };
        (level, first.because.clone())
    } else if let Some(row) = rows.iter().find(|r| {
        capability.engine
            && !engine_given
            && r.surface.starts_with("lmcache")
            && r.status == Status::Populated
    }) {
        (
            SupportLevel::InferredWithoutEngineMetrics,
            format!("no engine's page was given; LMCache's side alone: {}", row.because),
        )
    } else if applies.is_empty() {
        let because = rows.first().map_or_else(String::new, |r| r.because.clone());
        (SupportLevel::NotApplicable, because)
    } else if mode == Mode::None && !capability.engine {
        (SupportLevel::NotApplicable, "the engine runs without LMCache".to_owned())
    } else {
        let row = applies.first();
        (SupportLevel::MissingSignal, row.map_or_else(String::new, |r| r.because.clone()))
    };
    CapabilityRow {
        capability: capability.name.to_owned(),
        support_level: level,
        because,
        rests_on: told.iter().map(|r| format!("{}/{}", r.surface, r.family)).collect(),
    }
}

fn reconciliation(bridge: &Bridge) -> CapabilityRow {
    let cache = bridge.sides.iter().any(|s| !s.part.is_engine());
    let engine = bridge.sides.iter().any(|s| s.part.is_engine());
    let (level, because) = if bridge.both_sides() {
        let judged = bridge
            .windows
            .iter()
            .flat_map(|w| &w.reconciliation)
            .any(|r| r.what == "found" && r.tolerance.is_some());
        if judged {
            (
                SupportLevel::Supported,
                "engine and LMCache were counted in the same windows".to_owned(),
            )
        } else {
            (
                SupportLevel::Partial,
                "engine and LMCache were counted, but nothing gives the chunk size or the number of requests".to_owned(),
            )
        }
    } else if cache && !engine {
        (
            SupportLevel::InferredWithoutEngineMetrics,
            "no engine's page was given: only LMCache's side is known".to_owned(),
        )
    } else if cache {
        (SupportLevel::MissingSignal, "no window in which both sides were counted".to_owned())
    } else {
        (SupportLevel::NotApplicable, "no LMCache process is seen".to_owned())
    };
    CapabilityRow {
        capability: "engine_cache_reconciliation".into(),
        support_level: level,
        because,
        rests_on: vec!["bridge".into()],
    }
}

fn worth(bridge: &Bridge) -> CapabilityRow {
    let worth = &bridge.worth;
    let missing: Vec<&str> =
        worth.factors.iter().filter(|f| f.value.is_none()).map(|f| f.how.as_str()).collect();
    let (level, because) = if worth.prefill_seconds_saved.is_some() {
        (SupportLevel::Supported, "every factor is known".to_owned())
    } else if worth.prefill_seconds_avoided.is_some() {
        (SupportLevel::Partial, missing.join("; "))
    } else if bridge.sides.iter().all(|s| s.part.is_engine()) {
        (SupportLevel::NotApplicable, "no LMCache process is seen".to_owned())
    } else {
        (SupportLevel::MissingSignal, missing.join("; "))
    };
    CapabilityRow {
        capability: "prefill_time_saved".into(),
        support_level: level,
        because,
        rests_on: vec!["bridge".into()],
    }
}
