//! Prompts that begin alike.

use super::LookupMisses;
use crate::ids::IdMap;

/// Prompts with one first chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The first chunk's fingerprint.
    pub head: u64,
    /// Number of its group.
    pub group: u32,
    /// Lookups.
    pub lookups: u64,
    /// Tokens of these.
    pub tokens: u64,
    /// Tokens of leading chunks that had been asked for before: what can be reused.
    pub reused_tokens: u64,
    /// Tokens that were served.
    pub hit_tokens: u64,
}

/// Families that are followed; further ones are counted and forgotten.
const MOST: usize = 1 << 20;

#[derive(Debug, Default)]
pub(super) struct Families {
    by_head: IdMap<Family>,
    beyond: u64,
}

impl Families {
    pub(super) fn add(&mut self, head: u64, group: u32, lookup: &LookupMisses, size: u64) {
        if self.by_head.len() >= MOST && !self.by_head.contains_key(&head) {
            self.beyond += 1;
            return;
        }
        let family = self.by_head.entry(head).or_insert(Family {
            head,
            group,
            lookups: 0,
            tokens: 0,
            reused_tokens: 0,
            hit_tokens: 0,
        });
        family.lookups += 1;
        family.tokens = family.tokens.saturating_add(lookup.tokens);
        let reused = lookup.known_chunks.saturating_mul(size);
        family.reused_tokens = family.reused_tokens.saturating_add(reused);
        family.hit_tokens = family.hit_tokens.saturating_add(lookup.hit_tokens);
    }

    /// Different first chunks; beyond the cap an upper bound.
    pub(super) fn heads(&self) -> u64 {
        (self.by_head.len() as u64).saturating_add(self.beyond)
    }

    /// Those with the most reuse.
    pub(super) fn top(&self, n: usize) -> Vec<Family> {
        let mut all: Vec<Family> = self.by_head.values().copied().collect();
        all.sort_unstable_by_key(|f| (std::cmp::Reverse((f.reused_tokens, f.lookups)), f.head));
        all.truncate(n);
        all
    }
}
