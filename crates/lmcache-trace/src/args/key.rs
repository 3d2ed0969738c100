//! Object keys: what names one chunk of KV cache of one rank.

use std::fmt;

use super::{ArgSink, Decoder, Feature, Seen, UnknownKind, untag};
use crate::cursor::{Cursor, DecodeError, DecodeErrorKind};

/// The name of one object in the storage manager, borrowed from a record.
///
/// Traces of no release hold the cache salt, so that keys of different tenants
/// with equal tokens look alike in a storage trace (LMCache 0.4.4 to 0.5.6).
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ObjectKey<'a> {
    /// Hash of the chunk's tokens and of all before them; 32 bytes in practice.
    pub chunk_hash: &'a [u8],
    /// Name of the model.
    pub model_name: &'a str,
    /// World size, global rank, local world size and local rank, a byte each from
    /// the top: see [`ObjectKey::rank`].
    pub kv_rank: u64,
    /// Object group (0.4.7 and newer; 0 before).
    pub object_group_id: u64,
}

impl fmt::Debug for ObjectKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A chunk hash proves what a prompt was: it is not shown.
        f.debug_struct("ObjectKey")
            .field("chunk_hash_bytes", &self.chunk_hash.len())
            .field("model_name", &self.model_name)
            .field("kv_rank", &format_args!("{:#x}", self.kv_rank))
            .field("object_group_id", &self.object_group_id)
            .finish()
    }
}

/// The parts of a `kv_rank` (packed so by LMCache 0.4.4 to 0.5.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Rank {
    /// Number of workers (tensor and pipeline parallel together).
    pub world_size: u8,
    /// This worker among all.
    pub global_rank: u8,
    /// Number of workers on this node.
    pub local_world_size: u8,
    /// This worker on this node.
    pub local_rank: u8,
}

impl ObjectKey<'_> {
    /// The parts of `kv_rank`; nothing where it does not fit the packing.
    pub fn rank(&self) -> Option<Rank> {
        let [world_size, global_rank, local_world_size, local_rank] =
            u32::try_from(self.kv_rank).ok()?.to_be_bytes();
        Some(Rank { world_size, global_rank, local_world_size, local_rank })
    }

    /// A 64-bit fingerprint of all four fields. Two different keys share one with a
    /// probability of about n² / 2⁶⁵ among n keys. Stable across runs and machines.
    #[inline]
    pub fn fingerprint(&self) -> u64 {
        self.fingerprint_after(self.owner_fingerprint())
    }

    /// The part of the fingerprint that is the same for all chunks of one model,
    /// rank and group.
    #[inline]
    pub(crate) fn owner_fingerprint(&self) -> u64 {
        let state = mix(self.kv_rank ^ 0x9e37_79b9_7f4a_7c15, self.object_group_id);
        fold(state, self.model_name.as_bytes())
    }

    /// The fingerprint, given [`ObjectKey::owner_fingerprint`].
    #[inline]
    pub(crate) fn fingerprint_after(&self, owner: u64) -> u64 {
        fold(owner, self.chunk_hash)
    }

    /// A fingerprint of the chunk hash alone: the same for all ranks and groups
    /// that hold a part of one chunk.
    #[inline]
    pub fn chunk_fingerprint(&self) -> u64 {
        fold(0x2545_f491_4f6c_dd1d, self.chunk_hash)
    }
}

/// Multiplies two words to 128 bits and folds the halves together.
#[inline]
fn mix(a: u64, b: u64) -> u64 {
    let wide = u128::from(a ^ 0xa076_1d64_78bd_642f) * u128::from(b ^ 0xe703_7ed1_a0b4_28db);
    let [low, high] = [wide & u128::from(u64::MAX), wide >> 64]
        .map(|half| u64::try_from(half).unwrap_or_default());
    low ^ high
}

/// Folds bytes into a state, sixteen at a time.
#[inline]
fn fold(mut state: u64, bytes: &[u8]) -> u64 {
    let (blocks, tail) = bytes.as_chunks::<16>();
    for block in blocks {
        state = mix_block(state, block);
    }
    if !tail.is_empty() {
        let mut block = [0_u8; 16];
        if let Some(head) = block.get_mut(..tail.len()) {
            head.copy_from_slice(tail);
        }
        state = mix_block(state, &block);
    }
    mix(state, bytes.len() as u64)
}

#[inline]
fn mix_block(state: u64, block: &[u8; 16]) -> u64 {
    let wide = u128::from_le_bytes(*block);
    let [low, high] = [wide & u128::from(u64::MAX), wide >> 64]
        .map(|half| u64::try_from(half).unwrap_or_default());
    mix(state ^ low, high ^ state.rotate_left(32))
}

impl<'a, S: ArgSink<'a> + ?Sized> Decoder<'_, 'a, S> {
    /// A list of object keys; a tuple or a set of them as well.
    #[inline]
    pub(super) fn keys(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let offset = cursor.offset();
        match untag(cursor)? {
            None | Some(b"tuple" | b"set") => {}
            Some(tag) => return self.unknown_value_at(tag, offset, cursor),
        }
        for _ in 0..cursor.array_len()? {
            let key = match self.key_usual(*cursor) {
                Some((key, after)) => {
                    *cursor = after;
                    key
                }
                None => match self.key_any(cursor)? {
                    Some(key) => key,
                    None => continue,
                },
            };
            self.args.keys += 1;
            self.sink.key(key);
        }
        Ok(())
    }

    #[cold]
    fn unknown_value_at(
        &mut self,
        tag: &'a [u8],
        offset: u64,
        cursor: &mut Cursor<'a>,
    ) -> Result<(), DecodeError> {
        cursor.skip()?;
        self.unknown(UnknownKind::Tag, tag, offset);
        Ok(())
    }

    /// A key in the field order that LMCache writes, or nothing.
    #[inline]
    fn key_usual(&mut self, mut cursor: Cursor<'a>) -> Option<(ObjectKey<'a>, Cursor<'a>)> {
        let grouped = if cursor.accept(b"\x82\xa5__t__\xa9ObjectKey\xa1v\x84\xaachunk_hash\xc4\x20")
        {
            true
        } else if cursor.accept(b"\x82\xa5__t__\xa9ObjectKey\xa1v\x83\xaachunk_hash\xc4\x20") {
            false
        } else {
            return None;
        };
        let (chunk_hash, rest) = cursor.rest().split_at_checked(32)?;
        let mut cursor = Cursor::new(rest, cursor.offset().saturating_add(32));
        if !cursor.accept(b"\xaamodel_name") {
            return None;
        }
        let model_name = self.model(cursor.str_bytes().ok()?)?;
        if !cursor.accept(b"\xa7kv_rank") {
            return None;
        }
        let kv_rank = cursor.uint().ok()?;
        let object_group_id = if grouped {
            if !cursor.accept(b"\xafobject_group_id") {
                return None;
            }
            cursor.uint().ok()?
        } else {
            0
        };
        self.args.features.add(if grouped { Feature::KeyGroup } else { Feature::KeyNoGroup });
        Some((ObjectKey { chunk_hash, model_name, kv_rank, object_group_id }, cursor))
    }

    /// The model's name; checked for UTF-8 only where it differs from the last one.
    #[inline]
    fn model(&mut self, name: &'a [u8]) -> Option<&'a str> {
        if self.model.as_bytes() != name {
            self.model = std::str::from_utf8(name).ok()?;
        }
        Some(self.model)
    }

    /// A key in any field order, with every check; nothing where it is not one.
    #[cold]
    #[inline(never)]
    fn key_any(&mut self, cursor: &mut Cursor<'a>) -> Result<Option<ObjectKey<'a>>, DecodeError> {
        let offset = cursor.offset();
        match cursor.clone_untag()? {
            Some((b"ObjectKey", inner)) => *cursor = inner,
            Some((tag, inner)) => {
                *cursor = inner;
                self.unknown_value_at(tag, offset, cursor)?;
                return Ok(None);
            }
            None => {
                cursor.skip()?;
                self.unknown(UnknownKind::Type, b"keys", offset);
                return Ok(None);
            }
        }
        self.known(cursor, b"ObjectKey", Self::key_fields)
    }

    fn key_fields(&mut self, cursor: &mut Cursor<'a>) -> Result<ObjectKey<'a>, DecodeError> {
        let start = *cursor;
        let mut seen = Seen::default();
        let mut key = ObjectKey { chunk_hash: b"", model_name: "", kv_rank: 0, object_group_id: 0 };
        for _ in 0..cursor.map_len()? {
            let at = *cursor;
            match cursor.str_bytes()? {
                b"chunk_hash" => {
                    seen.once("chunk_hash", 0, at)?;
                    key.chunk_hash = cursor.bin()?;
                }
                b"model_name" => {
                    seen.once("model_name", 1, at)?;
                    key.model_name = cursor.str()?;
                }
                b"kv_rank" => {
                    seen.once("kv_rank", 2, at)?;
                    key.kv_rank = cursor.uint()?;
                }
                b"object_group_id" => {
                    seen.once("object_group_id", 3, at)?;
                    key.object_group_id = cursor.uint()?;
                }
                name => self.unknown_value(UnknownKind::Field, name, cursor)?,
            }
        }
        for (bit, name) in ["chunk_hash", "model_name", "kv_rank"].into_iter().enumerate() {
            if !seen.has(u32::try_from(bit).unwrap_or_default()) {
                return Err(start.fault(DecodeErrorKind::MissingKey(name)));
            }
        }
        let grouped = seen.has(3);
        self.args.features.add(if grouped { Feature::KeyGroup } else { Feature::KeyNoGroup });
        Ok(key)
    }
}

impl<'a> Cursor<'a> {
    /// The tag of the next value and a cursor at what it wraps; the cursor stays.
    fn clone_untag(&self) -> Result<Option<(&'a [u8], Cursor<'a>)>, DecodeError> {
        let mut inner = *self;
        Ok(untag(&mut inner)?.map(|tag| (tag, inner)))
    }
}
