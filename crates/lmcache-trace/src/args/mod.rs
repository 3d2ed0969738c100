//! The arguments of a record, typed, whichever release wrote them.
//!
//! What a shape is, its content decides: LMCache 0.4.4 to 0.5.6 changed argument
//! names, codec tags and nesting under one and the same schema number. What this
//! module doesn't know is handed to [`ArgSink::unknown`] and stepped over.

mod events;
mod features;
mod key;
mod layout;
mod prefetch;
mod value;

pub use events::{Batch, CacheEntry, Lifecycle, TokenIds};
pub use features::{Feature, Features, ReleaseHint};
pub use key::{ObjectKey, Rank};
pub use layout::{Layout, TensorDesc};
pub use prefetch::PrefetchForm;
pub use value::{MAX_TREE_BYTES, ValueError};

use crate::cursor::{Cursor, DecodeError, DecodeErrorKind};
use crate::record::{Op, Record};

/// Receives what [`Record::decode`] finds, in the order of the file.
///
/// Every method has an empty body, so that a sink takes only what it wants.
pub trait ArgSink<'a> {
    /// An object key of a storage call.
    #[inline]
    fn key(&mut self, key: ObjectKey<'a>) {
        let _ = key;
    }

    /// A memory layout of a storage call; a prefetch has one for each key group.
    #[inline]
    fn layout(&mut self, layout: Layout<'a>) {
        let _ = layout;
    }

    /// An entry of a cache-event batch.
    #[inline]
    fn entry(&mut self, entry: CacheEntry<'a>) {
        let _ = entry;
    }

    /// Something in the arguments that this crate does not know.
    #[inline]
    fn unknown(&mut self, unknown: Unknown<'a>) {
        let _ = unknown;
    }
}

/// Takes nothing: for callers that want the [`Args`] alone.
impl ArgSink<'_> for () {}

/// What kind of thing is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UnknownKind {
    /// An operation's qualified name.
    Qualname,
    /// An argument's name.
    Argument,
    /// A field within a typed value.
    Field,
    /// A codec tag.
    Tag,
    /// A value of another type than this place had in the known releases.
    Type,
}

impl UnknownKind {
    /// A short stable name.
    pub fn code(self) -> &'static str {
        match self {
            UnknownKind::Qualname => "qualname",
            UnknownKind::Argument => "argument",
            UnknownKind::Field => "field",
            UnknownKind::Tag => "tag",
            UnknownKind::Type => "type",
        }
    }
}

/// Something in a record that this crate does not know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unknown<'a> {
    /// What kind of thing.
    pub kind: UnknownKind,
    /// Its name in the file: bytes, since nothing says that they are UTF-8.
    pub name: &'a [u8],
    /// File offset of the value.
    pub offset: u64,
}

/// The arguments of one call, without its keys (those go to the sink).
///
/// A field is `None` where the record does not have it: because the operation has
/// no such argument, or because the release that wrote it had not.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Args<'a> {
    /// Number of object keys, over all groups.
    pub keys: u64,
    /// Number of key groups of a prefetch (rows of one object group and KV rank).
    pub groups: u64,
    /// `mode` of `reserve_write` (0.4.4 to 0.5.5): `new` or `update`.
    pub mode: Option<&'a str>,
    /// `external_request_id` of a prefetch: the serving engine's request id.
    pub external_request_id: Option<&'a str>,
    /// `skip_l2` of a prefetch (0.5.0 and newer).
    pub skip_l2: Option<bool>,
    /// Retention or fetching policy of a prefetch (0.4.7 and newer).
    pub policy: Option<&'a str>,
    /// Lock mode of a prefetch: `LOCK` or `NO_LOCK` (0.5.1 and newer).
    pub lock_mode: Option<&'a str>,
    /// Pins that a prefetch takes on each key it finds: `num_kv_readers`
    /// (0.5.5 and newer) or `extra_count` + 1.
    pub readers: Option<u64>,
    /// Pins given back on each key: `read_locks` (0.5.5 and newer) or
    /// `extra_count` + 1.
    pub read_locks: Option<u64>,
    /// In which form the prefetch was written.
    pub prefetch_form: Option<PrefetchForm>,
    /// A batch of cache events.
    pub batch: Option<Batch<'a>>,
    /// A start or stop mark of the recording server.
    pub lifecycle: Option<Lifecycle<'a>>,
    /// What the shape tells about the release.
    pub features: Features,
    /// How many unknown things were handed to the sink.
    pub unknown: u64,
}

impl<'a> Record<'a> {
    /// Decodes the arguments: keys, layouts and entries go to `sink`, the rest is
    /// returned. Single pass, without an allocation.
    ///
    /// Fails where the arguments are not well-formed MessagePack or have a map key
    /// twice; keys that were found before that have then been handed over.
    ///
    /// ```
    /// use lmcache_trace::{ArgSink, ObjectKey, SliceReader, Step};
    ///
    /// struct Count(u64);
    /// impl<'a> ArgSink<'a> for Count {
    ///     fn key(&mut self, key: ObjectKey<'a>) {
    ///         assert_eq!(key.chunk_hash.len(), 32);
    ///         self.0 += 1;
    ///     }
    /// }
    ///
    /// let data = lmcache_trace::example_trace();
    /// let mut count = Count(0);
    /// for step in SliceReader::new(&data)? {
    ///     if let Step::Record(record) = step {
    ///         let args = record.decode(&mut count).expect("well-formed");
    ///         assert_eq!(args.unknown, 0);
    ///     }
    /// }
    /// assert_eq!(count.0, 2);
    /// # Ok::<(), lmcache_trace::TraceError>(())
    /// ```
    #[inline]
    pub fn decode<S: ArgSink<'a> + ?Sized>(&self, sink: &mut S) -> Result<Args<'a>, DecodeError> {
        let mut decoder = Decoder { sink, args: Args::default(), model: "" };
        let mut cursor = self.args_cursor();
        if self.op == Op::Other {
            decoder.unknown(UnknownKind::Qualname, self.qualname().as_bytes(), self.offset);
            // The value has to be well-formed all the same.
            cursor.skip()?;
        } else {
            decoder.call(self.op, &mut cursor)?;
        }
        cursor.finish()?;
        Ok(decoder.args)
    }

    /// Hands every object key to `f`. See [`Record::decode`].
    pub fn for_each_key(&self, f: impl FnMut(ObjectKey<'a>)) -> Result<Args<'a>, DecodeError> {
        struct Each<F>(F);
        impl<'a, F: FnMut(ObjectKey<'a>)> ArgSink<'a> for Each<F> {
            #[inline]
            fn key(&mut self, key: ObjectKey<'a>) {
                (self.0)(key);
            }
        }
        self.decode(&mut Each(f))
    }
}

struct Decoder<'s, 'a, S: ?Sized> {
    sink: &'s mut S,
    args: Args<'a>,
    /// The last model name: the same name need not be checked for UTF-8 again.
    model: &'a str,
}

impl<'a, S: ArgSink<'a> + ?Sized> Decoder<'_, 'a, S> {
    #[cold]
    #[inline(never)]
    fn unknown(&mut self, kind: UnknownKind, name: &'a [u8], offset: u64) {
        self.args.unknown += 1;
        self.sink.unknown(Unknown { kind, name, offset });
    }

    /// Runs `read`; where the value has another shape than it expects, steps over
    /// the value and reports it as unknown.
    #[inline]
    fn known<T>(
        &mut self,
        cursor: &mut Cursor<'a>,
        name: &'a [u8],
        read: impl FnOnce(&mut Self, &mut Cursor<'a>) -> Result<T, DecodeError>,
    ) -> Result<Option<T>, DecodeError> {
        let start = *cursor;
        match read(self, cursor) {
            Ok(value) => Ok(Some(value)),
            Err(error) => {
                self.recover(cursor, start, name, error)?;
                Ok(None)
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn recover(
        &mut self,
        cursor: &mut Cursor<'a>,
        start: Cursor<'a>,
        name: &'a [u8],
        error: DecodeError,
    ) -> Result<(), DecodeError> {
        match error.kind {
            DecodeErrorKind::WrongType { .. }
            | DecodeErrorKind::IntegerRange
            | DecodeErrorKind::MissingKey(_) => {
                *cursor = start;
                cursor.skip()?;
                self.unknown(UnknownKind::Type, name, error.offset);
                Ok(())
            }
            _ => Err(error),
        }
    }

    #[inline]
    fn call(&mut self, op: Op, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let start = *cursor;
        let pairs = match cursor.map_len() {
            Ok(pairs) => pairs,
            Err(error) => return self.recover(cursor, start, b"args", error),
        };
        let mut seen = Seen::default();
        for _ in 0..pairs {
            let at = *cursor;
            let Ok(name) = cursor.str_bytes() else {
                *cursor = at;
                cursor.skip()?;
                cursor.skip()?;
                self.unknown(UnknownKind::Argument, b"", at.offset());
                continue;
            };
            match (op, name) {
                (Op::EventsBatch, _) => self.batch_field(name, at, cursor, &mut seen)?,
                (Op::EventsLifecycle, _) => self.lifecycle_field(name, at, cursor, &mut seen)?,
                (_, b"keys") => {
                    seen.once("keys", 0, at)?;
                    self.known(cursor, name, Self::keys)?;
                }
                (Op::ReserveWrite | Op::SubmitPrefetchTask, b"layout_desc") => {
                    seen.once("layout_desc", 1, at)?;
                    self.known(cursor, name, Self::layout)?;
                }
                (Op::ReserveWrite, b"mode") => {
                    seen.once("mode", 2, at)?;
                    self.args.features.add(Feature::ReserveMode);
                    self.args.mode = self.known(cursor, name, |_, c| name_or_tag(c))?;
                }
                (Op::FinishReadPrefetched, b"read_locks") => {
                    seen.once("read_locks", 3, at)?;
                    self.args.features.add(Feature::FinishReadLocks);
                    self.args.read_locks = self.known(cursor, name, |_, c| c.uint())?;
                }
                (Op::FinishReadPrefetched, b"extra_count") => {
                    seen.once("extra_count", 4, at)?;
                    self.args.features.add(Feature::FinishExtraCount);
                    let extra = self.known(cursor, name, |_, c| c.uint())?;
                    self.args.read_locks = extra.map(|n| n.saturating_add(1));
                }
                (Op::SubmitPrefetchTask, _) => self.submit_field(name, at, cursor, &mut seen)?,
                _ => self.unknown_value(UnknownKind::Argument, name, cursor)?,
            }
        }
        if op == Op::ReserveWrite && self.args.mode.is_none() && seen.has(0) {
            self.args.features.add(Feature::ReserveNoMode);
        }
        if op == Op::SubmitPrefetchTask {
            self.settle_submit();
        }
        Ok(())
    }

    /// Steps over a value that belongs to an unknown name.
    #[cold]
    #[inline(never)]
    fn unknown_value(
        &mut self,
        kind: UnknownKind,
        name: &'a [u8],
        cursor: &mut Cursor<'a>,
    ) -> Result<(), DecodeError> {
        let offset = cursor.offset();
        cursor.skip()?;
        self.unknown(kind, name, offset);
        Ok(())
    }
}

/// A text, bare or as the value of an enum's codec tag.
#[inline]
fn name_or_tag<'a>(cursor: &mut Cursor<'a>) -> Result<&'a str, DecodeError> {
    untag(cursor)?;
    let start = *cursor;
    Ok(match cursor.str_bytes()? {
        // What the releases write; compared, they need no check for UTF-8.
        b"prefix" => "prefix",
        b"LOCK" => "LOCK",
        b"new" => "new",
        name => std::str::from_utf8(name).map_err(|_| start.fault(DecodeErrorKind::InvalidUtf8))?,
    })
}

/// Steps over a codec wrapper's head, `{"__t__": TAG, "v": `, and returns the tag;
/// stays where the value is not wrapped.
#[inline]
fn untag<'a>(cursor: &mut Cursor<'a>) -> Result<Option<&'a [u8]>, DecodeError> {
    if cursor.accept(b"\x82\xa5__t__") {
        let tag = cursor.str_bytes()?;
        if cursor.accept(b"\xa1v") {
            return Ok(Some(tag));
        }
        return Err(cursor.fault(DecodeErrorKind::MissingKey("v")));
    }
    Ok(None)
}

/// Which known names of a map have been met.
#[derive(Debug, Clone, Copy, Default)]
struct Seen(u32);

impl Seen {
    #[inline]
    fn once(&mut self, name: &'static str, bit: u32, at: Cursor<'_>) -> Result<(), DecodeError> {
        let mask = 1_u32 << (bit & 31);
        if self.0 & mask != 0 {
            return Err(at.fault(DecodeErrorKind::DuplicateKey(name)));
        }
        self.0 |= mask;
        Ok(())
    }

    #[inline]
    fn has(self, bit: u32) -> bool {
        self.0 & (1 << (bit & 31)) != 0
    }
}
