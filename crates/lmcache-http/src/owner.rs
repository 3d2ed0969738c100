//! Whose answer a body is, where its content tells.

use serde_json::{Map, Value};

use crate::component::Component::{
    self, Controller, Coordinator, Embedded, Frontend, MpServer, Sglang, Vllm,
};

/// Keys of an object: all of the first list, at least one of the second, if there are any.
type Keys = (&'static [&'static str], &'static [&'static str]);

/// Most telling first.
const OWNERS: &[(Keys, Component)] = &[
    (
        (&["engine_type"], &["storage_manager", "is_healthy", "active_sessions", "hash_algorithm"]),
        MpServer,
    ),
    ((&["storage_manager", "is_healthy"], &[]), MpServer),
    ((&["mp"], &["storage_manager", "observability", "http"]), MpServer),
    ((&["storage_manager", "observability"], &[]), MpServer),
    ((&["lmcache_version"], &[]), Embedded),
    ((&["vllm_config"], &[]), Vllm),
    (
        (&["model_path"], &["mem_fraction_static", "schedule_policy", "max_running_requests"]),
        Sglang,
    ),
    ((&["model_path"], &["is_generation", "tokenizer_path"]), Sglang),
    ((&["loads"], &[]), Sglang),
    ((&["engine_id", "model_name"], &[]), Embedded),
    ((&["chunk_size"], &["local_cpu", "max_local_cpu_size", "remote_url", "local_disk"]), Embedded),
    ((&["local_cpu", "max_local_cpu_size"], &[]), Embedded),
    ((&["cache_salt"], &["quota_limit_gb", "usage_gb"]), Coordinator),
    ((&["by_cache_salt"], &[]), Coordinator),
    ((&["auto_exit_enabled"], &[]), Embedded),
    ((&["adapters", "backend"], &[]), MpServer),
    ((&["backends", "num_backends"], &[]), MpServer),
    ((&["arenas"], &[]), MpServer),
    ((&["bypassed_backends"], &[]), Embedded),
    ((&["num_layers", "layers"], &[]), Embedded),
    ((&["num_keys", "num_placements"], &[]), Coordinator),
    ((&["instances", "shared_modules"], &[]), Coordinator),
    ((&["total_key_count"], &[]), Controller),
    ((&["workers", "total_count"], &[]), Controller),
];

/// Titles in the list of routes, and names that `GET /` gives.
const TITLES: &[(&str, Component)] = &[
    ("LMCache HTTP API", MpServer),
    ("LMCache MP Coordinator", Coordinator),
    ("LMCache Frontend", Frontend),
];

/// The component that answers such an object.
pub(crate) fn owner(map: &Map<String, Value>) -> Option<Component> {
    let has = |key: &&str| map.contains_key(*key);
    let title = map
        .get("service")
        .or_else(|| map.get("info").and_then(|info| info.get("title")))
        .and_then(Value::as_str);
    let owned = map
        .get("data")
        .and_then(|data| data.get(0))
        .and_then(|first| first.get("owned_by"))
        .and_then(Value::as_str);
    TITLES
        .iter()
        .find(|(name, _)| title == Some(*name))
        .map(|(_, component)| *component)
        .or_else(|| owned.and_then(Component::from_name))
        .or_else(|| {
            OWNERS
                .iter()
                .find(|((all, any), _)| {
                    all.iter().all(has) && (any.is_empty() || any.iter().any(has))
                })
                .map(|(_, component)| *component)
        })
}
