//! What is asked of the cache, and by which policy.

pub(super) mod decode_not_saved;
pub(super) mod gpu_cache_covers;
pub(super) mod hicache_policy;
pub(super) mod tenant_isolation;
pub(super) mod volatile_prefix;
