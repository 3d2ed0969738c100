//! Sizes a cache for a made load, and says why the cache that it has missed.
//!
//! ```console
//! $ cargo run --package cache-sizing --example cache_curve
//! ```

#![allow(clippy::print_stdout)]

use cache_sizing::{
    CurveBuilder, CurveOptions, Group, Lookup, MissOptions, MissesBuilder, Tier, mix,
};

fn main() {
    let group = Group { chunk_tokens: 256, chunk_bytes: 32 << 20, ..Group::default() };
    // Forty conversations in turn, each with a head of four chunks that all share.
    let prompts: Vec<Vec<u64>> = (0..40)
        .map(|talk| (0..4).chain((0..12).map(|n| 1_000 * (talk + 1) + n)).map(mix).collect())
        .collect();
    let lookups: Vec<Lookup<'_>> = (0_u32..400)
        .zip(prompts.iter().cycle())
        .map(|(n, chain)| Lookup { at: f64::from(n), group: 0, tokens: 16 * 256, chain })
        .collect();

    let mut curve = CurveBuilder::new(CurveOptions::default());
    for lookup in &lookups {
        curve.push(lookup, &group);
    }
    let curve = curve.finish();
    println!("cache size   served tokens");
    for gib in [1_u64, 4, 8, 16, 32] {
        println!("{gib:>6} GiB   {:>13}", curve.hit_tokens(gib << 30).tokens);
    }

    let mut misses = MissesBuilder::new(MissOptions {
        l1: Tier { bytes: Some(8 << 30), ..Tier::default() },
        ..MissOptions::default()
    });
    for lookup in &lookups {
        misses.push(lookup, &group);
    }
    let misses = misses.finish();
    println!("\nof {} tokens {} missed in 8 GiB:", misses.tokens, misses.missed_tokens());
    for (reason, tokens) in misses.reasons.iter().filter(|(_, tokens)| *tokens > 0) {
        println!("{tokens:>13}   {reason:?}");
    }
}
