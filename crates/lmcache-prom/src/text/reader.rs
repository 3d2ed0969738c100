//! Reads a stream with no more memory than its longest line.

use std::io::{self, Read};

use super::issue::{IssueKind, NotExposition, recognise_foreign};
use super::{Document, Event, Scratch, Summary};

/// Longest line in bytes; a longer one is an issue and is skipped.
pub const MAX_LINE: usize = 1 << 20;

/// First size of the buffer.
const BUFFER: usize = 64 << 10;

/// Why a stream could not be read as a whole.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream failed; what came before was delivered.
    #[error("reading failed: {0}")]
    Io(#[source] io::Error),
    /// It is not exposition text at all.
    #[error("{0}")]
    NotExposition(#[source] NotExposition),
}

/// Reads complete lines from a stream into one reused buffer.
///
/// ```
/// use lmcache_prom::text::{Event, LineReader};
/// let mut samples = 0;
/// let summary = LineReader::new().read("a 1\nb 2\n".as_bytes(), |event| {
///     samples += usize::from(matches!(event, Event::Sample(_)));
/// })?;
/// assert_eq!((samples, summary.lines), (2, 2));
/// # Ok::<(), lmcache_prom::ReadError>(())
/// ```
#[derive(Debug, Default)]
pub struct LineReader {
    scratch: Scratch,
}

impl LineReader {
    /// A reader; it can be used for many streams.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads a stream to its end.
    ///
    /// # Errors
    ///
    /// When the stream fails, or is not exposition text at all.
    pub fn read<R: Read>(
        &mut self,
        mut stream: R,
        mut sink: impl FnMut(Event<'_, '_>),
    ) -> Result<Summary, ReadError> {
        let mut buffer = vec![0u8; BUFFER];
        let mut filled = 0usize;
        // Offset in the stream of the first byte of the buffer.
        let mut base = 0u64;
        let mut document = Document::default();
        let mut skipping = false;
        let mut recognised = false;
        loop {
            if filled == buffer.len() {
                if buffer.len() > MAX_LINE {
                    // Too long a line: report it once and skip to its end.
                    if !skipping {
                        document.summary.lines += 1;
                        document.issue(IssueKind::LineTooLong, 0, base, &mut sink);
                        skipping = true;
                    }
                    base += filled as u64;
                    filled = 0;
                } else {
                    buffer.resize((buffer.len() * 2).min(MAX_LINE + 1), 0);
                }
            }
            let n = match stream.read(&mut buffer[filled..]) {
                Ok(n) => n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(ReadError::Io(e)),
            };
            let searched = filled;
            filled += n;
            if !recognised && (filled >= 1024 || n == 0) {
                recognised = true;
                if let Some(foreign) = recognise_foreign(&buffer[..filled]) {
                    return Err(ReadError::NotExposition(foreign));
                }
            }
            if n == 0 {
                break;
            }
            if !recognised {
                continue;
            }
            filled = self.lines(&mut document, &mut buffer, filled, searched, &mut base, &mut skipping, &mut sink);
        }
        filled = self.lines(&mut document, &mut buffer, filled, 0, &mut base, &mut skipping, &mut sink);
        if filled > 0 && !skipping {
            document.torn(&buffer[..filled], base, &mut self.scratch, &mut sink);
        }
        document.summary.bytes = base + filled as u64;
        document.finish().map_err(ReadError::NotExposition)
    }

    /// Parses the complete lines of the buffer and moves what is left to its front; gives the
    /// number of bytes left.
    #[expect(clippy::too_many_arguments, reason = "the state of one loop, split for reading")]
    fn lines(
        &mut self,
        document: &mut Document,
        buffer: &mut [u8],
        filled: usize,
        searched: usize,
        base: &mut u64,
        skipping: &mut bool,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) -> usize {
        let mut start = 0usize;
        // Bytes before `searched` hold no line end, unless they were never searched.
        let mut from = if document.summary.lines == 0 && *base == 0 { 0 } else { searched };
        while let Some(found) = memchr::memchr(b'\n', &buffer[from..filled]) {
            let end = from + found;
            if *skipping {
                *skipping = false;
            } else {
                document.line(&buffer[start..end], *base + start as u64, &mut self.scratch, sink);
            }
            start = end + 1;
            from = start;
        }
        buffer.copy_within(start..filled, 0);
        *base += start as u64;
        filled - start
    }
}
