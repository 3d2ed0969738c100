//! Reasons on logs whose reasons are known.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use cache_sizing::{
    Clearing, Group, L2, Lookup, MissOptions, Misses, MissesBuilder, Outcome, Pace, Reason, Tier,
};
use common::{Made, chain};
use proptest::prelude::*;

const TOKENS: u64 = 100;

fn group() -> Group {
    Group { chunk_tokens: TOKENS, chunk_bytes: 1, ..Group::default() }
}

fn made(at: f64, parts: &[u64], tail: u64) -> Made {
    let chain = chain(0, parts);
    Made { at, group: 0, tokens: chain.len() as u64 * TOKENS + tail, chain }
}

fn explain(log: &[Made], options: MissOptions) -> Misses {
    let mut builder = MissesBuilder::new(options);
    for made in log {
        let one = builder.push(&made.lookup(), &group());
        assert_eq!(one.hit_tokens + one.reasons.total(), one.tokens);
    }
    let misses = builder.finish();
    assert_eq!(misses.hit_tokens + misses.reasons.total(), misses.tokens);
    misses
}

fn share(misses: &Misses, reason: Reason) -> f64 {
    misses.reasons.get(reason) as f64 / misses.missed_tokens() as f64
}

#[test]
fn a_timestamp_in_the_head() {
    // Five prompts again and again, each time with another first chunk.
    let log: Vec<Made> = (0..500_u64)
        .map(|i| made(i as f64, &[9_000 + i, i % 5, 10 + i % 5, 20 + i % 5], 40 + i % 5))
        .collect();
    let misses = explain(&log, MissOptions::default());
    assert_eq!(misses.lookups_leaving, 499);
    let first = misses.divergence[0];
    assert_eq!((first.chunk, first.lookups), (0, 499));
    assert!(first.same_length as f64 / first.lookups as f64 > 0.98);
    let tail = log.iter().map(|m| m.tokens % TOKENS).sum::<u64>() as f64;
    assert!((share(&misses, Reason::Tail) - tail / misses.tokens as f64).abs() < 0.01);
    // Every prompt begins anew: nothing but where it leaves the known ones tells why.
    assert!((share(&misses, Reason::Cold) - 500.0 * 400.0 / misses.tokens as f64).abs() < 0.01);
    assert_eq!(first.tokens, 499 * 400);
}

#[test]
fn a_session_id_behind_a_shared_head() {
    // Two shared chunks, then one that is never the same, then what would be shared again.
    let log: Vec<Made> =
        (0..400_u64).map(|i| made(i as f64, &[1, 2, 9_000 + i, 3, 4], 0)).collect();
    let misses = explain(&log, MissOptions::default());
    let all = 5.0 + 399.0 * 3.0;
    assert!((share(&misses, Reason::Diverged) - 399.0 * 3.0 / all).abs() < 0.01);
    assert_eq!(misses.divergence.len(), 1);
    assert_eq!((misses.divergence[0].chunk, misses.divergence[0].lookups), (2, 399));
}

#[test]
fn a_working_set_of_twice_the_cache() {
    // Forty prompts of five chunks in a cycle: 200 chunks in a cache of 100.
    let log: Vec<Made> = (0..2000_u64)
        .map(|i| {
            let p = i % 40;
            made(i as f64 * 2.0, &[p * 10, p * 10 + 1, p * 10 + 2, p * 10 + 3, p * 10 + 4], 0)
        })
        .collect();
    let l1 = Tier { bytes: Some(100), ..Tier::default() };
    let misses = explain(&log, MissOptions { l1, ..MissOptions::default() });
    let new = 40.0 * 5.0 * TOKENS as f64 / misses.missed_tokens() as f64;
    assert!((share(&misses, Reason::Capacity) - (1.0 - new)).abs() < 0.01);
    assert!((share(&misses, Reason::Cold) + share(&misses, Reason::Diverged) - new).abs() < 0.01);
    let brings = misses.would_bring.iter().find(|(r, _)| *r == Reason::Capacity).unwrap().1;
    assert_eq!(brings, Some(misses.reasons.get(Reason::Capacity)));
}

#[test]
fn a_restart() {
    let prompts = |from: f64| {
        (0..50_u64).map(move |p| made(from + p as f64, &[p * 10, p * 10 + 1, p * 10 + 2], 0))
    };
    let log: Vec<Made> =
        prompts(0.0).chain(prompts(100.0)).chain(prompts(200.0)).chain(prompts(300.0)).collect();
    let cleared = vec![(150.0, Clearing::All)];
    let misses = explain(&log, MissOptions { cleared, ..MissOptions::default() });
    // Of four rounds one is new, one was lost.
    assert!((share(&misses, Reason::Cleared) - 0.5).abs() < 0.01);
    assert_eq!(misses.hit_tokens, 2 * 150 * TOKENS);
    let brings = misses.would_bring.iter().find(|(r, _)| *r == Reason::Cleared).unwrap().1;
    assert_eq!(brings, Some(150 * TOKENS));
}

#[test]
fn prompts_of_their_own_and_prompts_below_a_chunk() {
    let log: Vec<Made> = (0..300_u64)
        .map(|i| {
            if i % 3 == 0 {
                made(i as f64, &[], 60)
            } else {
                made(i as f64, &[i, 1, 2], 7 * (i % 9))
            }
        })
        .collect();
    let misses = explain(&log, MissOptions::default());
    assert_eq!(misses.hit_tokens, 0);
    assert_eq!(misses.lookups_below_chunk, 100);
    assert_eq!(misses.reasons.get(Reason::BelowChunk), 6000);
    let never = misses.reasons.get(Reason::Cold) + misses.reasons.get(Reason::Diverged);
    assert_eq!(never, 200 * 3 * TOKENS);
    assert_eq!(misses.divergence[0].lookups, 199);
}

#[test]
fn a_conversation_grows_and_a_branch_leaves() {
    let log = [
        made(0.0, &[1, 2], 0),
        made(1.0, &[1, 2, 3], 0),
        made(2.0, &[1, 2, 3, 4], 0),
        made(3.0, &[1, 2, 9, 9], 0),
    ];
    let misses = explain(&log, MissOptions::default());
    assert_eq!(misses.reasons.get(Reason::Cold), 4 * TOKENS);
    assert_eq!(misses.reasons.get(Reason::Diverged), 2 * TOKENS);
    let rows: Vec<(u64, u64)> = misses.divergence.iter().map(|d| (d.chunk, d.lookups)).collect();
    assert_eq!(rows, [(2, 1)]);
    assert_eq!((misses.heads, misses.families[0].lookups), (1, 4));
}

#[test]
fn a_gap_in_the_prefix() {
    // L1 serves the head, so L2 never sees it used and throws it out for tails; then L1 is emptied:
    // the last tail is still in L2, and the head before it is nowhere.
    let l2 = L2 { tier: Tier { bytes: Some(4), ..Tier::default() }, ..L2::default() };
    let log: Vec<Made> = [3, 4, 5, 6, 7, 7]
        .iter()
        .zip(0..)
        .map(|(tail, i)| made(f64::from(i), &[1, 2, *tail], 0))
        .collect();
    let misses = explain(
        &log,
        MissOptions {
            l2: Some(l2),
            pace: Pace::OnDemand,
            cleared: vec![(4.5, Clearing::L1)],
            ..MissOptions::default()
        },
    );
    assert_eq!(misses.reasons.get(Reason::PrefixGap), TOKENS);
    assert_eq!(misses.reasons.get(Reason::Cleared), 2 * TOKENS);
    assert_eq!(misses.reasons.get(Reason::Capacity), 0);
    assert_eq!(misses.hit_tokens, 4 * 2 * TOKENS);
    let brings = |reason| misses.would_bring.iter().find(|(r, _)| *r == reason).unwrap().1;
    assert_eq!(brings(Reason::PrefixGap), Some(TOKENS));
}

#[test]
fn stores_and_loads_that_are_known_to_have_failed() {
    let log = [
        made(0.0, &[1, 2], 0),
        // Its store failed as the first one's did: it finds nothing.
        made(1.0, &[1, 2], 0),
        made(2.0, &[1, 2], 0),
        // Found, and not loaded.
        made(3.0, &[1, 2, 3], 0),
        made(4.0, &[1, 2, 3], 0),
    ];
    let failed = Outcome { store_failed: true, ..Outcome::default() };
    let outcomes = [
        failed,
        failed,
        Outcome::default(),
        Outcome { load_failed: true, ..Outcome::default() },
        // The server found less than the simulation holds.
        Outcome { found: Some(1), ..Outcome::default() },
    ];
    let mut builder = MissesBuilder::new(MissOptions::default());
    for (made, outcome) in log.iter().zip(outcomes) {
        let one = builder.push_with(&made.lookup(), &group(), outcome);
        assert_eq!(one.hit_tokens + one.reasons.total(), one.tokens);
    }
    let misses = builder.finish();
    let of = |reason| misses.reasons.get(reason) / TOKENS;
    assert_eq!(of(Reason::StoreFailed), 4);
    assert_eq!(of(Reason::LoadFailed), 2);
    assert_eq!(of(Reason::Unknown), 2);
    assert_eq!(of(Reason::Cold), 3);
    assert_eq!((misses.hit_tokens / TOKENS, misses.measured_lookups), (1, 1));
    assert_eq!(misses.simulated_hit_tokens / TOKENS, 5);
    let brings = misses.would_bring.iter().find(|(r, _)| *r == Reason::StoreFailed).unwrap().1;
    assert_eq!(brings, Some(4 * TOKENS));
    assert_eq!(misses.hit_tokens + misses.reasons.total(), misses.tokens);
}

#[test]
fn hits_that_were_measured_are_the_measure() {
    // Chunks from before the log began are served although nothing here asked for them.
    let mut builder = MissesBuilder::new(MissOptions::default());
    let log = [made(0.0, &[1, 2, 3], 7), made(1.0, &[1, 2, 3], 7)];
    let told = |found| Outcome { found: Some(found), ..Outcome::default() };
    builder.push_with(&log[0].lookup(), &group(), told(2));
    builder.push_with(&log[1].lookup(), &group(), told(9));
    let misses = builder.finish();
    assert_eq!(misses.hit_tokens, 5 * TOKENS);
    assert_eq!(misses.reasons.get(Reason::Cold), TOKENS);
    assert_eq!(misses.hit_tokens + misses.reasons.total(), misses.tokens);
}

#[test]
fn what_the_server_counted_is_the_measure() {
    let log = [made(0.0, &[1, 2], 0), made(1.0, &[1, 2], 0), made(2.0, &[1, 2], 0)];
    let misses = explain(&log, MissOptions::default())
        .with_counted(200)
        .with_lost_hits(100)
        .with_reasons(&[(Reason::LoadFailed, 50), (Reason::StoreFailed, 50)]);
    assert_eq!(misses.hit_tokens, 100);
    assert_eq!(misses.reasons.get(Reason::LoadFailed), 150);
    assert_eq!(misses.reasons.get(Reason::StoreFailed), 50);
    assert_eq!(misses.reasons.get(Reason::Unknown), 100);
    assert_eq!(misses.hit_tokens + misses.reasons.total(), misses.tokens);
}

proptest! {
    #[test]
    fn reasons_always_add_up(
        rows in proptest::collection::vec((0..6_u64, 0..5_usize, 0..4_u64, 0..90_u64, 0..3_u32), 1..80),
        bytes in 1..30_u64,
        clear in 0.0..80.0,
        outcomes in proptest::collection::vec((proptest::option::of(0..6_u64), any::<bool>(), any::<bool>()), 80),
    ) {
        let mut builder = MissesBuilder::new(MissOptions {
            l1: Tier { bytes: Some(bytes), ..Tier::default() },
            cleared: vec![(clear, Clearing::L1)],
            ..MissOptions::default()
        });
        for (i, ((family, n, branch, tail, group_number), told)) in
            rows.iter().zip(&outcomes).enumerate()
        {
            let parts: Vec<u64> = (0..*n as u64).map(|k| family + k * branch).collect();
            let chain = chain(*group_number, &parts);
            let tokens = chain.len() as u64 * TOKENS + tail;
            let lookup = Lookup { at: i as f64, group: *group_number, tokens, chain: &chain };
            let (found, load_failed, store_failed) = *told;
            let outcome = Outcome { found, load_failed, store_failed };
            let one = builder.push_with(&lookup, &group(), outcome);
            prop_assert_eq!(one.hit_tokens + one.reasons.total(), one.tokens);
        }
        let all = builder.finish();
        prop_assert_eq!(all.hit_tokens + all.reasons.total(), all.tokens);
    }
}
