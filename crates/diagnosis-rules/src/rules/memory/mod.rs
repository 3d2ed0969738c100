//! L1: its size, its eviction, its pins, and the host below it.

mod eviction;
pub(super) mod eviction_stalled;
pub(super) mod host_limit;
pub(super) mod l1_alloc_failure;
pub(super) mod l1_too_small;
pub(super) mod pin_leak;
