//! Benchmarks live beside this file.

pub mod prom_data;
