//! Remote backends of LMCache inside an engine, and transfers between engines.

pub(super) mod data_missing;
pub(super) mod health_stuck;
pub(super) mod lookup_timeout;
pub(super) mod pd_transfer;
pub(super) mod slow;
pub(super) mod unreachable;
