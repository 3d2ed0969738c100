//! Lookups of a log, held to be put in order of time and walked more than once.
//!
//! Rotated files, several servers and late lines are not in order of time; a log is read into a
//! recording, ordered, and walked. Memory has a cap: beyond it chunks are left out by their
//! hash, as [`crate::Stack`] does, and a lookup none of whose chunks is left is only counted.

use crate::access::{Group, Lookup};
use crate::curve::GroupSums;

#[derive(Debug, Clone, Copy)]
struct Row {
    at: f64,
    start: usize,
    tokens: u64,
    chunks: u32,
    kept: u32,
    group: u32,
    name: u32,
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
    /// The name of its request, where it was kept.
    pub name: &'a str,
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
    names: String,
    name_ends: Vec<usize>,
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

    /// Adds a lookup. One without a time counts at the time of the one before it.
    pub fn push(&mut self, at: Option<f64>, group: u32, tokens: u64, chain: &[u64], name: &str) {
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
        let name = if name.is_empty() || self.one_in > 1 {
            u32::MAX
        } else {
            self.names.push_str(name);
            self.name_ends.push(self.names.len());
            u32::try_from(self.name_ends.len().saturating_sub(1)).unwrap_or(u32::MAX)
        };
        let small = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        self.rows.push(Row {
            at,
            start,
            tokens,
            chunks: small(all),
            kept: small(kept),
            group,
            name,
        });
        if self.bytes() > self.memory {
            self.thin();
        }
    }

    fn bytes(&self) -> usize {
        self.chunks.len() * size_of::<u64>()
            + self.rows.len() * size_of::<Row>()
            + self.names.len()
            + self.name_ends.len() * size_of::<usize>()
    }

    /// Leaves chunks out until half of the memory is free.
    #[cold]
    fn thin(&mut self) {
        self.names = String::new();
        self.name_ends = Vec::new();
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
                row.name = u32::MAX;
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
                name: self.name(row.name),
            })
        })
    }

    fn name(&self, number: u32) -> &str {
        let at = number as usize;
        let end = self.name_ends.get(at).copied();
        let start = at.checked_sub(1).and_then(|b| self.name_ends.get(b)).copied().unwrap_or(0);
        end.and_then(|end| self.names.get(start..end)).unwrap_or("")
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
    fn lookups_are_put_in_order_and_keep_their_names() {
        let mut recording = Recording::with_memory(1 << 20);
        let group =
            recording.group(&Group { chunk_tokens: 10, chunk_bytes: 1, ..Group::default() });
        recording.push(Some(2.0), group, 25, &[1, 2], "b");
        recording.push(Some(1.0), group, 11, &[3], "a");
        recording.push(None, group, 5, &[], "");
        recording.order();
        let got: Vec<(f64, &str, usize)> =
            recording.iter().map(|r| (r.lookup.at, r.name, r.lookup.chain.len())).collect();
        assert_eq!(got, [(1.0, "a", 1), (1.0, "", 0), (2.0, "b", 2)]);
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
            recording.push(Some(i as f64), group, 4, &chain, "request");
        }
        assert!(!recording.is_exact());
        assert!(recording.bytes() <= 1 << 16, "{}", recording.bytes());
        assert_eq!(recording.sums()[0].chunks, 160_000);
        let held: u64 = recording.iter().map(|r| r.lookup.chain.len() as u64).sum();
        let estimate = held * recording.one_in();
        assert!((estimate as f64 / 160_000.0 - 1.0).abs() < 0.2, "{estimate}");
    }
}
