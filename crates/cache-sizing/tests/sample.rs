//! Samples lie within the bounds that they give.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss
)]

mod common;

use std::collections::HashMap;

use cache_sizing::{
    Curve, CurveBuilder, CurveOptions, Group, Lookup, Order, Recording, Stack, Touch, mix,
};
use common::chain;

/// A log with popular heads, a long tail of families and prompts of their own.
/// `seed` changes the ids and so the sample, and nothing else.
fn push_all(seed: u32, lookups: u64, mut push: impl FnMut(&Lookup<'_>)) {
    let mut state = 11_u64;
    for i in 0..lookups {
        state = mix(state);
        // Families by a heavy tail: the square of a uniform number.
        let u = (state >> 11) as f64 / (1_u64 << 53) as f64;
        let family = (u * u * 40000.0).floor() as u64;
        let mut parts: Vec<u64> = (0..3).collect();
        parts.extend((0..8).map(|k| 100 + family * 16 + k));
        parts.push(1_000_000 + mix(state) % 500_000);
        let chain = chain(seed, &parts);
        push(&Lookup { at: i as f64 * 0.1, group: 0, tokens: 12 * 256 + 17, chain: &chain });
    }
}

const BYTES: u64 = 1000;

fn group() -> Group {
    Group { chunk_tokens: 256, chunk_bytes: BYTES, ..Group::default() }
}

fn curve(options: CurveOptions, seed: u32, lookups: u64) -> Curve {
    let mut builder = CurveBuilder::new(options);
    push_all(seed, lookups, |lookup| builder.push(lookup, &group()));
    builder.finish()
}

/// Standard deviations that an estimate may be off. A sample is the same for the same seed, so
/// these tests do not come and go; of samples drawn anew, each of the 20 sizes would be off by more
/// once in 150,000 (normal distribution, both sides).
const SIGMAS: f64 = 4.5;

/// What theory says of a sample of chunks that are each followed with probability `1 / one_in`:
///
/// - A chunk is followed with all its accesses or not at all. With `m` the tokens that a cache
///   misses of one chunk, and totals put right as SHARDS-adj does, the estimated misses have the
///   variance `(one_in - 1) * sum(m * m)` over the different chunks.
/// - The chunks that a size holds are counted by the sample, too: their number `n` has the variance
///   `(one_in - 1) * n`, so the estimate is the truth of a size as far off.
struct Theory {
    /// For each chunk the sizes that its accesses need; `u64::MAX` the first.
    needs: Vec<Vec<u64>>,
}

impl Theory {
    fn of(lookups: u64) -> Self {
        let mut stack: Stack<()> = Stack::with_memory(1 << 30);
        let mut by_id: HashMap<u64, Vec<u64>> = HashMap::new();
        push_all(0, lookups, |lookup| {
            let mut need = 0;
            let touched = stack.touch_chain(lookup.chain, (), BYTES, Order::TailFirst);
            for (id, touched) in lookup.chain.iter().zip(touched) {
                need = match touched.touch {
                    Touch::Again { above, .. } => need.max(above + BYTES),
                    Touch::First => u64::MAX,
                };
                by_id.entry(*id).or_default().push(need);
            }
        });
        Theory { needs: by_id.into_values().collect() }
    }

    /// Tokens by which the estimate at a size may be off.
    fn bound(&self, exact: &Curve, bytes: u64, one_in: u64) -> f64 {
        let rest = one_in as f64 - 1.0;
        let squares: f64 = self
            .needs
            .iter()
            .map(|needs| (needs.iter().filter(|need| **need > bytes).count() as f64).powi(2))
            .sum();
        let misses = SIGMAS * 256.0 * (rest * squares).sqrt();
        let size = SIGMAS * BYTES as f64 * (rest * bytes as f64 / BYTES as f64).sqrt();
        let at = |bytes: f64| exact.hit_tokens(bytes.max(0.0) as u64).tokens as f64;
        let truth = at(bytes as f64);
        let below = truth - at(bytes as f64 - size);
        let above = at(bytes as f64 + size) - truth;
        misses + below.max(above)
    }

    /// The bounds of all sizes.
    fn bounds(&self, exact: &Curve, one_in: u64) -> Vec<f64> {
        sizes(exact).map(|bytes| self.bound(exact, bytes, one_in)).collect()
    }
}

/// Holds a sample against the truth.
fn hold(exact: &Curve, sample: &Curve, bounds: &[f64]) {
    for (bytes, bound) in sizes(exact).zip(bounds) {
        let truth = exact.hit_tokens(bytes).tokens as f64;
        let off = (sample.hit_tokens(bytes).tokens as f64 - truth).abs();
        assert!(off <= *bound, "one in {}: {bytes} bytes: {off} > {bound}", sample.one_in);
    }
}

fn sizes(exact: &Curve) -> impl Iterator<Item = u64> {
    let enough = exact.enough_bytes();
    (1..=20).map(move |i| enough * i / 20)
}

/// Sizes of which the truth lies outside the bounds that the sample gives, as a share.
fn outside(exact: &Curve, sample: &Curve) -> f64 {
    let out = sizes(exact).filter(|bytes| {
        let truth = exact.hit_tokens(*bytes).tokens;
        let got = sample.hit_tokens(*bytes);
        truth < got.low || truth > got.high
    });
    out.count() as f64 / 20.0
}

/// The least number of `n` draws of probability `p` that is reached less than once in a thousand.
fn unlikely(n: u32, p: f64) -> u32 {
    let mut exactly = (1.0 - p).powi(n as i32);
    let mut more = 1.0 - exactly;
    for k in 0..n {
        if more < 0.001 {
            return k + 1;
        }
        exactly *= f64::from(n - k) / f64::from(k + 1) * p / (1.0 - p);
        more -= exactly;
    }
    n
}

#[test]
fn one_percent_is_as_close_as_theory_says_and_within_its_bounds() {
    const SAMPLES: u32 = 24;
    let exact = curve(CurveOptions::default(), 0, 30_000);
    let bounds = Theory::of(30_000).bounds(&exact, 100);
    // A bound that lets everything pass shows nothing.
    let widest = bounds.iter().copied().fold(0.0, f64::max) / exact.sums.tokens as f64;
    assert!(widest < 0.25, "{widest}");
    let mut out = 0.0;
    for seed in 0..SAMPLES {
        let sample = curve(CurveOptions { one_in: 100, ..CurveOptions::default() }, seed, 30_000);
        assert!(!sample.is_exact());
        assert_eq!(sample.sums, exact.sums);
        hold(&exact, &sample, &bounds);
        out += outside(&exact, &sample);
    }
    // Bounds of 95 %: a size lies outside in one sample of twenty. Sizes of one sample go together,
    // so at worst these are 24 draws and no more.
    let limit = unlikely(SAMPLES, 0.05);
    assert!(
        out < f64::from(limit),
        "{out} of {SAMPLES} samples outside, {limit} would be too many"
    );
}

#[test]
fn a_fixed_size_is_as_close_as_its_last_rate() {
    let exact = curve(CurveOptions::default(), 0, 100_000);
    let small = CurveOptions { memory: 256 << 10, ..CurveOptions::default() };
    let sample = curve(small, 0, 100_000);
    assert!(sample.one_in > 8, "{}", sample.one_in);
    // What was counted before the sample was halved is better than that.
    hold(&exact, &sample, &Theory::of(100_000).bounds(&exact, sample.one_in));
}

#[test]
fn a_recording_that_was_thinned_gives_the_same_estimate() {
    let exact = curve(CurveOptions::default(), 0, 100_000);
    let mut recording = Recording::with_memory(2 << 20);
    let number = recording.group(&group());
    push_all(0, 100_000, |l| recording.push(Some(l.at), number, l.tokens, l.chain, 1));
    assert!(recording.one_in() >= 2);
    let one_in = recording.one_in();
    let mut builder = CurveBuilder::new(CurveOptions { one_in, ..CurveOptions::default() });
    builder.add_unheld(recording.sums());
    for row in recording.iter() {
        builder.push_sampled(&row.lookup, row.chunks, row.group);
    }
    let sample = builder.finish();
    assert_eq!(sample.sums, exact.sums);
    hold(&exact, &sample, &Theory::of(100_000).bounds(&exact, one_in));
}
