//! L2 and CacheBlend in numbers, for scripts; absent is `null` and never zero.

use lmcache_prom::contract::{Catalog, Part};
use serde::Serialize;

use super::check::TargetRow;

/// L2 in numbers; `null` is "not there", which is not zero.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct L2Summary {
    /// An L2 series other than the adapter gauge is there.
    pub observed: bool,
    /// Store requests sent to adapters.
    pub store_tasks: Option<f64>,
    /// Store requests that ended.
    pub store_completed: Option<f64>,
    /// Chunks submitted to adapters.
    pub store_submitted_objects: Option<f64>,
    /// Chunks that adapters took.
    pub store_completed_objects: Option<f64>,
    /// Keys that failed (to 0.4.5).
    pub store_failed_keys: Option<f64>,
    /// Load requests.
    pub prefetch_load_tasks: Option<f64>,
    /// Load requests that ended.
    pub load_completed: Option<f64>,
    /// Chunks loaded.
    pub prefetch_loaded_keys: Option<f64>,
    /// Keys that failed (to 0.4.5).
    pub prefetch_failed_keys: Option<f64>,
    /// Chunks that were found and failed to load.
    pub prefetch_failures: Option<f64>,
    /// Stores in flight at the last scrape.
    pub num_inflight_l2_stores: Option<f64>,
    /// Loads in flight at the last scrape.
    pub num_inflight_l2_loads: Option<f64>,
    /// Prefetch jobs at the last scrape.
    pub active_prefetch_jobs: Option<f64>,
    /// Memory of loads in flight at the last scrape, in bytes.
    pub inflight_load_memory_usage_bytes: Option<f64>,
    /// Mean throughput of stores in GB/s.
    pub store_throughput_gbs: Option<f64>,
    /// Mean throughput of loads in GB/s.
    pub load_throughput_gbs: Option<f64>,
}

/// CacheBlend in numbers; `null` is "not there".
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CacheblendSummary {
    /// A CacheBlend series is there.
    pub observed: bool,
    /// Lookups.
    pub lookup_requests: Option<f64>,
    /// Lookups that a fingerprint matched.
    pub lookup_fingerprint_hits: Option<f64>,
    /// Lookups that storage answered.
    pub lookup_storage_hits: Option<f64>,
    /// Tokens asked for.
    pub lookup_requested_tokens: Option<f64>,
    /// Tokens found.
    pub lookup_hit_tokens: Option<f64>,
    /// Chunks that were stale.
    pub lookup_stale_chunks: Option<f64>,
    /// Lookups without a registered device.
    pub lookup_no_gpu_context_errors: Option<f64>,
    /// Retrieves.
    pub retrieve_requests: Option<f64>,
    /// Chunks retrieved.
    pub retrieve_chunks: Option<f64>,
    /// Failed retrieves.
    pub failures: Option<f64>,
    /// Fingerprints registered.
    pub fingerprints_registered: Option<f64>,
    /// Chunks evicted.
    pub chunks_evicted: Option<f64>,
}

/// Sums by signal over all targets; `None` where no target has the signal.
pub(super) struct Numbers<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) targets: &'a [TargetRow],
}

impl Numbers<'_> {
    fn is(&self, name: &str, signal: &str) -> bool {
        self.catalog.name(name).is_some_and(|n| n.signal() == signal && n.part == Part::Value)
    }

    fn total(&self, signal: &str) -> Option<f64> {
        self.targets
            .iter()
            .flat_map(|t| t.measures.totals.iter())
            .filter(|(name, _)| self.is(name, signal))
            .map(|(_, v)| *v)
            .reduce(|a, b| a + b)
    }

    fn gauge(&self, signal: &str) -> Option<f64> {
        self.targets
            .iter()
            .filter_map(|t| t.measures.processes.last())
            .flat_map(|p| p.gauges.iter())
            .filter(|(name, _)| self.is(name, signal))
            .map(|(_, g)| g.last)
            .reduce(|a, b| a + b)
    }

    fn mean(&self, signal: &str) -> Option<f64> {
        let (sum, count) = self
            .targets
            .iter()
            .flat_map(|t| t.measures.processes.iter())
            .flat_map(|p| p.histograms.iter())
            .filter(|(name, _)| {
                self.catalog.name(&format!("{name}_count")).is_some_and(|n| n.signal() == signal)
            })
            .fold((0.0, 0.0), |(s, c), (_, h)| (s + h.sum, c + h.count));
        (count > 0.0).then(|| sum / count)
    }

    pub(super) fn l2(&self, observed: bool) -> L2Summary {
        L2Summary {
            observed,
            store_tasks: self.total("mp.l2.store_submitted"),
            store_completed: self.total("mp.l2.store_completed"),
            store_submitted_objects: self.total("mp.l2.store_submitted_objects"),
            store_completed_objects: self.total("mp.l2.store_completed_objects"),
            store_failed_keys: self.total("mp.l2.store_failed_keys"),
            prefetch_load_tasks: self.total("mp.l2.prefetch_load_submitted"),
            load_completed: self.total("mp.l2.load_completed"),
            prefetch_loaded_keys: self.total("mp.l2.prefetch_load_completed"),
            prefetch_failed_keys: self.total("mp.l2.prefetch_failed_keys"),
            prefetch_failures: self.total("mp.l2.prefetch_failure"),
            num_inflight_l2_stores: self.gauge("mp.l2.inflight_stores"),
            num_inflight_l2_loads: self.gauge("mp.l2.inflight_loads"),
            active_prefetch_jobs: self.gauge("mp.lookup.active_prefetch_jobs"),
            inflight_load_memory_usage_bytes: self.gauge("mp.l2.inflight_load_bytes"),
            store_throughput_gbs: self.mean("mp.l2.store_throughput"),
            load_throughput_gbs: self.mean("mp.l2.load_throughput"),
        }
    }

    pub(super) fn cacheblend(&self, observed: bool) -> CacheblendSummary {
        CacheblendSummary {
            observed,
            lookup_requests: self.total("blend.lookup.requests"),
            lookup_fingerprint_hits: self.total("blend.lookup.fingerprint_hits"),
            lookup_storage_hits: self.total("blend.lookup.storage_hits"),
            lookup_requested_tokens: self.total("blend.lookup.requested_tokens"),
            lookup_hit_tokens: self.total("blend.lookup.hit_tokens"),
            lookup_stale_chunks: self.total("blend.lookup.stale_chunks"),
            lookup_no_gpu_context_errors: self.total("blend.lookup.no_gpu_context_errors"),
            retrieve_requests: self.total("blend.retrieve.requests"),
            retrieve_chunks: self.total("blend.retrieve.chunks"),
            failures: self.total("blend.retrieve.failures"),
            fingerprints_registered: self.total("blend.fingerprints_registered"),
            chunks_evicted: self.total("blend.chunks_evicted"),
        }
    }
}
