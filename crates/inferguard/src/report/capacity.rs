//! `inferguard capacity`: how large the cache must be, and what each size would bring.

mod csv;
mod notes;
mod rows;
mod simulated;

use std::collections::BTreeMap;

use cache_sizing::{Curve, Eviction, Group, L2, L2Load, L2Store, Order, Policy, Tier};
use lmcache_prom::contract::Catalog;
use serde::Serialize;

use super::check::judge;
use super::misses::short;
use super::parts::{Options, Rules, Tool};
use crate::packet::{Artifact, Packet};
use crate::sizing::{Lane, Sized};

pub use csv::capacity_csv;
use notes::notes;
pub use rows::{CapacityReport, Current, GroupRow, Point, Saves, SizeRow, TargetSize, WorkingRow};
use simulated::{simulate, simulate_with};

/// What the user asks.
#[derive(Debug, Clone, Default)]
pub struct CapacityOptions {
    /// Sizes in bytes; none for powers of two that matter.
    pub sizes: Vec<u64>,
    /// Policy of the simulation; nothing for the one in force, or LRU.
    pub policy: Option<Policy>,
    /// In which order a prompt's chunks are touched.
    pub order: Order,
    /// An L2 of so many bytes beside each size; 0 is no limit.
    pub l2: Option<u64>,
    /// What L1 keeps of what is in L2.
    pub l2_store: L2Store,
    /// What a load leaves in L1.
    pub l2_load: L2Load,
    /// Watermark of the simulation.
    pub watermark: Option<f64>,
    /// Share that one pass evicts.
    pub ratio: Option<f64>,
    /// Quotas by model or salt, for `isolated-lru`.
    pub quotas: Vec<(String, u64)>,
    /// Rows by model or by salt.
    pub by: By,
    /// Share of all tokens that is to be served.
    pub target: Option<f64>,
    /// Size in force, where the evidence does not tell it.
    pub current: Option<u64>,
    /// Tokens that the engine prefills in a second.
    pub prefill_tokens_per_second: Option<f64>,
    /// What an hour of the engine costs.
    pub price_per_hour: Option<f64>,
}

/// What rows are about.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// All together.
    #[default]
    All,
    /// Models.
    Model,
    /// Salts, where the input records them.
    Salt,
}

/// Chunks times sizes that are simulated.
const SIMULATED: u64 = 60_000_000;
/// Points of the curve in the report.
const POINTS: usize = 200;
/// Rows where the user names no sizes.
const ROWS: u32 = 9;

/// Makes the report; `None` where no lookup was read. The packet's files are told either way.
pub fn capacity(
    catalog: &Catalog,
    mut packet: Packet,
    options: &Options,
    asked: &CapacityOptions,
) -> Result<CapacityReport, Vec<Artifact>> {
    let judged = judge(catalog, &mut packet, &Options { rules: Rules::Skipped, ..options.clone() });
    let Some(sized) = judged.sized else { return Err(packet.artifacts) };
    Ok(report(&sized, packet.artifacts, asked))
}

fn report(sized: &Sized, inputs: Vec<Artifact>, asked: &CapacityOptions) -> CapacityReport {
    let curve = sized.curve(asked.order);
    let deployment = &sized.deployment;
    let policy = asked.policy.or(deployment.policy).unwrap_or_default();
    let eviction = Eviction {
        watermark: asked.watermark.unwrap_or(deployment.eviction.watermark),
        ratio: asked.ratio.unwrap_or(deployment.eviction.ratio),
    };
    let l2 = match asked.l2 {
        Some(bytes) => Some(L2 {
            tier: Tier { bytes: Some(bytes).filter(|b| *b > 0), eviction, ..Tier::default() },
            store: asked.l2_store,
            load: asked.l2_load,
        }),
        None => deployment.l2.clone(),
    };
    let groups = sized.recording.groups();
    let tier = Tier { bytes: None, policy, eviction, quotas: quotas(groups, asked) };
    let rate = asked.prefill_tokens_per_second.or(deployment.prefill_tokens_per_second);
    let rows = rows(&curve, asked);
    let affordable = sized.recording.is_exact()
        && curve.sums.chunks.saturating_mul(rows.len() as u64 + 1) <= SIMULATED;
    let row = |bytes: u64| {
        let hit = curve.hit_tokens(bytes);
        let simulated = affordable.then(|| {
            let l1 = Tier { bytes: Some(bytes), ..tier.clone() };
            simulate(sized, l1, l2.clone())
        });
        let served = simulated.map_or(hit.tokens, |s| s.hit_tokens());
        SizeRow {
            bytes,
            hit,
            hit_rate: share(hit.tokens, curve.sums.tokens),
            capacity_miss_tokens: curve.bound().saturating_sub(hit.tokens),
            simulated,
            simulated_hit_rate: simulated.map(|s| share(s.hit_tokens(), curve.sums.tokens)),
            saves: rate.filter(|r| *r > 0.0).map(|rate| saves(served, rate, asked.price_per_hour)),
        }
    };
    let current = current(sized, &curve, asked, &row);
    let off = current.as_ref().and_then(|c| c.off_by_points);
    let (first_at, last) = sized.recording.span().unwrap_or((0.0, 0.0));
    let point = |bytes: u64, hit_tokens: u64| Point {
        bytes,
        hit_tokens,
        hit_rate: share(hit_tokens, curve.sums.tokens),
    };
    let enough = curve.enough_bytes();
    CapacityReport {
        schema: "inferguard/capacity/v1".into(),
        tool: Tool::this(),
        inputs,
        source: if sized.lane == Lane::Hashes { "lookup_hashes" } else { "trace" }.into(),
        files: sized.artifacts.clone(),
        size_unit: if sized.bytes_known { "bytes" } else { "chunks" }.into(),
        token_unit: if sized.tokens_known { "tokens" } else { "chunks" }.into(),
        exact: curve.is_exact(),
        one_in: curve.one_in,
        order: curve.order,
        policy,
        eviction,
        l2: l2.is_some(),
        first_at,
        span_s: last - first_at,
        lookups: curve.sums.lookups,
        tokens: curve.sums.tokens,
        chunk_tokens: curve.sums.chunk_tokens,
        tail_tokens: curve.sums.tokens.saturating_sub(curve.sums.chunk_tokens),
        cold_tokens: curve.cold_tokens(),
        chunks: curve.sums.chunks,
        distinct_chunks: curve.distinct_chunks,
        distinct_bytes: curve.distinct_bytes,
        bound: point(enough, curve.bound()),
        enough_bytes: enough,
        bend: curve.bend().map(|s| point(s.bytes, s.hit_tokens)),
        target: asked
            .target
            .map(|hit_rate| TargetSize { hit_rate, bytes: curve.size_for(hit_rate) }),
        current,
        sizes: rows.iter().map(|bytes| row(*bytes)).collect(),
        curve: points(&curve).into_iter().map(|(bytes, hit)| point(bytes, hit)).collect(),
        by: asked.by,
        groups: group_rows(&curve, groups, &rows, asked.by),
        working_set: WorkingRow {
            window_s: curve.window.window_s,
            mean_bytes: curve.window.mean,
            max_bytes: curve.window.max,
            max_at: curve.window.max_at_s,
            windows: curve.working.clone(),
        },
        prefill_tokens_per_second: rate,
        notes: notes(sized, &curve, asked, affordable, policy, off),
    }
}

fn current(
    sized: &Sized,
    curve: &Curve,
    asked: &CapacityOptions,
    row: &impl Fn(u64) -> SizeRow,
) -> Option<Current> {
    let (bytes, because) = match (asked.current, &sized.deployment.l1) {
        (Some(bytes), _) => (bytes, "--current-size".to_owned()),
        (None, Some((bytes, source))) if sized.bytes_known => {
            (*bytes, format!("{}: {}", source.artifact, source.what))
        }
        _ => return None,
    };
    let mut row = row(bytes);
    let counted = sized.counted().cloned();
    if counted.is_some() && sized.recording.is_exact() && row.simulated.is_some() {
        // What happened in between is known here, so it is simulated too.
        let mut in_force = sized.in_force();
        in_force.l1.bytes = Some(bytes);
        let totals = simulate_with(sized, in_force.l1, in_force.l2, &in_force.cleared);
        row.simulated_hit_rate = Some(share(totals.hit_tokens(), curve.sums.tokens));
        row.simulated = Some(totals);
    }
    let off_by_points = counted.as_ref().zip(row.simulated).map(|(counted, simulated)| {
        let all = curve.sums.tokens.max(1) as f64;
        (simulated.hit_tokens() as f64 - counted.hit_tokens) / all * 100.0
    });
    Some(Current { because, row, counted, off_by_points })
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

fn saves(hit_tokens: u64, tokens_per_second: f64, price_per_hour: Option<f64>) -> Saves {
    let prefill_seconds = hit_tokens as f64 / tokens_per_second;
    Saves { prefill_seconds, money: price_per_hour.map(|price| prefill_seconds / 3600.0 * price) }
}

/// Quotas by number of group, of those that are named.
fn quotas(groups: &[Group], asked: &CapacityOptions) -> Vec<(u32, u64)> {
    let mut out = Vec::new();
    for (number, group) in (0_u32..).zip(groups) {
        let named = |name: &str| group.salt.as_deref().map_or(name == group.model, |s| s == name);
        if let Some((_, bytes)) = asked.quotas.iter().find(|(name, _)| named(name)) {
            out.push((number, *bytes));
        }
    }
    out
}

/// The sizes that are asked for, or powers of two up to the size that is enough.
fn rows(curve: &Curve, asked: &CapacityOptions) -> Vec<u64> {
    let mut out = asked.sizes.clone();
    if out.is_empty() {
        let top = curve.enough_bytes().max(curve.largest_chunk).max(1).next_power_of_two();
        out = (0..ROWS)
            .map(|i| top >> i)
            .filter(|bytes| *bytes >= curve.largest_chunk.max(1))
            .collect();
    }
    out.sort_unstable();
    out.dedup();
    out
}

/// Points that show the curve: every step, or of many the last of each of 200 equal rises.
fn points(curve: &Curve) -> Vec<(u64, u64)> {
    let all: Vec<(u64, u64)> = curve.steps.iter().map(|s| (s.bytes, s.hit_tokens)).collect();
    if all.len() <= POINTS {
        return all;
    }
    let bound = curve.bound().max(1);
    let mut out: Vec<(u64, u64)> = Vec::new();
    let mut level = None;
    for (i, point) in all.iter().enumerate() {
        let here = u128::from(point.1) * (POINTS as u128 - 1) / u128::from(bound);
        if level != Some(here) || i + 1 == all.len() {
            out.push(*point);
            level = Some(here);
        }
    }
    out
}

fn group_rows(curve: &Curve, groups: &[Group], sizes: &[u64], by: By) -> Vec<GroupRow> {
    let mut rows: BTreeMap<String, GroupRow> = BTreeMap::new();
    for (number, sums, steps) in &curve.groups {
        let Some(group) = groups.get(*number as usize) else { continue };
        // Salts that were learnt later leave a group behind that nothing is in.
        if sums.lookups == 0 {
            continue;
        }
        let name = match by {
            By::All => return Vec::new(),
            By::Model => group.model.clone(),
            By::Salt => match group.salt.as_deref() {
                None => "(not recorded)".into(),
                Some("") => "(empty)".into(),
                // Who knows a salt can ask for what its tenant cached.
                Some(salt) => short("salt", salt.as_bytes()),
            },
        };
        let row = rows.entry(name.clone()).or_insert_with(|| GroupRow {
            name,
            lookups: 0,
            tokens: 0,
            bound_tokens: 0,
            hit_tokens: vec![0; sizes.len()],
        });
        row.lookups += sums.lookups;
        row.tokens += sums.tokens;
        row.bound_tokens += steps.last().map_or(0, |s| s.hit_tokens);
        for (slot, bytes) in row.hit_tokens.iter_mut().zip(sizes) {
            *slot += curve.group_hit_tokens(*number, *bytes);
        }
    }
    rows.into_values().collect()
}
