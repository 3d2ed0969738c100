//! Benchmarks live beside this file.

pub mod lct_data;
pub mod lct_peers;
pub mod lct_session;
pub mod prom_data;
