//! The rows of an export.

use serde::{Deserialize, Serialize};

use crate::args::{ArgSink, CacheEntry, Layout, ObjectKey};
use crate::cursor::DecodeError;
use crate::record::Record;
use crate::redact::Redaction;

/// A row of either table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[non_exhaustive]
pub enum Row {
    /// A record.
    Record(Box<RecordRow>),
    /// A key.
    Key(KeyRow),
}

/// One record. Fields that the operation has not are `None`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RecordRow {
    /// Position among the records of the trace, from 0.
    pub record: u64,
    /// File offset of the frame.
    pub offset: u64,
    /// Seconds since the start of the recording; `None` where it is no number.
    pub t_mono: Option<f64>,
    /// Seconds since 1970; `None` where it is no number.
    pub t_wall: Option<f64>,
    /// Short name of the operation.
    pub op: String,
    /// Qualified name of the operation.
    pub qualname: String,
    /// Number of keys (or of cache-event entries).
    pub key_count: u64,
    /// Model of the first key.
    pub model_name: Option<String>,
    /// KV rank of the first key.
    pub kv_rank: Option<u64>,
    /// Object group of the first key.
    pub object_group_id: Option<u64>,
    /// Bytes of one object (storage calls), or of all entries (cache events).
    pub bytes: Option<u64>,
    /// The serving engine's request id, written as keys are.
    pub external_request_id: Option<String>,
    /// Pins taken or given back on each key.
    pub pins: Option<u64>,
    /// Lock mode of a prefetch.
    pub lock_mode: Option<String>,
    /// Policy of a prefetch.
    pub policy: Option<String>,
    /// Whether a prefetch asks L1 only.
    pub skip_l2: Option<bool>,
    /// Kind of a cache-event batch, or phase of a lifecycle mark.
    pub event_type: Option<String>,
    /// Tier of a cache-event batch.
    pub tier: Option<String>,
    /// Backend of a cache-event batch.
    pub backend: Option<String>,
    /// Server of a cache-event batch.
    pub instance_id: Option<String>,
    /// Number of a cache-event batch.
    pub seq: Option<u64>,
    /// The keys' chunk hashes, in the order of the call.
    pub keys: Vec<String>,
}

/// One key of a record.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeyRow {
    /// Position of the record in the trace, from 0.
    pub record: u64,
    /// Position of the key in the record, from 0.
    pub position: u64,
    /// Seconds since the start of the recording; `None` where it is no number.
    pub t_mono: Option<f64>,
    /// Seconds since 1970; `None` where it is no number.
    pub t_wall: Option<f64>,
    /// Short name of the operation.
    pub op: String,
    /// Chunk hash.
    pub key: String,
    /// Model.
    pub model_name: String,
    /// KV rank.
    pub kv_rank: u64,
    /// Object group.
    pub object_group_id: u64,
    /// Bytes of the object (store entries of cache events).
    pub bytes: Option<u64>,
    /// The tenant's salt, written as keys are (cache events).
    pub cache_salt: Option<String>,
    /// Number of token ids in the entry (cache events). The ids are not written.
    pub tokens: Option<u64>,
}

fn finite(time: f64) -> Option<f64> {
    Some(time).filter(|time| time.is_finite())
}

/// The name for the `op` column.
fn short(record: &Record<'_>) -> String {
    match record.op {
        crate::Op::Other => record.qualname().rsplit('.').next().unwrap_or_default().to_owned(),
        op => op.short().to_owned(),
    }
}

/// The chunk hash of an entry, redacted as its bytes are where it is hex, so that both
/// levels give one key one name.
fn entry_chunk(entry: &CacheEntry<'_>, redaction: &Redaction) -> String {
    let mut buffer = [0_u8; 64];
    redaction.chunk(crate::summary::object_key(entry, &mut buffer).chunk_hash)
}

struct RowSink<'s> {
    row: &'s mut RecordRow,
    redaction: &'s Redaction,
}

impl<'a> ArgSink<'a> for RowSink<'_> {
    fn key(&mut self, key: ObjectKey<'a>) {
        if self.row.keys.is_empty() {
            self.row.model_name = Some(key.model_name.to_owned());
            self.row.kv_rank = Some(key.kv_rank);
            self.row.object_group_id = Some(key.object_group_id);
        }
        self.row.keys.push(self.redaction.chunk(key.chunk_hash));
    }

    fn layout(&mut self, layout: Layout<'a>) {
        self.row.bytes = self.row.bytes.or(layout.bytes);
    }

    fn entry(&mut self, entry: CacheEntry<'a>) {
        if self.row.keys.is_empty() {
            self.row.model_name = Some(entry.model_name.to_owned());
            self.row.kv_rank = Some(entry.kv_rank);
            self.row.object_group_id = Some(entry.object_group_id);
        }
        self.row.keys.push(entry_chunk(&entry, self.redaction));
    }
}

impl RecordRow {
    /// The row of a record.
    pub fn of(record: &Record<'_>, redaction: &Redaction) -> Result<RecordRow, DecodeError> {
        let mut row = RecordRow {
            record: record.index,
            offset: record.offset,
            t_mono: finite(record.t_mono),
            t_wall: finite(record.t_wall),
            op: short(record),
            qualname: record.qualname().to_owned(),
            ..RecordRow::default()
        };
        let args = record.decode(&mut RowSink { row: &mut row, redaction })?;
        let text = |text: Option<&str>| text.map(str::to_owned);
        row.key_count = row.keys.len() as u64;
        row.external_request_id = args.external_request_id.map(|id| redaction.text(id));
        row.pins = args.readers.or(args.read_locks);
        row.lock_mode = text(args.lock_mode);
        row.policy = text(args.policy.or(args.mode));
        row.skip_l2 = args.skip_l2;
        if let Some(batch) = args.batch {
            row.event_type = Some(batch.event_type.to_owned());
            row.tier = Some(batch.tier.to_owned());
            row.backend = Some(batch.backend.to_owned());
            row.instance_id = Some(batch.instance_id.to_owned());
            row.seq = Some(batch.seq);
            row.bytes = Some(batch.size_bytes);
        }
        if let Some(mark) = args.lifecycle {
            row.event_type = Some(mark.phase.to_owned());
            row.instance_id = Some(mark.instance_id.to_owned());
        }
        Ok(row)
    }
}

struct KeySink<'s, F> {
    next: KeyRow,
    redaction: &'s Redaction,
    each: F,
}

impl<'a, F: FnMut(KeyRow)> ArgSink<'a> for KeySink<'_, F> {
    fn key(&mut self, key: ObjectKey<'a>) {
        let mut row = self.next.clone();
        row.key = self.redaction.chunk(key.chunk_hash);
        key.model_name.clone_into(&mut row.model_name);
        row.kv_rank = key.kv_rank;
        row.object_group_id = key.object_group_id;
        self.next.position += 1;
        (self.each)(row);
    }

    fn entry(&mut self, entry: CacheEntry<'a>) {
        let mut row = self.next.clone();
        row.key = entry_chunk(&entry, self.redaction);
        entry.model_name.clone_into(&mut row.model_name);
        row.kv_rank = entry.kv_rank;
        row.object_group_id = entry.object_group_id;
        row.bytes = Some(entry.size_bytes);
        row.cache_salt = Some(self.redaction.text(entry.cache_salt));
        row.tokens = Some(entry.tokens);
        self.next.position += 1;
        (self.each)(row);
    }
}

/// Hands out the rows of a record's keys.
pub(super) fn each_key(
    record: &Record<'_>,
    redaction: &Redaction,
    each: impl FnMut(KeyRow),
) -> Result<(), DecodeError> {
    let next = KeyRow {
        record: record.index,
        position: 0,
        t_mono: finite(record.t_mono),
        t_wall: finite(record.t_wall),
        op: short(record),
        key: String::new(),
        model_name: String::new(),
        kv_rank: 0,
        object_group_id: 0,
        bytes: None,
        cache_salt: None,
        tokens: None,
    };
    record.decode(&mut KeySink { next, redaction, each }).map(|_| ())
}
