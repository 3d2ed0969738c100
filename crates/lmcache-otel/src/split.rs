//! A file in pieces, cut into records: lines, objects over several lines, lists; or kept whole
//! where it is binary.

use crate::issue::{IssueKind, Issues};

/// How a record ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was read, or reported.
    Done,
    /// It is cut off: more bytes may complete it.
    Unfinished,
}

/// Who takes the records.
pub(crate) trait Sink {
    /// One JSON value. With `may_continue` a value that is cut off is [`Outcome::Unfinished`].
    fn record(&mut self, record: &[u8], line: u64, offset: u64, may_continue: bool) -> Outcome;
    /// A whole binary file.
    fn binary(&mut self, file: &[u8]);
    /// Where to report.
    fn issues(&mut self) -> &mut Issues;
}

/// Longest record, and longest binary file, in bytes; what is longer is skipped and reported.
pub const MAX_RECORD: usize = 256 << 20;

/// The form of a file is told by this many bytes at its front.
const HEAD: usize = 1024;

/// Form of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Unknown,
    Json,
    Binary,
}

/// Cuts a file into records.
#[derive(Debug, Clone)]
pub(crate) struct Splitter {
    form: Form,
    /// What is not yet a whole line; of a binary file, everything.
    buffer: Vec<u8>,
    /// A record over several lines.
    pending: Vec<u8>,
    scanner: Option<Scanner>,
    /// The line is too long: nothing of it is kept.
    skipping: bool,
    line: u64,
    offset: u64,
    pending_at: (u64, u64),
    bytes: u64,
}

/// Where in a value over several lines the reader is.
#[derive(Debug, Clone, Copy, Default)]
struct Scanner {
    depth: u32,
    in_string: bool,
    escaped: bool,
    in_array: bool,
    lines: u64,
}

impl Default for Splitter {
    fn default() -> Self {
        Self::new()
    }
}

impl Splitter {
    fn new() -> Self {
        Self {
            form: Form::Unknown,
            buffer: Vec::new(),
            pending: Vec::new(),
            scanner: None,
            skipping: false,
            line: 0,
            offset: 0,
            pending_at: (0, 0),
            bytes: 0,
        }
    }

    /// Bytes taken.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes the next bytes of the file.
    pub(crate) fn push(&mut self, bytes: &[u8], sink: &mut impl Sink) {
        self.bytes += bytes.len() as u64;
        match self.form {
            Form::Unknown => {
                self.buffer.extend_from_slice(bytes);
                if self.buffer.len() >= HEAD {
                    self.begin(sink);
                }
            }
            Form::Json => self.lines(bytes, sink),
            Form::Binary => self.keep(bytes),
        }
    }

    /// The file ends here.
    pub(crate) fn finish(&mut self, sink: &mut impl Sink) {
        if self.form == Form::Unknown {
            self.begin(sink);
        }
        let rest = std::mem::take(&mut self.buffer);
        if self.form == Form::Binary {
            if self.skipping {
                sink.issues().push(IssueKind::TooLong, 0, 0, "binary file beyond the cap");
            }
            if !rest.is_empty() {
                sink.binary(&rest);
            }
            return;
        }
        if !rest.is_empty() {
            self.line += 1;
            self.offset -= rest.len() as u64;
            self.one_line(&rest, sink);
        }
        if self.scanner.is_some_and(|s| s.depth > 0 || s.in_array) {
            let (line, offset) = self.pending_at;
            sink.issues().push(IssueKind::Torn, line, offset, "the record is cut off");
        }
    }

    fn begin(&mut self, sink: &mut impl Sink) {
        let head = self.buffer.get(..HEAD.min(self.buffer.len())).unwrap_or_default();
        if is_text(head) {
            self.form = Form::Json;
            let begun = std::mem::take(&mut self.buffer);
            self.lines(&begun, sink);
        } else {
            self.form = Form::Binary;
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if self.buffer.len().saturating_add(bytes.len()) > MAX_RECORD {
            self.skipping = true;
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }

    fn lines(&mut self, mut bytes: &[u8], sink: &mut impl Sink) {
        while let Some(at) = memchr::memchr(b'\n', bytes) {
            let (line, rest) = bytes.split_at(at);
            bytes = rest.get(1..).unwrap_or_default();
            self.line += 1;
            if self.skipping {
                self.skipping = false;
            } else if self.buffer.is_empty() {
                self.one_line(line, sink);
            } else {
                let mut held = std::mem::take(&mut self.buffer);
                self.offset -= held.len() as u64;
                held.extend_from_slice(line);
                self.one_line(&held, sink);
                self.offset += (held.len() - line.len()) as u64;
                held.clear();
                self.buffer = held;
            }
            self.offset += line.len() as u64 + 1;
        }
        if self.skipping {
            self.offset += bytes.len() as u64;
        } else if self.buffer.len().saturating_add(bytes.len()) > MAX_RECORD {
            let message = "the line is longer than the cap";
            let start = self.offset - self.buffer.len() as u64;
            sink.issues().push(IssueKind::TooLong, self.line + 1, start, message);
            self.offset += bytes.len() as u64;
            self.buffer = Vec::new();
            self.skipping = true;
        } else {
            self.buffer.extend_from_slice(bytes);
            self.offset += bytes.len() as u64;
        }
    }

    fn one_line(&mut self, line: &[u8], sink: &mut impl Sink) {
        let offset = self.offset;
        let trimmed = line.trim_ascii();
        if let Some(scanner) = self.scanner {
            let torn = !scanner.in_array && scanner.lines == 1 && line.starts_with(b"{\"");
            if !torn {
                self.scan(line, sink);
                return;
            }
            let (at, byte) = self.pending_at;
            sink.issues().push(IssueKind::Torn, at, byte, "the line is cut off");
            self.scanner = None;
            self.pending.clear();
        }
        let trimmed = trimmed.strip_prefix(b"\xef\xbb\xbf").unwrap_or(trimmed);
        match trimmed.first() {
            None => {}
            Some(b'{') => {
                let outcome = sink.record(trimmed, self.line, offset, true);
                if outcome == Outcome::Unfinished {
                    self.scanner = Some(Scanner::default());
                    self.scan(trimmed, sink);
                }
            }
            Some(b'[') => {
                self.scanner = Some(Scanner::default());
                self.scan(trimmed, sink);
            }
            Some(_) => {
                sink.issues().push(IssueKind::BadJson, self.line, offset, "not JSON");
            }
        }
    }

    /// Goes on in a value over several lines.
    fn scan(&mut self, line: &[u8], sink: &mut impl Sink) {
        let Some(mut scanner) = self.scanner else { return };
        let mut reported = false;
        for byte in line {
            if scanner.depth == 0 {
                match byte {
                    b'{' => {
                        scanner.depth = 1;
                        scanner.lines = 0;
                        self.pending.clear();
                        self.pending.push(*byte);
                        self.pending_at = (self.line, self.offset);
                    }
                    b'[' if !scanner.in_array => scanner.in_array = true,
                    b']' if scanner.in_array => scanner.in_array = false,
                    b',' => {}
                    byte if byte.is_ascii_whitespace() => {}
                    _ if reported => {}
                    _ => {
                        reported = true;
                        let message = "something between records";
                        sink.issues().push(IssueKind::BadJson, self.line, self.offset, message);
                    }
                }
                continue;
            }
            self.pending.push(*byte);
            if scanner.in_string {
                match byte {
                    _ if scanner.escaped => scanner.escaped = false,
                    b'\\' => scanner.escaped = true,
                    b'"' => scanner.in_string = false,
                    _ => {}
                }
                continue;
            }
            match byte {
                b'"' => scanner.in_string = true,
                b'{' | b'[' => scanner.depth = scanner.depth.saturating_add(1),
                b'}' | b']' => {
                    scanner.depth -= 1;
                    if scanner.depth == 0 {
                        let record = std::mem::take(&mut self.pending);
                        let (at, offset) = self.pending_at;
                        sink.record(&record, at, offset, false);
                        self.pending = record;
                        self.pending.clear();
                    }
                }
                _ => {}
            }
        }
        scanner.lines += 1;
        let (at, offset) = self.pending_at;
        if scanner.in_string || self.pending.len() > MAX_RECORD {
            // No text goes over a line's end.
            let kind = if scanner.in_string { IssueKind::Torn } else { IssueKind::TooLong };
            sink.issues().push(kind, at, offset, "the record is cut off or too long");
            self.pending.clear();
            self.scanner = None;
            return;
        }
        if scanner.depth > 0 {
            self.pending.push(b'\n');
        }
        let done = scanner.depth == 0 && !scanner.in_array;
        self.scanner = (!done).then_some(scanner);
    }
}

/// Whether a file that begins so is JSON text: the first byte says so, and no byte of text's
/// control codes is there. Ids in protobuf are random bytes, so that some is.
fn is_text(head: &[u8]) -> bool {
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    let control = |b: &u8| *b < 0x09 || (0x0e..0x20).contains(b);
    !head.iter().any(control)
        && (matches!(body.first(), Some(b'{' | b'[') | None) || body.is_ascii())
}
