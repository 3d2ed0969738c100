//! Stores and loads of the server and its L2 adapters.

pub(super) mod load_failure;
pub(super) mod server_store_failure;
pub(super) mod store_failure;
