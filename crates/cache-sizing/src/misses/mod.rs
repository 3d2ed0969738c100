//! One reason for every token that was not served.
//!
//! A lookup log says what was asked for and not what was hit. What was never asked before cannot
//! have been hit; of the rest a simulation of the size in force says what was still there. Every
//! chunk gets one reason, and the reasons add up to all missed tokens.

mod family;
mod reason;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::access::{Group, Lookup};
use crate::ids::IdMap;
use crate::simulate::{Clearing, L2, Pace, Served, Simulator, Tier};
use family::Families;
pub use family::Family;
pub use reason::{Reason, ReasonTokens};

/// How misses are explained.
#[derive(Debug, Clone, PartialEq)]
pub struct MissOptions {
    /// L1; no limit where its size is not known (then nothing is missed for capacity).
    pub l1: Tier,
    /// L2.
    pub l2: Option<L2>,
    /// When room is made.
    pub pace: Pace,
    /// When the cache was emptied.
    pub cleared: Vec<(f64, Clearing)>,
    /// Requests that are listed.
    pub worst: usize,
    /// Families that are listed.
    pub families: usize,
}

impl Default for MissOptions {
    fn default() -> Self {
        MissOptions {
            l1: Tier::default(),
            l2: None,
            pace: Pace::Every(1.0),
            cleared: Vec::new(),
            worst: 10,
            families: 10,
        }
    }
}

/// What is known of a lookup beside what it asked for: a request log or a span may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Chunks that the server found; a simulation says it where this does not.
    pub found: Option<u64>,
    /// What was found could not be loaded.
    pub load_failed: bool,
    /// What was missed could not be stored.
    pub store_failed: bool,
}

/// What became of one lookup.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LookupMisses {
    /// Tokens of the prompt.
    pub tokens: u64,
    /// Tokens that were served.
    pub hit_tokens: u64,
    /// Tokens that were not, by reason.
    pub reasons: ReasonTokens,
    /// Whole chunks.
    pub chunks: u64,
    /// Leading chunks that had been asked for before.
    pub known_chunks: u64,
    /// The chunk at which it leaves every known prefix, counted from 0.
    pub leaves_at: Option<u64>,
}

/// How often prompts leave every known prefix at one chunk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Divergence {
    /// The chunk, counted from 0: at 0 the very first chunk is one that nobody had.
    pub chunk: u64,
    /// Lookups.
    pub lookups: u64,
    /// Tokens of whole chunks that were missed by it.
    pub tokens: u64,
    /// Of the lookups, those that are exactly as long as an earlier prompt: the same prompts
    /// with something that changes in them look like that, different prompts do not.
    pub same_length: u64,
}

/// Divergences that are told apart.
const MOST_DEPTHS: usize = 4096;
/// Lengths of prompts that are remembered.
const MOST_LENGTHS: usize = 1 << 18;

#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// Another chunk is known that follows it.
    continued: bool,
    /// It was in the cache when that was emptied.
    cleared: bool,
    /// Its last store failed.
    store_failed: bool,
}

/// Takes lookups in the order of time.
#[derive(Debug)]
pub struct MissesBuilder {
    now: Simulator,
    /// The same without limits: what more room would bring.
    roomy: Simulator,
    /// The same without being emptied; only where it was.
    lasting: Option<Simulator>,
    /// The same with stores that do not fail, from the first one that did.
    storing: Option<Simulator>,
    cleared: Vec<(f64, Clearing)>,
    next_clear: usize,
    seen: IdMap<Seen>,
    heads: HashMap<u32, bool>,
    lengths: BTreeSet<(u32, u64)>,
    sums: Misses,
    divergence: BTreeMap<u64, Divergence>,
    families: Families,
    families_listed: usize,
}

/// Why tokens were not served.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Misses {
    /// Lookups.
    pub lookups: u64,
    /// Lookups too short for a whole chunk.
    pub lookups_below_chunk: u64,
    /// Lookups that leave every known prefix somewhere.
    pub lookups_leaving: u64,
    /// Tokens of the prompts.
    pub tokens: u64,
    /// Tokens of whole chunks.
    pub chunk_tokens: u64,
    /// Tokens that were served.
    pub hit_tokens: u64,
    /// Tokens that the simulation serves.
    pub simulated_hit_tokens: u64,
    /// Lookups whose hits were measured one by one.
    pub measured_lookups: u64,
    /// Tokens that were not, by reason: with `hit_tokens` they are `tokens`.
    pub reasons: ReasonTokens,
    /// What curing a reason would bring in hit tokens at most; nothing where it cannot be told.
    pub would_bring: Vec<(Reason, Option<u64>)>,
    /// Where prompts leave every known prefix, by chunk.
    pub divergence: Vec<Divergence>,
    /// Prompts by their first chunk, those with the most reuse first.
    pub families: Vec<Family>,
    /// Different lengths of prompts, by group.
    pub lengths: u64,
    /// Different first chunks.
    pub heads: u64,
    /// Chunks that found no room when they were to be stored.
    pub not_stored_chunks: u64,
}

impl MissesBuilder {
    /// Starts with an empty cache.
    pub fn new(options: MissOptions) -> Self {
        let mut cleared = options.cleared;
        cleared.retain(|(at, _)| at.is_finite());
        cleared.sort_by(|a, b| a.0.total_cmp(&b.0));
        let roomy = Tier { bytes: None, ..options.l1.clone() };
        let sim = |l1: &Tier| Simulator::new(l1.clone(), options.l2.clone(), options.pace);
        MissesBuilder {
            now: sim(&options.l1),
            roomy: Simulator::new(
                Tier { quotas: Vec::new(), ..roomy },
                options.l2.clone(),
                options.pace,
            ),
            lasting: (!cleared.is_empty()).then(|| sim(&options.l1)),
            storing: None,
            cleared,
            next_clear: 0,
            seen: IdMap::default(),
            heads: HashMap::new(),
            lengths: BTreeSet::new(),
            sums: Misses::default(),
            divergence: BTreeMap::new(),
            families: Families::default(),
            families_listed: options.families,
        }
    }

    fn clear_until(&mut self, now: f64) {
        while let Some(&(at, what)) = self.cleared.get(self.next_clear) {
            if at > now {
                return;
            }
            self.next_clear += 1;
            for id in self.now.clear(what) {
                if let Some(seen) = self.seen.get_mut(&id) {
                    seen.cleared = true;
                }
            }
            self.roomy.clear(what);
            if let Some(storing) = &mut self.storing {
                storing.clear(what);
            }
        }
    }

    /// Takes a lookup; says what became of it.
    pub fn push(&mut self, lookup: &Lookup<'_>, group: &Group) -> LookupMisses {
        self.push_with(lookup, group, Outcome::default())
    }

    /// Takes a lookup of which more is known; says what became of it. Hits that were measured
    /// are the measure: what the simulation serves beyond them is missed for an unknown reason.
    pub fn push_with(
        &mut self,
        lookup: &Lookup<'_>,
        group: &Group,
        outcome: Outcome,
    ) -> LookupMisses {
        self.clear_until(lookup.at);
        let chain = lookup.chain;
        let n = chain.len() as u64;
        let size = group.chunk_tokens;
        let whole = n.saturating_mul(size);
        let tokens = lookup.tokens.max(whole);
        let known = chain.iter().take_while(|id| self.seen.contains_key(id)).count();
        let parent_continues = match known.checked_sub(1).and_then(|at| chain.get(at)) {
            Some(parent) => self.seen.get(parent).is_some_and(|s| s.continued),
            None => self.heads.get(&lookup.group).copied().unwrap_or(false),
        };
        let present: Vec<bool> = chain.iter().map(|id| self.now.contains(*id)).collect();
        let served = self.simulate(lookup, group, outcome.store_failed);
        let simulated = usize::try_from(served.l1.saturating_add(served.l2)).unwrap_or(usize::MAX);
        let measured = outcome.found.map(|n| usize::try_from(n).unwrap_or(usize::MAX));
        let found = measured.unwrap_or(simulated).min(chain.len());
        let hits = if outcome.load_failed { 0 } else { found };
        let mut out = LookupMisses {
            tokens,
            hit_tokens: size.saturating_mul(hits as u64),
            chunks: n,
            known_chunks: known as u64,
            ..LookupMisses::default()
        };
        for (at, id) in chain.iter().enumerate().skip(hits) {
            let seen = self.seen.get(id).copied().unwrap_or_default();
            let reason = if at < found {
                Reason::LoadFailed
            } else if at >= known {
                if parent_continues && known > 0 { Reason::Diverged } else { Reason::Cold }
            } else if at < simulated {
                Reason::Unknown
            } else if at > simulated && present.get(at).copied().unwrap_or(false) {
                Reason::PrefixGap
            } else if seen.store_failed {
                Reason::StoreFailed
            } else if seen.cleared {
                Reason::Cleared
            } else {
                Reason::Capacity
            };
            out.reasons.add(reason, size);
        }
        let rest = tokens.saturating_sub(whole);
        out.reasons.add(if n == 0 { Reason::BelowChunk } else { Reason::Tail }, rest);
        out.leaves_at = (known < chain.len() && parent_continues).then_some(known as u64);
        self.sums.measured_lookups += u64::from(measured.is_some());
        let kept = if outcome.store_failed { found } else { chain.len() };
        self.remember(lookup, &out, size, served.not_stored, kept);
        out
    }

    fn simulate(&mut self, lookup: &Lookup<'_>, group: &Group, store_failed: bool) -> Served {
        if store_failed && self.storing.is_none() {
            self.storing = Some(self.now.clone());
        }
        if let Some(storing) = &mut self.storing {
            storing.lookup(lookup, group);
        }
        let take = |sim: &mut Simulator| {
            if store_failed {
                sim.lookup_without_store(lookup, group)
            } else {
                sim.lookup(lookup, group)
            }
        };
        take(&mut self.roomy);
        if let Some(lasting) = &mut self.lasting {
            take(lasting);
        }
        take(&mut self.now)
    }

    /// Chunks beyond the first `kept` were not stored, because their store failed.
    fn remember(
        &mut self,
        lookup: &Lookup<'_>,
        out: &LookupMisses,
        size: u64,
        not_stored: u64,
        kept: usize,
    ) {
        let sums = &mut self.sums;
        sums.lookups += 1;
        sums.lookups_below_chunk += u64::from(out.chunks == 0);
        sums.tokens = sums.tokens.saturating_add(out.tokens);
        sums.chunk_tokens = sums.chunk_tokens.saturating_add(out.chunks.saturating_mul(size));
        sums.hit_tokens = sums.hit_tokens.saturating_add(out.hit_tokens);
        sums.reasons.add_all(&out.reasons);
        sums.not_stored_chunks += not_stored;
        let length = (lookup.group, out.tokens);
        if let Some(chunk) = out.leaves_at {
            sums.lookups_leaving += 1;
            let depth = if self.divergence.len() < MOST_DEPTHS {
                chunk
            } else {
                chunk.min(MOST_DEPTHS as u64)
            };
            let row = self.divergence.entry(depth).or_default();
            row.chunk = depth;
            row.lookups += 1;
            let unseen = out.reasons.get(Reason::Diverged) + out.reasons.get(Reason::Cold);
            row.tokens = row.tokens.saturating_add(unseen);
            row.same_length += u64::from(self.lengths.contains(&length));
        }
        if self.lengths.len() < MOST_LENGTHS {
            self.lengths.insert(length);
        }
        let mut parent: Option<u64> = None;
        for (at, &id) in lookup.chain.iter().enumerate() {
            match parent {
                Some(parent) => self.seen.entry(parent).or_default().continued = true,
                None => {
                    self.heads.insert(lookup.group, true);
                }
            }
            let seen = self.seen.entry(id).or_default();
            seen.cleared &= at >= kept;
            seen.store_failed = at >= kept;
            parent = Some(id);
        }
        if let Some(&head) = lookup.chain.first() {
            self.families.add(head, lookup.group, out, size);
        }
    }

    /// Everything together.
    pub fn finish(self) -> Misses {
        let mut out = self.sums;
        out.simulated_hit_tokens = self.now.totals().hit_tokens();
        let simulated = out.simulated_hit_tokens;
        let gain = |sim: &Simulator| sim.totals().hit_tokens().saturating_sub(simulated);
        let would_bring = Reason::ALL
            .iter()
            .map(|&reason| {
                let most = out.reasons.get(reason);
                let brings = match reason {
                    Reason::Capacity => Some(gain(&self.roomy)),
                    Reason::Cleared => Some(self.lasting.as_ref().map_or(0, gain)),
                    Reason::StoreFailed => Some(self.storing.as_ref().map_or(0, gain)),
                    Reason::Diverged | Reason::PrefixGap | Reason::LoadFailed => Some(most),
                    // New text brings nothing, and an old text behind a new head all of it: no hash
                    // tells the two apart. Nor how much of a tail is repeated.
                    Reason::Cold | Reason::Tail | Reason::BelowChunk | Reason::Unknown => None,
                };
                (reason, brings)
            })
            .collect();
        out.would_bring = would_bring;
        out.divergence = self.divergence.into_values().collect();
        out.lengths = self.lengths.len() as u64;
        out.heads = self.families.heads();
        out.families = self.families.top(self.families_listed);
        out
    }
}

impl Misses {
    /// Tokens that were not served.
    pub fn missed_tokens(&self) -> u64 {
        self.tokens.saturating_sub(self.hit_tokens)
    }

    /// Takes in what the server counted as hit for the same lookups. Where it is less than what
    /// was found here, the rest was missed too, for reasons unknown. Where it is more, nothing is
    /// changed: the simulation is too strict by that much, and the report says so.
    #[must_use]
    pub fn with_counted(mut self, hit_tokens: u64) -> Self {
        let rest = self.hit_tokens.saturating_sub(hit_tokens);
        self.reasons.add(Reason::Unknown, rest);
        self.hit_tokens = self.hit_tokens.saturating_sub(rest);
        self
    }

    /// Takes tokens that were found and could not be loaded out of the hits.
    #[must_use]
    pub fn with_lost_hits(mut self, tokens: u64) -> Self {
        let lost = tokens.min(self.hit_tokens);
        self.hit_tokens = self.hit_tokens.saturating_sub(lost);
        self.bring(Reason::LoadFailed, lost);
        self
    }

    /// Gives what was missed for reasons unknown the reasons that something else tells of, in
    /// their order and each up to its tokens.
    #[must_use]
    pub fn with_reasons(mut self, most: &[(Reason, u64)]) -> Self {
        for (reason, most) in most {
            let tokens = self.reasons.get(Reason::Unknown).min(*most);
            self.reasons.take(Reason::Unknown, tokens);
            self.bring(*reason, tokens);
        }
        self
    }

    fn bring(&mut self, reason: Reason, tokens: u64) {
        self.reasons.add(reason, tokens);
        let row = self.would_bring.iter_mut().find(|(r, _)| *r == reason);
        if let Some((_, Some(brings))) = row {
            *brings = brings.saturating_add(tokens);
        }
    }
}
