//! Reading a trace off any `Read`, in one reused buffer.

use std::fmt;
use std::io::{ErrorKind, Read};

use crate::error::TraceError;
use crate::frame::PREFIX;
use crate::header::Header;
use crate::issue::IssueKind;
use crate::record::Record;
use crate::resync::{Advance, Machine};
use crate::slice::{Opening, ReadOptions, Step, open};

/// Size of the buffer to begin with; it grows only for larger frames.
const BLOCK: usize = 256 << 10;

/// Reads a trace off any `Read`: a file, a pipe, a decompressor. No `BufReader` is needed.
///
/// Memory is one buffer of 256 KiB, or the largest frame where that is larger, up
/// to [`ReadOptions::max_frame`] (64 MiB unless set); it grows as bytes arrive, not as a length
/// claims. The source is read once, forward, and never asked for its size.
///
/// A record's head is checked when it is read, its arguments only when they are decoded: damage
/// within them is told by [`Record::decode`], and by [`summarize`](crate::summarize), which
/// decodes every record, and not by a [`Step::Issue`].
///
/// ```
/// use lmcache_trace::{Step, StreamReader};
///
/// let data = lmcache_trace::example_trace();
/// let mut reader = StreamReader::new(&data[..])?;
/// let (mut records, mut keys) = (0, 0);
/// while let Some(step) = reader.next_step() {
///     match step {
///         Step::Record(record) => {
///             records += 1;
///             // `()` takes no argument in: this checks and counts them.
///             match record.decode(&mut ()) {
///                 Ok(args) => keys += args.keys,
///                 Err(error) => eprintln!("byte {}: arguments: {error}", record.offset),
///             }
///         }
///         Step::Issue(issue) => eprintln!("{issue}"),
///     }
/// }
/// assert_eq!((records, keys), (2, 2));
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub struct StreamReader<R> {
    source: R,
    header: Header,
    buffer: Buffer,
    machine: Machine,
}

impl<R> fmt::Debug for StreamReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamReader")
            .field("header", &self.header)
            .field("offset", &self.machine.offset())
            .field("records", &self.machine.records())
            .finish_non_exhaustive()
    }
}

impl<R: Read> StreamReader<R> {
    /// Reads the header with default options.
    pub fn new(source: R) -> Result<Self, TraceError> {
        StreamReader::with_options(source, ReadOptions::default())
    }

    /// Reads the header.
    pub fn with_options(mut source: R, options: ReadOptions) -> Result<Self, TraceError> {
        let mut buffer = Buffer::default();
        loop {
            match open(buffer.window(), buffer.last, options.force)? {
                Opening::Header(header, taken) => {
                    buffer.consume(taken);
                    let machine = Machine::new(taken as u64, options.max_frame);
                    return Ok(StreamReader { source, header, buffer, machine });
                }
                Opening::Need(bytes) => {
                    let have = buffer.window().len() as u64;
                    buffer
                        .fill(&mut source, bytes)
                        .map_err(|kind| TraceError::Read { kind, offset: have })?;
                }
            }
        }
    }

    /// The header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// How many bytes have been read off the source's start, in whole steps.
    pub fn offset(&self) -> u64 {
        self.machine.offset()
    }

    /// How many records have been read.
    pub fn records(&self) -> u64 {
        self.machine.records()
    }

    /// Bytes of memory that the buffer takes.
    pub fn buffer_bytes(&self) -> usize {
        self.buffer.bytes.capacity()
    }

    /// Gives the source back, wherever it stands.
    pub fn into_inner(self) -> R {
        self.source
    }

    /// The next record or issue; nothing at the end. The record borrows from the
    /// reader's buffer: use it before the next call. That is why this is no `Iterator`,
    /// whose items may not borrow from it; [`SliceReader`](crate::SliceReader) is one.
    #[inline]
    pub fn next_step(&mut self) -> Option<Step<'_>> {
        let (head, consumed, offset, index) = loop {
            let offset = self.machine.offset();
            let index = self.machine.records();
            match self.machine.step(self.buffer.window(), self.buffer.last) {
                Advance::Record { head, consumed } => break (head, consumed, offset, index),
                Advance::Issue { issue, consumed } => {
                    self.buffer.consume(consumed);
                    return Some(Step::Issue(issue));
                }
                Advance::Discard(n) => self.buffer.consume(n),
                Advance::Need(bytes) => {
                    if let Err(kind) = self.buffer.fill(&mut self.source, bytes) {
                        let issue = self.machine.issue(IssueKind::Read(kind));
                        self.machine.stop();
                        return Some(Step::Issue(issue));
                    }
                }
                Advance::End => return None,
            }
        };
        let start = self.buffer.start;
        self.buffer.consume(consumed);
        let body = self.buffer.bytes.get(start + PREFIX..start + consumed).unwrap_or_default();
        Some(Step::Record(Record::from_head(&head, body, offset, index)))
    }
}

/// The bytes at hand: `bytes[start..end]`.
#[derive(Default)]
struct Buffer {
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// The source has no more.
    last: bool,
}

impl Buffer {
    #[inline]
    fn window(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    #[inline]
    fn consume(&mut self, n: usize) {
        self.start = self.start.saturating_add(n).min(self.end);
    }

    /// Reads until `need` bytes are at hand or the source is done.
    #[cold]
    fn fill(&mut self, source: &mut impl Read, need: usize) -> Result<(), ErrorKind> {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        while self.end < need && !self.last {
            if self.end == self.bytes.len() {
                // Twice as much each time: what is held never exceeds what has come
                // in by more than that, whatever a frame claims.
                let size = self.bytes.len().saturating_mul(2).max(BLOCK);
                self.bytes.resize(size, 0);
            }
            let room = self.bytes.get_mut(self.end..).unwrap_or_default();
            match source.read(room) {
                Ok(0) => self.last = true,
                Ok(n) => self.end = self.end.saturating_add(n).min(self.bytes.len()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error.kind()),
            }
        }
        Ok(())
    }
}

/// Hands every byte that passes to a function as well: to a hasher, to a counter.
///
/// ```
/// use std::io::Read;
/// use lmcache_trace::TeeRead;
///
/// let mut seen = 0;
/// let mut out = Vec::new();
/// TeeRead::new(&b"abc"[..], |bytes| seen += bytes.len()).read_to_end(&mut out)?;
/// assert_eq!(seen, 3);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TeeRead<R, F> {
    inner: R,
    sink: F,
}

impl<R, F> fmt::Debug for TeeRead<R, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TeeRead").finish_non_exhaustive()
    }
}

impl<R: Read, F: FnMut(&[u8])> TeeRead<R, F> {
    /// Reads from `inner` and calls `sink` with every block of bytes.
    pub fn new(inner: R, sink: F) -> Self {
        TeeRead { inner, sink }
    }
}

impl<R: Read, F: FnMut(&[u8])> Read for TeeRead<R, F> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let n = self.inner.read(buf)?;
        (self.sink)(buf.get(..n).unwrap_or_default());
        Ok(n)
    }
}
