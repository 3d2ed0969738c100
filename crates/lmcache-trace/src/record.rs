//! One record: a call of the storage manager, or one batch of cache events.

use std::fmt;

use crate::cursor::{Cursor, DecodeError, DecodeErrorKind};
use crate::frame::PREFIX;

/// What every qualified name of a traced storage call starts with (0.4.4 to 0.5.6).
const MANAGER: &[u8] = b"lmcache.v1.distributed.storage_manager.StorageManager.";

/// The operation that a record is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Op {
    /// `reserve_write`: room in L1 is asked for, for each key. Not every key gets it.
    ReserveWrite,
    /// `finish_write`: the keys that got room have been written.
    FinishWrite,
    /// `submit_prefetch_task`: a lookup, which pins the keys it finds and loads
    /// those that are only in L2.
    SubmitPrefetchTask,
    /// `read_prefetched_results`, entered.
    ReadEnter,
    /// `read_prefetched_results`, left.
    ReadExit,
    /// `finish_read_prefetched`: the pins of these keys are given back.
    FinishReadPrefetched,
    /// `events.batch`: cache events of one kind (level events).
    EventsBatch,
    /// `events.lifecycle`: start or stop of the recording server (level events).
    EventsLifecycle,
    /// A qualified name that this crate does not know.
    Other,
}

impl Op {
    /// All known operations.
    pub const KNOWN: [Op; 8] = [
        Op::ReserveWrite,
        Op::FinishWrite,
        Op::SubmitPrefetchTask,
        Op::ReadEnter,
        Op::ReadExit,
        Op::FinishReadPrefetched,
        Op::EventsBatch,
        Op::EventsLifecycle,
    ];

    /// The qualified name that LMCache writes; empty for [`Op::Other`].
    pub fn qualname(self) -> &'static str {
        match self {
            Op::ReserveWrite => {
                "lmcache.v1.distributed.storage_manager.StorageManager.reserve_write"
            }
            Op::FinishWrite => "lmcache.v1.distributed.storage_manager.StorageManager.finish_write",
            Op::SubmitPrefetchTask => {
                "lmcache.v1.distributed.storage_manager.StorageManager.submit_prefetch_task"
            }
            Op::ReadEnter => {
                "lmcache.v1.distributed.storage_manager.StorageManager.read_prefetched_results.__enter__"
            }
            Op::ReadExit => {
                "lmcache.v1.distributed.storage_manager.StorageManager.read_prefetched_results.__exit__"
            }
            Op::FinishReadPrefetched => {
                "lmcache.v1.distributed.storage_manager.StorageManager.finish_read_prefetched"
            }
            Op::EventsBatch => "events.batch",
            Op::EventsLifecycle => "events.lifecycle",
            Op::Other => "",
        }
    }

    /// A short name for tables, such as `read_prefetched_results.enter`.
    pub fn short(self) -> &'static str {
        match self {
            Op::ReserveWrite => "reserve_write",
            Op::FinishWrite => "finish_write",
            Op::SubmitPrefetchTask => "submit_prefetch_task",
            Op::ReadEnter => "read_prefetched_results.enter",
            Op::ReadExit => "read_prefetched_results.exit",
            Op::FinishReadPrefetched => "finish_read_prefetched",
            Op::EventsBatch => "events.batch",
            Op::EventsLifecycle => "events.lifecycle",
            Op::Other => "other",
        }
    }

    /// The operation of a short name, or of a qualified one.
    ///
    /// ```
    /// use lmcache_trace::Op;
    /// assert_eq!(Op::named("finish_write"), Some(Op::FinishWrite));
    /// assert_eq!(Op::named("read_prefetched_results.__enter__"), Some(Op::ReadEnter));
    /// assert_eq!(Op::named("nothing"), None);
    /// ```
    pub fn named(name: &str) -> Option<Op> {
        if let Some(op) = Op::KNOWN.into_iter().find(|op| op.short() == name) {
            return Some(op);
        }
        match Op::of(name.as_bytes()) {
            Op::Other => match Op::of_method(name.as_bytes()) {
                Op::Other => None,
                op => Some(op),
            },
            op => Some(op),
        }
    }

    #[inline]
    fn of(qualname: &[u8]) -> Op {
        match qualname.strip_prefix(MANAGER) {
            Some(method) => Op::of_method(method),
            None => match qualname {
                b"events.batch" => Op::EventsBatch,
                b"events.lifecycle" => Op::EventsLifecycle,
                _ => Op::Other,
            },
        }
    }

    #[inline]
    fn of_method(method: &[u8]) -> Op {
        match method {
            b"reserve_write" => Op::ReserveWrite,
            b"finish_write" => Op::FinishWrite,
            b"submit_prefetch_task" => Op::SubmitPrefetchTask,
            b"read_prefetched_results.__enter__" => Op::ReadEnter,
            b"read_prefetched_results.__exit__" => Op::ReadExit,
            b"finish_read_prefetched" => Op::FinishReadPrefetched,
            _ => Op::Other,
        }
    }
}

/// One record, borrowed from its frame. Its arguments are decoded on demand:
/// [`Record::decode`] for the known shapes, [`Record::args_value`] for a tree.
#[derive(Clone, Copy)]
pub struct Record<'a> {
    /// Position among the records of the file, from 0.
    pub index: u64,
    /// File offset of the frame (its length field).
    pub offset: u64,
    /// Seconds since the header's `t_mono_start`, by the monotonic clock, when the
    /// call was published. May be NaN or infinite in a damaged file.
    pub t_mono: f64,
    /// Seconds since 1970 when the call was published.
    pub t_wall: f64,
    /// Which operation.
    pub op: Op,
    /// Fields of the record beside the five known ones.
    pub unknown_fields: u32,
    qualname: &'a str,
    args: &'a [u8],
    args_offset: u64,
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Arguments may hold prompts' token ids and keys: they are not shown.
        f.debug_struct("Record")
            .field("index", &self.index)
            .field("offset", &self.offset)
            .field("t_mono", &self.t_mono)
            .field("t_wall", &self.t_wall)
            .field("qualname", &self.qualname)
            .field("args_bytes", &self.args.len())
            .finish_non_exhaustive()
    }
}

impl<'a> Record<'a> {
    /// The qualified name as it is in the file.
    #[inline]
    pub fn qualname(&self) -> &'a str {
        self.qualname
    }

    /// The arguments as they are in the file: one MessagePack value.
    #[inline]
    pub fn args(&self) -> &'a [u8] {
        self.args
    }

    /// A cursor at the arguments.
    #[inline]
    pub fn args_cursor(&self) -> Cursor<'a> {
        Cursor::new(self.args, self.args_offset)
    }

    /// Whether both times are finite.
    pub fn has_finite_times(&self) -> bool {
        self.t_mono.is_finite() && self.t_wall.is_finite()
    }

    /// Rebuilds a record from its frame's body and the decoded head.
    #[inline]
    pub(crate) fn from_head(head: &Head, body: &'a [u8], offset: u64, index: u64) -> Self {
        let qualname = body.get(head.qualname.0..head.qualname.1).unwrap_or_default();
        let qualname = match head.op {
            // The bytes were compared with this very text.
            op if op != Op::Other => op.qualname(),
            // They were checked when the head was decoded.
            _ => std::str::from_utf8(qualname).unwrap_or_default(),
        };
        Record {
            index,
            offset,
            t_mono: head.t_mono,
            t_wall: head.t_wall,
            op: head.op,
            unknown_fields: head.unknown_fields,
            qualname,
            args: body.get(head.args.0..head.args.1).unwrap_or_default(),
            args_offset: offset.saturating_add(PREFIX as u64).saturating_add(head.args.0 as u64),
        }
    }
}

/// The decoded head of a record; places are offsets in the frame's body, so that
/// a reader can hand out the record after it has let go of the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Head {
    t_mono: f64,
    t_wall: f64,
    op: Op,
    qualname: (usize, usize),
    args: (usize, usize),
    unknown_fields: u32,
}

impl Head {
    /// Decodes a frame's body that starts at `offset` of the file.
    #[inline]
    pub(crate) fn decode(body: &[u8], offset: u64) -> Result<Head, DecodeError> {
        match Head::decode_usual(body, offset) {
            Some(head) => Ok(head),
            None => Head::decode_any(body, offset),
        }
    }

    /// The field order and number formats that LMCache's recorder writes. The
    /// arguments are the rest of the body; their end is checked when they are decoded.
    #[inline]
    fn decode_usual(body: &[u8], offset: u64) -> Option<Head> {
        let mut cursor = Cursor::new(body, offset);
        if !cursor.accept(b"\x85\xa4type\xa6record\xa6t_mono") {
            return None;
        }
        let t_mono = cursor.number().ok()?;
        if !cursor.accept(b"\xa6t_wall") {
            return None;
        }
        let t_wall = cursor.number().ok()?;
        if !cursor.accept(b"\xa8qualname") {
            return None;
        }
        let name = cursor.str_bytes().ok()?;
        let name_end = body.len() - cursor.rest().len();
        if !cursor.accept(b"\xa4args") {
            return None;
        }
        let op = Op::of(name);
        if op == Op::Other && std::str::from_utf8(name).is_err() {
            return None;
        }
        Some(Head {
            t_mono,
            t_wall,
            op,
            qualname: (name_end - name.len(), name_end),
            args: (body.len() - cursor.rest().len(), body.len()),
            unknown_fields: 0,
        })
    }

    /// Any order of fields, with every check.
    #[cold]
    #[inline(never)]
    fn decode_any(body: &[u8], offset: u64) -> Result<Head, DecodeError> {
        const NAMES: [&str; 5] = ["type", "t_mono", "t_wall", "qualname", "args"];
        let start = Cursor::new(body, offset);
        let mut cursor = start;
        let mut seen = [false; 5];
        let mut head = Head {
            t_mono: f64::NAN,
            t_wall: f64::NAN,
            op: Op::Other,
            qualname: (0, 0),
            args: (0, 0),
            unknown_fields: 0,
        };
        for _ in 0..cursor.map_len()? {
            let at = cursor;
            // Keys that are not text belong to no field of ours.
            let Ok(key) = cursor.str_bytes() else {
                cursor = at;
                cursor.skip()?;
                cursor.skip()?;
                head.unknown_fields += 1;
                continue;
            };
            let Some(field) = NAMES.iter().position(|name| name.as_bytes() == key) else {
                cursor.skip()?;
                head.unknown_fields += 1;
                continue;
            };
            if let Some(slot) = seen.get_mut(field) {
                if *slot {
                    let name = NAMES.get(field).copied().unwrap_or("");
                    return Err(at.fault(DecodeErrorKind::DuplicateKey(name)));
                }
                *slot = true;
            }
            let value = cursor;
            match field {
                0 => match cursor.str_bytes()? {
                    b"record" => {}
                    b"header" => return Err(value.fault(DecodeErrorKind::UnexpectedHeader)),
                    _ => return Err(value.fault(DecodeErrorKind::UnknownFrameType)),
                },
                1 => head.t_mono = cursor.number()?,
                2 => head.t_wall = cursor.number()?,
                3 => {
                    let name = cursor.str()?;
                    let end = body.len() - cursor.rest().len();
                    head.op = Op::of(name.as_bytes());
                    head.qualname = (end - name.len(), end);
                }
                _ => {
                    let begin = body.len() - cursor.rest().len();
                    cursor.skip()?;
                    head.args = (begin, body.len() - cursor.rest().len());
                }
            }
        }
        cursor.finish()?;
        match seen.iter().position(|found| !found) {
            Some(field) => {
                let name = NAMES.get(field).copied().unwrap_or("");
                Err(start.fault(DecodeErrorKind::MissingKey(name)))
            }
            None => Ok(head),
        }
    }

    /// Whether the arguments are one whole value that ends where they should.
    pub(crate) fn check_args(&self, body: &[u8], offset: u64) -> Result<(), DecodeError> {
        let args = body.get(self.args.0..self.args.1).unwrap_or_default();
        let mut cursor = Cursor::new(args, offset.saturating_add(self.args.0 as u64));
        cursor.skip()?;
        cursor.finish()
    }
}
