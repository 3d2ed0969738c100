//! Reading a trace that is in memory, without a copy.

use crate::error::{Foreign, TraceError};
use crate::frame::{self, Framing, PREFIX};
use crate::header::{self, Header, MAX_HEADER};
use crate::issue::Issue;
use crate::record::Record;
use crate::resync::{Advance, Machine};

/// Longest frame that is read unless [`ReadOptions`] says otherwise, in bytes.
/// A record of LMCache takes about 140 bytes a key, so this is half a million keys.
pub const MAX_FRAME: usize = 64 << 20;

/// How to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReadOptions {
    /// Longest frame that is read, in bytes; a longer one is an issue. The stream
    /// reader's memory is the largest frame that really occurs, up to this.
    pub max_frame: usize,
    /// Read a trace of an unknown format version as far as its shape allows.
    pub force: bool,
}

impl Default for ReadOptions {
    fn default() -> Self {
        ReadOptions { max_frame: MAX_FRAME, force: false }
    }
}

impl ReadOptions {
    /// These options with `force` set.
    #[must_use]
    pub fn forced(mut self, force: bool) -> Self {
        self.force = force;
        self
    }

    /// These options with another frame limit.
    #[must_use]
    pub fn with_max_frame(mut self, max_frame: usize) -> Self {
        self.max_frame = max_frame;
        self
    }
}

/// What a reader yields: a record, or a fault that did not stop it.
#[derive(Debug, Clone, Copy)]
pub enum Step<'a> {
    /// A record.
    Record(Record<'a>),
    /// A fault, with its place.
    Issue(Issue),
}

/// What the start of a trace tells.
#[derive(Debug)]
pub(crate) enum Opening {
    /// The header, and how many bytes it took.
    Header(Header, usize),
    /// Provide this many bytes in all.
    Need(usize),
}

/// Reads the header off the first bytes of a trace.
pub(crate) fn open(window: &[u8], last: bool, force: bool) -> Result<Opening, TraceError> {
    if window.is_empty() && last {
        return Err(TraceError::Empty);
    }
    // What is at hand decides nothing: the same bytes get the same answer, in however
    // many pieces they come.
    if window.len() < START && !last {
        return Ok(Opening::Need(START));
    }
    let body_seen = window.get(PREFIX..).unwrap_or_default();
    let foreign = header::foreign(window.get(..START).unwrap_or(window));
    match frame::split(window, MAX_HEADER) {
        Framing::Whole(body) => match Header::decode(body, force) {
            Ok(header) => Ok(Opening::Header(header, PREFIX + body.len())),
            // The start of the file tells better what it is than the body does.
            Err(TraceError::NotATrace(Foreign::Unknown)) => Err(TraceError::NotATrace(foreign)),
            Err(error) => Err(error),
        },
        Framing::Incomplete { need, .. } if !last => Ok(Opening::Need(need)),
        Framing::Incomplete { len: Some(want), .. } if header::looks_like_header(body_seen) => {
            Err(TraceError::TornHeader { have: body_seen.len() as u64, want })
        }
        Framing::Overlong(len) if header::looks_like_header(body_seen) && body_seen.len() > 13 => {
            Err(TraceError::OverlongHeader { len, limit: MAX_HEADER as u64 })
        }
        _ => Err(TraceError::NotATrace(foreign)),
    }
}

/// Bytes by which a file that is no trace is judged.
const START: usize = PREFIX + 64;

/// Reads a trace that is in memory; records borrow from it.
///
/// A record's head is checked when it is read, its arguments when they are decoded
/// ([`Record::decode`]).
///
/// ```
/// use lmcache_trace::{Op, SliceReader, Step};
///
/// let data = lmcache_trace::example_trace();
/// let mut reader = SliceReader::new(&data)?;
/// assert_eq!(reader.header().level.as_str(), "storage");
/// let mut writes = 0;
/// for step in &mut reader {
///     match step {
///         Step::Record(record) if record.op == Op::ReserveWrite => writes += 1,
///         Step::Record(_) => {}
///         Step::Issue(issue) => eprintln!("{issue}"),
///     }
/// }
/// assert_eq!(writes, 1);
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
#[derive(Debug, Clone)]
pub struct SliceReader<'a> {
    header: Header,
    data: &'a [u8],
    at: usize,
    machine: Machine,
}

impl<'a> SliceReader<'a> {
    /// Reads the header with default options.
    pub fn new(data: &'a [u8]) -> Result<Self, TraceError> {
        SliceReader::with_options(data, ReadOptions::default())
    }

    /// Reads the header.
    pub fn with_options(data: &'a [u8], options: ReadOptions) -> Result<Self, TraceError> {
        match open(data, true, options.force)? {
            Opening::Header(header, at) => Ok(SliceReader {
                header,
                data,
                at,
                machine: Machine::new(at as u64, options.max_frame),
            }),
            // Not reached: all bytes are there.
            Opening::Need(_) => Err(TraceError::NotATrace(header::foreign(data))),
        }
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many bytes have been read.
    pub fn offset(&self) -> u64 {
        self.machine.offset()
    }
}

impl<'a> Iterator for SliceReader<'a> {
    type Item = Step<'a>;

    #[inline]
    fn next(&mut self) -> Option<Step<'a>> {
        loop {
            let window = self.data.get(self.at..).unwrap_or_default();
            let offset = self.machine.offset();
            let index = self.machine.records();
            match self.machine.step(window, true) {
                Advance::Record { head, consumed } => {
                    self.at += consumed;
                    let body = window.get(PREFIX..consumed).unwrap_or_default();
                    return Some(Step::Record(Record::from_head(&head, body, offset, index)));
                }
                Advance::Issue { issue, consumed } => {
                    self.at += consumed;
                    return Some(Step::Issue(issue));
                }
                Advance::Discard(n) => self.at += n,
                Advance::Need(_) | Advance::End => return None,
            }
        }
    }
}
