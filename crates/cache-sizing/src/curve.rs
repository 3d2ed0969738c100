//! The hit tokens of an LRU cache by its size, in one pass.

use serde::Serialize;

use crate::access::{Group, Lookup};
use crate::bend::bend;
use crate::points::{EXACT, Entry, Points};
use crate::stack::{Order, Stack, Touch};
use crate::window::{Working, WorkingSeries, WorkingSet};

/// Parts that a sample is cut into: how far they lie apart says how far it may be off.
const PARTS: u8 = 16;
/// Two-sided 95 % quantile of Student's t with 15 degrees of freedom.
const T95: f64 = 2.131;

/// How a curve is taken.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CurveOptions {
    /// In which order the chunks of a lookup are touched.
    pub order: Order,
    /// One chunk in so many is followed. 1 follows all.
    pub one_in: u64,
    /// Memory for the chunks that are followed, in bytes. When it is full the sample is halved.
    pub memory: usize,
    /// Length of the windows of the working set, in seconds.
    pub window_s: f64,
}

impl Default for CurveOptions {
    fn default() -> Self {
        CurveOptions { order: Order::TailFirst, one_in: 1, memory: 1 << 30, window_s: 60.0 }
    }
}

/// Sums over the lookups of one group, or of all.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupSums {
    /// Lookups.
    pub lookups: u64,
    /// Tokens of the prompts.
    pub tokens: u64,
    /// Whole chunks of the prompts.
    pub chunks: u64,
    /// Tokens of these.
    pub chunk_tokens: u64,
}

impl GroupSums {
    pub(crate) fn add(&mut self, lookup: &Lookup<'_>, chunks: u64, group: &Group) {
        self.lookups += 1;
        let whole = chunks.saturating_mul(group.chunk_tokens);
        self.tokens = self.tokens.saturating_add(lookup.tokens.max(whole));
        self.chunks = self.chunks.saturating_add(chunks);
        self.chunk_tokens = self.chunk_tokens.saturating_add(whole);
    }
}

/// An amount of tokens, and between which bounds it lies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Estimate {
    /// Tokens.
    pub tokens: u64,
    /// At least (95 %; equal to `tokens` where all chunks were followed).
    pub low: u64,
    /// At most.
    pub high: u64,
}

/// The curve rises here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Step {
    /// Bytes of the cache.
    pub bytes: u64,
    /// Tokens that a cache of this size serves, all smaller ones included.
    pub hit_tokens: u64,
}

#[derive(Debug)]
struct Part {
    sums: GroupSums,
    /// Tokens of the chunks that were followed, times what each stands for.
    followed: u64,
    points: Points,
}

/// Takes lookups in the order of time.
#[derive(Debug)]
pub struct CurveBuilder {
    order: Order,
    stack: Stack<f64>,
    parts: Vec<Option<Part>>,
    sampled: bool,
    known_sums: bool,
    /// Tokens of the sampled chunks of each part, times what each stands for.
    followed: [u64; PARTS as usize],
    now: f64,
    distinct_bytes: u64,
    distinct: u64,
    largest_chunk: u64,
    window: Working,
}

impl CurveBuilder {
    /// Starts.
    pub fn new(options: CurveOptions) -> Self {
        let window = if options.window_s.is_finite() && options.window_s > 0.0 {
            options.window_s
        } else {
            60.0
        };
        CurveBuilder {
            order: options.order,
            stack: Stack::sampled(options.one_in, options.memory),
            parts: Vec::new(),
            sampled: options.one_in > 1,
            known_sums: false,
            followed: [0; PARTS as usize],
            now: f64::NEG_INFINITY,
            distinct_bytes: 0,
            distinct: 0,
            largest_chunk: 0,
            window: Working::new(window).with_series(),
        }
    }

    /// Sums of a recording, by number of group: those of lookups that it does not hold are told
    /// by nothing else. What is pushed from then on adds to no sum.
    pub fn add_unheld(&mut self, sums: &[GroupSums]) {
        self.known_sums = true;
        for (at, sums) in sums.iter().enumerate() {
            if let Some(part) = self.part(u32::try_from(at).unwrap_or(u32::MAX)) {
                part.sums = *sums;
            }
        }
    }

    fn part(&mut self, group: u32) -> Option<&mut Part> {
        let at = usize::from(u16::try_from(group).unwrap_or(u16::MAX));
        if at >= self.parts.len() {
            self.parts.resize_with(at + 1, || None);
        }
        let sampled = self.sampled;
        self.parts.get_mut(at).map(|slot| {
            slot.get_or_insert_with(|| Part {
                sums: GroupSums::default(),
                followed: 0,
                points: if sampled { Points::sampled() } else { Points::exact() },
            })
        })
    }

    /// Takes a lookup. Groups are told apart by [`Lookup::group`], below 65,536.
    pub fn push(&mut self, lookup: &Lookup<'_>, group: &Group) {
        self.push_sampled(lookup, lookup.chain.len() as u64, group);
    }

    /// Takes a lookup of which `chain` holds only the chunks of a sample, at least as large as
    /// this builder's; `chunks` is how many there were.
    pub fn push_sampled(&mut self, lookup: &Lookup<'_>, chunks: u64, group: &Group) {
        if lookup.at.is_finite() {
            self.now = self.now.max(lookup.at);
        }
        let known_sums = self.known_sums;
        let one_in = self.stack.one_in();
        let Some(part) = self.part(lookup.group) else { return };
        if !known_sums {
            part.sums.add(lookup, chunks, group);
        }
        let bytes = group.chunk_bytes.max(1);
        self.largest_chunk = self.largest_chunk.max(bytes);
        let tokens = group.chunk_tokens.saturating_mul(one_in);
        let touched = self.stack.touch_chain(lookup.chain, self.now, bytes, self.order);
        let at = usize::from(u16::try_from(lookup.group).unwrap_or(u16::MAX));
        let Some(part) = self.parts.get_mut(at).and_then(Option::as_mut) else { return };
        let mut need = 0_u64;
        let mut served = true;
        part.followed = part.followed.saturating_add(tokens.saturating_mul(touched.len() as u64));
        for chunk in touched {
            let id = lookup.chain.get(chunk.place as usize).copied().unwrap_or(0);
            let of = if one_in > 1 { sample_part(id) } else { EXACT };
            if let Some(sum) = self.followed.get_mut(usize::from(of)) {
                *sum = sum.saturating_add(tokens);
            }
            let before = match chunk.touch {
                Touch::Again { payload, above } => {
                    need = need.max(above.saturating_mul(one_in).saturating_add(bytes));
                    if served {
                        part.points.add(need, bytes, of, tokens);
                    }
                    Some(payload)
                }
                Touch::First => {
                    served = false;
                    self.distinct = self.distinct.saturating_add(one_in);
                    self.distinct_bytes =
                        self.distinct_bytes.saturating_add(bytes.saturating_mul(one_in));
                    None
                }
            };
            self.window.add(before, self.now, bytes as f64 * one_in as f64);
        }
        if !self.sampled && !self.stack.is_exact() {
            // From here on it is a sample; what was counted before is exact and stays.
            self.sampled = true;
            self.parts.iter_mut().flatten().for_each(|part| part.points.sample());
        }
    }

    /// The curve.
    pub fn finish(self) -> Curve {
        let mut groups = Vec::new();
        let mut all: Vec<Entry> = Vec::new();
        let mut sums = GroupSums::default();
        let mut missing = 0_i128;
        for (number, part) in self.parts.into_iter().enumerate() {
            let Some(part) = part else { continue };
            sums.lookups += part.sums.lookups;
            sums.tokens = sums.tokens.saturating_add(part.sums.tokens);
            sums.chunks = sums.chunks.saturating_add(part.sums.chunks);
            sums.chunk_tokens = sums.chunk_tokens.saturating_add(part.sums.chunk_tokens);
            let off = i128::from(part.sums.chunk_tokens) - i128::from(part.followed);
            missing += off;
            let entries = part.points.into_entries();
            all.extend(&entries);
            groups.push((
                u32::try_from(number).unwrap_or(u32::MAX),
                part.sums,
                steps(&entries, off),
            ));
        }
        all.sort_unstable();
        let parts = if self.sampled { by_part(&all, self.followed) } else { Vec::new() };
        let (window, working) = self.window.finish();
        Curve {
            order: self.order,
            one_in: self.stack.one_in(),
            sums,
            distinct_chunks: self.distinct,
            distinct_bytes: self.distinct_bytes,
            largest_chunk: self.largest_chunk,
            steps: steps(&all, missing),
            parts,
            groups,
            window,
            working,
        }
    }
}

/// Which part of the sample a chunk belongs to: by bits that no sample is chosen by.
fn sample_part(id: u64) -> u8 {
    u8::try_from((id >> 24) % u64::from(PARTS)).unwrap_or(0)
}

/// Cumulative steps. `missing` is by how much the followed chunks fall short of all: what a
/// sample has too few or too many of is mostly a popular chunk that is hit at any size, so it is
/// put at the smallest (as in SHARDS-adj).
fn steps(entries: &[Entry], missing: i128) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    let mut sum = missing;
    for entry in entries {
        sum += i128::from(entry.tokens);
        let hit_tokens = u64::try_from(sum.max(0)).unwrap_or(u64::MAX);
        match out.last_mut() {
            Some(last) if last.bytes == entry.need => last.hit_tokens = hit_tokens,
            _ => out.push(Step { bytes: entry.need, hit_tokens }),
        }
    }
    out
}

/// One part of the sample.
#[derive(Debug, Clone, PartialEq, Default)]
struct SamplePart {
    /// Tokens of its chunks.
    followed: u64,
    /// What it has served up to a size.
    served: Vec<(u64, u64)>,
}

fn by_part(all: &[Entry], followed: [u64; PARTS as usize]) -> Vec<SamplePart> {
    let mut parts: Vec<SamplePart> =
        followed.into_iter().map(|followed| SamplePart { followed, served: Vec::new() }).collect();
    for entry in all {
        if let Some(part) = parts.get_mut(usize::from(entry.part)) {
            let sum = part.served.last().map_or(0, |s| s.1).saturating_add(entry.tokens);
            part.served.push((entry.need, sum));
        }
    }
    parts
}

/// Tokens that an LRU cache would have served, by its size.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    /// In which order the chunks of a lookup were touched.
    pub order: Order,
    /// One chunk in so many was followed at the end.
    pub one_in: u64,
    /// Sums over all lookups.
    pub sums: GroupSums,
    /// Different chunks.
    pub distinct_chunks: u64,
    /// Bytes of all different chunks.
    pub distinct_bytes: u64,
    /// Bytes of the largest chunk.
    pub largest_chunk: u64,
    /// Where the curve rises.
    pub steps: Vec<Step>,
    parts: Vec<SamplePart>,
    /// The share of each group in it: number, sums, steps.
    pub groups: Vec<(u32, GroupSums, Vec<Step>)>,
    /// The working set in windows.
    pub window: WorkingSet,
    /// The windows, in order.
    pub working: Vec<WorkingSeries>,
}

fn at(steps: &[Step], bytes: u64) -> u64 {
    let after = steps.partition_point(|s| s.bytes <= bytes);
    after.checked_sub(1).and_then(|i| steps.get(i)).map_or(0, |s| s.hit_tokens)
}

impl Curve {
    /// All chunks were followed.
    pub fn is_exact(&self) -> bool {
        self.one_in == 1
    }

    /// What a cache of this size would have served.
    pub fn hit_tokens(&self, bytes: u64) -> Estimate {
        let tokens = at(&self.steps, bytes);
        if self.is_exact() {
            return Estimate { tokens, low: tokens, high: tokens };
        }
        // The size itself is known only as well as the sample counts it.
        let chunk = self.largest_chunk.max(1) as f64;
        let spread = T95 * (bytes as f64 * chunk * self.one_in as f64).sqrt();
        let (below, above) = (bytes as f64 - spread, bytes as f64 + spread);
        let narrow = |n: f64| if n <= 0.0 { 0 } else { to_u64(n) };
        let low = at(&self.steps, narrow(below)).saturating_sub(self.spread(narrow(below)));
        let high = at(&self.steps, narrow(above)).saturating_add(self.spread(narrow(above)));
        Estimate {
            tokens,
            low: low.min(tokens),
            high: high.min(self.sums.chunk_tokens).max(tokens),
        }
    }

    /// How far the sample may be off at a size: by the distance between its parts.
    fn spread(&self, bytes: u64) -> u64 {
        let n = self.parts.len() as f64;
        if n < 2.0 {
            return 0;
        }
        // What matters is misses: a popular chunk in one part and not in another is put right.
        let misses: Vec<f64> = self
            .parts
            .iter()
            .map(|part| {
                let after = part.served.partition_point(|(need, _)| *need <= bytes);
                let hits = after.checked_sub(1).and_then(|i| part.served.get(i)).map_or(0, |p| p.1);
                part.followed.saturating_sub(hits) as f64
            })
            .collect();
        let mean = misses.iter().sum::<f64>() / n;
        let variance = misses.iter().map(|m| (m - mean).powi(2)).sum::<f64>() / (n - 1.0);
        to_u64(T95 * (variance * n).sqrt())
    }

    /// What a cache without limit would have served: the most that any size can.
    pub fn bound(&self) -> u64 {
        self.steps.last().map_or(0, |s| s.hit_tokens)
    }

    /// Tokens of whole chunks that were asked for the first time: no size serves them.
    pub fn cold_tokens(&self) -> u64 {
        self.sums.chunk_tokens.saturating_sub(self.bound())
    }

    /// The smallest size that serves all that can be served.
    pub fn enough_bytes(&self) -> u64 {
        let bound = self.bound();
        let first = self.steps.partition_point(|s| s.hit_tokens < bound);
        self.steps.get(first).map_or(0, |s| s.bytes)
    }

    /// The smallest size that serves this share of all tokens; `None` where no size does.
    pub fn size_for(&self, rate: f64) -> Option<u64> {
        let want = rate * self.sums.tokens as f64;
        let first = self.steps.partition_point(|s| (s.hit_tokens as f64) < want);
        self.steps.get(first).map(|s| s.bytes)
    }

    /// The size at which the curve bends: beyond it a byte brings less than on average. `None`
    /// where it does not.
    pub fn bend(&self) -> Option<Step> {
        let points: Vec<(f64, f64)> =
            self.steps.iter().map(|s| (s.bytes as f64, s.hit_tokens as f64)).collect();
        bend(&points).and_then(|i| self.steps.get(i)).copied()
    }

    /// What a cache of this size would have served of one group's tokens.
    pub fn group_hit_tokens(&self, group: u32, bytes: u64) -> u64 {
        self.groups.iter().find(|g| g.0 == group).map_or(0, |g| at(&g.2, bytes))
    }
}

fn to_u64(n: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let n = n as u64;
    n
}
