//! Logs that are made, and caches that are as simple as can be.

#![allow(dead_code, clippy::unwrap_used, unreachable_pub)]

use cache_sizing::{Group, Lookup, Order, mix};

/// One made lookup.
#[derive(Debug, Clone, PartialEq)]
pub struct Made {
    pub at: f64,
    pub group: u32,
    pub tokens: u64,
    pub chain: Vec<u64>,
}

impl Made {
    pub fn lookup(&self) -> Lookup<'_> {
        Lookup { at: self.at, group: self.group, tokens: self.tokens, chain: &self.chain }
    }
}

/// A chain of chunks: each id covers all before it, as LMCache's hashes do.
pub fn chain(group: u32, parts: &[u64]) -> Vec<u64> {
    let mut state = u64::from(group) + 1;
    parts
        .iter()
        .map(|part| {
            state = mix(state ^ mix(*part));
            state
        })
        .collect()
}

/// The hit tokens of an LRU cache of `bytes`, step by step: a list, the newest first.
pub fn naive(log: &[Made], groups: &[Group], order: Order, bytes: u64) -> u64 {
    let mut list: Vec<(u64, u64)> = Vec::new();
    let mut hits = 0;
    for made in log {
        let group = &groups[made.group as usize];
        let prefix = made.chain.iter().take_while(|id| list.iter().any(|(k, _)| k == *id)).count();
        hits += prefix as u64 * group.chunk_tokens;
        let mut ids = made.chain.clone();
        if order == Order::TailFirst {
            ids.reverse();
        }
        for id in ids {
            list.retain(|(k, _)| *k != id);
            list.insert(0, (id, group.chunk_bytes));
            while list.iter().map(|(_, b)| b).sum::<u64>() > bytes {
                list.pop();
            }
        }
    }
    hits
}
