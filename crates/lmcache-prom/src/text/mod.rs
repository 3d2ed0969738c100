//! The text formats: Prometheus 0.0.4 and OpenMetrics 1.0, read line by line.
//!
//! [`parse_slice`] reads a document that is in memory; [`LineReader`] reads any [`Read`] with
//! no more memory than its longest line. Both give the same [`Event`]s to a callback, borrowed
//! from the line. A line that is wrong is an event too, and the next line is read.
//!
//! ```
//! use lmcache_prom::text::{Event, Scratch, parse_slice};
//! let page = b"# TYPE x counter\nx_total{a=\"1\"} 5\nbroken{\nx_total{a=\"2\"} 7\n";
//! let mut sum = 0.0;
//! let mut bad = 0;
//! parse_slice(page, &mut Scratch::default(), |event| match event {
//!     Event::Sample(s) => sum += s.value,
//!     Event::Issue(_) => bad += 1,
//!     _ => {}
//! })?;
//! assert_eq!((sum, bad), (12.0, 1));
//! # Ok::<(), lmcache_prom::NotExposition>(())
//! ```

mod grammar;
mod issue;
mod reader;

pub use issue::{Issue, IssueKind, NotExposition, recognise_foreign};
pub use reader::{LineReader, MAX_LINE, ReadError};

use std::borrow::Cow;

use grammar::{Comment, LabelSpan, Span};

/// Type of a family, as its `# TYPE` line declares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[non_exhaustive]
pub enum MetricKind {
    /// Only grows, until its process restarts.
    Counter,
    /// May go either way.
    Gauge,
    /// Cumulative buckets, sum and count.
    Histogram,
    /// Quantiles, sum and count.
    Summary,
    /// OpenMetrics: facts about the target as labels.
    Info,
    /// OpenMetrics: one series a state.
    StateSet,
    /// OpenMetrics: a histogram whose buckets may fall.
    GaugeHistogram,
    /// Declared as `unknown` or `untyped`, or not declared.
    #[default]
    Unknown,
}

impl MetricKind {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "counter" => Self::Counter,
            "gauge" => Self::Gauge,
            "histogram" => Self::Histogram,
            "summary" => Self::Summary,
            "info" => Self::Info,
            "stateset" => Self::StateSet,
            "gaugehistogram" => Self::GaugeHistogram,
            "unknown" | "untyped" => Self::Unknown,
            _ => return None,
        })
    }

    /// The word of a `# TYPE` line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Unknown => "unknown",
        }
    }
}

/// Space that the parser reuses from line to line; make one and pass it to every call.
#[derive(Debug, Default)]
pub struct Scratch {
    spans: Vec<LabelSpan>,
}

/// One line of a document.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, 's> {
    /// A sample.
    Sample(Sample<'a, 's>),
    /// `# HELP name text`; escapes in `text` are as written.
    Help {
        /// Family.
        name: &'a str,
        /// Text as written.
        text: &'a str,
    },
    /// `# TYPE name kind`.
    Type {
        /// Family.
        name: &'a str,
        /// Declared type.
        kind: MetricKind,
        /// Line, counted from 1.
        line: u64,
        /// Byte offset of the line.
        offset: u64,
    },
    /// `# UNIT name unit`.
    Unit {
        /// Family.
        name: &'a str,
        /// Unit.
        unit: &'a str,
    },
    /// `# EOF`.
    Eof,
    /// A line that could not be used.
    Issue(Issue),
}

/// A sample: a line with a name, labels and a value.
#[derive(Debug, Clone, Copy)]
pub struct Sample<'a, 's> {
    /// Sample name as written.
    pub name: &'a str,
    /// Value; may be NaN or infinite.
    pub value: f64,
    /// Timestamp as written: milliseconds in Prometheus text, seconds in OpenMetrics.
    pub timestamp: Option<&'a str>,
    /// Line, counted from 1.
    pub line: u64,
    /// Byte offset of the line from the start of the document.
    pub offset: u64,
    text: &'a str,
    spans: &'s [LabelSpan],
    exemplar: Option<(&'s [LabelSpan], f64, Option<f64>)>,
}

impl<'a, 's> Sample<'a, 's> {
    /// Labels in order of writing.
    pub fn labels(&self) -> Labels<'a, 's> {
        Labels { text: self.text, spans: self.spans.iter() }
    }

    /// The exemplar, if the line has one.
    pub fn exemplar(&self) -> Option<Exemplar<'a, 's>> {
        self.exemplar.map(|(spans, value, timestamp)| Exemplar {
            labels: Labels { text: self.text, spans: spans.iter() },
            value,
            timestamp,
        })
    }
}

/// An exemplar of a bucket or counter.
#[derive(Debug, Clone)]
pub struct Exemplar<'a, 's> {
    /// Its labels, such as `trace_id`.
    pub labels: Labels<'a, 's>,
    /// Its value.
    pub value: f64,
    /// Its timestamp in seconds.
    pub timestamp: Option<f64>,
}

/// Labels of a sample: pairs of name and value, escapes resolved.
#[derive(Debug, Clone)]
pub struct Labels<'a, 's> {
    text: &'a str,
    spans: std::slice::Iter<'s, LabelSpan>,
}

impl<'a> Iterator for Labels<'a, '_> {
    type Item = (&'a str, Cow<'a, str>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let span = self.spans.next()?;
        let value = cut(self.text, span.value);
        let value = if span.escaped { Cow::Owned(unescape(value)) } else { Cow::Borrowed(value) };
        Some((cut(self.text, span.name), value))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.spans.size_hint()
    }
}

impl ExactSizeIterator for Labels<'_, '_> {}

#[inline]
fn cut(text: &str, span: Span) -> &str {
    text.get(span.start as usize..span.end as usize).unwrap_or_default()
}

/// Resolves `\\`, `\"` and `\n`; the grammar has refused every other escape.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut chars = raw.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
            c => out.push(c),
        }
    }
    out
}

/// What a whole document came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Lines, also empty ones and comments.
    pub lines: u64,
    /// Samples.
    pub samples: u64,
    /// Lines that could not be used.
    pub issues: u64,
    /// Bytes read.
    pub bytes: u64,
    /// `# EOF` was seen.
    pub eof: bool,
}

/// The state between lines, shared by both readers.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) summary: Summary,
    meta: u64,
    first_issue: Option<Issue>,
    told_after_eof: bool,
}

impl Document {
    /// Parses one complete line, without its `\n`.
    #[inline]
    pub(crate) fn line(
        &mut self,
        raw: &[u8],
        offset: u64,
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        self.summary.lines += 1;
        let line = raw.strip_suffix(b"\r").unwrap_or(raw);
        let number = self.summary.lines;
        let line = if number == 1 { line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line) } else { line };
        let offset = offset + if number == 1 && raw.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
        match line {
            [] => {}
            [b'#', ..] => self.comment(line, offset, sink),
            _ if line.iter().all(u8::is_ascii_whitespace) => {}
            _ => self.sample(line, offset, scratch, sink),
        }
    }

    #[inline]
    fn sample(
        &mut self,
        line: &[u8],
        offset: u64,
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        if self.summary.eof && !self.told_after_eof {
            self.told_after_eof = true;
            self.issue(IssueKind::TextAfterEof, 0, offset, sink);
        }
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(e) => return self.issue(IssueKind::NotUtf8, e.valid_up_to(), offset, sink),
        };
        scratch.spans.clear();
        match grammar::sample(line, &mut scratch.spans) {
            Ok(found) => {
                self.summary.samples += 1;
                let spans = scratch.spans.as_slice();
                let (own, exemplar) = match found.exemplar {
                    Some((first, value, at)) => {
                        let (own, rest) = spans.split_at(first.min(spans.len()));
                        (own, Some((rest, value, at)))
                    }
                    None => (spans, None),
                };
                sink(Event::Sample(Sample {
                    name: cut(text, found.name),
                    value: found.value,
                    timestamp: found.timestamp.map(|span| cut(text, span)),
                    line: self.summary.lines,
                    offset,
                    text,
                    spans: own,
                    exemplar,
                }));
            }
            Err(cause) => self.issue(cause.kind, line.len() - cause.left.min(line.len()), offset, sink),
        }
    }

    fn comment(&mut self, line: &[u8], offset: u64, sink: &mut impl FnMut(Event<'_, '_>)) {
        let text = match std::str::from_utf8(line) {
            Ok(text) => text,
            Err(e) => return self.issue(IssueKind::NotUtf8, e.valid_up_to(), offset, sink),
        };
        let number = self.summary.lines;
        match grammar::comment(line) {
            Ok(Comment::Help { name, text: help }) => {
                self.meta += 1;
                sink(Event::Help { name: cut(text, name), text: cut(text, help) });
            }
            Ok(Comment::Unit { name, unit }) => {
                self.meta += 1;
                sink(Event::Unit { name: cut(text, name), unit: cut(text, unit) });
            }
            Ok(Comment::Type { name, kind }) => match MetricKind::parse(cut(text, kind)) {
                Some(kind) => {
                    self.meta += 1;
                    sink(Event::Type { name: cut(text, name), kind, line: number, offset });
                }
                None => self.issue(IssueKind::BadType, kind.start as usize, offset, sink),
            },
            Ok(Comment::Eof) => {
                self.meta += 1;
                self.summary.eof = true;
                sink(Event::Eof);
            }
            Ok(Comment::Other) => {}
            Err(cause) => self.issue(cause.kind, line.len() - cause.left.min(line.len()), offset, sink),
        }
    }

    pub(crate) fn issue(
        &mut self,
        kind: IssueKind,
        column: usize,
        offset: u64,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        let issue = Issue {
            kind,
            line: self.summary.lines,
            column: u32::try_from(column + 1).unwrap_or(u32::MAX),
            offset: offset + column as u64,
        };
        self.first_issue.get_or_insert(issue);
        self.summary.issues += 1;
        sink(Event::Issue(issue));
    }

    /// A last line without a line end.
    pub(crate) fn torn(&mut self, line: &[u8], offset: u64, scratch: &mut Scratch, sink: &mut impl FnMut(Event<'_, '_>)) {
        let body = line.strip_suffix(b"\r").unwrap_or(line);
        // A comment cannot lose a value; `# EOF` often ends without a line end.
        if body.trim_ascii() == b"# EOF" || body.iter().all(u8::is_ascii_whitespace) {
            self.line(line, offset, scratch, sink);
            return;
        }
        self.summary.lines += 1;
        self.issue(IssueKind::TornLastLine, 0, offset, sink);
    }

    pub(crate) fn finish(self) -> Result<Summary, NotExposition> {
        if self.summary.samples > 0 || self.meta > 0 {
            return Ok(self.summary);
        }
        Err(match self.first_issue {
            Some(issue) => NotExposition::NoLine { line: issue.line, kind: issue.kind },
            None => NotExposition::Empty,
        })
    }
}

/// Reads a document that is in memory; events borrow from it.
///
/// # Errors
///
/// Only when the document is not exposition text at all; a bad line is an [`Event::Issue`].
pub fn parse_slice(
    bytes: &[u8],
    scratch: &mut Scratch,
    mut sink: impl FnMut(Event<'_, '_>),
) -> Result<Summary, NotExposition> {
    if let Some(foreign) = recognise_foreign(bytes) {
        return Err(foreign);
    }
    let mut document = Document::default();
    let mut offset = 0usize;
    while let Some(length) = memchr::memchr(b'\n', &bytes[offset..]) {
        let line = &bytes[offset..offset + length];
        if length > MAX_LINE {
            document.summary.lines += 1;
            document.issue(IssueKind::LineTooLong, 0, offset as u64, &mut sink);
        } else {
            document.line(line, offset as u64, scratch, &mut sink);
        }
        offset += length + 1;
    }
    if offset < bytes.len() {
        document.torn(&bytes[offset..], offset as u64, scratch, &mut sink);
    }
    document.summary.bytes = bytes.len() as u64;
    document.finish()
}
