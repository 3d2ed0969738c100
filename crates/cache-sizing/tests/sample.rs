//! Samples lie within the bounds that they give.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod common;

use cache_sizing::{Curve, CurveBuilder, CurveOptions, Group, Lookup, Recording, mix};
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

fn group() -> Group {
    Group { chunk_tokens: 256, chunk_bytes: 1000, ..Group::default() }
}

fn curve(options: CurveOptions, seed: u32, lookups: u64) -> Curve {
    let mut builder = CurveBuilder::new(options);
    push_all(seed, lookups, |lookup| builder.push(lookup, &group()));
    builder.finish()
}

/// Share of all tokens by which the estimate is off at most, and sizes outside the bounds.
fn compare(exact: &Curve, sample: &Curve) -> (f64, usize, usize) {
    let tokens = exact.sums.tokens as f64;
    let (mut worst, mut outside, mut sizes) = (0.0_f64, 0, 0);
    for i in 1..=100 {
        let bytes = exact.enough_bytes() * i / 100;
        let truth = exact.hit_tokens(bytes).tokens;
        let got = sample.hit_tokens(bytes);
        worst = worst.max((truth as f64 - got.tokens as f64).abs() / tokens);
        outside += usize::from(truth < got.low || truth > got.high);
        sizes += 1;
    }
    (worst, outside, sizes)
}

#[test]
fn one_percent_is_close_and_within_its_bounds() {
    let exact = curve(CurveOptions::default(), 0, 60_000);
    let (mut outside, mut sizes) = (0, 0);
    for seed in 0..12 {
        let sample = curve(CurveOptions { one_in: 100, ..CurveOptions::default() }, seed, 60_000);
        assert!(!sample.is_exact());
        assert_eq!(sample.sums, exact.sums);
        let (worst, out, of) = compare(&exact, &sample);
        assert!(worst < 0.1, "{worst}");
        (outside, sizes) = (outside + out, sizes + of);
    }
    // Bounds of 95 %: over a dozen samples no more than a tenth of the sizes lie outside.
    assert!(outside * 10 <= sizes, "{outside} of {sizes} outside");
}

#[test]
fn a_fixed_size_is_close_too() {
    let exact = curve(CurveOptions::default(), 0, 200_000);
    let small = CurveOptions { memory: 256 << 10, ..CurveOptions::default() };
    let sample = curve(small, 0, 200_000);
    assert!(sample.one_in > 8, "{}", sample.one_in);
    let (worst, ..) = compare(&exact, &sample);
    assert!(worst < 0.05, "{worst}");
}

#[test]
fn a_recording_that_was_thinned_gives_the_same_estimate() {
    let exact = curve(CurveOptions::default(), 0, 200_000);
    let mut recording = Recording::with_memory(2 << 20);
    let number = recording.group(&group());
    push_all(0, 200_000, |l| recording.push(Some(l.at), number, l.tokens, l.chain, 1));
    assert!(recording.one_in() >= 2);
    let one_in = recording.one_in();
    let mut builder = CurveBuilder::new(CurveOptions { one_in, ..CurveOptions::default() });
    builder.add_unheld(recording.sums());
    for row in recording.iter() {
        builder.push_sampled(&row.lookup, row.chunks, row.group);
    }
    let sample = builder.finish();
    assert_eq!(sample.sums, exact.sums);
    let (worst, ..) = compare(&exact, &sample);
    assert!(worst < 0.05, "{worst}");
}
