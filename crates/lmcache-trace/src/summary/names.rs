//! Bounded counts by name: models, ranks, groups, layouts, unknown things.

use serde::{Deserialize, Serialize};

use crate::args::{Layout, ObjectKey, TensorDesc, Unknown, UnknownKind};

/// Rows that are kept of each list; what comes beyond is counted together.
const MAX_ROWS: usize = 64;

/// A name and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NameCount {
    /// The name; `(others)` for those beyond the first 64.
    pub name: String,
    /// How many keys have it.
    pub keys: u64,
}

/// A KV rank and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RankCount {
    /// The rank as it is in the file; `None` for those beyond the first 64.
    pub kv_rank: Option<u64>,
    /// Number of workers, from the rank's first byte.
    pub world_size: Option<u8>,
    /// This worker, from the rank's second byte.
    pub global_rank: Option<u8>,
    /// How many keys have it.
    pub keys: u64,
}

/// An object group and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GroupCount {
    /// The group; `None` for those beyond the first 64.
    pub object_group_id: Option<u64>,
    /// How many keys have it.
    pub keys: u64,
}

/// A memory layout and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LayoutCount {
    /// Its tensors; empty for the layouts beyond the first 64.
    pub tensors: Vec<TensorDesc>,
    /// Bytes of one chunk.
    pub bytes_per_chunk: Option<u64>,
    /// How many calls (or key groups) have it.
    pub calls: u64,
}

/// Something unknown and how often it occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UnknownCount {
    /// What kind of thing: `qualname`, `argument`, `field`, `tag` or `type`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// How often.
    pub count: u64,
    /// File offset of the first.
    pub first_offset: u64,
}

/// The longest part of a text that is no longer than `max` bytes.
pub(super) fn clip(text: &str, max: usize) -> &str {
    if text.len() <= max {
        return text;
    }
    (0..=max).rev().find_map(|end| text.get(..end)).unwrap_or_default()
}

/// Keys by model, rank and group, counted in runs: neighbours mostly have the same.
#[derive(Debug, Default)]
pub(super) struct OwnerTally {
    models: Vec<NameCount>,
    ranks: Vec<(u64, u64)>,
    groups: Vec<(u64, u64)>,
    further_models: u64,
    further_ranks: u64,
    further_groups: u64,
    current: Owner,
    fingerprint: u64,
    run: u64,
    /// Ranks and groups of the current call.
    call: Vec<(u64, u64)>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Owner {
    model: String,
    kv_rank: u64,
    group: u64,
}

impl OwnerTally {
    pub(super) fn begin(&mut self) {
        self.call.clear();
    }

    /// Counts a key and returns its owner's fingerprint.
    #[inline]
    pub(super) fn add(&mut self, key: &ObjectKey<'_>) -> u64 {
        let same = self.run > 0
            && self.current.kv_rank == key.kv_rank
            && self.current.group == key.object_group_id
            && self.current.model == key.model_name;
        if !same {
            self.turn(key);
        }
        if !same || self.call.is_empty() {
            let pair = (key.kv_rank, key.object_group_id);
            if !self.call.contains(&pair) && self.call.len() < MAX_ROWS {
                self.call.push(pair);
            }
        }
        self.run += 1;
        self.fingerprint
    }

    /// How many pairs of rank and group the current call has.
    pub(super) fn end(&self) -> u64 {
        self.call.len() as u64
    }

    #[inline(never)]
    fn turn(&mut self, key: &ObjectKey<'_>) {
        self.flush();
        self.current.model.clear();
        // A name that is never told apart from others needs no more memory than this.
        self.current.model.push_str(key.model_name);
        self.current.kv_rank = key.kv_rank;
        self.current.group = key.object_group_id;
        self.fingerprint = key.owner_fingerprint();
    }

    fn flush(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run == 0 {
            return;
        }
        let name = clip(&self.current.model, 256);
        let has_room = self.models.len() < MAX_ROWS;
        match self.models.iter_mut().find(|row| row.name == name) {
            Some(row) => row.keys += run,
            None if has_room => {
                self.models.push(NameCount { name: name.to_owned(), keys: run });
            }
            None => self.further_models += run,
        }
        bump(&mut self.ranks, self.current.kv_rank, run, &mut self.further_ranks);
        bump(&mut self.groups, self.current.group, run, &mut self.further_groups);
    }

    pub(super) fn models(&mut self) -> Vec<NameCount> {
        self.flush();
        let mut rows = std::mem::take(&mut self.models);
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        if self.further_models > 0 {
            rows.push(NameCount { name: "(others)".to_owned(), keys: self.further_models });
        }
        rows
    }

    pub(super) fn ranks(&mut self) -> Vec<RankCount> {
        self.flush();
        self.ranks.sort_unstable();
        let part = |kv_rank, index: usize| {
            let bytes = u32::try_from(kv_rank).ok()?.to_be_bytes();
            bytes.get(index).copied()
        };
        let mut rows: Vec<RankCount> = self
            .ranks
            .iter()
            .map(|&(kv_rank, keys)| RankCount {
                kv_rank: Some(kv_rank),
                world_size: part(kv_rank, 0),
                global_rank: part(kv_rank, 1),
                keys,
            })
            .collect();
        if self.further_ranks > 0 {
            let keys = self.further_ranks;
            rows.push(RankCount { kv_rank: None, world_size: None, global_rank: None, keys });
        }
        rows
    }

    pub(super) fn groups(&mut self) -> Vec<GroupCount> {
        self.flush();
        self.groups.sort_unstable();
        let mut rows: Vec<GroupCount> = self
            .groups
            .iter()
            .map(|&(group, keys)| GroupCount { object_group_id: Some(group), keys })
            .collect();
        if self.further_groups > 0 {
            rows.push(GroupCount { object_group_id: None, keys: self.further_groups });
        }
        rows
    }
}

fn bump(rows: &mut Vec<(u64, u64)>, value: u64, by: u64, further: &mut u64) {
    let has_room = rows.len() < MAX_ROWS;
    match rows.iter_mut().find(|row| row.0 == value) {
        Some(row) => row.1 += by,
        None if has_room => rows.push((value, by)),
        None => *further += by,
    }
}

/// Calls by layout; layouts are equal when their bytes are.
#[derive(Debug, Default)]
pub(super) struct LayoutTally {
    rows: Vec<(Vec<u8>, LayoutCount)>,
    last: usize,
    further: u64,
}

impl LayoutTally {
    #[inline]
    pub(super) fn add(&mut self, layout: &Layout<'_>) {
        let raw = layout.raw();
        if let Some((_, row)) = self.rows.get_mut(self.last).filter(|(have, _)| have == raw) {
            row.calls += 1;
            return;
        }
        match self.rows.iter().position(|(have, _)| have == raw) {
            Some(index) => {
                self.last = index;
                if let Some((_, row)) = self.rows.get_mut(index) {
                    row.calls += 1;
                }
            }
            // A layout of more than 4 KiB is told apart from none.
            None if self.rows.len() < MAX_ROWS && raw.len() <= 4096 => {
                self.last = self.rows.len();
                let row = LayoutCount {
                    tensors: layout.tensors(),
                    bytes_per_chunk: layout.bytes,
                    calls: 1,
                };
                self.rows.push((raw.to_vec(), row));
            }
            None => self.further += 1,
        }
    }

    pub(super) fn finish(self) -> Vec<LayoutCount> {
        let mut rows: Vec<LayoutCount> = self.rows.into_iter().map(|(_, row)| row).collect();
        rows.sort_by(|a, b| a.tensors.cmp(&b.tensors));
        if self.further > 0 {
            let tensors = Vec::new();
            rows.push(LayoutCount { tensors, bytes_per_chunk: None, calls: self.further });
        }
        rows
    }
}

#[derive(Debug, Default)]
pub(super) struct UnknownTally {
    rows: Vec<(UnknownKind, UnknownCount)>,
    further: Option<(u64, u64)>,
}

impl UnknownTally {
    #[cold]
    pub(super) fn add(&mut self, unknown: &Unknown<'_>) {
        let name = String::from_utf8_lossy(unknown.name.get(..128).unwrap_or(unknown.name));
        let has_room = self.rows.len() < MAX_ROWS;
        let found = self
            .rows
            .iter_mut()
            .find(|(kind, row)| *kind == unknown.kind && row.name == name.as_ref());
        match found {
            Some((_, row)) => row.count += 1,
            None if has_room => {
                let row = UnknownCount {
                    kind: unknown.kind.code().to_owned(),
                    name: name.into_owned(),
                    count: 1,
                    first_offset: unknown.offset,
                };
                self.rows.push((unknown.kind, row));
            }
            None => {
                let (count, _) = self.further.get_or_insert((0, unknown.offset));
                *count += 1;
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<UnknownCount> {
        self.rows.sort_by(|(ka, a), (kb, b)| (ka, &a.name).cmp(&(kb, &b.name)));
        let mut rows: Vec<UnknownCount> = self.rows.into_iter().map(|(_, row)| row).collect();
        if let Some((count, first_offset)) = self.further {
            rows.push(UnknownCount {
                kind: "other".to_owned(),
                name: "(others)".to_owned(),
                count,
                first_offset,
            });
        }
        rows
    }
}
