//! Lookups and stores of LMCache inside an engine, as its log tells them.

use coverage_model::Source;

use crate::view::View;

/// The lookups of requests that logs of in-process connectors hold.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Lookups {
    pub(super) count: u64,
    pub(super) hit_zero: u64,
    pub(super) hit_tokens: f64,
    pub(super) negative: u64,
    pub(super) not_needed: u64,
    pub(super) to_load: f64,
    pub(super) shortest: Option<f64>,
    pub(super) longest: Option<f64>,
}

/// Lookup lines of connectors.
pub(super) const LOOKUPS: &[&str] = &["connector.lookup"];
/// Stores of LMCache inside an engine.
pub(super) const EMBEDDED_STORES: &[&str] = &["embedded.store", "sglang_connector.store"];

/// All lookups of all logs.
pub(super) fn lookups(view: &View<'_>) -> Lookups {
    let mut out = Lookups::default();
    for r in view.logs.iter().map(|l| &l.evidence.requests) {
        out.count += r.count;
        out.hit_zero += r.hit_zero;
        out.hit_tokens += r.hit_tokens;
        out.negative += r.need_to_load_negative;
        out.not_needed += r.hit_not_needed;
        out.to_load += r.need_to_load_tokens;
        out.shortest = [out.shortest, r.total_min].into_iter().flatten().reduce(f64::min);
        out.longest = [out.longest, r.total_max].into_iter().flatten().reduce(f64::max);
    }
    out
}

/// Tokens a chunk, as they are stated, or LMCache's default.
pub(super) fn chunk_size(view: &View<'_>) -> (f64, Option<Source>) {
    let hasher = view
        .events(&["hash.tokenhasher", "kv.chunk_bytes", "kv.metadata"])
        .find_map(|e| Some((e.stat.fields.get("chunk_size")?.last, e.source())));
    match view.number("chunk_size").or(hasher) {
        Some((size, source)) if size >= 1.0 => (size, Some(source)),
        _ => (256.0, None),
    }
}
