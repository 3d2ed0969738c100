//! What lookups say of the cache's size.

use cache_sizing::{Curve, Misses};
use coverage_model::Source;

/// The curve of the lookups that were recorded, and the size in force.
#[derive(Debug, Clone)]
pub struct Sizing {
    /// Hit tokens by size.
    pub curve: Curve,
    /// One reason for every missed token; nothing where the lookups are a sample or too many.
    pub misses: Option<Misses>,
    /// Size of L1 in bytes, and who says so.
    pub l1: Option<(u64, Source)>,
    /// Share of L1 that is still filled after a pass of the eviction loop: watermark times what
    /// the ratio leaves.
    pub left_after_eviction: f64,
    /// An L2 is there: what L1 loses it may still serve.
    pub l2: bool,
    /// The server's counters know salts and the lookups do not: prompts of two tenants look
    /// shared.
    pub salts_unrecorded: bool,
    /// Bytes of chunks are told by the lookups.
    pub bytes_known: bool,
    /// Where the lookups were read.
    pub artifacts: Vec<String>,
    /// Times between the first and the last lookup, in seconds.
    pub span_s: f64,
}
