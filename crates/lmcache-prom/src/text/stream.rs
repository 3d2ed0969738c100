//! Readers: a slice, chunks that arrive, an `impl Read`.

use super::MAX_LINE;
use super::event::Event;
use super::machine::{Machine, Scratch, Summary};
use super::refusal::{NotExposition, ReadError};
use memchr::{memchr, memrchr};
use std::io::{ErrorKind, Read};

/// How many bytes are read at once.
const BLOCK: usize = 1 << 16;

/// Parses a whole input in memory. Issues reach the sink as [`Event::Issue`], in place.
///
/// Allocates nothing for a sample once the scratch has grown to the widest label list.
pub fn parse_slice(
    bytes: &[u8],
    scratch: &mut Scratch,
    mut sink: impl FnMut(Event<'_, '_>),
) -> Result<Summary, NotExposition> {
    let mut machine = Machine::default();
    let mut rest = bytes;
    while !machine.refused()
        && let Some(length) = block(rest)
        && let Some((lines, tail)) = rest.split_at_checked(length)
    {
        machine.lines(lines, scratch, &mut sink);
        rest = tail;
    }
    machine.tail(rest, scratch, &mut sink);
    machine.finish()
}

/// Parses what a reader gives, in blocks of 64 KiB.
///
/// Holds one block and one unfinished line, whatever the size of the input. Reading stops as
/// soon as the input is recognised as something else. An interrupted read is tried again.
pub fn parse_reader(
    mut reader: impl Read,
    mut sink: impl FnMut(Event<'_, '_>),
) -> Result<Summary, ReadError> {
    let mut parser = StreamParser::default();
    let mut block = vec![0; BLOCK];
    let mut offset = 0_u64;
    loop {
        let read = match reader.read(&mut block) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(source) => return Err(ReadError::Io { offset, source }),
        };
        offset += read as u64;
        parser.feed(block.get(..read).unwrap_or(&block), &mut sink);
        if parser.is_refused() {
            break;
        }
    }
    Ok(parser.finish(&mut sink)?)
}

/// Parses an input that arrives in chunks of any size.
///
/// ```
/// use lmcache_prom::text::{Event, StreamParser};
///
/// let mut parser = StreamParser::default();
/// let mut values = Vec::new();
/// let mut sink = |event: Event<'_, '_>| {
///     if let Event::Sample(sample) = event {
///         values.push(sample.value);
///     }
/// };
/// for chunk in ["up 1\ndo", "wn 0\nto", "rn 1"] {
///     parser.feed(chunk.as_bytes(), &mut sink);
/// }
/// let summary = parser.finish(&mut sink)?;
/// assert_eq!(values, [1.0, 0.0]); // the last line may be cut, so it is not read
/// assert!(summary.torn);
/// # Ok::<(), lmcache_prom::NotExposition>(())
/// ```
#[derive(Debug, Default)]
pub struct StreamParser {
    machine: Machine,
    scratch: Scratch,
    /// The unfinished line; of a line that is too long, its first bytes.
    carry: Vec<u8>,
    /// Length of the unfinished line once it is too long.
    skipping: Option<u64>,
}

impl StreamParser {
    /// Takes the next bytes and gives what they complete.
    pub fn feed(&mut self, chunk: &[u8], mut sink: impl FnMut(Event<'_, '_>)) {
        let mut rest = chunk;
        if (self.skipping.is_some() || !self.carry.is_empty())
            && let Some(end) = memchr(b'\n', rest)
            && let Some((line, tail)) = rest.split_at_checked(end)
        {
            self.complete(line, &mut sink);
            rest = tail.get(1..).unwrap_or_default();
        }
        if let Some(length) = whole_lines(rest)
            && let Some((lines, tail)) = rest.split_at_checked(length)
        {
            self.machine.lines(lines, &mut self.scratch, &mut sink);
            rest = tail;
        }
        if !self.is_refused() {
            self.keep(rest);
        }
    }

    /// Ends the unfinished line.
    fn complete(&mut self, line: &[u8], sink: &mut impl FnMut(Event<'_, '_>)) {
        let length = (self.carry.len() + line.len()) as u64 + 1;
        if let Some(skipped) = self.skipping.take() {
            self.machine.long_line(&self.carry, skipped + line.len() as u64 + 1, sink);
        } else if self.carry.len() + line.len() > MAX_LINE {
            self.machine.long_line(&self.carry, length, sink);
        } else {
            self.carry.extend_from_slice(line);
            self.machine.line(&self.carry, &mut self.scratch, sink);
        }
        self.carry.clear();
    }

    /// Whether the input has been recognised as something else. Feeding more changes nothing;
    /// [`finish`](Self::finish) says what it is.
    pub fn is_refused(&self) -> bool {
        self.machine.refused()
    }

    /// Ends the input.
    pub fn finish(mut self, mut sink: impl FnMut(Event<'_, '_>)) -> Result<Summary, NotExposition> {
        if let Some(length) = self.skipping {
            self.machine.long_line(&self.carry, length, &mut sink);
        } else {
            self.machine.tail(&self.carry, &mut self.scratch, &mut sink);
        }
        self.machine.finish()
    }

    fn keep(&mut self, rest: &[u8]) {
        if let Some(length) = &mut self.skipping {
            *length += rest.len() as u64;
        } else if self.carry.len() + rest.len() > MAX_LINE {
            self.skipping = Some((self.carry.len() + rest.len()) as u64);
            let room = MAX_LINE - self.carry.len();
            self.carry.extend_from_slice(rest.get(..room).unwrap_or(rest));
        } else {
            self.carry.extend_from_slice(rest);
        }
    }
}

/// How many bytes whole lines take, if there is one.
fn whole_lines(bytes: &[u8]) -> Option<usize> {
    memrchr(b'\n', bytes).map(|last| last + 1)
}

/// How many bytes to read at once: whole lines of about [`BLOCK`] bytes, so that checking and
/// parsing them meet the same cache.
fn block(bytes: &[u8]) -> Option<usize> {
    match bytes.split_at_checked(BLOCK) {
        None => whole_lines(bytes),
        Some((head, tail)) => {
            whole_lines(head).or_else(|| memchr(b'\n', tail).map(|end| BLOCK + end + 1))
        }
    }
}
