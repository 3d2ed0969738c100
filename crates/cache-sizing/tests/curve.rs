//! The curve beside a simulation at every size.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use cache_sizing::{CurveBuilder, CurveOptions, Group, Order};
use common::{Made, chain, naive};
use proptest::prelude::*;

fn groups(bytes: [u64; 2]) -> Vec<Group> {
    bytes
        .into_iter()
        .enumerate()
        .map(|(i, chunk_bytes)| Group {
            model: format!("model-{i}"),
            chunk_tokens: 16 * (i as u64 + 1),
            chunk_bytes,
            ..Group::default()
        })
        .collect()
}

/// Prompts of few families that share heads and leave them anywhere.
fn log() -> impl Strategy<Value = Vec<Made>> {
    let lookup = (0..2_u32, 0..4_u64, 0..7_usize, 0..3_u64, 0..5_usize, 0..40_u64);
    proptest::collection::vec(lookup, 1..60).prop_map(|rows| {
        rows.into_iter()
            .enumerate()
            .map(|(i, (group, family, shared, branch, own, tail))| {
                let mut parts: Vec<u64> = (0..shared as u64).map(|k| family * 10 + k).collect();
                parts.extend((0..own as u64).map(|k| 1000 + branch * 10 + k));
                let chain = chain(group, &parts);
                let tokens = chain.len() as u64 * 16 * (u64::from(group) + 1) + tail;
                Made { at: i as f64, group, tokens, chain }
            })
            .collect()
    })
}

fn check(log: &[Made], groups: &[Group], order: Order) {
    let mut builder = CurveBuilder::new(CurveOptions { order, ..CurveOptions::default() });
    for made in log {
        builder.push(&made.lookup(), &groups[made.group as usize]);
    }
    let curve = builder.finish();
    assert!(curve.is_exact());
    let top = curve.distinct_bytes + 2;
    for bytes in 0..=top {
        let want = naive(log, groups, order, bytes);
        let got = curve.hit_tokens(bytes);
        assert_eq!((got.low, got.tokens, got.high), (want, want, want), "{order:?} at {bytes}");
    }
    assert_eq!(curve.bound(), naive(log, groups, order, top));
    // The groups' shares add up.
    for step in &curve.steps {
        let sum: u64 = (0..u32::try_from(groups.len()).unwrap())
            .map(|g| curve.group_hit_tokens(g, step.bytes))
            .sum();
        assert_eq!(sum, step.hit_tokens);
    }
    // The smallest size that is enough is enough, and one byte less is not.
    let enough = curve.enough_bytes();
    assert_eq!(curve.hit_tokens(enough).tokens, curve.bound());
    if enough > 0 {
        assert!(curve.hit_tokens(enough - 1).tokens < curve.bound());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn every_size_equals_its_simulation(log in log()) {
        for order in [Order::TailFirst, Order::HeadFirst] {
            check(&log, &groups([1, 1]), order);
            check(&log, &groups([3, 2]), order);
        }
    }
}

/// What `lmcache tool cache-simulator` of 0.5.6 does: `contains` of the whole chain first, then
/// `access` or `insert` from the head on, and a cache of one chunk at least.
fn as_lmcache_simulates(log: &[Made], chunks: usize, size: u64) -> u64 {
    let mut cache: Vec<u64> = Vec::new();
    let mut hits = 0;
    for made in log {
        let prefix = made.chain.iter().take_while(|id| cache.contains(id)).count();
        hits += prefix as u64 * size;
        for (i, id) in made.chain.iter().enumerate() {
            let known = cache.iter().position(|k| k == id);
            if i < prefix || known.is_some() {
                // `access` of a hit that this very lookup evicted would be an error; it cannot be.
                cache.remove(known.unwrap());
            } else if cache.len() >= chunks.max(1) {
                cache.remove(0);
            }
            cache.push(*id);
        }
    }
    hits
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn head_first_equals_lmcaches_simulator(log in log()) {
        let one = &groups([1, 1])[0];
        let log: Vec<Made> = log.into_iter().filter(|m| m.group == 0).collect();
        let options = CurveOptions { order: Order::HeadFirst, ..CurveOptions::default() };
        let mut builder = CurveBuilder::new(options);
        for made in &log {
            builder.push(&made.lookup(), one);
        }
        let curve = builder.finish();
        for chunks in 1..=usize::try_from(curve.distinct_chunks).unwrap() + 1 {
            let want = as_lmcache_simulates(&log, chunks, one.chunk_tokens);
            prop_assert_eq!(curve.hit_tokens(chunks as u64).tokens, want);
        }
    }
}
