//! How engine, connector and server find each other.

pub(super) mod config_missing;
pub(super) mod connector_unknown;
pub(super) mod cuda_ipc;
pub(super) mod hma;
pub(super) mod mode_mismatch;
pub(super) mod modes;
pub(super) mod server_unreachable;
pub(super) mod version_mismatch;
mod versions;
pub(super) mod worker_deregistered;
