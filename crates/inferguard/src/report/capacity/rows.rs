//! What the report of `capacity` holds.

use cache_sizing::{Estimate, Eviction, Order, Policy, SimulationTotals, WorkingSeries};
use serde::Serialize;

use super::By;
use crate::packet::Artifact;
use crate::report::parts::Tool;
use crate::sizing::Counted;

/// One size.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct Saves {
    /// Seconds of prefill.
    pub prefill_seconds: f64,
    /// What these cost; in the unit of the price.
    pub money: Option<f64>,
}

/// A size and what it serves.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
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
#[non_exhaustive]
pub struct TargetSize {
    /// The share.
    pub hit_rate: f64,
    /// The size; `null` where no size reaches it.
    pub bytes: Option<u64>,
}

/// The size in force.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
