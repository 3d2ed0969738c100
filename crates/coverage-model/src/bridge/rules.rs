//! Which counter counts for what, release by release.
//!
//! From the engines' sources: `catalog/vllm/README.md`, `catalog/sglang/README.md` of the lab.

use lmcache_prom::contract::Release;
use serde::Serialize;

use super::input::{Part, Side};

/// Whether a counter may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// It counts what it is taken for.
    Counts,
    /// It counts, with the exception named.
    WithCare,
    /// It does not count what its name says.
    Misleads,
}

/// A rule as the report shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleRow {
    /// What is wanted: `external`, `local`, `computed`, `requested`, `hits`, `loaded`.
    pub wanted: String,
    /// Series.
    pub series: String,
    /// Whether it may be used.
    pub rule: Rule,
    /// Why, or with which exception.
    pub because: String,
}

struct Row {
    part: Part,
    wanted: &'static str,
    series: &'static str,
    from: Option<Release>,
    to: Option<Release>,
    rule: Rule,
    because: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "the ends of a span are optional")]
const fn r(major: u16, minor: u16, patch: u16) -> Option<Release> {
    Some(Release::new(major, minor, patch, 0))
}

const fn row(
    part: Part,
    wanted: &'static str,
    series: &'static str,
    from: Option<Release>,
    to: Option<Release>,
    rule: Rule,
    because: &'static str,
) -> Row {
    Row { part, wanted, series, from, to, rule, because }
}

const EXTERNAL: &str = "vllm:prompt_tokens_by_source_total{source=\"external_kv_transfer\"}";

const ROWS: &[Row] = &[
    row(
        Part::Vllm,
        "external",
        EXTERNAL,
        r(0, 20, 2),
        None,
        Rule::WithCare,
        "planned at scheduling, first prefill only: loads that fail are not taken back, and only the log tells of them",
    ),
    row(
        Part::Vllm,
        "external",
        EXTERNAL,
        r(0, 19, 1),
        r(0, 19, 1),
        Rule::WithCare,
        "clamped after a preemption",
    ),
    row(
        Part::Vllm,
        "external",
        EXTERNAL,
        None,
        r(0, 18, 1),
        Rule::WithCare,
        "this release may crash on it after a preemption",
    ),
    row(
        Part::Vllm,
        "external",
        "vllm:external_prefix_cache_hits_total",
        None,
        None,
        Rule::Misleads,
        "counts promises when slots are allocated, before the load ends",
    ),
    row(
        Part::Vllm,
        "local",
        "vllm:prompt_tokens_by_source_total{source=\"local_cache_hit\"}",
        None,
        None,
        Rule::Counts,
        "the engine's own cache, counted at the first token",
    ),
    row(
        Part::Vllm,
        "local",
        "vllm:prefix_cache_hits_total",
        r(0, 27, 1),
        None,
        Rule::Counts,
        "counted once a request, at admission",
    ),
    row(
        Part::Vllm,
        "local",
        "vllm:prefix_cache_hits_total",
        None,
        r(0, 25, 1),
        Rule::Misleads,
        "grows with every scheduling pass of a waiting request: no ratio can be made of it",
    ),
    row(
        Part::Vllm,
        "computed",
        "vllm:prompt_tokens_by_source_total{source=\"local_compute\"}",
        r(0, 20, 2),
        None,
        Rule::Counts,
        "with local and external it adds up to vllm:prompt_tokens_total",
    ),
    row(
        Part::Vllm,
        "computed",
        "vllm:prompt_tokens_by_source_total{source=\"local_compute\"}",
        None,
        r(0, 19, 1),
        Rule::WithCare,
        "recomputed tokens stand in vllm:prompt_tokens_recomputed_total beside it",
    ),
    row(
        Part::Vllm,
        "tier",
        "vllm:prompt_tokens_cached_by_source_total",
        r(0, 32, 0),
        None,
        Rule::WithCare,
        "LMCache is external_unspecified, its P2P loads too",
    ),
    row(
        Part::Sglang,
        "external",
        "sglang:cached_tokens_total{cache_source=\"storage\"}",
        r(0, 5, 21),
        None,
        Rule::Counts,
        "LMCache's tokens since it moved to the unified tree; without LMCache HiCache's storage",
    ),
    row(
        Part::Sglang,
        "external",
        "sglang:cached_tokens_total{cache_source=\"host\"}",
        r(0, 5, 13),
        r(0, 5, 20),
        Rule::WithCare,
        "LMCache's tokens; to 0.5.19 the length that was looked up, even where the retrieve fails; without LMCache HiCache's host memory",
    ),
    row(
        Part::Sglang,
        "external",
        "sglang:cached_tokens_total",
        None,
        r(0, 5, 12),
        Rule::Misleads,
        "LMCache in the process is not kept apart from the radix cache: only LMCache's own counters tell",
    ),
    row(
        Part::Sglang,
        "local",
        "sglang:cached_tokens_total{cache_source=\"device\"}",
        r(0, 5, 13),
        None,
        Rule::Counts,
        "the radix cache; counted at the end of a request, first prefill only",
    ),
    row(
        Part::Sglang,
        "computed",
        "sglang:prompt_tokens_total - sglang:cached_tokens_total",
        None,
        None,
        Rule::Counts,
        "both are counted at the end of a request; a decode server repeats its prefill server and is left out",
    ),
    row(
        Part::Server,
        "requested",
        "lmcache_mp_lookup_requested_tokens_total",
        r(0, 4, 5),
        None,
        Rule::Counts,
        "whole chunks only; prompts below one chunk are not asked for",
    ),
    row(
        Part::Server,
        "hits",
        "lmcache_mp_lookup_hit_tokens_total",
        r(0, 4, 5),
        None,
        Rule::WithCare,
        "counts what the engine holds already as well: it overstates the work saved",
    ),
    row(
        Part::Server,
        "requested",
        "lmcache_mp_lookup_requested_tokens_total",
        None,
        r(0, 4, 4),
        Rule::Misleads,
        "this release counts no lookups in tokens",
    ),
    row(
        Part::Server,
        "loaded",
        "lmcache_mp_num_chunks_loaded_total x chunk size",
        r(0, 4, 5),
        None,
        Rule::WithCare,
        "only the LMCache-driven path counts loads; where the engine drives them nothing does",
    ),
    row(
        Part::Embedded,
        "hits",
        "lmcache:num_lookup_hits_total",
        None,
        None,
        Rule::WithCare,
        "counts what the engine holds already as well; every tensor-parallel worker counts the same tokens; pushed every 10 s",
    ),
    row(
        Part::Embedded,
        "loaded",
        "lmcache:num_hit_tokens_total",
        None,
        None,
        Rule::WithCare,
        "every tensor-parallel worker counts the same tokens; pushed every 10 s",
    ),
];

/// The rules that hold for some release that a page admits.
pub(super) fn of(side: &Side) -> Vec<RuleRow> {
    ROWS.iter()
        .filter(|row| row.part == side.part)
        .filter(|row| {
            row.from.is_none_or(|from| side.maybe_since(from))
                && row.to.is_none_or(|to| side.min.is_none_or(|min| min <= to))
        })
        .map(|row| RuleRow {
            wanted: row.wanted.to_owned(),
            series: row.series.to_owned(),
            rule: row.rule,
            because: row.because.to_owned(),
        })
        .collect()
}
