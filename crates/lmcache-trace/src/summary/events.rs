//! Cache events: what the server told its coordinator.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::names::clip;
use crate::args::{Args, CacheEntry, ObjectKey};

/// Rows that are kept of each list.
const MAX_ROWS: usize = 256;

/// Batches of one kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BatchCount {
    /// `store`, `access`, `delete`, ...
    pub event_type: String,
    /// `l1` or `l2`.
    pub tier: String,
    /// Backend of the tier; may be empty.
    pub backend: String,
    /// Whether the tier is shared between servers.
    pub shared: bool,
    /// Number of batches.
    pub batches: u64,
    /// Entries in them.
    pub entries: u64,
    /// Bytes in them.
    pub size_bytes: u64,
}

/// One server of the stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InstanceFacts {
    /// Its name.
    pub instance_id: String,
    /// Start times of its processes, in seconds since 1970; at most 256 are kept.
    pub incarnations: BTreeSet<u64>,
    /// Restarts: incarnations beyond the first.
    pub restarts: u64,
    /// Batch numbers that are missing between the first and the last of an incarnation.
    pub missing_batches: u64,
}

/// Cache events.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EventsSummary {
    /// Servers.
    pub instances: Vec<InstanceFacts>,
    /// Batches by kind.
    pub batches: Vec<BatchCount>,
    /// Bytes of all store entries.
    pub store_bytes: u64,
    /// Entries that hold token ids: the prompts can be read from the file.
    pub entries_with_tokens: u64,
    /// Token ids in all entries.
    pub tokens: u64,
    /// Entries with a cache salt.
    pub salted_entries: u64,
    /// Lifecycle marks by phase.
    pub lifecycle: BTreeMap<String, u64>,
    /// The last record is a stop mark.
    pub closed: bool,
    /// Rows left out because there were too many.
    pub rows_left_out: u64,
}

impl EventsSummary {
    pub(super) fn ends_with_stop(&self) -> bool {
        self.closed
    }
}

#[derive(Debug, Default)]
struct Instance {
    incarnations: BTreeSet<u64>,
    last: Option<(u64, u64)>,
    missing: u64,
}

#[derive(Debug, Default)]
pub(super) struct EventTally {
    instances: BTreeMap<String, Instance>,
    batches: Vec<BatchCount>,
    out: EventsSummary,
}

impl EventTally {
    pub(super) fn entry(&mut self, entry: &CacheEntry<'_>) {
        self.out.salted_entries += u64::from(!entry.cache_salt.is_empty());
    }

    pub(super) fn args(&mut self, args: &Args<'_>) {
        if let Some(mark) = &args.lifecycle {
            self.out.closed = mark.phase == "stop";
            let phase = clip(mark.phase, 32);
            let has_room = self.out.lifecycle.len() < MAX_ROWS;
            match self.out.lifecycle.get_mut(phase) {
                Some(count) => *count += 1,
                None if has_room => {
                    self.out.lifecycle.insert(phase.to_owned(), 1);
                }
                None => self.out.rows_left_out += 1,
            }
        }
        let Some(batch) = &args.batch else { return };
        self.out.closed = false;
        if batch.event_type == "store" {
            self.out.store_bytes = self.out.store_bytes.saturating_add(batch.size_bytes);
            self.out.entries_with_tokens += batch.entries_with_tokens;
        }
        self.out.tokens = self.out.tokens.saturating_add(batch.tokens);
        self.instance(batch.instance_id, batch.incarnation, batch.seq);
        let same = |row: &BatchCount| {
            row.event_type == batch.event_type
                && row.tier == batch.tier
                && row.backend == batch.backend
                && row.shared == batch.shared
        };
        let index = match self.batches.iter().position(same) {
            Some(index) => index,
            None if self.batches.len() < MAX_ROWS => {
                self.batches.push(BatchCount {
                    event_type: clip(batch.event_type, 64).to_owned(),
                    tier: clip(batch.tier, 64).to_owned(),
                    backend: clip(batch.backend, 64).to_owned(),
                    shared: batch.shared,
                    batches: 0,
                    entries: 0,
                    size_bytes: 0,
                });
                self.batches.len() - 1
            }
            None => {
                self.out.rows_left_out += 1;
                return;
            }
        };
        if let Some(row) = self.batches.get_mut(index) {
            row.batches += 1;
            row.entries += batch.entries;
            row.size_bytes = row.size_bytes.saturating_add(batch.size_bytes);
        }
    }

    fn instance(&mut self, name: &str, incarnation: u64, seq: u64) {
        let name = clip(name, 128);
        if !self.instances.contains_key(name) {
            if self.instances.len() >= MAX_ROWS {
                self.out.rows_left_out += 1;
                return;
            }
            self.instances.insert(name.to_owned(), Instance::default());
        }
        let Some(instance) = self.instances.get_mut(name) else { return };
        if instance.incarnations.len() < MAX_ROWS {
            instance.incarnations.insert(incarnation);
        }
        if let Some((last_incarnation, last_seq)) = instance.last
            && last_incarnation == incarnation
        {
            instance.missing =
                instance.missing.saturating_add(seq.saturating_sub(last_seq.saturating_add(1)));
        }
        instance.last = Some((incarnation, seq));
    }

    pub(super) fn finish(self) -> EventsSummary {
        let mut out = self.out;
        out.batches = self.batches;
        out.batches.sort();
        out.instances = self
            .instances
            .into_iter()
            .map(|(instance_id, instance)| InstanceFacts {
                instance_id,
                restarts: (instance.incarnations.len() as u64).saturating_sub(1),
                incarnations: instance.incarnations,
                missing_batches: instance.missing,
            })
            .collect();
        out
    }
}

/// The key of an entry as a storage trace names it (without the salt): `buffer` takes
/// the hash's bytes. A hash that is not hex, or too long, is taken as it is.
pub(crate) fn object_key<'b>(entry: &CacheEntry<'b>, buffer: &'b mut [u8; 64]) -> ObjectKey<'b> {
    let text = entry.chunk_hash_hex.as_bytes();
    let mut len = 0;
    let mut is_hex = text.len().is_multiple_of(2) && text.len() <= 128;
    for (pair, slot) in text.chunks_exact(2).zip(buffer.iter_mut()) {
        let [high, low] = [pair.first(), pair.last()]
            .map(|digit| digit.and_then(|&d| char::from(d).to_digit(16)));
        match high.zip(low).and_then(|(h, l)| u8::try_from(h * 16 + l).ok()) {
            Some(byte) => *slot = byte,
            None => is_hex = false,
        }
        len += 1;
    }
    ObjectKey {
        chunk_hash: if is_hex { buffer.get(..len).unwrap_or_default() } else { text },
        model_name: entry.model_name,
        kv_rank: entry.kv_rank,
        object_group_id: entry.object_group_id,
    }
}
