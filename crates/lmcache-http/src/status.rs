//! The status of a multiprocess server (LMCache 0.4.1 to 0.5.6).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One L1 manager: memory and objects.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct L1Facts {
    /// Objects in it.
    pub objects: Option<u64>,
    /// Objects that are being written.
    pub write_locked: Option<u64>,
    /// Objects that are being read.
    pub read_locked: Option<u64>,
    /// Bytes in use.
    pub used_bytes: Option<u64>,
    /// Bytes that it may use.
    pub total_bytes: Option<u64>,
    /// Part of it that is in use.
    pub usage_ratio: Option<f64>,
}

/// Whether silent workers are given up.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Liveness {
    /// They are.
    pub enabled: Option<bool>,
    /// After this time of silence.
    pub reap_timeout_seconds: Option<f64>,
    /// Workers that are followed.
    pub tracked_instances: Option<u64>,
    /// Workers that never pinged, where the answer lists them.
    pub never_pinged: u64,
}

/// A part that is said to be more than its whole, or less than nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Impossible {
    /// The object that says so, by its path: `storage_manager.l2_adapters.0`.
    pub path: String,
    /// Key of the part.
    pub part: String,
    /// What it says.
    pub value: f64,
    /// Key of the whole, where it is not 0 that the part falls below.
    pub whole: Option<String>,
    /// What the whole says, or 0.
    pub limit: f64,
}

/// What `GET /status` says. A part that a release does not tell is `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Status {
    /// The server's own verdict.
    pub is_healthy: Option<bool>,
    /// Class of the server.
    pub engine_type: Option<String>,
    /// Tokens a chunk.
    pub chunk_size: Option<u64>,
    /// Hash algorithm.
    pub hash_algorithm: Option<String>,
    /// Sessions.
    pub active_sessions: Option<u64>,
    /// Registered workers, of all transfer modes; `None` where the answer does not list them.
    pub registered_workers: Option<u64>,
    /// L1 managers by their tag.
    pub l1: BTreeMap<String, L1Facts>,
    /// L2 adapters; `None` where the answer does not say.
    pub l2_adapters: Option<u64>,
    /// Types of the L2 adapters.
    pub l2_types: Vec<String>,
    /// Eviction policies.
    pub eviction_policies: Vec<String>,
    /// Parts whose thread is not alive.
    pub dead_threads: Vec<String>,
    /// Parts that are not healthy.
    pub unhealthy_parts: Vec<String>,
    /// Prefetch jobs in progress.
    pub active_prefetch_jobs: Option<u64>,
    /// Prefetches in the load phase.
    pub load_phase: Option<u64>,
    /// Prefetches in progress in the controller.
    pub in_flight_prefetches: Option<u64>,
    /// Most prefetches at a time.
    pub max_in_flight_prefetches: Option<u64>,
    /// Prefetches that wait for one of the places in progress.
    pub pending_prefetches: Option<u64>,
    /// Stores on their way to L2.
    pub in_flight_l2_stores: Option<u64>,
    /// Stores waiting for L2.
    pub pending_l2_stores: Option<u64>,
    /// P2P is on.
    pub p2p_enabled: Option<bool>,
    /// P2P peers.
    pub p2p_peers: Option<u64>,
    /// Whether silent workers are given up.
    pub liveness: Option<Liveness>,
    /// Numbers that cannot be.
    pub impossible: Vec<Impossible>,
}

/// Parts and wholes that stand side by side in a status; a part lies between 0 and its whole.
const PARTS: &[(&str, &str)] = &[
    ("pool_free_slots", "pool_size"),
    ("pool_used_slots", "pool_size"),
    ("free_slot_count", "slot_count"),
    ("live_slot_count", "slot_count"),
    ("total_used_bytes", "total_capacity_bytes"),
];

/// Parts of one: ratios.
const RATIOS: &[&str] = &["memory_usage_ratio", "usage_fraction", "usage_ratio"];

/// Most numbers that cannot be that are kept.
const MOST_IMPOSSIBLE: usize = 64;

/// Keys of which a status has at least two.
const KEYS: &[&str] = &[
    "is_healthy",
    "engine_type",
    "chunk_size",
    "hash_algorithm",
    "active_sessions",
    "storage_manager",
    "registered_gpu_ids",
    "worker_liveness",
];

/// Whether an object is a status.
pub(crate) fn is_status(map: &serde_json::Map<String, Value>) -> bool {
    KEYS.iter().filter(|k| map.contains_key(**k)).count() >= 3
}

fn number(value: &Value) -> Option<u64> {
    value.as_u64()
}

impl Status {
    /// Whether stores or loads of L2 are under way: they hold locks on objects in L1.
    pub fn l2_under_way(&self) -> bool {
        [self.in_flight_l2_stores, self.in_flight_prefetches, self.pending_prefetches]
            .iter()
            .any(|n| n.is_some_and(|n| n > 0))
    }

    pub(crate) fn of(value: &Value) -> Self {
        let text = |name: &str| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let count = |name: &str| value.get(name).and_then(number);
        let manager = value.get("storage_manager").unwrap_or(&Value::Null);
        let mut out = Self {
            is_healthy: value.get("is_healthy").and_then(Value::as_bool),
            engine_type: text("engine_type"),
            chunk_size: count("chunk_size"),
            hash_algorithm: text("hash_algorithm"),
            active_sessions: count("active_sessions"),
            registered_workers: workers(value),
            active_prefetch_jobs: count("active_prefetch_jobs"),
            p2p_enabled: value.get("p2p_enabled").and_then(Value::as_bool),
            p2p_peers: count("p2p_peer_count"),
            ..Self::default()
        };
        l1(manager, &mut out);
        out.l2_adapters = manager.get("num_l2_adapters").and_then(number).or_else(|| {
            manager.get("l2_adapters").and_then(Value::as_array).map(|a| a.len() as u64)
        });
        for adapter in manager.get("l2_adapters").and_then(Value::as_array).into_iter().flatten() {
            for key in ["type", "type_name", "name", "adapter_type"] {
                if let Some(name) = adapter.get(key).and_then(Value::as_str) {
                    out.l2_types.push(name.to_owned());
                    break;
                }
            }
        }
        if let Some(prefetch) = manager.get("prefetch_controller") {
            let count = |name: &str| prefetch.get(name).and_then(number);
            out.load_phase = count("load_phase_count");
            out.in_flight_prefetches = count("in_flight_request_count");
            out.max_in_flight_prefetches = count("max_in_flight");
            out.pending_prefetches = count("pending_queue_size");
        }
        if let Some(store) = manager.get("store_controller") {
            let count = |name: &str| store.get(name).and_then(number);
            out.in_flight_l2_stores = count("in_flight_task_count");
            out.pending_l2_stores = count("pending_keys_count");
        }
        if let Some(liveness) = value.get("worker_liveness") {
            out.liveness = Some(Liveness {
                enabled: liveness.get("enabled").and_then(Value::as_bool),
                reap_timeout_seconds: liveness.get("reap_timeout_seconds").and_then(Value::as_f64),
                tracked_instances: liveness.get("tracked_instances").and_then(number),
                never_pinged: never_pinged(liveness, 0),
            });
        }
        health(value, &mut String::new(), 0, &mut out);
        impossible(value, &mut String::new(), 0, &mut out.impossible);
        // One part under its old and its new name is one part.
        for list in [&mut out.dead_threads, &mut out.unhealthy_parts, &mut out.eviction_policies] {
            list.sort();
            list.dedup();
        }
        out
    }
}

fn workers(value: &Value) -> Option<u64> {
    let lists = [
        "registered_gpu_ids",
        "registered_non_cuda_instance_ids",
        "registered_cb_gpu_ids",
        "registered_instance_ids",
    ];
    let mut found: Option<u64> = None;
    for name in lists {
        if let Some(list) = value.get(name).and_then(Value::as_array) {
            *found.get_or_insert(0) += list.len() as u64;
        }
    }
    found
}

fn l1(manager: &Value, out: &mut Status) {
    let one = |value: &Value| {
        let count = |name: &str| value.get(name).and_then(number);
        L1Facts {
            objects: count("total_object_count"),
            write_locked: count("write_locked_count"),
            read_locked: count("read_locked_count"),
            used_bytes: count("memory_used_bytes"),
            total_bytes: count("memory_total_bytes"),
            usage_ratio: value.get("memory_usage_ratio").and_then(Value::as_f64),
        }
    };
    if let Some(Value::Object(map)) = manager.get("l1_managers") {
        for (tag, value) in map.iter().take(64) {
            out.l1.insert(tag.clone(), one(value));
        }
    } else if let Some(value) = manager.get("l1_manager") {
        out.l1.insert("_default".into(), one(value));
    }
}

fn never_pinged(value: &Value, depth: usize) -> u64 {
    if depth > 6 {
        return 0;
    }
    match value {
        Value::Object(map) => map
            .iter()
            .map(|(name, inner)| {
                let here =
                    (name == "pinged" || name == "has_pinged") && inner == &Value::Bool(false);
                u64::from(here) + never_pinged(inner, depth + 1)
            })
            .sum(),
        Value::Array(items) => items.iter().map(|i| never_pinged(i, depth + 1)).sum(),
        _ => 0,
    }
}

/// Collects threads that are dead, parts that are not healthy and eviction policies.
fn health(value: &Value, path: &mut String, depth: usize, out: &mut Status) {
    let Value::Object(map) = value else { return };
    if depth > 8 {
        return;
    }
    if map.get("thread_alive") == Some(&Value::Bool(false)) {
        out.dead_threads.push(path.clone());
    }
    if depth > 0 && map.get("is_healthy") == Some(&Value::Bool(false)) {
        out.unhealthy_parts.push(path.clone());
    }
    if let Some(policy) = map.get("eviction_policy").and_then(Value::as_str) {
        out.eviction_policies.push(policy.to_owned());
    }
    for (name, inner) in map {
        let before = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        health(inner, path, depth + 1, out);
        path.truncate(before);
    }
}

/// Collects parts that are more than their whole or less than nothing.
fn impossible(value: &Value, path: &mut String, depth: usize, out: &mut Vec<Impossible>) {
    if depth > 8 || out.len() >= MOST_IMPOSSIBLE {
        return;
    }
    if let Value::Object(map) = value {
        let number = |key: &str| map.get(key).and_then(Value::as_f64);
        let wholes = PARTS.iter().map(|(part, whole)| (*part, Some(*whole)));
        let ratios = RATIOS.iter().map(|part| (*part, None));
        for (part, whole) in wholes.chain(ratios) {
            let Some(n) = number(part) else { continue };
            let most = match whole {
                Some(whole) => number(whole),
                // What is over its limit by a rounding is full.
                None => Some(1.01),
            };
            let (whole, limit) = match most {
                _ if n < 0.0 => (None, 0.0),
                Some(most) if most > 0.0 && n > most => {
                    (whole.map(str::to_owned), if whole.is_some() { most } else { 1.0 })
                }
                _ => continue,
            };
            let path = path.clone();
            out.push(Impossible { path, part: part.to_owned(), value: n, whole, limit });
        }
    }
    let mut inner = |name: &str, value: &Value| {
        let before = path.len();
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(name);
        impossible(value, path, depth + 1, out);
        path.truncate(before);
    };
    match value {
        Value::Object(map) => map.iter().for_each(|(name, value)| inner(name, value)),
        Value::Array(items) => {
            items.iter().take(64).enumerate().for_each(|(i, value)| inner(&i.to_string(), value));
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_part_is_never_more_than_its_whole() {
        let of = |adapter: Value| {
            Status::of(&json!({"is_healthy": true, "storage_manager": {"l2_adapters": [adapter]}}))
                .impossible
        };
        let found = of(json!({"pool_size": 8, "pool_free_slots": 30, "stored_object_count": 2}));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].path, "storage_manager.l2_adapters.0");
        assert_eq!((found[0].part.as_str(), found[0].value), ("pool_free_slots", 30.0));
        assert_eq!((found[0].whole.as_deref(), found[0].limit), (Some("pool_size"), 8.0));
        assert_eq!(of(json!({"pool_size": 8, "pool_free_slots": -3})).len(), 1);
        assert_eq!(of(json!({"usage_fraction": 1.7})).len(), 1);
        assert_eq!(of(json!({"total_used_bytes": 9, "total_capacity_bytes": 5})).len(), 1);
        for fine in [
            json!({"pool_size": 8, "pool_free_slots": 8}),
            json!({"pool_size": 0, "pool_free_slots": 8}),
            json!({"pool_free_slots": 8}),
            json!({"usage_fraction": 1.001}),
            json!({"total_used_bytes": 0, "total_capacity_bytes": 0}),
        ] {
            assert_eq!(of(fine.clone()), [], "{fine}");
        }
    }
}
