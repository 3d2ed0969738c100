//! The table of groups, their fields, and the series that each field is read from.

/// Groups of an engine's rows, in order: one row each a sample.
pub(crate) const GROUPS: &[&str] =
    &["prefill", "decode", "queue", "kv_cache", "prefix_cache", "lmcache"];

/// The group of LMCache's own series.
pub(super) const LMCACHE: &str = "lmcache";

/// How the series of one name become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Sum over label sets.
    Sum,
    /// Largest of the label sets: ratios and lengths.
    Max,
    /// Smallest of the label sets: a state that one worker spoils.
    Min,
    /// Mean of all observations of a histogram or summary, over its label sets.
    Mean,
}

/// Where a field is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// A signal of the metric contract, in whatever spelling the page has.
    Signal(&'static str),
    /// A signal, only its series with this label value.
    Labelled(&'static str, &'static str, &'static str),
    /// A name that the contract does not hold: series of releases before those examined, and of
    /// other products.
    Name(&'static str),
}

/// A normalised field. The first source that the page has is read; sources are never added up,
/// since one thing is often told twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) how: How,
    pub(super) from: &'static [Origin],
    /// Whether `NAME_source` says which series was read.
    pub(super) tell_source: bool,
}

/// A ratio of two fields of a group, where no series tells the field itself.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    pub(super) group: &'static str,
    pub(super) name: &'static str,
    pub(super) part: &'static str,
    pub(super) whole: &'static str,
}

/// Families of names that become fields of their own names, summed over their label sets.
pub(super) const OPEN: &[(&str, &str)] = &[
    ("kv_cache", "dynamo_kvbm_"),
    ("kv_cache", "vllm:simple_cpu_offload_"),
    ("kv_cache", "vllm:simple_kv_offload_"),
];

use How::{Max, Mean, Min, Sum};
use Origin::{Labelled as L, Name as N, Signal as S};

const fn f(group: &'static str, name: &'static str, how: How, from: &'static [Origin]) -> Field {
    Field { group, name, how, from, tell_source: false }
}

const fn told(group: &'static str, name: &'static str, how: How, from: &'static [Origin]) -> Field {
    Field { group, name, how, from, tell_source: true }
}

/// All fields.
#[rustfmt::skip]
pub(super) const FIELDS: &[Field] = &[
    f("prefill", "request_prefill_time_seconds", Mean, &[S("vllm.request_prefill_time_seconds")]),
    told("prefill", "prompt_tokens_total", Sum, &[S("vllm.prompt_tokens"), S("sglang.prompt_tokens")]),

    f("decode", "request_decode_time_seconds", Mean, &[S("vllm.request_decode_time_seconds")]),
    f("decode", "generation_tokens_total", Sum, &[S("vllm.generation_tokens"), S("sglang.generation_tokens")]),
    f("decode", "request_success_total", Sum, &[S("vllm.request_success")]),
    f("decode", "time_per_output_token_seconds", Mean, &[
        S("vllm.request_time_per_output_token_seconds"), N("vllm:time_per_output_token_seconds"),
        S("vllm.inter_token_latency_seconds"), S("sglang.request_time_per_output_token_seconds"),
        N("sglang:time_per_output_token_seconds"), S("sglang.inter_token_latency_seconds"),
    ]),
    f("decode", "gen_throughput", Sum, &[S("sglang.gen_throughput")]),

    told("queue", "requests_running", Sum, &[S("vllm.num_requests_running"), S("sglang.num_running_reqs")]),
    told("queue", "requests_waiting", Sum, &[S("vllm.num_requests_waiting"), S("sglang.num_queue_reqs")]),
    f("queue", "request_queue_time_seconds", Mean, &[S("vllm.request_queue_time_seconds"), S("sglang.queue_time_seconds")]),
    f("queue", "time_to_first_token_seconds", Mean, &[S("vllm.time_to_first_token_seconds"), S("sglang.time_to_first_token_seconds")]),
    f("queue", "e2e_request_latency_seconds", Mean, &[S("vllm.e2e_request_latency_seconds"), S("sglang.e2e_request_latency_seconds")]),

    told("kv_cache", "usage_fraction", Max, &[
        S("vllm.kv_cache_usage_perc"), N("vllm:gpu_cache_usage_perc"), S("sglang.token_usage"),
    ]),
    f("kv_cache", "token_usage", Max, &[S("sglang.token_usage")]),
    f("kv_cache", "num_used_tokens", Sum, &[S("sglang.num_used_tokens")]),
    f("kv_cache", "kv_block_lifetime_seconds", Mean, &[S("vllm.kv_block_lifetime_seconds")]),
    f("kv_cache", "kv_block_idle_before_evict_seconds", Mean, &[S("vllm.kv_block_idle_before_evict_seconds")]),
    f("kv_cache", "kv_block_reuse_gap_seconds", Mean, &[S("vllm.kv_block_reuse_gap_seconds")]),
    f("kv_cache", "num_preemptions_total", Sum, &[S("vllm.num_preemptions"), S("sglang.num_retracted_requests")]),
    f("kv_cache", "kv_offload_bytes_gpu_to_cpu", Sum, &[L("vllm.kv_offload_total_bytes", "transfer_type", "GPU_to_CPU"), S("vllm.kv_offload_store_bytes")]),
    f("kv_cache", "kv_offload_bytes_cpu_to_gpu", Sum, &[L("vllm.kv_offload_total_bytes", "transfer_type", "CPU_to_GPU"), S("vllm.kv_offload_load_bytes")]),
    f("kv_cache", "kv_offload_time_gpu_to_cpu", Sum, &[L("vllm.kv_offload_total_time", "transfer_type", "GPU_to_CPU"), S("vllm.kv_offload_store_time")]),
    f("kv_cache", "kv_offload_time_cpu_to_gpu", Sum, &[L("vllm.kv_offload_total_time", "transfer_type", "CPU_to_GPU"), S("vllm.kv_offload_load_time")]),
    f("kv_cache", "kv_transfer_sent_bytes_total", Sum, &[N("vllm:kv_transfer_sent_bytes_total"), N("sglang:kv_transfer_sent_bytes_total")]),
    f("kv_cache", "kv_transfer_recv_bytes_total", Sum, &[N("vllm:kv_transfer_recv_bytes_total"), N("sglang:kv_transfer_recv_bytes_total")]),
    f("kv_cache", "kv_transfer_errors_total", Sum, &[
        N("vllm:kv_transfer_errors_total"), S("vllm.nixl_num_failed_transfers"),
        S("vllm.mooncake_num_failed_transfers"), S("sglang.num_transfer_failed_reqs"),
    ]),

    f("prefix_cache", "queries", Sum, &[S("vllm.prefix_cache_queries")]),
    f("prefix_cache", "hits", Sum, &[S("vllm.prefix_cache_hits")]),
    f("prefix_cache", "external_queries", Sum, &[S("vllm.external_prefix_cache_queries")]),
    f("prefix_cache", "external_hits", Sum, &[S("vllm.external_prefix_cache_hits")]),
    f("prefix_cache", "prompt_tokens_local_compute", Sum, &[L("vllm.prompt_tokens_by_source", "source", "local_compute")]),
    f("prefix_cache", "prompt_tokens_local_cache_hit", Sum, &[L("vllm.prompt_tokens_by_source", "source", "local_cache_hit")]),
    f("prefix_cache", "prompt_tokens_external_kv_transfer", Sum, &[L("vllm.prompt_tokens_by_source", "source", "external_kv_transfer")]),
    f("prefix_cache", "prompt_tokens_cached_total", Sum, &[S("vllm.prompt_tokens_cached"), S("sglang.cached_tokens")]),
    f("prefix_cache", "hit_rate", Max, &[S("sglang.cache_hit_rate")]),

    f("lmcache", "num_hit_tokens", Sum, &[S("embedded.num_hit_tokens"), N("lmcache_hit_count"), S("mp.lookup.hit_tokens")]),
    f("lmcache", "num_lookup_hits", Sum, &[S("embedded.num_lookup_hits"), N("lmcache_hit_count"), S("mp.lookup.hit_tokens")]),
    f("lmcache", "num_retrieve_requests", Sum, &[S("embedded.num_retrieve_requests")]),
    f("lmcache", "num_store_requests", Sum, &[S("embedded.num_store_requests")]),
    f("lmcache", "num_lookup_requests", Sum, &[S("embedded.num_lookup_requests"), S("mp.lookup.requests")]),
    f("lmcache", "num_requested_tokens", Sum, &[S("embedded.num_requested_tokens")]),
    f("lmcache", "num_lookup_tokens", Sum, &[S("embedded.num_lookup_tokens")]),
    f("lmcache", "num_stored_tokens", Sum, &[S("embedded.num_stored_tokens")]),
    f("lmcache", "lookup_requested_tokens", Sum, &[S("mp.lookup.requested_tokens")]),
    f("lmcache", "lookup_hit_tokens", Sum, &[S("mp.lookup.hit_tokens")]),
    f("lmcache", "lookup_hit_l1_tokens", Sum, &[S("mp.lookup.hit_l1_tokens")]),
    f("lmcache", "lookup_hit_l2_tokens", Sum, &[S("mp.lookup.hit_l2_tokens")]),
    f("lmcache", "retrieve_hit_rate", Max, &[S("embedded.retrieve_hit_rate")]),
    f("lmcache", "lookup_hit_rate", Max, &[S("embedded.lookup_hit_rate")]),
    f("lmcache", "lookup_0_hit_requests", Sum, &[S("embedded.lookup_0_hit_requests")]),
    f("lmcache", "sm_read_requests", Sum, &[S("mp.storage_manager.read_requests")]),
    f("lmcache", "sm_read_succeed_keys", Sum, &[S("mp.storage_manager.read_succeed_keys")]),
    f("lmcache", "sm_read_failed_keys", Sum, &[S("mp.storage_manager.read_failed_keys")]),
    f("lmcache", "sm_write_requests", Sum, &[S("mp.storage_manager.write_requests")]),
    f("lmcache", "sm_write_succeed_keys", Sum, &[S("mp.storage_manager.write_succeed_keys")]),
    f("lmcache", "sm_write_failed_keys", Sum, &[S("mp.storage_manager.write_failed_keys")]),
    f("lmcache", "submitted_stores", Sum, &[S("mp.transfer.submitted_stores")]),
    f("lmcache", "finished_stores", Sum, &[S("mp.transfer.finished_stores")]),
    f("lmcache", "submitted_retrieves", Sum, &[S("mp.transfer.submitted_retrieves")]),
    f("lmcache", "finished_retrieves", Sum, &[S("mp.transfer.finished_retrieves")]),
    f("lmcache", "local_cpu_evict_count", Sum, &[S("embedded.local_cpu_evict_count"), S("mp.l1.evictions")]),
    f("lmcache", "local_cpu_evict_keys_count", Sum, &[S("embedded.local_cpu_evict_keys_count")]),
    f("lmcache", "local_cpu_evict_failed_count", Sum, &[S("embedded.local_cpu_evict_failed_count")]),
    f("lmcache", "local_cache_usage", Sum, &[S("embedded.local_cache_usage"), S("mp.l1.memory_usage_bytes")]),
    f("lmcache", "remote_cache_usage", Sum, &[S("embedded.remote_cache_usage")]),
    f("lmcache", "local_storage_usage", Sum, &[S("embedded.local_storage_usage")]),
    f("lmcache", "local_cpu_hot_cache_count", Sum, &[S("embedded.local_cpu_hot_cache_count")]),
    f("lmcache", "l1_read_keys", Sum, &[S("mp.l1.read")]),
    f("lmcache", "l1_write_keys", Sum, &[S("mp.l1.write")]),
    f("lmcache", "l1_evicted_keys", Sum, &[S("mp.l1.evictions")]),
    f("lmcache", "l1_memory_usage_bytes", Sum, &[S("mp.l1.memory_usage_bytes")]),
    f("lmcache", "l1_usage_ratio", Max, &[S("mp.l1.usage_ratio")]),
    f("lmcache", "l1_allocation_failure", Sum, &[S("mp.l1.allocation_failure")]),
    f("lmcache", "l1_read_failure", Sum, &[S("mp.l1.read_failure")]),
    f("lmcache", "l1_chunk_lifetime_seconds", Mean, &[S("mp.l1.chunk_lifetime")]),
    f("lmcache", "l1_chunk_idle_before_evict_seconds", Mean, &[S("mp.l1.chunk_idle_before_evict")]),
    f("lmcache", "l1_chunk_reuse_gap_seconds", Mean, &[S("mp.l1.chunk_reuse_gap")]),
    f("lmcache", "l1_chunk_evict_reuse_gap_seconds", Mean, &[S("mp.l1.chunk_evict_reuse_gap")]),
    f("lmcache", "l0_block_lifetime_seconds", Mean, &[S("mp.l0.block_lifetime")]),
    f("lmcache", "l0_block_idle_before_evict_seconds", Mean, &[S("mp.l0.block_idle_before_evict")]),
    f("lmcache", "l0_block_reuse_gap_seconds", Mean, &[S("mp.l0.block_reuse_gap")]),
    f("lmcache", "real_reuse_gap_seconds", Mean, &[S("mp.reuse.real_gap")]),
    f("lmcache", "real_reuse_gap_chunks", Mean, &[S("mp.reuse.real_gap_objects")]),
    f("lmcache", "l2_store_tasks", Sum, &[S("mp.l2.store_submitted")]),
    f("lmcache", "l2_store_keys", Sum, &[S("mp.l2.store_submitted_objects")]),
    f("lmcache", "l2_store_completed", Sum, &[S("mp.l2.store_completed")]),
    f("lmcache", "l2_store_succeeded_keys", Sum, &[S("mp.l2.store_completed_objects")]),
    f("lmcache", "l2_store_failed_keys", Sum, &[S("mp.l2.store_failed_keys")]),
    f("lmcache", "l2_prefetch_lookups", Sum, &[S("mp.l2.prefetch_lookup")]),
    f("lmcache", "l2_prefetch_lookup_keys", Sum, &[S("mp.l2.prefetch_lookup_objects")]),
    f("lmcache", "l2_prefetch_hit_keys", Sum, &[S("mp.l2.prefetch_hit")]),
    f("lmcache", "l2_prefetch_load_tasks", Sum, &[S("mp.l2.prefetch_load_submitted")]),
    f("lmcache", "l2_prefetch_load_keys", Sum, &[S("mp.l2.prefetch_load_submitted_objects")]),
    f("lmcache", "l2_prefetch_loaded_keys", Sum, &[S("mp.l2.prefetch_load_completed")]),
    f("lmcache", "l2_prefetch_failed_keys", Sum, &[S("mp.l2.prefetch_failed_keys")]),
    f("lmcache", "l2_prefetch_failure", Sum, &[S("mp.l2.prefetch_failure")]),
    f("lmcache", "l2_load_completed", Sum, &[S("mp.l2.load_completed")]),
    f("lmcache", "l2_usage_bytes", Sum, &[S("mp.l2.usage_bytes")]),
    f("lmcache", "l2_store_throughput_gbs", Mean, &[S("mp.l2.store_throughput")]),
    f("lmcache", "l2_load_throughput_gbs", Mean, &[S("mp.l2.load_throughput")]),
    f("lmcache", "l0_l1_store_throughput_gbs", Mean, &[S("mp.l0_l1.store_throughput")]),
    f("lmcache", "l0_l1_load_throughput_gbs", Mean, &[S("mp.l0_l1.load_throughput")]),
    f("lmcache", "num_chunks_loaded", Sum, &[S("mp.transfer.chunks_loaded")]),
    f("lmcache", "active_prefetch_jobs", Max, &[S("mp.lookup.active_prefetch_jobs")]),
    f("lmcache", "num_inflight_l2_stores", Sum, &[S("mp.l2.inflight_stores")]),
    f("lmcache", "num_inflight_l2_loads", Sum, &[S("mp.l2.inflight_loads")]),
    f("lmcache", "inflight_load_memory_usage_bytes", Sum, &[S("mp.l2.inflight_load_bytes")]),
    f("lmcache", "timeouts", Sum, &[S("mp.timeouts")]),
    f("lmcache", "event_bus_queue_depth", Max, &[S("mp.event_bus.queue_depth")]),
    f("lmcache", "event_bus_drain_lag_seconds", Max, &[S("mp.event_bus.drain_lag_seconds")]),
    f("lmcache", "event_bus_dropped_events_total", Sum, &[S("mp.event_bus.dropped_events")]),
    f("lmcache", "event_bus_subscriber_exceptions_total", Sum, &[S("mp.event_bus.subscriber_exceptions")]),
    f("lmcache", "is_healthy", Min, &[S("embedded.lmcache_is_healthy")]),
    f("lmcache", "storage_event_count", Sum, &[S("embedded.storage_events_ongoing_count")]),
    f("lmcache", "remote_read_bytes", Sum, &[S("embedded.num_remote_read_bytes")]),
    f("lmcache", "remote_write_bytes", Sum, &[S("embedded.num_remote_write_bytes")]),
    f("lmcache", "remote_ping_latency_ms", Max, &[S("embedded.remote_ping_latency")]),
    f("lmcache", "remote_ping_errors", Sum, &[S("embedded.remote_ping_errors")]),
    f("lmcache", "p2p_requests", Sum, &[N("lmcache:num_p2p_requests_total"), N("lmcache:num_p2p_requests")]),
    f("lmcache", "p2p_transferred_tokens", Sum, &[N("lmcache:num_p2p_transferred_tokens_total"), N("lmcache:num_p2p_transferred_tokens")]),
    f("lmcache", "p2p_time_to_transfer", Mean, &[S("embedded.p2p_time_to_transfer")]),
    f("lmcache", "p2p_transfer_speed", Mean, &[S("embedded.p2p_transfer_speed")]),
    f("lmcache", "chunk_stats_enabled", Max, &[S("embedded.chunk_statistics_enabled")]),
    f("lmcache", "total_chunk_requests", Sum, &[S("embedded.chunk_statistics_total_requests")]),
    f("lmcache", "total_chunks", Sum, &[S("embedded.chunk_statistics_total_chunks")]),
    f("lmcache", "unique_chunks", Sum, &[S("embedded.chunk_statistics_unique_chunks")]),
    f("lmcache", "blend_lookup_requests", Sum, &[S("blend.lookup.requests")]),
    f("lmcache", "blend_lookup_requested_tokens", Sum, &[S("blend.lookup.requested_tokens")]),
    f("lmcache", "blend_lookup_hit_tokens", Sum, &[S("blend.lookup.hit_tokens")]),
    f("lmcache", "blend_retrieve_requests", Sum, &[S("blend.retrieve.requests")]),
    f("lmcache", "blend_retrieve_failures", Sum, &[S("blend.retrieve.failures")]),
];

/// All ratios; part and whole are of the same group and sample, counted since the process began.
pub(super) const RATIOS: &[Ratio] = &[
    Ratio { group: "prefix_cache", name: "hit_rate", part: "hits", whole: "queries" },
    Ratio {
        group: "prefix_cache",
        name: "external_hit_rate",
        part: "external_hits",
        whole: "external_queries",
    },
    Ratio {
        group: LMCACHE,
        name: "retrieve_hit_rate",
        part: "num_hit_tokens",
        whole: "num_requested_tokens",
    },
    Ratio {
        group: LMCACHE,
        name: "lookup_hit_rate",
        part: "lookup_hit_tokens",
        whole: "lookup_requested_tokens",
    },
    Ratio {
        group: LMCACHE,
        name: "lookup_hit_rate",
        part: "num_lookup_hits",
        whole: "num_lookup_tokens",
    },
    Ratio {
        group: LMCACHE,
        name: "blend_lookup_hit_rate",
        part: "blend_lookup_hit_tokens",
        whole: "blend_lookup_requested_tokens",
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use lmcache_prom::contract::Catalog;

    #[test]
    fn every_signal_is_in_the_contract_and_every_field_in_a_group() {
        let catalog = Catalog::new();
        for field in FIELDS {
            assert!(GROUPS.contains(&field.group), "{}", field.name);
            for from in field.from {
                match from {
                    S(signal) | L(signal, ..) => {
                        assert!(!catalog.signal(signal).is_empty(), "{}: {signal}", field.name);
                    }
                    N(name) => {
                        assert!(catalog.name(name).is_none(), "{name}: the contract has it");
                    }
                }
            }
        }
    }

    #[test]
    fn ratios_are_of_fields() {
        for ratio in RATIOS {
            for name in [ratio.part, ratio.whole] {
                assert!(
                    FIELDS.iter().any(|f| f.group == ratio.group && f.name == name),
                    "{}: {name}",
                    ratio.name
                );
            }
        }
    }
}
