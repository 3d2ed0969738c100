//! From complete lines to events: the state that all readers share.

use super::MAX_LINE;
use super::escape::{maybe, unescape, unescape_into};
use super::event::{
    Event, ExemplarValue, HelpLine, MetricKind, Place, RawLabel, Sample, Timestamp, TypeLine,
    UnitLine, slice,
};
use super::grammar::{self, Fault, RawComment};
use super::issue::{Issue, IssueKind};
use super::number::{finite, number};
use super::refusal::{NotExposition, looks_binary, refuse};
use memchr::memchr;

/// How many first bytes are kept to tell what an unreadable input is.
const PREFIX: usize = 512;

/// Working memory of a parser: owned by the caller, reused for every sample.
#[derive(Debug, Default)]
pub struct Scratch {
    labels: Vec<RawLabel>,
    order: Vec<u32>,
    name: String,
}

/// Which format a page is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Prometheus text 0.0.4: timestamps in milliseconds.
    Prometheus,
    /// OpenMetrics 1.0: timestamps in seconds, `# EOF` at the end.
    OpenMetrics,
}

/// What a parser saw, over the whole input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Summary {
    /// Bytes read.
    pub bytes: u64,
    /// Lines, a last one without line end included.
    pub lines: u64,
    /// Samples given to the sink.
    pub samples: u64,
    /// `HELP`, `TYPE` and `UNIT` lines given to the sink.
    pub metadata: u64,
    /// Issues given to the sink.
    pub issues: u64,
    /// Lines that could not be read.
    pub lost_lines: u64,
    /// Whether `# EOF` was seen.
    pub eof: bool,
    /// Whether the last line had no line end.
    pub torn: bool,
    /// Whether something was seen that only OpenMetrics has: `# EOF`, `# UNIT`, one of its
    /// types, an exemplar.
    pub openmetrics: bool,
}

impl Summary {
    /// The format, as far as syntax tells: OpenMetrics if something was seen that only it has.
    pub fn dialect(&self) -> Dialect {
        if self.openmetrics { Dialect::OpenMetrics } else { Dialect::Prometheus }
    }
}

/// The state between lines.
#[derive(Debug, Default)]
pub(super) struct Machine {
    summary: Summary,
    /// Offset of the next line's first byte.
    offset: u64,
    prefix: Vec<u8>,
    /// Whether a line that is not blank was seen.
    begun: bool,
    refused: Option<NotExposition>,
    first_issue: Option<Issue>,
    /// `# EOF` was the last line that was not blank or a comment.
    ended: bool,
    /// The only sample so far, if it may be the body of an HTTP error.
    http_error: bool,
}

impl Machine {
    pub(super) fn refused(&self) -> bool {
        self.refused.is_some()
    }

    /// Complete lines, each with its `\n`. Stops where the input is recognised as something else.
    pub(super) fn lines(
        &mut self,
        bytes: &[u8],
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        // One check of all lines is cheaper than one of each.
        let text = str::from_utf8(bytes).ok();
        let mut start = 0;
        while self.refused.is_none()
            && let Some(rest) = bytes.get(start..)
            && let Some(length) = memchr(b'\n', rest)
        {
            let end = start + length;
            let line = rest.get(..length).unwrap_or_default();
            let text = text.and_then(|text| text.get(start..end));
            self.any_line(line, text, length as u64 + 1, false, scratch, sink);
            start = end + 1;
        }
    }

    /// A complete line without its `\n`.
    pub(super) fn line(
        &mut self,
        bytes: &[u8],
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        self.any_line(bytes, None, bytes.len() as u64 + 1, false, scratch, sink);
    }

    /// The rest of the input after its last `\n`; nothing if it is empty.
    pub(super) fn tail(
        &mut self,
        bytes: &[u8],
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        if !bytes.is_empty() && self.refused.is_none() {
            self.any_line(bytes, None, bytes.len() as u64, true, scratch, sink);
        }
    }

    /// A line of `length` bytes with its `\n`, of which only the first bytes were kept.
    pub(super) fn long_line(
        &mut self,
        head: &[u8],
        length: u64,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        let head = head.get(..MAX_LINE).unwrap_or(head);
        self.summary.lines += 1;
        self.remember(head);
        self.begin(head);
        if self.refused.is_none() {
            self.issue(IssueKind::LineTooLong, 0, sink);
        }
        self.offset += length;
    }

    pub(super) fn finish(mut self) -> Result<Summary, NotExposition> {
        self.summary.bytes = self.offset;
        let Summary { samples, metadata, eof, .. } = self.summary;
        if let Some(refused) = self.refused {
            return Err(refused);
        }
        if !self.begun {
            return Err(NotExposition::Empty);
        }
        if samples == 0 && metadata == 0 && !eof {
            if looks_binary(&self.prefix) {
                return Err(NotExposition::Binary);
            }
            if let Some(first) = self.first_issue {
                return Err(NotExposition::NotText { first });
            }
        }
        if samples == 1 && metadata == 0 && !eof && self.http_error {
            return Err(NotExposition::HttpError);
        }
        Ok(self.summary)
    }

    fn remember(&mut self, bytes: &[u8]) {
        let room = PREFIX.saturating_sub(self.prefix.len());
        self.prefix.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    /// Looks at the first line that is not blank.
    fn begin(&mut self, line: &[u8]) {
        if !self.begun && !line.trim_ascii().is_empty() {
            self.begun = true;
            self.refused = refuse(line);
        }
    }

    fn issue(&mut self, kind: IssueKind, at: usize, sink: &mut impl FnMut(Event<'_, '_>)) {
        let issue = Issue {
            kind,
            line: self.summary.lines,
            column: u32::try_from(at).unwrap_or(u32::MAX).saturating_add(1),
            offset: self.offset + at as u64,
        };
        self.summary.issues += 1;
        self.summary.lost_lines += u64::from(kind.loses_line());
        self.first_issue.get_or_insert(issue);
        sink(Event::Issue(issue));
    }

    /// A line without its line end; `text` is the same, if that is known to be UTF-8.
    fn any_line(
        &mut self,
        bytes: &[u8],
        text: Option<&str>,
        length: u64,
        torn: bool,
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        if bytes.len() > MAX_LINE {
            self.long_line(bytes, length, sink);
            return;
        }
        self.summary.lines += 1;
        if self.prefix.len() < PREFIX {
            self.remember(bytes);
        }
        let bom = self.summary.lines == 1 && bytes.starts_with(b"\xef\xbb\xbf");
        let from = if bom { 3 } else { 0 };
        let to = if bytes.ends_with(b"\r") { bytes.len() - 1 } else { bytes.len() };
        let bytes = bytes.get(from..to).unwrap_or_default();
        if !self.begun {
            self.begin(bytes);
        }
        if self.refused.is_none() {
            self.offset += from as u64;
            let text = text.and_then(|text| text.get(from..to));
            self.read(bytes, text, torn, scratch, sink);
            self.offset -= from as u64;
        }
        self.offset += length;
    }

    fn read(
        &mut self,
        bytes: &[u8],
        text: Option<&str>,
        torn: bool,
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        let Some(start) = bytes.iter().position(|b| *b != b' ' && *b != b'\t') else { return };
        let is_comment = bytes.get(start) == Some(&b'#');
        if torn {
            // Only `# EOF` cannot be the first part of something else.
            self.summary.torn = true;
            if is_comment && matches!(grammar::comment(bytes), Ok(RawComment::Eof)) {
                self.summary.torn = false;
            } else {
                self.issue(IssueKind::TornLine, 0, sink);
                return;
            }
        }
        if self.ended {
            self.ended = false;
            self.issue(IssueKind::ContentAfterEof, start, sink);
        }
        let text = match text.map_or_else(|| str::from_utf8(bytes), Ok) {
            Ok(text) => text,
            Err(error) => {
                self.issue(IssueKind::InvalidUtf8, error.valid_up_to(), sink);
                return;
            }
        };
        if is_comment {
            self.comment(text, sink);
        } else {
            self.sample(text, start, scratch, sink);
        }
    }

    fn comment(&mut self, text: &str, sink: &mut impl FnMut(Event<'_, '_>)) {
        let raw = match grammar::comment(text.as_bytes()) {
            Ok(raw) => raw,
            Err(fault) => return self.fault(text, fault, sink),
        };
        let place = Place { line: self.summary.lines, offset: self.offset };
        match raw {
            RawComment::Other => {}
            RawComment::Eof => {
                self.summary.eof = true;
                self.summary.openmetrics = true;
                self.ended = true;
                sink(Event::Eof(place));
            }
            RawComment::Help { name, name_escaped, text: help } => {
                self.summary.metadata += 1;
                let name = maybe(slice(text, name), name_escaped);
                sink(Event::Help(HelpLine { name, text: unescape(slice(text, help)), place }));
            }
            RawComment::Unit { name, name_escaped, unit } => {
                self.summary.metadata += 1;
                self.summary.openmetrics = true;
                let name = maybe(slice(text, name), name_escaped);
                sink(Event::Unit(UnitLine { name, unit: slice(text, unit), place }));
            }
            RawComment::Type { name, name_escaped, kind, kind_at } => {
                self.summary.metadata += 1;
                if kind.is_none() {
                    self.issue(IssueKind::UnknownType, kind_at as usize, sink);
                }
                let kind = kind.unwrap_or(MetricKind::Untyped);
                self.summary.openmetrics |= kind.is_openmetrics();
                let name = maybe(slice(text, name), name_escaped);
                sink(Event::Type(TypeLine { name, kind, place }));
            }
        }
    }

    fn sample(
        &mut self,
        text: &str,
        start: usize,
        scratch: &mut Scratch,
        sink: &mut impl FnMut(Event<'_, '_>),
    ) {
        scratch.labels.clear();
        let raw = match grammar::sample(text.as_bytes(), &mut scratch.labels) {
            Ok(raw) => raw,
            Err(fault) => return self.fault(text, fault, sink),
        };
        let value = match number(slice(text, raw.value)) {
            Ok(value) => value,
            Err(kind) => return self.issue(kind, raw.value.0 as usize, sink),
        };
        let timestamp = match raw.timestamp.map(|span| (span, finite(slice(text, span)))) {
            None => None,
            Some((_, Some(raw))) => Some(Timestamp { raw }),
            Some((span, None)) => {
                return self.issue(IssueKind::BadTimestamp, span.0 as usize, sink);
            }
        };
        let exemplar = match raw.exemplar {
            None => None,
            Some(exemplar) => {
                let value = number(slice(text, exemplar.value)).ok();
                let timestamp = exemplar.timestamp.map(|span| finite(slice(text, span)));
                let (Some(value), None | Some(Some(_))) = (value, timestamp) else {
                    let at = exemplar.value.0 as usize;
                    return self.issue(IssueKind::BadExemplar, at, sink);
                };
                self.summary.openmetrics = true;
                Some(ExemplarValue { value, timestamp: timestamp.flatten() })
            }
        };
        let (labels, exemplar_labels) =
            scratch.labels.split_at_checked(raw.labels).unwrap_or((&scratch.labels, &[]));
        if let Some(at) = repeated(text, labels, &mut scratch.order) {
            return self.issue(IssueKind::DuplicateLabel, at, sink);
        }
        let name = if raw.name_escaped {
            scratch.name.clear();
            unescape_into(slice(text, raw.name), &mut scratch.name);
            scratch.name.as_str()
        } else {
            slice(text, raw.name)
        };
        if self.summary.samples < 2 {
            self.http_error = labels.is_empty() && http_error(name, value);
        }
        self.summary.samples += 1;
        sink(Event::Sample(Sample {
            text,
            labels,
            exemplar_labels,
            raw,
            name,
            value,
            timestamp,
            exemplar,
            line: self.summary.lines,
            column: u32::try_from(start).unwrap_or(u32::MAX).saturating_add(1),
            offset: self.offset + start as u64,
        }));
    }

    fn fault(&mut self, text: &str, fault: Fault, sink: &mut impl FnMut(Event<'_, '_>)) {
        self.issue(fault.kind, text.len().saturating_sub(fault.left), sink);
    }
}

/// `error 404` and the like: a word that no metric is called, with an HTTP status as value.
fn http_error(name: &str, value: f64) -> bool {
    (400.0..600.0).contains(&value)
        && value.fract() == 0.0
        && ["error", "status", "code", "http", "exit"]
            .iter()
            .any(|word| name.eq_ignore_ascii_case(word))
}

/// Where a label name stands for the second time, if one does.
#[allow(clippy::cast_possible_truncation)] // a line has fewer labels than bytes
fn repeated(text: &str, labels: &[RawLabel], order: &mut Vec<u32>) -> Option<usize> {
    let name = |label: &RawLabel| slice(text, label.name);
    let escaped = labels.iter().any(|label| label.name_escaped);
    if !escaped {
        // Exporters write labels in order. First bytes tell most pairs apart.
        let bytes = text.as_bytes();
        let first = |label: &RawLabel| bytes.get(label.name.0 as usize);
        let rising = |a: &RawLabel, b: &RawLabel| first(a) < first(b) || name(a) < name(b);
        if labels.is_sorted_by(rising) {
            return None;
        }
        // In another order: a few labels are compared each with each, by length first.
        let length = |label: &RawLabel| label.name.1 - label.name.0;
        let same = |a: &RawLabel, b: &RawLabel| length(a) == length(b) && name(a) == name(b);
        if labels.len() <= 16 {
            let later = labels.iter().enumerate();
            let mut twice = later
                .filter(|(at, label)| labels.iter().take(*at).any(|earlier| same(earlier, label)));
            return twice.next().map(|(_, label)| label.name.0 as usize);
        }
    }
    let full =
        |at: u32| labels.get(at as usize).map(|label| maybe(name(label), label.name_escaped));
    order.clear();
    order.extend(0..labels.len() as u32);
    order.sort_by(|a, b| full(*a).cmp(&full(*b)).then(a.cmp(b)));
    order
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] if full(*a) == full(*b) => labels.get(*b as usize).map(|l| l.name.0 as usize),
            _ => None,
        })
        .min()
}
