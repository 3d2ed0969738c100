//! What a parser hands to its sink: borrowed views of one line.

use super::escape;
use super::grammar::{RawSample, Span};
use super::issue::Issue;
use std::borrow::Cow;
use std::fmt;

/// One thing read from the input. `'a` is the line, `'s` the scratch.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a, 's> {
    /// A sample.
    Sample(Sample<'a, 's>),
    /// A `# TYPE` line.
    Type(TypeLine<'a>),
    /// A `# HELP` line.
    Help(HelpLine<'a>),
    /// A `# UNIT` line (OpenMetrics).
    Unit(UnitLine<'a>),
    /// The `# EOF` line (OpenMetrics).
    Eof(Place),
    /// Something wrong with a line. Reading goes on with the next one.
    Issue(Issue),
}

/// The place of a line in the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Line, counted from 1.
    pub line: u64,
    /// Byte offset of the line's first byte, counted from 0.
    pub offset: u64,
}

/// A `# TYPE` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeLine<'a> {
    /// The metric's name, as written (OpenMetrics leaves `_total` off).
    pub name: Cow<'a, str>,
    /// Its type; an unknown word is an issue and reads as [`MetricKind::Untyped`].
    pub kind: MetricKind,
    /// The line.
    pub place: Place,
}

/// A `# HELP` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpLine<'a> {
    /// The metric's name.
    pub name: Cow<'a, str>,
    /// The text, unescaped. May be empty.
    pub text: Cow<'a, str>,
    /// The line.
    pub place: Place,
}

/// A `# UNIT` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnitLine<'a> {
    /// The metric's name.
    pub name: Cow<'a, str>,
    /// The unit, such as `seconds`. May be empty.
    pub unit: &'a str,
    /// The line.
    pub place: Place,
}

/// The type of a metric family.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MetricKind {
    /// Only grows, except that it starts at 0 when its process starts.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets with sum and count.
    Histogram,
    /// Quantiles computed by the exporter, with sum and count.
    Summary,
    /// Labels that hold text; the value is 1 (OpenMetrics).
    Info,
    /// A set of booleans (OpenMetrics).
    StateSet,
    /// A histogram whose buckets go up and down (OpenMetrics).
    GaugeHistogram,
    /// The exporter says that it does not know (OpenMetrics `unknown`).
    Unknown,
    /// No type was given, or `untyped` (Prometheus text 0.0.4).
    Untyped,
}

impl MetricKind {
    /// The word of a `TYPE` line. Letter case does not matter, as in Prometheus' own parser.
    pub(super) fn from_word(word: &[u8]) -> Option<Self> {
        const WORDS: [(&[u8], MetricKind); 9] = [
            (b"counter", MetricKind::Counter),
            (b"gauge", MetricKind::Gauge),
            (b"histogram", MetricKind::Histogram),
            (b"summary", MetricKind::Summary),
            (b"info", MetricKind::Info),
            (b"stateset", MetricKind::StateSet),
            (b"gaugehistogram", MetricKind::GaugeHistogram),
            (b"unknown", MetricKind::Unknown),
            (b"untyped", MetricKind::Untyped),
        ];
        WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name)).map(|(_, kind)| *kind)
    }

    /// The word of a `TYPE` line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
            Self::Summary => "summary",
            Self::Info => "info",
            Self::StateSet => "stateset",
            Self::GaugeHistogram => "gaugehistogram",
            Self::Unknown => "unknown",
            Self::Untyped => "untyped",
        }
    }

    /// Whether only OpenMetrics has this type.
    pub fn is_openmetrics(self) -> bool {
        matches!(self, Self::Info | Self::StateSet | Self::GaugeHistogram | Self::Unknown)
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A sample, borrowed from its line and the scratch.
#[derive(Clone, Copy)]
pub struct Sample<'a, 's> {
    pub(super) text: &'a str,
    pub(super) labels: &'s [RawLabel],
    pub(super) exemplar_labels: &'s [RawLabel],
    pub(super) raw: RawSample,
    /// The metric's name.
    pub name: &'s str,
    /// The value; may be NaN or infinite.
    pub value: f64,
    /// The timestamp, if the line has one.
    pub timestamp: Option<Timestamp>,
    /// The exemplar's value and timestamp, if the line has an exemplar.
    pub exemplar: Option<ExemplarValue>,
    /// Line, counted from 1.
    pub line: u64,
    /// Column of the sample's first byte, counted from 1.
    pub column: u32,
    /// Byte offset of the sample's first byte, counted from 0.
    pub offset: u64,
}

impl<'a, 's> Sample<'a, 's> {
    /// The labels in the order of the line, values unescaped where they need it.
    pub fn labels(&self) -> Labels<'a, 's> {
        Labels { text: self.text, raw: self.labels.iter() }
    }

    /// The value of a label. An empty value reads as absent, as Prometheus has it.
    pub fn label(&self, name: &str) -> Option<Cow<'a, str>> {
        self.labels().find(|(n, v)| n == name && !v.is_empty()).map(|(_, v)| v)
    }

    /// The exemplar's labels, such as a trace id.
    pub fn exemplar_labels(&self) -> Labels<'a, 's> {
        Labels { text: self.text, raw: self.exemplar_labels.iter() }
    }

    /// The value as it is written.
    pub fn value_text(&self) -> &'a str {
        slice(self.text, self.raw.value)
    }
}

impl fmt::Debug for Sample<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("name", &self.name)
            .field("labels", &self.labels().collect::<Vec<_>>())
            .field("value", &self.value)
            .field("timestamp", &self.timestamp)
            .field("exemplar", &self.exemplar)
            .field("line", &self.line)
            .field("column", &self.column)
            .field("offset", &self.offset)
            .finish()
    }
}

/// A timestamp as it is written. Prometheus text counts milliseconds, OpenMetrics seconds; which
/// of the two it is, the whole page tells: see [`Timestamp::seconds`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timestamp {
    /// The number as written.
    pub raw: f64,
}

impl Timestamp {
    /// Seconds since the Unix epoch, for a page of this dialect.
    ///
    /// ```
    /// use lmcache_prom::{Dialect, text::Timestamp};
    /// assert_eq!(Timestamp { raw: 1500.0 }.seconds(Dialect::Prometheus), 1.5);
    /// assert_eq!(Timestamp { raw: 1500.0 }.seconds(Dialect::OpenMetrics), 1500.0);
    /// ```
    pub fn seconds(self, dialect: super::Dialect) -> f64 {
        match dialect {
            super::Dialect::Prometheus => self.raw / 1000.0,
            super::Dialect::OpenMetrics => self.raw,
        }
    }
}

/// The number and time of an exemplar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExemplarValue {
    /// The exemplar's value.
    pub value: f64,
    /// Its time, in seconds since the Unix epoch.
    pub timestamp: Option<f64>,
}

/// A label as ranges of its line.
#[derive(Debug, Clone, Copy)]
pub(super) struct RawLabel {
    pub(super) name: Span,
    pub(super) value: Span,
    pub(super) name_escaped: bool,
    pub(super) value_escaped: bool,
}

/// Labels of a sample: name and value.
#[derive(Debug, Clone)]
pub struct Labels<'a, 's> {
    text: &'a str,
    raw: std::slice::Iter<'s, RawLabel>,
}

impl<'a> Iterator for Labels<'a, '_> {
    type Item = (Cow<'a, str>, Cow<'a, str>);

    fn next(&mut self) -> Option<Self::Item> {
        let raw = self.raw.next()?;
        Some((
            escape::maybe(slice(self.text, raw.name), raw.name_escaped),
            escape::maybe(slice(self.text, raw.value), raw.value_escaped),
        ))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.raw.size_hint()
    }
}

impl ExactSizeIterator for Labels<'_, '_> {}

/// The part of a line that a span names. Spans come from the same line, so this never misses.
pub(super) fn slice(text: &str, span: Span) -> &str {
    text.get(span.0 as usize..span.1 as usize).unwrap_or_default()
}
