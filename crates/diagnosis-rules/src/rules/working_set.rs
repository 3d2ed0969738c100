//! What is reused against what the cache holds.

use coverage_model::Source;

use super::lookups::EMBEDDED_STORES;
use super::units::GIB;
use crate::view::{View, placed};

/// Bytes of what is reused, and of the cache, where a description of the load tells.
pub(super) fn working_set(view: &View<'_>) -> Option<(f64, f64, Vec<Source>)> {
    let (capacity, at) = view
        .number("l1_size_bytes")
        .or_else(|| view.number("max_local_cpu_size_gb").map(|(gb, s)| (gb * GIB, s)))?;
    let loads = view.launch.into_iter().flat_map(|l| &l.environment.workloads);
    for load in loads {
        let place = |what: &str, n: f64| placed(&load.place, what, Some(n.to_string()));
        if let Some(live) = load.number("live_kv_bytes") {
            return Some((live, capacity, vec![place("live KV bytes", live), at]));
        }
        let documents = load.number("documents").or_else(|| load.number("sessions"));
        let size = view.numbers(EMBEDDED_STORES, "gb").map(|(sum, n)| GIB * sum / n.max(1) as f64);
        if let (Some(documents), Some(size)) = (documents, size) {
            let mut sources = vec![place("documents", documents), at];
            sources.extend(view.places(EMBEDDED_STORES));
            return Some((documents * size, capacity, sources));
        }
    }
    None
}
