//! Cache events: what the server told its coordinator (level `events`, 0.5.6).

use std::fmt;

use super::{ArgSink, Decoder, Feature, Seen, UnknownKind};
use crate::cursor::{Cursor, DecodeError, DecodeErrorKind};

/// One batch of cache events, without its entries (those go to the sink).
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Batch<'a> {
    /// The server that sent it.
    pub instance_id: &'a str,
    /// Start time of that server's process, in seconds since 1970: another value
    /// means a restart.
    pub incarnation: u64,
    /// Number of the batch within the incarnation, from 1.
    pub seq: u64,
    /// `store`, `access`, `delete`, or what a newer release adds.
    pub event_type: &'a str,
    /// `l1` or `l2`.
    pub tier: &'a str,
    /// The backend of the tier, such as `dram` or `fs`; may be empty.
    pub backend: &'a str,
    /// Whether the tier is shared between servers.
    pub shared: bool,
    /// Wall clock of the batch, in seconds since 1970.
    pub ts: f64,
    /// Capacity of the tier in bytes; 0 where the batch does not say.
    pub capacity_bytes: u64,
    /// Entries in the batch.
    pub entries: u64,
    /// Sum of the entries' sizes in bytes.
    pub size_bytes: u64,
    /// Entries that hold token ids.
    pub entries_with_tokens: u64,
    /// Token ids in all entries.
    pub tokens: u64,
}

/// A start or stop mark of the recording server.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Lifecycle<'a> {
    /// `start` or `stop`. A stop mark proves that the recording was closed.
    pub phase: &'a str,
    /// The server.
    pub instance_id: &'a str,
    /// Start time of the server's process (start mark only).
    pub incarnation: Option<u64>,
}

/// One entry of a batch.
#[derive(Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct CacheEntry<'a> {
    /// The chunk's hash in hex.
    pub chunk_hash_hex: &'a str,
    /// Name of the model.
    pub model_name: &'a str,
    /// As in [`ObjectKey`](super::ObjectKey).
    pub kv_rank: u64,
    /// As in [`ObjectKey`](super::ObjectKey).
    pub object_group_id: u64,
    /// The tenant's salt; empty where there is none.
    pub cache_salt: &'a str,
    /// Size of the object in bytes; 0 for accesses and deletes.
    pub size_bytes: u64,
    /// Position of the chunk's first token in the prompt; -1 where not told.
    pub token_offset: i64,
    /// How many token ids the entry holds.
    pub tokens: u64,
    token_ids: &'a [u8],
}

impl fmt::Debug for CacheEntry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Hashes, salts and token ids tell about prompts and tenants: not shown.
        f.debug_struct("CacheEntry")
            .field("model_name", &self.model_name)
            .field("size_bytes", &self.size_bytes)
            .field("token_offset", &self.token_offset)
            .field("tokens", &self.tokens)
            .finish_non_exhaustive()
    }
}

impl<'a> CacheEntry<'a> {
    /// The raw token ids of the chunk. **They are the user's prompt**: whoever has
    /// the tokenizer can read it. Nothing else in this crate hands them out.
    pub fn raw_token_ids(&self) -> TokenIds<'a> {
        let mut cursor = Cursor::new(self.token_ids, 0);
        let left = cursor.array_len().unwrap_or(0);
        TokenIds { cursor, left }
    }
}

/// Iterator over raw token ids. See [`CacheEntry::raw_token_ids`].
#[derive(Debug, Clone)]
pub struct TokenIds<'a> {
    cursor: Cursor<'a>,
    left: usize,
}

impl Iterator for TokenIds<'_> {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        self.left = self.left.checked_sub(1)?;
        self.cursor.int().ok()
    }
}

impl<'a, S: ArgSink<'a> + ?Sized> Decoder<'_, 'a, S> {
    pub(super) fn batch_field(
        &mut self,
        name: &'a [u8],
        at: Cursor<'a>,
        cursor: &mut Cursor<'a>,
        seen: &mut Seen,
    ) -> Result<(), DecodeError> {
        self.args.features.add(Feature::Events);
        let mut batch = self.args.batch.unwrap_or_default();
        match name {
            b"instance_id" => {
                seen.once("instance_id", 0, at)?;
                batch.instance_id = self.known(cursor, name, |_, c| c.str())?.unwrap_or("");
            }
            b"incarnation" => {
                seen.once("incarnation", 1, at)?;
                batch.incarnation = self.known(cursor, name, |_, c| c.uint())?.unwrap_or(0);
            }
            b"seq" => {
                seen.once("seq", 2, at)?;
                batch.seq = self.known(cursor, name, |_, c| c.uint())?.unwrap_or(0);
            }
            b"event_type" => {
                seen.once("event_type", 3, at)?;
                batch.event_type = self.known(cursor, name, |_, c| c.str())?.unwrap_or("");
            }
            b"tier" => {
                seen.once("tier", 4, at)?;
                batch.tier = self.known(cursor, name, |_, c| c.str())?.unwrap_or("");
            }
            b"backend" => {
                seen.once("backend", 5, at)?;
                batch.backend = self.known(cursor, name, |_, c| c.str())?.unwrap_or("");
            }
            b"shared" => {
                seen.once("shared", 6, at)?;
                batch.shared = self.known(cursor, name, |_, c| c.bool())?.unwrap_or(false);
            }
            b"ts" => {
                seen.once("ts", 7, at)?;
                batch.ts = self.known(cursor, name, |_, c| c.number())?.unwrap_or(f64::NAN);
            }
            b"capacity_bytes" => {
                seen.once("capacity_bytes", 8, at)?;
                batch.capacity_bytes = self.known(cursor, name, |_, c| c.uint())?.unwrap_or(0);
            }
            b"capacity_revision" => {
                seen.once("capacity_revision", 9, at)?;
                self.known(cursor, name, |_, c| c.uint())?;
            }
            b"entries" => {
                seen.once("entries", 10, at)?;
                self.args.batch = Some(batch);
                self.known(cursor, name, Self::entries)?;
                batch = self.args.batch.unwrap_or_default();
            }
            _ => self.unknown_value(UnknownKind::Argument, name, cursor)?,
        }
        self.args.batch = Some(batch);
        Ok(())
    }

    pub(super) fn lifecycle_field(
        &mut self,
        name: &'a [u8],
        at: Cursor<'a>,
        cursor: &mut Cursor<'a>,
        seen: &mut Seen,
    ) -> Result<(), DecodeError> {
        self.args.features.add(Feature::Events);
        let mut mark = self.args.lifecycle.unwrap_or_default();
        match name {
            b"phase" => {
                seen.once("phase", 0, at)?;
                mark.phase = self.known(cursor, name, |_, c| c.str())?.unwrap_or("");
            }
            b"instance_id" => {
                seen.once("instance_id", 1, at)?;
                mark.instance_id = self.known(cursor, name, |_, c| c.str())?.unwrap_or("");
            }
            b"incarnation" => {
                seen.once("incarnation", 2, at)?;
                mark.incarnation = self.known(cursor, name, |_, c| c.uint())?;
            }
            b"ip" => {
                seen.once("ip", 3, at)?;
                self.known(cursor, name, |_, c| c.str())?;
            }
            b"http_port" | b"mq_port" => {
                self.known(cursor, name, |_, c| c.uint())?;
            }
            _ => self.unknown_value(UnknownKind::Argument, name, cursor)?,
        }
        self.args.lifecycle = Some(mark);
        Ok(())
    }

    fn entries(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        for _ in 0..cursor.array_len()? {
            let Some(entry) = self.known(cursor, b"entries", Self::entry)? else { continue };
            if let Some(batch) = &mut self.args.batch {
                batch.entries += 1;
                batch.size_bytes = batch.size_bytes.saturating_add(entry.size_bytes);
                batch.tokens = batch.tokens.saturating_add(entry.tokens);
                batch.entries_with_tokens += u64::from(entry.tokens > 0);
            }
            self.sink.entry(entry);
        }
        Ok(())
    }

    fn entry(&mut self, cursor: &mut Cursor<'a>) -> Result<CacheEntry<'a>, DecodeError> {
        let start = *cursor;
        let mut seen = Seen::default();
        let mut entry = CacheEntry {
            chunk_hash_hex: "",
            model_name: "",
            kv_rank: 0,
            object_group_id: 0,
            cache_salt: "",
            size_bytes: 0,
            token_offset: -1,
            tokens: 0,
            token_ids: b"",
        };
        for _ in 0..cursor.map_len()? {
            let at = *cursor;
            match cursor.str_bytes()? {
                b"key" => {
                    seen.once("key", 0, at)?;
                    self.entry_key(cursor, &mut entry)?;
                }
                b"size_bytes" => {
                    seen.once("size_bytes", 1, at)?;
                    entry.size_bytes = cursor.uint()?;
                }
                b"token_ids" => {
                    seen.once("token_ids", 2, at)?;
                    if !cursor.accept_nil() {
                        let mut head = *cursor;
                        entry.tokens = head.array_len()? as u64;
                        entry.token_ids = cursor.skip()?;
                    }
                }
                b"token_offset" => {
                    seen.once("token_offset", 3, at)?;
                    entry.token_offset = cursor.int()?;
                }
                name => self.unknown_value(UnknownKind::Field, name, cursor)?,
            }
        }
        if seen.has(0) { Ok(entry) } else { Err(start.fault(DecodeErrorKind::MissingKey("key"))) }
    }

    fn entry_key(
        &mut self,
        cursor: &mut Cursor<'a>,
        entry: &mut CacheEntry<'a>,
    ) -> Result<(), DecodeError> {
        let mut seen = Seen::default();
        for _ in 0..cursor.map_len()? {
            let at = *cursor;
            match cursor.str_bytes()? {
                b"chunk_hash_hex" => {
                    seen.once("chunk_hash_hex", 0, at)?;
                    entry.chunk_hash_hex = cursor.str()?;
                }
                b"model_name" => {
                    seen.once("model_name", 1, at)?;
                    entry.model_name = cursor.str()?;
                }
                b"kv_rank" => {
                    seen.once("kv_rank", 2, at)?;
                    entry.kv_rank = cursor.uint()?;
                }
                b"object_group_id" => {
                    seen.once("object_group_id", 3, at)?;
                    entry.object_group_id = cursor.uint()?;
                }
                b"cache_salt" => {
                    seen.once("cache_salt", 4, at)?;
                    entry.cache_salt = cursor.str()?;
                }
                name => self.unknown_value(UnknownKind::Field, name, cursor)?,
            }
        }
        Ok(())
    }
}
