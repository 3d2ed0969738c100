//! Tiers under LMCache's policies.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use cache_sizing::{
    Clearing, CurveBuilder, CurveOptions, Eviction, Group, L2, L2Load, L2Store, Lookup, Pace,
    Policy, Simulator, Tier,
};
use common::chain;

fn group() -> Group {
    Group { chunk_tokens: 10, chunk_bytes: 1, ..Group::default() }
}

fn tier(bytes: u64, policy: Policy) -> Tier {
    Tier { bytes: Some(bytes), policy, ..Tier::default() }
}

fn ask(sim: &mut Simulator, at: f64, chain: &[u64]) -> (u64, u64, u64) {
    let lookup = Lookup { at, group: 0, tokens: chain.len() as u64 * 10, chain };
    let served = sim.lookup(&lookup, &group());
    (served.l1, served.l2, served.not_stored)
}

#[test]
fn the_loop_evicts_a_share_beyond_the_watermark_and_stores_fail_as_a_whole() {
    let mut sim = Simulator::new(tier(10, Policy::Lru), None, Pace::Every(1.0));
    let (a, b) = (chain(0, &[1, 2, 3, 4]), chain(0, &[5, 6, 7, 8]));
    let c = chain(0, &[9, 10, 11]);
    assert_eq!(ask(&mut sim, 0.0, &a), (0, 0, 0));
    assert_eq!(ask(&mut sim, 0.1, &b), (0, 0, 0));
    // Eight of ten are taken: three more find no room, and none of them is kept.
    assert_eq!(ask(&mut sim, 0.2, &c), (0, 0, 3));
    assert_eq!(ask(&mut sim, 0.3, &c), (0, 0, 3));
    // The loop found 8 of 10: it threw out one key of eight, the tail of the oldest prompt.
    assert_eq!(ask(&mut sim, 1.5, &c), (0, 0, 0));
    assert_eq!(ask(&mut sim, 1.6, &a), (3, 0, 1));
    assert_eq!(sim.totals().l1_evicted_chunks, 1);
    assert_eq!(sim.totals().not_stored_chunks, 7);
}

#[test]
fn noop_keeps_what_it_has() {
    let mut sim = Simulator::new(tier(4, Policy::Noop), None, Pace::Every(1.0));
    let (a, b) = (chain(0, &[1, 2, 3]), chain(0, &[5, 6]));
    ask(&mut sim, 0.0, &a);
    for at in 1..5 {
        assert_eq!(ask(&mut sim, f64::from(at), &b), (0, 0, 2));
    }
    assert_eq!(ask(&mut sim, 9.0, &a), (3, 0, 0));
}

#[test]
fn arc_keeps_what_is_used_twice_through_a_scan() {
    let hot = chain(0, &[1, 2]);
    let hits = |policy| {
        let mut sim = Simulator::new(tier(8, policy), None, Pace::OnDemand);
        for at in 0..3 {
            ask(&mut sim, f64::from(at), &hot);
        }
        let before = sim.totals().l1_hit_tokens;
        for scan in 0..20_u64 {
            ask(&mut sim, 10.0 + scan as f64, &chain(0, &[100 + scan]));
        }
        ask(&mut sim, 99.0, &hot);
        sim.totals().l1_hit_tokens - before
    };
    assert_eq!((hits(Policy::Lru), hits(Policy::Arc)), (0, 20));
}

#[test]
fn quotas_hold_groups_apart() {
    let quotas = vec![(0, 4), (1, 100)];
    let l1 = Tier { quotas, policy: Policy::IsolatedLru, ..Tier::default() };
    let mut sim = Simulator::new(l1, None, Pace::Every(1.0));
    let (a, b) = (chain(0, &[1, 2, 3, 4]), chain(1, &[1, 2, 3, 4]));
    let other = chain(2, &[1]);
    let ask = |sim: &mut Simulator, at: f64, group_number: u32, chain: &[u64]| {
        let lookup = Lookup { at, group: group_number, tokens: 40, chain };
        sim.lookup(&lookup, &group()).l1
    };
    ask(&mut sim, 0.0, 0, &a);
    ask(&mut sim, 0.0, 1, &b);
    ask(&mut sim, 0.0, 2, &other);
    // Group 0 is at its quota and loses one key a pass; group 2 has none and loses all.
    assert_eq!(ask(&mut sim, 1.5, 1, &b), 4);
    assert_eq!(ask(&mut sim, 1.6, 2, &other), 0);
    assert_eq!(ask(&mut sim, 1.7, 0, &a), 3);
}

#[test]
fn l2_serves_what_l1_lost() {
    let (a, b) = (chain(0, &[1, 2, 3]), chain(0, &[4, 5, 6]));
    let run = |store, load| {
        let l2 = L2 { tier: Tier::default(), store, load };
        let mut sim = Simulator::new(tier(4, Policy::Lru), Some(l2), Pace::OnDemand);
        ask(&mut sim, 0.0, &a);
        ask(&mut sim, 1.0, &b);
        (ask(&mut sim, 2.0, &a), ask(&mut sim, 3.0, &a))
    };
    // One chunk of the first prompt is still in L1, its head: the others come from L2 each time.
    assert_eq!(run(L2Store::Default, L2Load::Default), ((1, 2, 0), (1, 2, 0)));
    assert_eq!(run(L2Store::Default, L2Load::Retain), ((1, 2, 0), (3, 0, 0)));
    assert_eq!(run(L2Store::SkipL1, L2Load::Default), ((0, 3, 0), (0, 3, 0)));
}

#[test]
fn clearing_l1_leaves_l2() {
    let a = chain(0, &[1, 2, 3]);
    let mut sim = Simulator::new(Tier::default(), Some(L2::default()), Pace::OnDemand);
    ask(&mut sim, 0.0, &a);
    assert!(sim.clear(Clearing::L1).is_empty());
    assert_eq!(ask(&mut sim, 1.0, &a), (0, 3, 0));
    assert_eq!(sim.clear(Clearing::All).len(), 3);
    assert_eq!(ask(&mut sim, 2.0, &a), (0, 0, 0));
}

#[test]
fn on_demand_lru_is_close_to_the_curve() {
    // The curve touches a whole prompt at once; LMCache touches what it hits and adds the rest
    // behind it. The two differ by what lies between, and by nothing without a limit.
    let mut curve = CurveBuilder::new(CurveOptions::default());
    let prompts: Vec<Vec<u64>> =
        (0..400_u64).map(|i| chain(0, &[1, 2, i % 7, 50 + i % 23, 100 + i % 61])).collect();
    for (i, chain) in prompts.iter().enumerate() {
        let lookup = Lookup { at: i as f64, group: 0, tokens: 50, chain };
        curve.push(&lookup, &group());
    }
    let curve = curve.finish();
    let simulated = |bytes| {
        let mut sim = Simulator::new(
            Tier { bytes, eviction: Eviction::default(), ..Tier::default() },
            None,
            Pace::OnDemand,
        );
        for (i, chain) in prompts.iter().enumerate() {
            ask(&mut sim, i as f64, chain);
        }
        sim.totals().hit_tokens()
    };
    assert_eq!(simulated(None), curve.bound());
    for bytes in [20, 60, 120, 200] {
        let (a, b) = (simulated(Some(bytes)) as f64, curve.hit_tokens(bytes).tokens as f64);
        assert!((a - b).abs() / curve.sums.tokens as f64 <= 0.02, "{bytes}: {a} {b}");
    }
}
