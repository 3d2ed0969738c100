//! `inferguard capacity`: how large the cache must be, and what each size would bring.

use std::collections::BTreeMap;

use cache_sizing::{
    Curve, Estimate, Eviction, Group, L2, L2Load, L2Store, Order, Pace, Policy, SimulationTotals,
    Simulator, Tier, WorkingSeries,
};
use lmcache_prom::contract::Catalog;
use serde::Serialize;

use super::check::judge;
use super::parts::{Options, Rules, Tool};
use crate::packet::{Artifact, Packet};
use crate::sizing::{Counted, Lane, Sized};

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

/// One size.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SizeRow {
    /// Bytes.
    pub bytes: u64,
    /// What an LRU cache of this size would have served.
    pub hit: Estimate,
    /// The same as a share of all tokens.
    pub hit_rate: f64,
    /// Tokens that a larger cache would serve and this one does not.
    pub capacity_miss_tokens: u64,
    /// What LMCache of this size would have served, with its watermark and ratio; `null` where
    /// the lookups are a sample or too many.
    pub simulated: Option<SimulationTotals>,
    /// The simulation as a share of all tokens.
    pub simulated_hit_rate: Option<f64>,
    /// What it saves.
    pub saves: Option<Saves>,
}

/// What hits save, over the time of the lookups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Saves {
    /// Seconds of prefill.
    pub prefill_seconds: f64,
    /// What these cost; in the unit of the price.
    pub money: Option<f64>,
}

/// A size and what it serves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Point {
    /// Bytes.
    pub bytes: u64,
    /// Hit tokens.
    pub hit_tokens: u64,
    /// As a share of all tokens.
    pub hit_rate: f64,
}

/// The size that a share needs.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetSize {
    /// The share.
    pub hit_rate: f64,
    /// The size; `null` where no size reaches it.
    pub bytes: Option<u64>,
}

/// The size in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Current {
    /// Who says so.
    pub because: String,
    /// What it gets.
    #[serde(flatten)]
    pub row: SizeRow,
    /// What the server counted of the same lookups.
    pub counted: Option<Counted>,
    /// By how many points of the hit rate the simulation is above what was counted.
    pub off_by_points: Option<f64>,
}

/// One model's or salt's share.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupRow {
    /// Model or salt.
    pub name: String,
    /// Lookups.
    pub lookups: u64,
    /// Tokens.
    pub tokens: u64,
    /// The most that can be served.
    pub bound_tokens: u64,
    /// What is served of it at each size of `sizes`, in a cache that all share.
    pub hit_tokens: Vec<u64>,
}

/// Chunks in use over time.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkingRow {
    /// Length of a window in seconds.
    pub window_s: f64,
    /// Bytes of the different chunks of a window, on average.
    pub mean_bytes: f64,
    /// In the fullest.
    pub max_bytes: f64,
    /// When that begins, in seconds since 1970.
    pub max_at: f64,
    /// Every window.
    pub windows: Vec<WorkingSeries>,
}

/// The report of `inferguard capacity`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CapacityReport {
    /// `inferguard/capacity/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// Everything that was named or found.
    pub inputs: Vec<Artifact>,
    /// `lookup_hashes` or `trace`.
    pub source: String,
    /// Files of that source.
    pub files: Vec<String>,
    /// `bytes`, or `chunks` where the input does not tell how many bytes a chunk takes: then every
    /// size below counts chunks.
    pub size_unit: String,
    /// `tokens`, or `chunks` where the input does not tell how many tokens a chunk has.
    pub token_unit: String,
    /// Every chunk was followed; else figures are estimates.
    pub exact: bool,
    /// One chunk in so many was followed.
    pub one_in: u64,
    /// In which order a prompt's chunks are touched.
    pub order: Order,
    /// Policy of the simulation.
    pub policy: Policy,
    /// Its watermark and ratio.
    pub eviction: Eviction,
    /// It has an L2.
    pub l2: bool,
    /// Time of the first lookup, in seconds since 1970.
    pub first_at: f64,
    /// Seconds to the last.
    pub span_s: f64,
    /// Lookups.
    pub lookups: u64,
    /// Tokens of the prompts: what every rate is a share of.
    pub tokens: u64,
    /// Tokens of whole chunks.
    pub chunk_tokens: u64,
    /// Tokens behind the last whole chunk: no cache serves them.
    pub tail_tokens: u64,
    /// Tokens that are asked for the first time: no size serves them.
    pub cold_tokens: u64,
    /// Whole chunks.
    pub chunks: u64,
    /// Different chunks.
    pub distinct_chunks: u64,
    /// Their bytes.
    pub distinct_bytes: u64,
    /// What a cache without limit would have served.
    pub bound: Point,
    /// The smallest size that serves as much.
    pub enough_bytes: u64,
    /// Where the curve bends.
    pub bend: Option<Point>,
    /// The size for a target.
    pub target: Option<TargetSize>,
    /// The size in force.
    pub current: Option<Current>,
    /// Sizes side by side.
    pub sizes: Vec<SizeRow>,
    /// The curve, at 200 points at most.
    pub curve: Vec<Point>,
    /// What rows of `groups` are about.
    pub by: By,
    /// Shares of models or salts.
    pub groups: Vec<GroupRow>,
    /// Chunks in use over time.
    pub working_set: WorkingRow,
    /// Tokens that the engine prefills in a second, and who says so.
    pub prefill_tokens_per_second: Option<f64>,
    /// What the reader has to know.
    pub notes: Vec<String>,
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
        notes: notes(sized, &curve, asked, affordable, policy),
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

fn simulate(sized: &Sized, l1: Tier, l2: Option<L2>) -> SimulationTotals {
    simulate_with(sized, l1, l2, &[])
}

fn simulate_with(
    sized: &Sized,
    l1: Tier,
    l2: Option<L2>,
    cleared: &[(f64, cache_sizing::Clearing)],
) -> SimulationTotals {
    let mut sim = Simulator::new(l1, l2, Pace::Every(1.0));
    let mut next = 0;
    for row in sized.recording.iter() {
        while let Some((_, what)) = cleared.get(next).filter(|c| c.0 <= row.lookup.at) {
            sim.clear(*what);
            next += 1;
        }
        sim.lookup(&row.lookup, row.group);
    }
    sim.totals()
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
        let name = match by {
            By::All => return Vec::new(),
            By::Model => group.model.clone(),
            By::Salt => group.salt.clone().unwrap_or_else(|| "(not recorded)".into()),
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

fn notes(
    sized: &Sized,
    curve: &Curve,
    asked: &CapacityOptions,
    simulated: bool,
    policy: Policy,
) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |text: String| out.push(text);
    if !sized.bytes_known {
        add("the input does not tell how many bytes a chunk takes: every size counts chunks. \
             --chunk-bytes SIZE tells it"
            .into());
    }
    if !sized.tokens_known {
        add("the input does not tell how many tokens a chunk has: tokens count chunks. \
             --chunk-size N tells it"
            .into());
    }
    if !curve.is_exact() {
        add(format!(
            "one chunk in {} was followed: figures are estimates, their bounds hold with 95 %. \
             More --memory follows them all",
            curve.one_in
        ));
    }
    if !simulated {
        add("LMCache's own policy was not simulated: the lookups are a sample, or too many for \
             so many sizes. The curve is that of a plain LRU cache"
            .into());
    }
    if asked.by == By::Salt && sized.recording.groups().iter().all(|g| g.salt.is_none()) {
        add("no input records a salt: LMCache 0.5.6 writes none to lookup-hash logs and traces"
            .into());
    }
    if policy == Policy::IsolatedLru && asked.quotas.is_empty() {
        add("isolated-lru without --quota is simulated as LRU. On L1, LMCache 0.5.6 evicts \
             nothing under this policy: its eviction thread ends at the watermark"
            .into());
    }
    if let Some(note) = sized.salt_note() {
        add(note);
    }
    if sized.recording.without_time() > 0 {
        add(format!(
            "{} lookups have no time: they count at the time of the one before",
            sized.recording.without_time()
        ));
    }
    if curve.sums.chunk_tokens > 0 && curve.bound() == 0 {
        add("nothing was asked for twice: there is no reuse to win at any size".into());
    }
    out
}

/// The curve as CSV: every step, all together and by group.
pub fn capacity_csv(report: &CapacityReport) -> String {
    use std::fmt::Write as _;
    let mut out =
        String::from("bytes,hit_tokens,hit_rate,low_tokens,high_tokens,simulated_hit_tokens\n");
    let mut rows: BTreeMap<u64, (u64, Option<&SizeRow>)> =
        report.curve.iter().map(|p| (p.bytes, (p.hit_tokens, None))).collect();
    for row in report.sizes.iter().chain(report.current.iter().map(|c| &c.row)) {
        rows.insert(row.bytes, (row.hit.tokens, Some(row)));
    }
    for (bytes, (hit, row)) in rows {
        let rate = share(hit, report.tokens);
        let bound = |of: fn(&Estimate) -> u64| {
            row.map(|r| of(&r.hit).to_string()).or_else(|| report.exact.then(|| hit.to_string()))
        };
        let _ = writeln!(
            out,
            "{bytes},{hit},{rate:.6},{},{},{}",
            bound(|e| e.low).unwrap_or_default(),
            bound(|e| e.high).unwrap_or_default(),
            row.and_then(|r| r.simulated).map_or_else(String::new, |s| s.hit_tokens().to_string())
        );
    }
    out
}
