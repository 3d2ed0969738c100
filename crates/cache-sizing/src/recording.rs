//! Lookups of a log, held to be put in order of time and walked more than once.
//!
//! Rotated files, several servers and late lines are not in order of time; a log is read into a
//! recording, ordered, and walked. Memory has a cap: beyond it chunks are left out by their
//! hash, as [`crate::Stack`] does, and a lookup none of whose chunks is left is only counted.

use crate::access::{Group, Lookup, fingerprint, mix};
use crate::curve::GroupSums;

#[derive(Debug, Clone, Copy)]
struct Row {
    at: f64,
    start: usize,
    tokens: u64,
    chunks: u32,
    kept: u32,
    group: u32,
    request: u64,
}

/// One lookup of a recording.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recorded<'a> {
    /// The lookup; its chain holds the chunks of the sample.
    pub lookup: Lookup<'a>,
    /// Whole chunks that it had.
    pub chunks: u64,
    /// Its group.
    pub group: &'a Group,
    /// Fingerprint of its request's id; 0 where it has none.
    pub request: u64,
}

/// Bits by which a sample is chosen; those of [`crate::Stack`].
const SAMPLE_BITS: u32 = 24;
/// Groups that are told apart; further ones count as the last.
const GROUPS: usize = 1024;

/// Lookups, held.
#[derive(Debug, Default)]
pub struct Recording {
    groups: Vec<Group>,
    sums: Vec<GroupSums>,
    rows: Vec<Row>,
    chunks: Vec<u64>,
    memory: usize,
    one_in: u64,
    ordered: bool,
    first: Option<f64>,
    last: f64,
    latest: f64,
    without_time: u64,
}

impl Recording {
    /// An empty recording that takes about this much memory at most.
    pub fn with_memory(bytes: usize) -> Self {
        Recording { memory: bytes.max(1 << 16), one_in: 1, ordered: true, ..Self::default() }
    }

    /// The number of a group.
    pub fn group(&mut self, group: &Group) -> u32 {
        let at = self.groups.iter().position(|g| g == group).unwrap_or_else(|| {
            if self.groups.len() < GROUPS {
                self.groups.push(group.clone());
                self.sums.push(GroupSums::default());
            }
            self.groups.len().saturating_sub(1)
        });
        u32::try_from(at).unwrap_or(0)
    }

    /// The groups, in the order of their numbers.
    pub fn groups(&self) -> &[Group] {
        &self.groups
    }

    /// Changes what is known of a group once all was read.
    pub fn groups_mut(&mut self) -> &mut [Group] {
        &mut self.groups
    }

    /// Counts the tokens of whole chunks anew, where the tokens of a chunk (by number of group)
    /// are told only now.
    pub fn retell(&mut self, chunk_tokens: &[u64]) {
        for (sums, size) in self.sums.iter_mut().zip(chunk_tokens) {
            sums.chunk_tokens = sums.chunks.saturating_mul(*size);
            sums.tokens = sums.tokens.max(sums.chunk_tokens);
        }
    }

    /// Tells lookups apart by salts that are learnt only now: `of` gives the salt of a request, by
    /// its fingerprint. What two salts ask for is then two chunks. Gives how many lookups have a
    /// salt, the empty one included; nothing is changed where the lookups are a sample, which is
    /// chosen by the chunks' ids.
    pub fn tell_salts<'s>(&mut self, of: impl Fn(u64) -> Option<&'s str>) -> Option<u64> {
        if !self.is_exact() {
            return None;
        }
        let mut told = 0;
        for at in 0..self.rows.len() {
            let Some(row) = self.rows.get(at).copied() else { break };
            let Some(salt) = Some(row.request).filter(|id| *id != 0).and_then(&of) else {
                continue;
            };
            let Some(group) = self.groups.get(row.group as usize).cloned() else { continue };
            told += 1;
            let number = self.group(&Group { salt: Some(salt.to_owned()), ..group });
            self.move_sums(&row, number);
            let seed = fingerprint(salt.as_bytes(), 3);
            let end = row.start.saturating_add(row.kept as usize);
            for id in self.chunks.get_mut(row.start..end).unwrap_or_default() {
                *id = mix(*id ^ seed);
            }
            if let Some(row) = self.rows.get_mut(at) {
                row.group = number;
            }
        }
        Some(told)
    }

    fn move_sums(&mut self, row: &Row, to: u32) {
        let chunks = u64::from(row.chunks);
        let size = self.groups.get(row.group as usize).map_or(0, |g| g.chunk_tokens);
        let whole = chunks.saturating_mul(size);
        let tokens = row.tokens.max(whole);
        if let Some(from) = self.sums.get_mut(row.group as usize) {
            from.lookups = from.lookups.saturating_sub(1);
            from.tokens = from.tokens.saturating_sub(tokens);
            from.chunks = from.chunks.saturating_sub(chunks);
            from.chunk_tokens = from.chunk_tokens.saturating_sub(whole);
        }
        if let Some(to) = self.sums.get_mut(to as usize) {
            to.lookups = to.lookups.saturating_add(1);
            to.tokens = to.tokens.saturating_add(tokens);
            to.chunks = to.chunks.saturating_add(chunks);
            to.chunk_tokens = to.chunk_tokens.saturating_add(whole);
        }
    }

    /// Adds a lookup. One without a time counts at the time of the one before it.
    pub fn push(&mut self, at: Option<f64>, group: u32, tokens: u64, chain: &[u64], request: u64) {
        let told = at.filter(|at| at.is_finite());
        self.without_time += u64::from(told.is_none());
        let at = told.unwrap_or(self.latest);
        self.ordered &= self.rows.is_empty() || at >= self.latest;
        self.latest = at;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = if self.rows.is_empty() { at } else { self.last.max(at) };
        let all = chain.len();
        let start = self.chunks.len();
        let threshold = (1_u64 << SAMPLE_BITS) / self.one_in.max(1);
        self.chunks.extend(chain.iter().copied().filter(|id| is_kept(*id, threshold)));
        let kept = self.chunks.len().saturating_sub(start);
        let Some(known) = self.groups.get(group as usize) else { return };
        let whole = Lookup { at, group, tokens, chain: &[] };
        if let Some(sums) = self.sums.get_mut(group as usize) {
            sums.add(&whole, all as u64, known);
        }
        if kept == 0 && self.one_in > 1 {
            return;
        }
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.rows.push(Row {
            at,
            start,
            tokens,
            chunks: small(all),
            kept: small(kept),
            group,
            request,
        });
        if self.bytes() > self.memory {
            self.thin();
        }
    }

    fn bytes(&self) -> usize {
        self.chunks.len() * size_of::<u64>() + self.rows.len() * size_of::<Row>()
    }

    /// Leaves chunks out until half of the memory is free.
    #[cold]
    fn thin(&mut self) {
        while self.bytes() > self.memory / 2 && self.one_in < 1 << SAMPLE_BITS {
            self.one_in = self.one_in.saturating_mul(2);
            let threshold = (1_u64 << SAMPLE_BITS) / self.one_in;
            let mut to = 0_usize;
            for row in &mut self.rows {
                let begin = to;
                for from in row.start..row.start.saturating_add(row.kept as usize) {
                    let Some(&id) = self.chunks.get(from) else { break };
                    if is_kept(id, threshold)
                        && let Some(slot) = self.chunks.get_mut(to)
                    {
                        *slot = id;
                        to += 1;
                    }
                }
                row.start = begin;
                row.kept = u32::try_from(to.saturating_sub(begin)).unwrap_or(u32::MAX);
            }
            self.chunks.truncate(to);
            self.rows.retain(|row| row.kept > 0);
        }
    }

    /// Puts the lookups in order of time; those of one moment stay as they came.
    pub fn order(&mut self) {
        if !self.ordered {
            self.rows.sort_by(|a, b| a.at.total_cmp(&b.at));
            self.ordered = true;
        }
    }

    /// All chunks are held.
    pub fn is_exact(&self) -> bool {
        self.one_in == 1
    }

    /// One chunk in so many is held.
    pub fn one_in(&self) -> u64 {
        self.one_in
    }

    /// Sums over all lookups of each group, held or not.
    pub fn sums(&self) -> &[GroupSums] {
        &self.sums
    }

    /// Lookups that were added.
    pub fn lookups(&self) -> u64 {
        self.sums.iter().map(|s| s.lookups).sum()
    }

    /// Nothing was added.
    pub fn is_empty(&self) -> bool {
        self.lookups() == 0
    }

    /// Time of the first and of the last lookup.
    pub fn span(&self) -> Option<(f64, f64)> {
        self.first.map(|first| (first, self.last.max(first)))
    }

    /// Lookups that had no time of their own.
    pub fn without_time(&self) -> u64 {
        self.without_time
    }

    /// The lookups that are held, in the order in which they are.
    pub fn iter(&self) -> impl Iterator<Item = Recorded<'_>> {
        self.rows.iter().filter_map(|row| {
            let end = row.start.saturating_add(row.kept as usize);
            Some(Recorded {
                lookup: Lookup {
                    at: row.at,
                    group: row.group,
                    tokens: row.tokens,
                    chain: self.chunks.get(row.start..end)?,
                },
                chunks: u64::from(row.chunks),
                group: self.groups.get(row.group as usize)?,
                request: row.request,
            })
        })
    }
}

#[inline]
fn is_kept(id: u64, threshold: u64) -> bool {
    id.max(1) & ((1 << SAMPLE_BITS) - 1) < threshold
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix;

    #[test]
    fn lookups_are_put_in_order_and_keep_their_requests() {
        let mut recording = Recording::with_memory(1 << 20);
        let group =
            recording.group(&Group { chunk_tokens: 10, chunk_bytes: 1, ..Group::default() });
        recording.push(Some(2.0), group, 25, &[1, 2], 20);
        recording.push(Some(1.0), group, 11, &[3], 10);
        recording.push(None, group, 5, &[], 0);
        recording.order();
        let got: Vec<(f64, u64, usize)> =
            recording.iter().map(|r| (r.lookup.at, r.request, r.lookup.chain.len())).collect();
        assert_eq!(got, [(1.0, 10, 1), (1.0, 0, 0), (2.0, 20, 2)]);
        assert_eq!(recording.sums()[0].tokens, 41);
        assert_eq!(recording.without_time(), 1);
        assert_eq!(recording.span(), Some((1.0, 2.0)));
    }

    #[test]
    fn memory_has_a_cap_and_sums_stay_whole() {
        let mut recording = Recording::with_memory(1 << 16);
        let group = recording.group(&Group { chunk_tokens: 1, chunk_bytes: 1, ..Group::default() });
        for i in 0..40_000_u64 {
            let chain = [0, 1, 2, 3].map(|k| mix(i * 4 + k));
            recording.push(Some(i as f64), group, 4, &chain, i + 1);
        }
        assert!(!recording.is_exact());
        assert!(recording.bytes() <= 1 << 16, "{}", recording.bytes());
        assert_eq!(recording.sums()[0].chunks, 160_000);
        let held: u64 = recording.iter().map(|r| r.lookup.chain.len() as u64).sum();
        let estimate = held * recording.one_in();
        // Followed chunks times what each stands for has the variance (one_in - 1) * chunks: all
        // are different here. 4.5 standard deviations.
        let bound = 4.5 * ((recording.one_in() as f64 - 1.0) * 160_000.0).sqrt();
        assert!((estimate as f64 - 160_000.0).abs() < bound, "{estimate} {bound}");
    }

    #[test]
    fn salts_that_are_learnt_later_keep_chunks_apart() {
        let mut recording = Recording::with_memory(1 << 20);
        let group =
            recording.group(&Group { chunk_tokens: 10, chunk_bytes: 1, ..Group::default() });
        for (at, request) in [(0.0, 1), (1.0, 2), (2.0, 3), (3.0, 0)] {
            recording.push(Some(at), group, 25, &[1, 2], request);
        }
        let of = |request| match request {
            1 | 3 => Some("a"),
            2 => Some("b"),
            _ => None,
        };
        assert_eq!(recording.tell_salts(of), Some(3));
        let chains: Vec<&[u64]> = recording.iter().map(|r| r.lookup.chain).collect();
        assert_eq!(chains[0], chains[2]);
        assert!(chains[0] != chains[1] && chains[1] != chains[3] && chains[0] != chains[3]);
        let salts: Vec<Option<&str>> = recording.iter().map(|r| r.group.salt.as_deref()).collect();
        assert_eq!(salts, [Some("a"), Some("b"), Some("a"), None]);
        let sums: Vec<(u64, u64, u64)> =
            recording.sums().iter().map(|s| (s.lookups, s.tokens, s.chunk_tokens)).collect();
        assert_eq!(sums, [(1, 25, 20), (2, 50, 40), (1, 25, 20)]);
    }
}
