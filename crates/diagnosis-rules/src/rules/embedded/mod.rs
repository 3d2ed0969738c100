//! What LMCache inside an engine shows.

pub(super) mod chunk_stats_disabled;
pub(super) mod chunk_stats_low_reuse;
pub(super) mod connector_invalid_blocks;
pub(super) mod p2p_transfer_slow;
pub(super) mod production_health_unhealthy;
pub(super) mod remote_backend_errors;
pub(super) mod worker_init_failed;
pub(super) mod zero_hit_rate_after_replay;
