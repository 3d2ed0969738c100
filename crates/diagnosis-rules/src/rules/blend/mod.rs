//! What CacheBlend shows.

pub(super) mod coordinator_timeouts;
pub(super) mod retrieve_failures;
pub(super) mod stale_chunks;
