//! What engines show of the cache beside them.

pub(super) mod engine_start_failed;
pub(super) mod external_prefix_no_hits;
pub(super) mod hicache_not_lmcache;
pub(super) mod kv_transfer_failures;
pub(super) mod lmcache_with_hicache_metrics;
pub(super) mod offload_flag_without_metrics;
pub(super) mod sglang_queue_backlog;
pub(super) mod stale_connector;
pub(super) mod zero_hits_in_logs;
