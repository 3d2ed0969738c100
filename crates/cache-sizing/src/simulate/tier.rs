//! One tier: what is in it, and what its policy throws out.

use serde::{Deserialize, Serialize};

use super::list::{Key, Lists};

/// What is thrown out first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Policy {
    /// What was used longest ago.
    #[default]
    Lru,
    /// Adaptive replacement (Megiddo and Modha, FAST 2003) as LMCache 0.5.6 has it: its capacity
    /// is the most keys ever seen, and it evicts in batches.
    Arc,
    /// A list of recency for each group, held to the group's quota; groups without one keep
    /// nothing. Without any quota it is `Lru`.
    IsolatedLru,
    /// Nothing.
    Noop,
}

/// When room is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// When a store needs it, as much as it needs: the textbook's cache.
    OnDemand,
    /// A loop looks every so many seconds, and evicts a share of the keys where the tier is
    /// filled beyond its watermark; a store that finds no room meanwhile fails as a whole.
    /// LMCache looks every second.
    Every(f64),
}

/// Watermark and ratio.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Eviction {
    /// Filled beyond this share of its size, keys are evicted.
    pub watermark: f64,
    /// Share of the keys that one pass evicts.
    pub ratio: f64,
}

impl Default for Eviction {
    /// LMCache's defaults.
    fn default() -> Self {
        Eviction { watermark: 0.8, ratio: 0.2 }
    }
}

/// A tier as it is set up.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tier {
    /// Bytes; nothing is no limit.
    pub bytes: Option<u64>,
    /// Policy.
    pub policy: Policy,
    /// Watermark and ratio.
    pub eviction: Eviction,
    /// Quotas in bytes by number of group, for [`Policy::IsolatedLru`].
    pub quotas: Vec<(u32, u64)>,
}

/// Lists of ARC: recent, frequent, and what is remembered of both.
const T1: u32 = 0;
const T2: u32 = 1;
const B1: u32 = 2;
const B2: u32 = 3;

/// A tier at work.
#[derive(Debug, Clone)]
pub(super) struct Store {
    setup: Tier,
    lists: Lists,
    target: f64,
    most: usize,
    pub(super) evicted: u64,
}

impl Store {
    pub(super) fn new(setup: Tier) -> Self {
        Store { setup, lists: Lists::default(), target: 0.0, most: 0, evicted: 0 }
    }

    fn isolated(&self) -> bool {
        self.setup.policy == Policy::IsolatedLru && !self.setup.quotas.is_empty()
    }

    fn resident(&self) -> u32 {
        if self.setup.policy == Policy::Arc { 2 } else { self.lists.lists() }
    }

    pub(super) fn contains(&self, id: u64) -> bool {
        self.lists.get(id).is_some_and(|key| key.list < self.resident())
    }

    pub(super) fn used(&self) -> u64 {
        (0..self.resident()).map(|l| self.lists.bytes(l)).fold(0, u64::saturating_add)
    }

    pub(super) fn keys(&self) -> usize {
        (0..self.resident()).map(|l| self.lists.len(l)).sum()
    }

    pub(super) fn limit(&self) -> Option<u64> {
        self.setup.bytes
    }

    pub(super) fn has_room(&self, bytes: u64) -> bool {
        self.setup.bytes.is_none_or(|size| self.used().saturating_add(bytes) <= size)
    }

    /// Marks keys as used: the later ones of a prompt first, so that they go first.
    pub(super) fn touch(&mut self, chain: &[u64]) {
        for &id in chain.iter().rev() {
            let Some(key) = self.lists.get(id) else { continue };
            match (self.setup.policy, key.list) {
                (Policy::Arc, T1 | T2) => self.lists.put(Key { list: T2, ..key }),
                (Policy::Arc, _) => {}
                _ => self.lists.renew(id),
            }
        }
    }

    /// Takes keys in, the later ones of a prompt first. There must be room.
    pub(super) fn insert(&mut self, chain: &[u64], bytes: u64, group: u32) {
        for &id in chain.iter().rev() {
            let list = match self.setup.policy {
                Policy::Arc => self.admit(id),
                _ if self.isolated() => group,
                _ => 0,
            };
            self.lists.put(Key { id, bytes, list, group });
            self.trim();
        }
    }

    /// The feedback of ARC: what was thrown out and comes back says which side is too small.
    fn admit(&mut self, id: u64) -> u32 {
        let side = |hit: usize, other: usize| (other as f64 / hit.max(1) as f64).max(1.0);
        let (b1, b2) = (self.lists.len(B1), self.lists.len(B2));
        match self.lists.get(id).map(|key| key.list) {
            Some(B1) => self.target = (self.target + side(b1, b2)).min(self.most as f64),
            Some(B2) => self.target = (self.target - side(b2, b1)).max(0.0),
            _ => {}
        }
        // A key that is written is reserved first, and that puts it among the recent.
        T1
    }

    fn trim(&mut self) {
        if self.setup.policy != Policy::Arc {
            return;
        }
        self.most = self.most.max(self.keys());
        while self.lists.len(T1) + self.lists.len(B1) > self.most && self.forget(B1) {}
        while self.keys() + self.lists.len(B1) + self.lists.len(B2) > 2 * self.most {
            if !self.forget(B2) && !self.forget(B1) {
                break;
            }
        }
    }

    fn forget(&mut self, list: u32) -> bool {
        let oldest = self.lists.oldest(list);
        oldest.and_then(|key| self.lists.remove(key.id)).is_some()
    }

    pub(super) fn remove(&mut self, id: u64) {
        if self.contains(id) {
            self.lists.remove(id);
        }
    }

    /// All keys that are in it.
    pub(super) fn resident_keys(&self) -> Vec<u64> {
        (0..self.resident()).flat_map(|list| self.lists.iter(list)).collect()
    }

    pub(super) fn clear(&mut self) {
        self.lists = Lists::default();
        self.target = 0.0;
    }

    fn victim(&self) -> Option<Key> {
        match self.setup.policy {
            Policy::Noop => None,
            Policy::Arc => {
                let recent = self.lists.oldest(T1);
                // As LMCache compares: a tie takes from the recent side.
                if self.lists.len(T1) as f64 >= self.target.floor() {
                    recent.or_else(|| self.lists.oldest(T2))
                } else {
                    self.lists.oldest(T2).or(recent)
                }
            }
            _ if self.isolated() => (0..self.lists.lists())
                .filter(|list| self.lists.len(*list) > 0)
                .max_by_key(|list| self.lists.bytes(*list).saturating_sub(self.quota(*list)))
                .and_then(|list| self.lists.oldest(list)),
            _ => self.lists.oldest(0),
        }
    }

    fn quota(&self, group: u32) -> u64 {
        self.setup.quotas.iter().find(|q| q.0 == group).map_or(0, |q| q.1)
    }

    fn evict(&mut self, key: Key) {
        self.evicted += 1;
        if self.setup.policy == Policy::Arc {
            let list = if key.list == T1 { B1 } else { B2 };
            self.lists.put(Key { list, ..key });
            self.trim();
        } else {
            self.lists.remove(key.id);
        }
    }

    /// Makes room at once.
    pub(super) fn make_room(&mut self, bytes: u64) -> bool {
        if self.setup.bytes.is_some_and(|size| bytes > size) {
            return false;
        }
        while !self.has_room(bytes) {
            match self.victim() {
                Some(key) => self.evict(key),
                None => return false,
            }
        }
        true
    }

    /// One pass of the eviction loop; says whether it evicted.
    pub(super) fn tick(&mut self) -> bool {
        if self.isolated() {
            return self.tick_isolated();
        }
        let Some(size) = self.setup.bytes else { return false };
        let used = self.used();
        if used == 0 || (used as f64) < self.setup.eviction.watermark * size as f64 {
            return false;
        }
        let n = share(self.keys(), self.setup.eviction.ratio);
        let before = self.evicted;
        for _ in 0..n {
            match self.victim() {
                Some(key) => self.evict(key),
                None => break,
            }
        }
        self.evicted > before
    }

    fn tick_isolated(&mut self) -> bool {
        let before = self.evicted;
        for group in 0..self.lists.lists() {
            let (quota, used) = (self.quota(group), self.lists.bytes(group));
            if used == 0 || (used as f64) < self.setup.eviction.watermark * quota as f64 {
                continue;
            }
            let ratio = if quota == 0 { 1.0 } else { self.setup.eviction.ratio };
            for _ in 0..share(self.lists.len(group), ratio) {
                match self.lists.oldest(group) {
                    Some(key) => self.evict(key),
                    None => break,
                }
            }
        }
        self.evicted > before
    }
}

/// A share of the keys, rounded down, but one at least.
fn share(keys: usize, ratio: f64) -> usize {
    let ratio = ratio.clamp(0.0, 1.0);
    if ratio <= 0.0 {
        return 0;
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "below keys")]
    let n = (keys as f64 * ratio) as usize;
    n.max(1).min(keys)
}
