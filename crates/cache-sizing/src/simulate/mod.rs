//! Tiers of given sizes under LMCache's policies, lookup by lookup.
//!
//! What LMCache 0.5.6 does, and what is done here: a lookup finds the longest prefix whose chunks
//! are in L1 or L2; those of L1 are marked as used, those of L2 are loaded, for this request only
//! (`default`) or to stay (`retain`). What was missed is computed and stored: into L1, all of it
//! or nothing, and from there into L2; `skip_l1` then takes it out of L1. A loop looks every
//! second whether a tier is filled beyond its watermark, and evicts a share of its keys.
//!
//! Not modelled: how long a request computes before it stores (it stores at once), locks of
//! requests in flight, fragmentation, and loads that fail.

mod list;
mod tier;

use serde::{Deserialize, Serialize};

use crate::access::{Group, Lookup};
use tier::Store;
pub use tier::{Eviction, Pace, Policy, Tier};

/// Which chunks stay in L1 once they are in L2.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum L2Store {
    /// All.
    #[default]
    Default,
    /// None: L1 is only a buffer.
    SkipL1,
}

/// Which loaded chunks stay in L1.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum L2Load {
    /// None: they are there for the request that wanted them.
    #[default]
    Default,
    /// All.
    Retain,
}

/// The second tier.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct L2 {
    /// Size and policy.
    pub tier: Tier,
    /// What is stored.
    pub store: L2Store,
    /// What a load leaves in L1.
    pub load: L2Load,
}

/// What is emptied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Clearing {
    /// L1, as `/cache/clear` does, and as a restart does where L2 outlives it.
    L1,
    /// Both tiers.
    All,
}

/// What a lookup was served.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Chunks of the prefix from L1.
    pub l1: u64,
    /// Chunks of the prefix from L2.
    pub l2: u64,
    /// Chunks that were missed and found no room.
    pub not_stored: u64,
}

/// Sums over all lookups.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SimulationTotals {
    /// Tokens of whole chunks.
    pub chunk_tokens: u64,
    /// Tokens that L1 served.
    pub l1_hit_tokens: u64,
    /// Tokens that L2 served.
    pub l2_hit_tokens: u64,
    /// Chunks that were stored.
    pub stored_chunks: u64,
    /// Chunks whose store found no room.
    pub not_stored_chunks: u64,
    /// Chunks that were evicted from L1.
    pub l1_evicted_chunks: u64,
    /// Chunks that were evicted from L2.
    pub l2_evicted_chunks: u64,
}

impl SimulationTotals {
    /// Tokens that either tier served.
    pub fn hit_tokens(&self) -> u64 {
        self.l1_hit_tokens.saturating_add(self.l2_hit_tokens)
    }
}

/// Tiers at work.
#[derive(Debug, Clone)]
pub struct Simulator {
    l1: Store,
    l2: Option<(Store, L2Store, L2Load)>,
    pace: Pace,
    next_tick: f64,
    totals: SimulationTotals,
}

impl Simulator {
    /// Empty tiers.
    pub fn new(l1: Tier, l2: Option<L2>, pace: Pace) -> Self {
        let pace = match pace {
            Pace::Every(s) if !(s.is_finite() && s > 0.0) => Pace::OnDemand,
            other => other,
        };
        Simulator {
            l1: Store::new(l1),
            l2: l2.map(|l2| (Store::new(l2.tier), l2.store, l2.load)),
            pace,
            next_tick: f64::NEG_INFINITY,
            totals: SimulationTotals::default(),
        }
    }

    /// Whether a chunk is in either tier.
    pub fn contains(&self, id: u64) -> bool {
        self.l1.contains(id) || self.in_l2(id)
    }

    fn in_l2(&self, id: u64) -> bool {
        self.l2.as_ref().is_some_and(|(l2, ..)| l2.contains(id))
    }

    /// Empties tiers; gives the chunks that are in none now.
    pub fn clear(&mut self, what: Clearing) -> Vec<u64> {
        let mut gone = self.l1.resident_keys();
        self.l1.clear();
        if what == Clearing::All
            && let Some((l2, ..)) = &mut self.l2
        {
            gone.extend(l2.resident_keys());
            l2.clear();
        }
        gone.retain(|id| !self.contains(*id));
        gone
    }

    /// Lets the eviction loop run until a time.
    fn run_until(&mut self, now: f64) {
        let Pace::Every(period) = self.pace else { return };
        if !now.is_finite() {
            return;
        }
        if self.next_tick == f64::NEG_INFINITY {
            self.next_tick = now + period;
        }
        while self.next_tick <= now {
            let mut evicted = self.l1.tick();
            if let Some((l2, ..)) = &mut self.l2 {
                evicted |= l2.tick();
            }
            self.next_tick += period;
            if !evicted && self.next_tick <= now {
                // Nothing changes until the next lookup.
                self.next_tick += ((now - self.next_tick) / period).floor() * period + period;
            }
        }
    }

    /// Takes a lookup: says what it is served, and stores what it misses.
    pub fn lookup(&mut self, lookup: &Lookup<'_>, group: &Group) -> Served {
        self.take(lookup, group, true)
    }

    /// Takes a lookup whose store is known to have failed: what it misses stays away.
    pub fn lookup_without_store(&mut self, lookup: &Lookup<'_>, group: &Group) -> Served {
        self.take(lookup, group, false)
    }

    fn take(&mut self, lookup: &Lookup<'_>, group: &Group, keep: bool) -> Served {
        self.run_until(lookup.at);
        let chain = lookup.chain;
        let bytes = group.chunk_bytes.max(1);
        let prefix = chain.iter().take_while(|id| self.contains(**id)).count();
        let (hit, missed) = chain.split_at_checked(prefix).unwrap_or((chain, &[]));
        let (from_l1, from_l2): (Vec<u64>, Vec<u64>) =
            hit.iter().partition(|id| self.l1.contains(**id));
        self.l1.touch(&from_l1);
        if let Some((l2, _, load)) = &mut self.l2 {
            l2.touch(&from_l2);
            let load = *load;
            if load == L2Load::Retain && self.room(bytes.saturating_mul(from_l2.len() as u64)) {
                self.l1.insert(&from_l2, bytes, lookup.group);
            }
        }
        // A chunk behind a gap is there already and is not stored again.
        let new: Vec<u64> = missed.iter().copied().filter(|id| !self.l1.contains(*id)).collect();
        let stored = keep && !new.is_empty() && self.store(&new, bytes, lookup.group);
        let n = |n: usize| u64::try_from(n).unwrap_or(u64::MAX);
        let served = Served {
            l1: n(from_l1.len()),
            l2: n(from_l2.len()),
            not_stored: if stored || !keep { 0 } else { n(new.len()) },
        };
        let tokens = group.chunk_tokens;
        let totals = &mut self.totals;
        totals.chunk_tokens += tokens.saturating_mul(n(chain.len()));
        totals.l1_hit_tokens += tokens.saturating_mul(served.l1);
        totals.l2_hit_tokens += tokens.saturating_mul(served.l2);
        totals.not_stored_chunks += served.not_stored;
        totals.stored_chunks += if stored { n(new.len()) } else { 0 };
        served
    }

    fn room(&mut self, bytes: u64) -> bool {
        match self.pace {
            Pace::OnDemand => self.l1.make_room(bytes),
            Pace::Every(_) => self.l1.has_room(bytes),
        }
    }

    fn store(&mut self, new: &[u64], bytes: u64, group: u32) -> bool {
        let mut new = new;
        if self.pace == Pace::OnDemand {
            // The textbook's cache keeps the head of a prompt that is longer than itself.
            let room = self.l1_limit(bytes);
            new = new.get(..room.min(new.len())).unwrap_or(new);
        }
        if new.is_empty() || !self.room(bytes.saturating_mul(new.len() as u64)) {
            return false;
        }
        self.l1.insert(new, bytes, group);
        if let Some((l2, policy, _)) = &mut self.l2 {
            let fresh: Vec<u64> = new.iter().copied().filter(|id| !l2.contains(*id)).collect();
            let need = bytes.saturating_mul(fresh.len() as u64);
            let fits = match self.pace {
                Pace::OnDemand => l2.make_room(need),
                Pace::Every(_) => l2.has_room(need),
            };
            if fits {
                l2.insert(&fresh, bytes, group);
            }
            if *policy == L2Store::SkipL1 {
                for id in new.iter().filter(|id| l2.contains(**id)) {
                    self.l1.remove(*id);
                }
            }
        }
        true
    }

    fn l1_limit(&self, bytes: u64) -> usize {
        self.l1
            .limit()
            .map_or(usize::MAX, |size| usize::try_from(size / bytes.max(1)).unwrap_or(usize::MAX))
    }

    /// The sums so far.
    pub fn totals(&self) -> SimulationTotals {
        SimulationTotals {
            l1_evicted_chunks: self.l1.evicted,
            l2_evicted_chunks: self.l2.as_ref().map_or(0, |(l2, ..)| l2.evicted),
            ..self.totals
        }
    }

    /// Share of L1 that is filled; nothing where it has no limit.
    pub fn l1_filled(&self) -> Option<f64> {
        self.l1.limit().filter(|size| *size > 0).map(|size| self.l1.used() as f64 / size as f64)
    }
}
