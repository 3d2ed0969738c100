//! The registry: one rule a file, in the order in which they are asked.

mod blend;
mod bridge;
mod connect;
mod coverage;
mod embedded;
mod evidence;
mod geometry;
mod hashing;
mod l2;
mod liveness;
mod log;
mod logs;
mod lookups;
mod memory;
mod mp;
mod quota;
mod readings;
mod remote;
mod server;
mod signs;
mod sizing;
mod telemetry;
mod trace;
mod traced;
mod units;
mod working_set;
mod workload;

/// What every rule's file uses.
#[allow(unused_imports, reason = "each rule takes what it needs of it")]
mod prelude {
    pub(super) use coverage_model::{Mode, Source};

    pub(super) use super::lookups::*;
    pub(super) use super::readings::*;
    pub(super) use super::signs::*;
    pub(super) use super::traced::*;
    pub(super) use super::units::*;
    pub(super) use crate::need::Need;
    pub(super) use crate::outcome::{Hit, Outcome, Sign};
    pub(super) use crate::rule::{
        Context, Example, File, Kind, Lifecycle, Rule, SINCE_0_1, Severity, Threshold,
    };
    pub(super) use crate::view::{placed, source};
}

use crate::rule::Rule;

/// Every rule. Of causes that name each other the earlier one explains the later one.
pub const RULES: &[&Rule] = &[
    // Causes.
    &connect::connector_unknown::RULE,
    &connect::version_mismatch::RULE,
    &connect::hma::RULE,
    &geometry::chunk_block::RULE,
    &connect::config_missing::RULE,
    &connect::mode_mismatch::RULE,
    &connect::cuda_ipc::RULE,
    &connect::server_unreachable::RULE,
    &connect::worker_deregistered::RULE,
    &hashing::algorithm_unstable::RULE,
    &hashing::seed_unset::RULE,
    &geometry::prompt_shorter::RULE,
    &memory::host_limit::RULE,
    &memory::eviction_stalled::RULE,
    &memory::pin_leak::RULE,
    &l2::server_store_failure::RULE,
    &memory::l1_too_small::RULE,
    &memory::l1_alloc_failure::RULE,
    &l2::store_failure::RULE,
    &l2::load_failure::RULE,
    &remote::health_stuck::RULE,
    &remote::unreachable::RULE,
    &remote::data_missing::RULE,
    &remote::slow::RULE,
    &remote::lookup_timeout::RULE,
    &remote::pd_transfer::RULE,
    &workload::tenant_isolation::RULE,
    &workload::volatile_prefix::RULE,
    &workload::hicache_policy::RULE,
    &workload::decode_not_saved::RULE,
    &workload::gpu_cache_covers::RULE,
    &telemetry::endpoint_unreachable::RULE,
    &telemetry::multiproc_dir::RULE,
    &telemetry::not_exported::RULE,
    &telemetry::renamed::RULE,
    &telemetry::known_wrong::RULE,
    &telemetry::registration_conflict::RULE,
    &telemetry::incomplete::RULE,
    // What the server's own pages and answers show to be wrong.
    &server::eventbus_loss::RULE,
    &server::eventbus_subscriber_exceptions::RULE,
    &server::l1_failures::RULE,
    &server::l2_failures::RULE,
    &server::timeouts::RULE,
    &server::cacheblend_failures::RULE,
    &server::unhealthy_status::RULE,
    &server::unhealthy_health::RULE,
    &server::unhealthy_periodic_threads_health::RULE,
    // The multiprocess server: lookups, L1, L2, salts, event bus.
    &mp::low_hit_rate_after_warmup::RULE,
    &mp::lookup_counters_missing::RULE,
    &mp::l1_memory_gauge_missing::RULE,
    &mp::l1_memory_no_plateau::RULE,
    &mp::l1_saturation::RULE,
    &mp::l1_eviction_pressure::RULE,
    &mp::l2_store_backlog::RULE,
    &mp::l2_load_backlog::RULE,
    &mp::l2_throughput_low::RULE,
    &mp::l0_l1_throughput_low::RULE,
    &mp::l0_l1_throughput_missing::RULE,
    &mp::cache_salt_empty::RULE,
    &mp::cache_salt_missing::RULE,
    &mp::cache_salt_cardinality_high::RULE,
    &mp::cache_salt_quota_risk::RULE,
    &mp::eventbus_drop_unobservable::RULE,
    &mp::eventbus_pressure::RULE,
    &mp::prefetch_job_stuck::RULE,
    &mp::l1_writes_never_finish::RULE,
    &mp::l1_leak::RULE,
    &mp::l2_store_failures::RULE,
    &mp::l2_loads_wasted::RULE,
    &mp::l2_prefetch_memory_crowding::RULE,
    &mp::retrieve_failures::RULE,
    &mp::engine_driven_transfers::RULE,
    &mp::l2_adapters_share_gauge::RULE,
    &mp::p2p_lookup_timeouts::RULE,
    &mp::sampled_histogram_sparse::RULE,
    // LMCache inside an engine, engines beside it, CacheBlend, telemetry, logs.
    &embedded::zero_hit_rate_after_replay::RULE,
    &embedded::remote_backend_errors::RULE,
    &embedded::p2p_transfer_slow::RULE,
    &embedded::worker_init_failed::RULE,
    &embedded::production_health_unhealthy::RULE,
    &embedded::connector_invalid_blocks::RULE,
    &embedded::chunk_stats_low_reuse::RULE,
    &embedded::chunk_stats_disabled::RULE,
    &bridge::stale_connector::RULE,
    &bridge::external_prefix_no_hits::RULE,
    &bridge::offload_flag_without_metrics::RULE,
    &bridge::hicache_not_lmcache::RULE,
    &bridge::lmcache_with_hicache_metrics::RULE,
    &bridge::sglang_queue_backlog::RULE,
    &bridge::kv_transfer_failures::RULE,
    &bridge::engine_start_failed::RULE,
    &bridge::zero_hits_in_logs::RULE,
    &bridge::no_connector::RULE,
    &bridge::external_without_lookups::RULE,
    &bridge::lookups_without_external::RULE,
    &bridge::hits_not_loaded::RULE,
    &bridge::promises_without_loads::RULE,
    &bridge::lookups_never_hit::RULE,
    &bridge::one_engine_never_hits::RULE,
    &bridge::external_not_lmcache::RULE,
    &bridge::l0_excluded::RULE,
    &evidence::tracing_without_spans::RULE,
    &evidence::recording_without_trace::RULE,
    &evidence::recording_stopped::RULE,
    &evidence::prompts_hardly_repeat::RULE,
    &evidence::lookup_hashes_incomplete::RULE,
    &evidence::span_errors::RULE,
    &logs::p2p_transfer_failure::RULE,
    &logs::pd_role_mismatch::RULE,
    &logs::pd_stall::RULE,
    &logs::nixl_error::RULE,
    &logs::slow_retrieve::RULE,
    &logs::coordinator::RULE,
    &logs::server_hits_differ::RULE,
    &blend::retrieve_failures::RULE,
    &blend::stale_chunks::RULE,
    &blend::coordinator_timeouts::RULE,
    &liveness::hung::RULE,
    // What recorded lookups say of the cache's size.
    &sizing::below_working_set::RULE,
    &sizing::reuse_bound::RULE,
    // Logs, traces.
    &log::tracebacks::RULE,
    &trace::unreadable::RULE,
    &trace::damaged::RULE,
    &trace::replay_failure::RULE,
    // What should be told and is not.
    &coverage::family_missing::MP,
    &coverage::family_missing::CACHEBLEND,
    &coverage::family_missing::EMBEDDED,
    &coverage::family_missing::VLLM,
    &coverage::family_missing::SGLANG,
    &coverage::release_contradiction::RULE,
    &coverage::lanes_disagree::RULE,
    &coverage::mode_mismatch::RULE,
    &coverage::observability_disabled::RULE,
];
