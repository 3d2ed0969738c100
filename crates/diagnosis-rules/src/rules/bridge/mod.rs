//! What engines show of the cache beside them.

pub(super) mod engine_start_failed;
pub(super) mod external_not_lmcache;
pub(super) mod external_prefix_no_hits;
pub(super) mod external_without_lookups;
pub(super) mod hicache_not_lmcache;
pub(super) mod hits_not_loaded;
pub(super) mod kv_transfer_failures;
pub(super) mod l0_excluded;
pub(super) mod lmcache_with_hicache_metrics;
pub(super) mod lookups_never_hit;
pub(super) mod lookups_without_external;
pub(super) mod no_connector;
pub(super) mod offload_flag_without_metrics;
pub(super) mod one_engine_never_hits;
mod pages;
pub(super) mod promises_without_loads;
pub(super) mod sglang_queue_backlog;
pub(super) mod stale_connector;
pub(super) mod zero_hits_in_logs;
