//! Families: signals that reports show as one row.
//!
//! The names are those that operators already script against; the rows after "since" groups
//! were added for what newer releases brought. A family is a set of *signals*: which series
//! spell them in which release is the contract's business. `*` in an entry matches any tail.

use crate::vocabulary::RequiredWhen::{
    self, AfterTraffic, Always, CacheblendObserved, CpuOffloadConfigured, ExternalCacheConfigured,
    L2Configured, Optional, P2pConfigured, Sampled,
};

/// One row of the coverage report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// Group of rows: `lmcache_mp`, `lmcache_embedded`, `vllm`, ...
    pub surface: &'static str,
    /// Name within the surface.
    pub name: &'static str,
    /// When it has to be there.
    pub required_when: RequiredWhen,
    /// Signals, or prefixes of signals with a final `*`; empty for a name that no examined
    /// release fills.
    pub signals: &'static [&'static str],
}

impl Family {
    /// Whether a signal belongs to the family.
    pub fn contains(&self, signal: &str) -> bool {
        self.signals.iter().any(|entry| match entry.strip_suffix('*') {
            Some(prefix) => signal.starts_with(prefix),
            None => signal == *entry,
        })
    }
}

const fn f(
    surface: &'static str,
    name: &'static str,
    required_when: RequiredWhen,
    signals: &'static [&'static str],
) -> Family {
    Family { surface, name, required_when, signals }
}

/// All metric families, in the order of the reports.
pub const FAMILIES: &[Family] = &[
    // LMCache multiprocess server
    f("lmcache_mp", "storage_manager", AfterTraffic, &["mp.storage_manager.*"]),
    f(
        "lmcache_mp",
        "lookup_tokens",
        AfterTraffic,
        &["mp.lookup.requested_tokens", "mp.lookup.hit_tokens"],
    ),
    f("lmcache_mp", "l1_counters", AfterTraffic, &["mp.l1.read", "mp.l1.write", "mp.l1.evictions"]),
    f("lmcache_mp", "l1_memory", Always, &["mp.l1.memory_usage_bytes"]),
    f("lmcache_mp", "l1_failures", Optional, &["mp.l1.allocation_failure", "mp.l1.read_failure"]),
    f("lmcache_mp", "l1_lifecycle", Sampled, &["mp.l1.chunk_*"]),
    f("lmcache_mp", "l0_lifecycle", Sampled, &["mp.l0.block_*"]),
    f("lmcache_mp", "l0_allocation_counters", Sampled, &[]),
    f("lmcache_mp", "real_reuse", Sampled, &["mp.reuse.*"]),
    f(
        "lmcache_mp",
        "l2_counters",
        L2Configured,
        &[
            "mp.l2.store_submitted*",
            "mp.l2.store_completed*",
            "mp.l2.store_failed_keys",
            "mp.l2.prefetch_lookup*",
            "mp.l2.prefetch_hit",
            "mp.l2.prefetch_load_*",
            "mp.l2.prefetch_failed_keys",
            "mp.l2.load_completed",
        ],
    ),
    f("lmcache_mp", "l2_failures", Optional, &["mp.l2.prefetch_failure"]),
    f(
        "lmcache_mp",
        "l2_throughput",
        L2Configured,
        &["mp.l2.store_throughput", "mp.l2.load_throughput"],
    ),
    f("lmcache_mp", "l0_l1_throughput", Sampled, &["mp.l0_l1.*"]),
    f("lmcache_mp", "engine_counters", Optional, &["mp.transfer.chunks_loaded"]),
    f("lmcache_mp", "gauges", Always, &["mp.lookup.active_prefetch_jobs", "mp.l2.inflight_*"]),
    f("lmcache_mp", "l2_inflight_gauges", L2Configured, &["mp.l2.inflight_*"]),
    f("lmcache_mp", "event_bus", Always, &["mp.event_bus.*"]),
    // since 0.4.5
    f("lmcache_mp", "l1_usage", Always, &["mp.l1.usage_ratio", "mp.l1.staging_bytes"]),
    f("lmcache_mp", "eviction_loop", AfterTraffic, &["mp.l1.eviction_loop_*"]),
    // since 0.4.6
    f("lmcache_mp", "l2_usage", L2Configured, &["mp.l2.usage_bytes", "mp.l2.evictions"]),
    // since 0.5.0
    f("lmcache_mp", "l2_adapters", Always, &["mp.l2.store_adapters", "mp.l2.prefetch_adapters"]),
    f("lmcache_mp", "p2p", P2pConfigured, &["mp.p2p.*"]),
    // since 0.5.1
    f("lmcache_mp", "timeouts", Optional, &["mp.timeouts"]),
    // since 0.5.5
    f(
        "lmcache_mp",
        "lookup_requests",
        AfterTraffic,
        &["mp.lookup.requests", "mp.lookup.early_exit"],
    ),
    f("lmcache_mp", "lookup_by_tier", AfterTraffic, &["mp.lookup.hit_l1_*", "mp.lookup.hit_l2_*"]),
    f(
        "lmcache_mp",
        "transfer_requests",
        AfterTraffic,
        &["mp.transfer.submitted_*", "mp.transfer.finished_*"],
    ),
    f(
        "lmcache_mp",
        "transfer_phases",
        Optional,
        &["mp.transfer.phase_*", "mp.transfer.staging_throughput"],
    ),
    // since 0.5.6
    f("lmcache_mp", "kv_events", Optional, &["mp.kv_events.*"]),
    f("lmcache_coordinator", "key_directory", P2pConfigured, &["coordinator.*"]),
    f("lmcache_connector", "mp_connector", Optional, &["vllm.lmcache_mp_*"]),
    // CacheBlend
    f(
        "lmcache_cacheblend",
        "lookup",
        CacheblendObserved,
        &[
            "blend.lookup.requests",
            "blend.lookup.requested_tokens",
            "blend.lookup.hit_tokens",
            "blend.lookup.fingerprint_hits",
            "blend.lookup.storage_hits",
            "blend.lookup.prefix_hit_tokens",
            "blend.lookup.non_prefix_hit_tokens",
            "blend.lookup.segmented_prefix_hit_tokens",
        ],
    ),
    f("lmcache_cacheblend", "l0_gpu_lifecycle", CacheblendObserved, &[]),
    f(
        "lmcache_cacheblend",
        "retrieve",
        CacheblendObserved,
        &["blend.retrieve.requests", "blend.retrieve.chunks", "blend.retrieve.noops"],
    ),
    f(
        "lmcache_cacheblend",
        "store_pre_computed",
        CacheblendObserved,
        &["blend.store.pre_computed_requests", "blend.store.pre_computed_chunks"],
    ),
    f(
        "lmcache_cacheblend",
        "store_final",
        CacheblendObserved,
        &["blend.store.final_requests", "blend.store.final_chunks"],
    ),
    f(
        "lmcache_cacheblend",
        "fingerprint",
        CacheblendObserved,
        &["blend.fingerprints_registered", "blend.fingerprint_matches"],
    ),
    f("lmcache_cacheblend", "evict", Optional, &["blend.chunks_evicted"]),
    f(
        "lmcache_cacheblend",
        "failure",
        Optional,
        &[
            "blend.retrieve.failures",
            "blend.store.pre_computed_failures",
            "blend.store.final_failures",
        ],
    ),
    f("lmcache_cacheblend", "no_gpu_context", Optional, &["blend.lookup.no_gpu_context_errors"]),
    f("lmcache_cacheblend", "stale", Optional, &["blend.lookup.stale_chunks"]),
    f("lmcache_cacheblend", "serde", Optional, &[]),
    f(
        "lmcache_cacheblend",
        "phase_durations",
        Optional,
        &[
            "blend.lookup.duration",
            "blend.retrieve.duration",
            "blend.prefix_lookup_duration",
            "blend.fingerprint_match_duration",
            "blend.scatter.duration",
            "blend.sparse_prefetch.duration",
            "blend.coordinator_match_duration",
        ],
    ),
    f(
        "lmcache_cacheblend",
        "scatter",
        Optional,
        &[
            "blend.scatter.tokens",
            "blend.scatter.prefix_chunks",
            "blend.scatter.shifted_chunks",
            "blend.scatter.dropped_chunks",
        ],
    ),
    f(
        "lmcache_cacheblend",
        "sparse_prefetch",
        Optional,
        &["blend.sparse_prefetch.found_keys", "blend.sparse_prefetch.l2_keys"],
    ),
    f(
        "lmcache_cacheblend",
        "coordinator_match",
        Optional,
        &["blend.coordinator_matches", "blend.coordinator_match_timeouts"],
    ),
    // LMCache inside the serving process
    f("lmcache_embedded", "legacy_lookup", Always, &["embedded.lookup_*"]),
    f("lmcache_embedded", "legacy_retrieve", Always, &["embedded.retrieve_*"]),
    f(
        "lmcache_embedded",
        "production_requests",
        Always,
        &[
            "embedded.num_lookup_requests",
            "embedded.num_retrieve_requests",
            "embedded.num_store_requests",
        ],
    ),
    f(
        "lmcache_embedded",
        "production_tokens",
        Always,
        &[
            "embedded.num_hit_tokens",
            "embedded.num_requested_tokens",
            "embedded.num_stored_tokens",
            "embedded.num_prompt_tokens",
            "embedded.num_lookup_tokens",
            "embedded.num_lookup_hits",
            "embedded.num_vllm_hit_tokens",
        ],
    ),
    f(
        "lmcache_embedded",
        "production_hit_rate",
        Always,
        &[
            "embedded.lookup_hit_rate",
            "embedded.retrieve_hit_rate",
            "embedded.request_cache_hit_rate",
            "embedded.lookup_0_hit_requests",
        ],
    ),
    f(
        "lmcache_embedded",
        "production_latency_performance",
        Always,
        &[
            "embedded.time_to_*",
            "embedded.retrieve_speed",
            "embedded.store_speed",
            "embedded.num_slow_retrieval_by_*",
        ],
    ),
    f(
        "lmcache_embedded",
        "production_detailed_profiling",
        AfterTraffic,
        &[
            "embedded.retrieve_process_tokens_time",
            "embedded.store_process_tokens_time",
            "embedded.retrieve_broadcast_time",
            "embedded.retrieve_to_gpu_time",
            "embedded.store_from_gpu_time",
            "embedded.store_put_time",
            "embedded.remote_backend_batched_get_blocking_time",
            "embedded.instrumented_connector_batched_get_time",
        ],
    ),
    f(
        "lmcache_embedded",
        "production_cache_usage_lifecycle",
        Always,
        &[
            "embedded.local_cache_usage",
            "embedded.remote_cache_usage",
            "embedded.local_storage_usage",
            "embedded.request_cache_lifespan",
        ],
    ),
    f(
        "lmcache_embedded",
        "production_remote_backend_network",
        Optional,
        &["embedded.num_remote_*", "embedded.remote_time_to_*", "embedded.remote_ping_*"],
    ),
    f("lmcache_embedded", "production_local_cpu_backend", Optional, &["embedded.local_cpu_*"]),
    f(
        "lmcache_embedded",
        "production_memory_management",
        Optional,
        &[
            "embedded.active_memory_objs_count",
            "embedded.pinned_memory_objs_count",
            "embedded.forced_unpin_count",
            "embedded.pin_monitor_pinned_objects_count",
        ],
    ),
    f("lmcache_embedded", "legacy_local_cpu", Always, &["embedded.local_cpu_*"]),
    f("lmcache_embedded", "legacy_tier_usage", Always, &[]),
    f("lmcache_embedded", "production_p2p", P2pConfigured, &["embedded.p2p_*"]),
    f("lmcache_embedded", "production_health", Optional, &["embedded.lmcache_is_healthy"]),
    f(
        "lmcache_embedded",
        "production_failures",
        Optional,
        &["embedded.get_blocking_failed_count", "embedded.put_failed_count"],
    ),
    f(
        "lmcache_embedded",
        "production_health_internal",
        Optional,
        &[
            "embedded.lmcache_is_healthy",
            "embedded.kv_msg_queue_size",
            "embedded.remote_put_task_num",
            "embedded.periodic_threads_*",
        ],
    ),
    f("lmcache_embedded", "production_storage_events", Optional, &["embedded.storage_events_*"]),
    f("lmcache_embedded", "chunk_stats", Optional, &["embedded.chunk_statistics_*"]),
    f(
        "lmcache_embedded",
        "production_connector_metrics",
        Optional,
        &["embedded.scheduler_unfinished_requests_count", "embedded.connector_*"],
    ),
    f("lmcache_controller", "controller", Optional, &["controller.*"]),
    // vLLM
    f(
        "vllm_prefix_cache",
        "local_prefix",
        Always,
        &["vllm.prefix_cache_queries", "vllm.prefix_cache_hits"],
    ),
    f(
        "vllm_prefix_cache",
        "external_prefix",
        Always,
        &["vllm.external_prefix_cache_queries", "vllm.external_prefix_cache_hits"],
    ),
    f("vllm_prefix_cache", "prompt_tokens_by_source", Always, &["vllm.prompt_tokens_by_source"]),
    f(
        "vllm_prefix_cache",
        "prompt_tokens_cached",
        Always,
        &["vllm.prompt_tokens_cached", "vllm.prompt_tokens_cached_by_source"],
    ),
    f(
        "vllm_simple_cpu_offload",
        "kv_offload_transfer",
        Optional,
        &["vllm.kv_offload_*", "vllm.kvcr_*"],
    ),
    f("vllm_simple_cpu_offload", "simple_cpu_pool", Optional, &["vllm.simple_kv_offload_*"]),
    f(
        "vllm",
        "request_latency",
        Always,
        &[
            "vllm.e2e_request_latency_seconds",
            "vllm.time_to_first_token_seconds",
            "vllm.inter_token_latency_seconds",
            "vllm.request_time_per_output_token_seconds",
            "vllm.request_inference_time_seconds",
        ],
    ),
    f(
        "vllm",
        "prefill_decode_queue",
        Always,
        &[
            "vllm.request_queue_time_seconds",
            "vllm.request_prefill_time_seconds",
            "vllm.request_decode_time_seconds",
            "vllm.num_requests_*",
            "vllm.num_preemptions",
        ],
    ),
    f(
        "vllm",
        "token_throughput",
        Always,
        &["vllm.prompt_tokens", "vllm.generation_tokens", "vllm.iteration_tokens"],
    ),
    f("vllm", "kv_cache", Always, &["vllm.kv_cache_usage_perc"]),
    f("vllm", "prefix_cache", Always, &["vllm.prefix_cache_queries", "vllm.prefix_cache_hits"]),
    f(
        "vllm",
        "external_prefix_cache",
        ExternalCacheConfigured,
        &["vllm.external_prefix_cache_queries", "vllm.external_prefix_cache_hits"],
    ),
    f(
        "vllm",
        "prompt_tokens_by_source",
        ExternalCacheConfigured,
        &["vllm.prompt_tokens_by_source"],
    ),
    f(
        "vllm",
        "prompt_tokens_cached",
        ExternalCacheConfigured,
        &["vllm.prompt_tokens_cached", "vllm.prompt_tokens_cached_by_source"],
    ),
    f(
        "vllm",
        "cpu_offload",
        CpuOffloadConfigured,
        &["vllm.kv_offload_*", "vllm.simple_kv_offload_*", "vllm.kvcr_*"],
    ),
    // since 0.27.1
    f("vllm", "cpu_offload_tiering", CpuOffloadConfigured, &["vllm.kv_offload_tiering_*"]),
    f("vllm", "kv_block_lifecycle", Sampled, &["vllm.kv_block_*"]),
    f(
        "vllm",
        "kv_transfer",
        ExternalCacheConfigured,
        &[
            "vllm.nixl_*",
            "vllm.mooncake_*",
            "vllm.hf3fs_*",
            "vllm.umbp_*",
            "vllm.hisparse_*",
            "vllm.lmcache_mp_*",
            "vllm.num_requests_kv_fetch_by_stage",
        ],
    ),
    f("vllm", "nixl", Optional, &["vllm.nixl_*"]),
    f("vllm", "mooncake", Optional, &["vllm.mooncake_*"]),
    f(
        "vllm",
        "connector_series",
        Optional,
        &["vllm.hf3fs_*", "vllm.umbp_*", "vllm.hisparse_*", "vllm.lmcache_mp_*"],
    ),
    f("vllm", "spec_decode", Optional, &["vllm.spec_decode_*"]),
    // SGLang
    f(
        "sglang",
        "request_latency",
        Always,
        &[
            "sglang.e2e_request_latency_seconds",
            "sglang.time_to_first_token_seconds",
            "sglang.inter_token_latency_seconds",
            "sglang.request_time_per_output_token_seconds",
        ],
    ),
    f(
        "sglang",
        "token_throughput",
        Always,
        &[
            "sglang.prompt_tokens",
            "sglang.generation_tokens",
            "sglang.gen_throughput",
            "sglang.realtime_tokens",
        ],
    ),
    f(
        "sglang",
        "queue",
        Always,
        &[
            "sglang.num_queue_reqs",
            "sglang.num_running_reqs",
            "sglang.queue_time_seconds",
            "sglang.num_requests",
        ],
    ),
    f(
        "sglang",
        "prefix_cache",
        Always,
        &["sglang.cache_hit_rate", "sglang.cached_tokens", "sglang.prefill_effective_tokens"],
    ),
    f(
        "sglang",
        "kv_cache",
        Always,
        &[
            "sglang.token_usage",
            "sglang.kv_used_tokens",
            "sglang.kv_available_tokens",
            "sglang.kv_evictable_tokens",
            "sglang.num_used_tokens",
            "sglang.max_total_num_tokens",
        ],
    ),
    f("sglang", "cached_tokens_by_source", Optional, &["sglang.cached_tokens"]),
    f("sglang", "kv_transfer", ExternalCacheConfigured, &["sglang.kv_transfer_*"]),
    f("sglang", "hicache", Optional, &["sglang.hicache_*", "sglang.load_back_*"]),
    f(
        "sglang",
        "storage",
        Optional,
        &["sglang.storage_*", "sglang.prefetch*", "sglang.backup_*", "sglang.backuped_tokens"],
    ),
    f(
        "sglang",
        "storage_prefetch",
        Optional,
        &["sglang.storage_prefetch_*", "sglang.prefetch_*", "sglang.prefetched_tokens"],
    ),
    f(
        "sglang",
        "storage_backup",
        Optional,
        &["sglang.backup_*", "sglang.backuped_tokens", "sglang.hicache_backup_*"],
    ),
    f("sglang", "spec_decode", Optional, &["sglang.spec_*"]),
    f("sglang", "flops", Optional, &["sglang.estimated_*"]),
];

/// Rows whose evidence is not metrics: surface, family, lane name in [`crate::FactKind::Lane`].
pub const LANES: &[(&str, &str, &str)] = &[
    ("lmcache_http", "mp_http_api", "http"),
    ("lmcache_logs", "lifecycle_logs", "log"),
    ("lmcache_trace_recording", "storage_lct", "lct"),
    ("lmcache_otel", "mp_spans", "otel"),
    ("lmcache_otel", "cacheblend_spans", "otel"),
    ("lmcache_trace_replay", "replay_outputs", "trace_replay"),
    ("lmcache_lookup_hash", "lookup_hash_jsonl", "lookup_hash"),
    ("lmcache_cacheblend_boundary", "boundary_jsonl", "boundary"),
];

#[cfg(test)]
mod tests {
    use lmcache_prom::contract::Catalog;

    use super::*;

    #[test]
    fn every_entry_names_a_signal_of_the_contract() {
        let catalog = Catalog::new();
        for family in FAMILIES {
            for entry in family.signals {
                let one = Family { signals: std::slice::from_ref(entry), ..*family };
                assert!(
                    catalog.signals().any(|(id, _)| one.contains(id)),
                    "{}/{}: {entry} matches no signal",
                    family.surface,
                    family.name
                );
            }
        }
    }

    #[test]
    fn names_are_unique() {
        for (i, a) in FAMILIES.iter().enumerate() {
            for b in &FAMILIES[i + 1..] {
                assert!(
                    (a.surface, a.name) != (b.surface, b.name),
                    "{}/{} stands twice",
                    a.surface,
                    a.name
                );
            }
        }
    }

    #[test]
    fn every_lmcache_signal_is_in_a_family() {
        let catalog = Catalog::new();
        let homeless: Vec<&str> = catalog
            .signals()
            .filter(|(id, _)| !id.starts_with("vllm.") && !id.starts_with("sglang."))
            .map(|(id, _)| id)
            .filter(|id| !FAMILIES.iter().any(|f| f.contains(id)))
            .collect();
        assert!(homeless.is_empty(), "{homeless:?}");
    }
}
