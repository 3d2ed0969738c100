//! What only logs tell.

pub(super) mod coordinator;
pub(super) mod nixl_error;
pub(super) mod p2p_transfer_failure;
pub(super) mod pd_role_mismatch;
pub(super) mod pd_stall;
pub(super) mod server_hits_differ;
pub(super) mod slow_retrieve;
