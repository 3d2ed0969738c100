//! `inferguard cacheblend-report`: CacheBlend's counters and ratios, serialisation, the lifecycle of
//! blocks, and the evidence of the boundary between engine and cache.
//!
//! A number is there only where a series tells it; a ratio needs both of its counters and a
//! denominator above zero. `_created` series are times and count nowhere.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::contract::{Catalog, Part};
use lmcache_prom::{Scrape, Timeline};
use serde::Serialize;
use serde_json::{Value, json};

use super::check::by_process;
use super::parts::Tool;
use crate::packet::{Artifact, Packet};

/// Ratios of counters; `null` where a counter is not there or the denominator is zero.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BlendRatios {
    /// Tokens found of those asked for.
    pub blend_hit_rate: Option<f64>,
    /// Stale chunks a fingerprint hit.
    pub stale_ratio: Option<f64>,
    /// Fingerprint hits that storage could answer.
    pub fingerprint_efficiency: Option<f64>,
    /// Evicted chunks a registered fingerprint.
    pub eviction_rate: Option<f64>,
}

/// CacheBlend's counters.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BlendMetrics {
    /// A CacheBlend counter is there.
    pub present: bool,
    /// Counters since their processes began, summed over label sets and processes.
    pub counters: BTreeMap<String, f64>,
    /// Ratios of them.
    #[serde(flatten)]
    pub ratios: BlendRatios,
    /// Windows between scrapes that the next two are over; 0 with one scrape only.
    pub windows: usize,
    /// How much the counters grew over these windows.
    pub increases: BTreeMap<String, f64>,
    /// Ratios of what they grew by: what the run itself was like.
    pub in_windows: BlendRatios,
    /// Names that the counters were read from.
    pub source_metrics: Vec<String>,
}

/// Serialisation of what is stored. No release from 0.5.6 on has these series.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BlendSerde {
    /// Such a series is there.
    pub present: bool,
    /// Bytes into each serialiser.
    pub bytes_in_by_serde: BTreeMap<String, f64>,
    /// Bytes out of each serialiser.
    pub bytes_out_by_serde: BTreeMap<String, f64>,
    /// Bytes out a byte in.
    pub compression_ratio_by_serde: BTreeMap<String, f64>,
    /// Failures by `type:direction`.
    pub failures_by_serde_direction: BTreeMap<String, f64>,
    /// All failures; `null` where no series counts them.
    pub total_failures: Option<f64>,
    /// Mean time of encoding.
    pub encode_avg_seconds_by_serde: BTreeMap<String, f64>,
    /// Mean time of decoding.
    pub decode_avg_seconds_by_serde: BTreeMap<String, f64>,
}

/// Operations on blocks between GPU and cache, by `operation:direction`.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BlendLifecycle {
    /// Such a series is there.
    pub present: bool,
    /// Mean time.
    pub avg_duration_seconds_by_operation: BTreeMap<String, f64>,
    /// Chunks.
    pub transfer_chunks_by_operation: BTreeMap<String, f64>,
    /// Tokens.
    pub transfer_tokens_by_operation: BTreeMap<String, f64>,
    /// Boundary evidence; `null` where none was given.
    pub boundary_evidence: Option<Value>,
}

/// The report.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CacheblendReport {
    /// `inferguard/cacheblend-report/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// Everything that was named or found.
    pub inputs: Vec<Artifact>,
    /// Counters and ratios.
    pub cacheblend_metrics: BlendMetrics,
    /// Serialisation.
    pub serde: BlendSerde,
    /// Lifecycle of blocks.
    pub lifecycle: BlendLifecycle,
}

/// A counter: key, signal of the contract (empty where it has none), names without prefix that
/// no examined release has.
type Counter = (&'static str, &'static str, &'static [&'static str]);

const COUNTERS: &[Counter] = &[
    ("lookup_requests", "blend.lookup.requests", &[]),
    ("lookup_requested_tokens", "blend.lookup.requested_tokens", &[]),
    ("lookup_hit_tokens", "blend.lookup.hit_tokens", &[]),
    ("lookup_prefix_hit_tokens", "blend.lookup.prefix_hit_tokens", &[]),
    ("lookup_non_prefix_hit_tokens", "blend.lookup.non_prefix_hit_tokens", &[]),
    ("lookup_segmented_prefix_hit_tokens", "blend.lookup.segmented_prefix_hit_tokens", &[]),
    ("lookup_fingerprint_hits", "blend.lookup.fingerprint_hits", &[]),
    ("lookup_storage_hits", "blend.lookup.storage_hits", &[]),
    ("lookup_stale_chunks", "blend.lookup.stale_chunks", &[]),
    ("lookup_no_gpu_context_errors", "blend.lookup.no_gpu_context_errors", &[]),
    ("retrieve_requests", "blend.retrieve.requests", &[]),
    ("retrieve_failures", "blend.retrieve.failures", &[]),
    ("retrieve_chunks", "blend.retrieve.chunks", &[]),
    ("retrieve_noops", "blend.retrieve.noops", &[]),
    ("store_pre_computed", "", &["store_pre_computed"]),
    ("store_pre_computed_requests", "blend.store.pre_computed_requests", &[]),
    ("store_pre_computed_chunks", "blend.store.pre_computed_chunks", &[]),
    ("store_pre_computed_failures", "blend.store.pre_computed_failures", &[]),
    ("store_final", "", &["store_final"]),
    ("store_final_requests", "blend.store.final_requests", &[]),
    ("store_final_chunks", "blend.store.final_chunks", &[]),
    ("store_final_failures", "blend.store.final_failures", &[]),
    ("fingerprint_matches", "blend.fingerprint_matches", &[]),
    ("coordinator_matches", "blend.coordinator_matches", &[]),
    ("coordinator_match_timeouts", "blend.coordinator_match_timeouts", &[]),
    ("sparse_prefetch_found_keys", "blend.sparse_prefetch.found_keys", &[]),
    ("sparse_prefetch_l2_keys", "blend.sparse_prefetch.l2_keys", &[]),
    ("scatter_tokens", "blend.scatter.tokens", &[]),
    ("scatter_prefix_chunks", "blend.scatter.prefix_chunks", &[]),
    ("scatter_shifted_chunks", "blend.scatter.shifted_chunks", &[]),
    ("scatter_dropped_chunks", "blend.scatter.dropped_chunks", &[]),
    ("fingerprint_registered", "", &["fingerprint_registered"]),
    ("fingerprints_registered", "blend.fingerprints_registered", &[]),
    ("fingerprint_evicted", "", &["fingerprint_evicted"]),
    ("chunks_evicted", "blend.chunks_evicted", &[]),
];

/// Prefixes of CacheBlend's names.
const BLEND: &[&str] = &["lmcache_blend_", "lmcache_blend."];
/// Prefixes under which series outside the contract have been seen or announced.
const ANY: &[&str] =
    &["lmcache_blend_", "lmcache_blend.", "lmcache_mp_", "lmcache_mp.", "lmcache:", "lmcache_"];

/// Makes the report. The packet's pages are used up. `boundary` is the path of boundary evidence
/// that the user named: where it cannot be read, the report says so.
pub fn cacheblend(
    catalog: &Catalog,
    mut packet: Packet,
    boundary: Option<&str>,
) -> CacheblendReport {
    let timelines: Vec<Timeline> =
        by_process(catalog, &mut packet).0.into_iter().map(|pages| pages.timeline).collect();
    let evidence = packet
        .lanes
        .launch
        .as_ref()
        .and_then(|launch| serde_json::to_value(launch.boundary.first()?).ok())
        .or_else(|| unreadable(&packet.artifacts, boundary?));
    let serde = serde(&timelines);
    let lifecycle = BlendLifecycle { boundary_evidence: evidence, ..lifecycle(&timelines) };
    CacheblendReport {
        schema: "inferguard/cacheblend-report/v1".into(),
        tool: Tool::this(),
        inputs: packet.artifacts,
        cacheblend_metrics: metrics(catalog, &timelines),
        serde,
        lifecycle,
    }
}

/// A file of boundary evidence that was named and could not be read.
fn unreadable(artifacts: &[Artifact], path: &str) -> Option<Value> {
    let artifact = artifacts.iter().find(|a| a.path == path)?;
    let message = artifact.issues.first().map_or("it holds no row", |i| i.message.as_str());
    Some(json!({
        "present": false,
        "claim_status": "not_proven",
        "row_count": 0,
        "failure_reasons": [{
            "code": "lmcache_l0_boundary_file_unreadable",
            "message": format!("{}: {message}", artifact.path),
        }],
    }))
}

fn metrics(catalog: &Catalog, timelines: &[Timeline]) -> BlendMetrics {
    let mut out = BlendMetrics::default();
    let mut names_read = BTreeSet::new();
    for timeline in timelines {
        let names: BTreeSet<&str> =
            timeline.scrapes().iter().flat_map(|c| c.scrape.sample_names()).collect();
        let mut told = false;
        for (key, signal, aliases) in COUNTERS {
            // Two spellings of one counter on a page are one counter.
            let name = names.iter().copied().find(|name| {
                let known = catalog.name(name);
                known.as_ref().is_some_and(|n| n.signal() == *signal && n.part == Part::Value)
                    || known.is_none() && stem(name, BLEND).is_some_and(|s| aliases.contains(&s))
            });
            let Some(name) = name else { continue };
            let Some(value) = timeline.lifetime(name, &[]).filter(|v| v.is_finite()) else {
                continue;
            };
            told = true;
            names_read.insert(name.to_owned());
            *out.counters.entry((*key).to_owned()).or_default() += value;
            if let Some(grown) = timeline.total_increase(name, &[]).filter(|i| i.value.is_finite())
            {
                *out.increases.entry((*key).to_owned()).or_default() += grown.value;
            }
        }
        out.windows += if told { timeline.windows().len() } else { 0 };
    }
    out.present = !out.counters.is_empty();
    out.ratios = ratios(&out.counters);
    out.in_windows = ratios(&out.increases);
    out.source_metrics = names_read.into_iter().collect();
    out
}

fn ratios(counters: &BTreeMap<String, f64>) -> BlendRatios {
    let get = |key: &str| counters.get(key).copied();
    BlendRatios {
        blend_hit_rate: ratio(get("lookup_hit_tokens"), get("lookup_requested_tokens")),
        stale_ratio: ratio(get("lookup_stale_chunks"), get("lookup_fingerprint_hits")),
        fingerprint_efficiency: ratio(get("lookup_storage_hits"), get("lookup_fingerprint_hits")),
        eviction_rate: ratio(
            get("chunks_evicted").or_else(|| get("fingerprint_evicted")),
            get("fingerprints_registered").or_else(|| get("fingerprint_registered")),
        ),
    }
}

fn ratio(part: Option<f64>, whole: Option<f64>) -> Option<f64> {
    let (part, whole) = part.zip(whole)?;
    (whole > 0.0).then(|| part / whole).filter(|r| r.is_finite())
}

/// A name without a known prefix and without `_total`.
fn stem<'n>(name: &'n str, prefixes: &[&str]) -> Option<&'n str> {
    let bare = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix))?;
    Some(bare.strip_suffix("_total").unwrap_or(bare))
}

/// Sums of the series with this stem, by the values of labels joined with `:`.
fn by(timelines: &[Timeline], stem_wanted: &str, labels: &[&str]) -> BTreeMap<String, f64> {
    let mut out: BTreeMap<String, f64> = BTreeMap::new();
    for timeline in timelines {
        let named = |scrape: &Scrape| {
            let found = scrape.sample_names().find(|n| stem(n, ANY) == Some(stem_wanted));
            found.map(str::to_owned)
        };
        let Some(name) = timeline.scrapes().iter().find_map(|c| named(&c.scrape)) else {
            continue;
        };
        let mut sets: BTreeSet<Vec<String>> = BTreeSet::new();
        for captured in timeline.scrapes() {
            for series in captured.scrape.series(&name) {
                let value = |label: &&str| series.label(label).unwrap_or("").to_owned();
                sets.insert(labels.iter().map(value).collect());
            }
        }
        for set in sets {
            let pairs: Vec<(&str, &str)> =
                labels.iter().copied().zip(set.iter().map(String::as_str)).collect();
            let Some(value) = timeline.lifetime(&name, &pairs).filter(|v| v.is_finite()) else {
                continue;
            };
            let shown: Vec<&str> =
                set.iter().map(|v| if v.is_empty() { "unknown" } else { v.as_str() }).collect();
            *out.entry(shown.join(":")).or_default() += value;
        }
    }
    out
}

/// Quotients of those that both maps have.
fn quotients(
    parts: &BTreeMap<String, f64>,
    wholes: &BTreeMap<String, f64>,
) -> BTreeMap<String, f64> {
    parts
        .iter()
        .filter_map(|(key, part)| {
            Some((key.clone(), ratio(Some(*part), wholes.get(key).copied())?))
        })
        .collect()
}

fn serde(timelines: &[Timeline]) -> BlendSerde {
    const TYPE: &[&str] = &["serde_type"];
    let bytes_in = by(timelines, "serde_bytes_in", TYPE);
    let bytes_out = by(timelines, "serde_bytes_out", TYPE);
    let failures = by(timelines, "serde_failures", &["serde_type", "direction"]);
    let mean = |what: &str| {
        let of = |part: &str| by(timelines, &format!("serde_{what}_duration_seconds_{part}"), TYPE);
        quotients(&of("sum"), &of("count"))
    };
    let (encode, decode) = (mean("encode"), mean("decode"));
    BlendSerde {
        present: [&bytes_in, &bytes_out, &failures, &encode, &decode]
            .iter()
            .any(|map| !map.is_empty()),
        compression_ratio_by_serde: quotients(&bytes_out, &bytes_in),
        total_failures: failures.values().copied().reduce(|a, b| a + b),
        bytes_in_by_serde: bytes_in,
        bytes_out_by_serde: bytes_out,
        failures_by_serde_direction: failures,
        encode_avg_seconds_by_serde: encode,
        decode_avg_seconds_by_serde: decode,
    }
}

fn lifecycle(timelines: &[Timeline]) -> BlendLifecycle {
    let of = |stem: &str| by(timelines, stem, &["operation", "direction"]);
    // A counter, or the sum of a histogram.
    let amount = |stem: &str| {
        let plain = of(stem);
        if plain.is_empty() { of(&format!("{stem}_sum")) } else { plain }
    };
    let durations = quotients(
        &of("l0_gpu_operation_duration_seconds_sum"),
        &of("l0_gpu_operation_duration_seconds_count"),
    );
    let (chunks, tokens) = (amount("l0_gpu_transfer_chunks"), amount("l0_gpu_transfer_tokens"));
    BlendLifecycle {
        present: [&durations, &chunks, &tokens].iter().any(|map| !map.is_empty()),
        avg_duration_seconds_by_operation: durations,
        transfer_chunks_by_operation: chunks,
        transfer_tokens_by_operation: tokens,
        boundary_evidence: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::packet::{Input, Limits, open};

    fn report(pages: &[&str]) -> CacheblendReport {
        let inputs: Vec<Input> = pages
            .iter()
            .enumerate()
            .map(|(i, page)| Input::Fetched {
                url: format!("blend-{i}.prom"),
                file: Some(format!("blend-{i}.prom")),
                role: None,
                body: Ok(page.as_bytes().to_vec()),
                at: Some(10.0 * (i + 1) as f64),
            })
            .collect();
        cacheblend(&Catalog::new(), open(&inputs, &Limits::default()), None)
    }

    #[test]
    fn every_signal_is_in_the_contract() {
        let catalog = Catalog::new();
        for (key, signal, aliases) in COUNTERS {
            assert_eq!(signal.is_empty(), !aliases.is_empty(), "{key}");
            assert!(signal.is_empty() || !catalog.signal(signal).is_empty(), "{signal}");
        }
    }

    #[test]
    fn both_spellings_and_no_created_series() {
        let report = report(&["lmcache_blend_lookup_requests_total 3\n\
             lmcache_blend_lookup_requests_created 1.79e9\n\
             {\"lmcache_blend.lookup_hit_tokens\"} 2\n\
             {\"lmcache_blend.lookup_requested_tokens\"} 8\n"]);
        let found = &report.cacheblend_metrics;
        assert_eq!(found.counters["lookup_requests"], 3.0);
        assert_eq!(found.ratios.blend_hit_rate, Some(0.25));
        assert_eq!(found.source_metrics.len(), 3, "{:?}", found.source_metrics);
        let created = super::tests::report(&["lmcache_blend_lookup_requests_created 1.79e9\n"]);
        assert!(!created.cacheblend_metrics.present);
    }

    #[test]
    fn a_ratio_needs_both_counters_and_a_denominator_above_zero() {
        let found = report(&["lmcache_blend_lookup_requested_tokens_total 0\n\
             lmcache_blend_lookup_hit_tokens_total 0\n\
             lmcache_blend_lookup_fingerprint_hits_total 4\n\
             lmcache_blend_fingerprint_registered_total 4\n\
             lmcache_blend_fingerprint_evicted_total 1\n"]);
        let ratios = found.cacheblend_metrics.ratios;
        assert_eq!((ratios.blend_hit_rate, ratios.stale_ratio), (None, None));
        assert_eq!(ratios.fingerprint_efficiency, None);
        assert_eq!(ratios.eviction_rate, Some(0.25));
        assert!(!found.serde.present && found.serde.total_failures.is_none());
        assert!(!found.lifecycle.present && found.lifecycle.boundary_evidence.is_none());
    }

    #[test]
    fn windows_tell_the_run_alone_and_restarts_count_from_zero() {
        let page = |asked: u32, hit: u32, start: u32| {
            format!(
                "lmcache_blend_lookup_requested_tokens_total {asked}\n\
                 lmcache_blend_lookup_hit_tokens_total {hit}\nprocess_start_time_seconds {start}\n"
            )
        };
        let pages = [page(100, 0, 1), page(200, 90, 1), page(10, 10, 2)];
        let report = report(&pages.iter().map(String::as_str).collect::<Vec<_>>());
        let found = &report.cacheblend_metrics;
        assert_eq!((found.windows, found.counters["lookup_hit_tokens"]), (2, 100.0));
        assert_eq!(found.increases["lookup_requested_tokens"], 110.0);
        assert_eq!(found.in_windows.blend_hit_rate, Some(100.0 / 110.0));
    }

    #[test]
    fn serialisation_and_lifecycle_by_their_labels() {
        let found = report(&[
            "lmcache_blend_serde_bytes_in_total{serde_type=\"kivi\",direction=\"encode\"} 100\n\
             lmcache_blend_serde_bytes_in_total{serde_type=\"kivi\",direction=\"decode\"} 100\n\
             lmcache_blend_serde_bytes_out_total{serde_type=\"kivi\"} 50\n\
             lmcache_blend_serde_failures_total{serde_type=\"kivi\",direction=\"encode\"} 2\n\
             lmcache_blend_serde_encode_duration_seconds_sum{serde_type=\"kivi\"} 3\n\
             lmcache_blend_serde_encode_duration_seconds_count{serde_type=\"kivi\"} 6\n\
             lmcache_mp_l0_gpu_operation_duration_seconds_sum{operation=\"store\",direction=\"out\"} 4\n\
             lmcache_mp_l0_gpu_operation_duration_seconds_count{operation=\"store\",direction=\"out\"} 8\n\
             lmcache_mp_l0_gpu_transfer_chunks_sum{operation=\"store\",direction=\"out\"} 7\n",
        ]);
        assert_eq!(found.serde.compression_ratio_by_serde["kivi"], 0.25);
        assert_eq!(found.serde.failures_by_serde_direction["kivi:encode"], 2.0);
        assert_eq!(found.serde.total_failures, Some(2.0));
        assert_eq!(found.serde.encode_avg_seconds_by_serde["kivi"], 0.5);
        assert_eq!(found.lifecycle.avg_duration_seconds_by_operation["store:out"], 0.5);
        assert_eq!(found.lifecycle.transfer_chunks_by_operation["store:out"], 7.0);
    }
}
