//! What can be wrong with a line, and where.

use std::fmt;

/// One thing wrong with the input, and its place. The rest of the input is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issue {
    /// The cause.
    pub kind: IssueKind,
    /// Line, counted from 1.
    pub line: u64,
    /// Column in bytes, counted from 1.
    pub column: u32,
    /// Byte offset from the start of the input, counted from 0.
    pub offset: u64,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "line {}, column {} (byte {}): {}",
            self.line, self.column, self.offset, self.kind
        )
    }
}

/// The cause of an [`Issue`]. Its `Display` form is a short sentence without the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueKind {
    /// The last line has no line end. It may have been cut anywhere, even inside its value, so
    /// it is not read (both formats ask for a final line feed; only `# EOF` is taken without).
    TornLine,
    /// The line is longer than [`MAX_LINE`](crate::text::MAX_LINE) bytes and was skipped.
    LineTooLong,
    /// The line is not UTF-8.
    InvalidUtf8,
    /// A metric name was expected: the line starts with something else.
    MissingName,
    /// The label list holds a second metric name, as in `a{"b"} 1`.
    RepeatedName,
    /// A label name was expected.
    MissingLabelName,
    /// `=` was expected after a label name.
    MissingEquals,
    /// A label value has to stand in double quotes.
    UnquotedLabelValue,
    /// A quoted text does not end on its line.
    UnterminatedQuote,
    /// `,` or `}` was expected after a label.
    MissingComma,
    /// The label list does not end on its line.
    UnclosedLabels,
    /// One label name stands twice in one label list.
    DuplicateLabel,
    /// The line has a name and no value.
    MissingValue,
    /// The value is not a decimal number, `NaN`, `+Inf` or `-Inf`.
    BadValue,
    /// The value is a hexadecimal number, which no known exporter means.
    HexValue,
    /// What follows the value is no timestamp.
    BadTimestamp,
    /// What follows `#` on a sample line is no exemplar.
    BadExemplar,
    /// Something follows a complete sample.
    TrailingText,
    /// A `HELP`, `TYPE` or `UNIT` line names no metric.
    MissingMetadataName,
    /// A `TYPE` line gives a type that neither format knows. The family is kept, untyped.
    UnknownType,
    /// Something other than blank follows `# EOF`. It is read; this is said once for each `# EOF`.
    ContentAfterEof,
    /// A `TYPE` line repeats an earlier one of this metric (LMCache 0.5.0 to 0.5.2 expose one
    /// gauge twice).
    RepeatedType,
    /// A `TYPE` line contradicts an earlier one of this metric; the earlier one holds.
    ConflictingType,
    /// A `HELP` line contradicts an earlier one of this metric; the earlier one holds.
    ConflictingHelp,
    /// A `UNIT` line contradicts an earlier one of this metric; the earlier one holds.
    ConflictingUnit,
    /// The `TYPE` line of a metric comes after its first sample. It is applied.
    TypeAfterSamples,
    /// The same series again with the same value; kept, not counted in sums.
    DuplicateSeries {
        /// Line of its first appearance.
        first_line: u64,
    },
    /// The same series again with another value; kept, not counted in sums.
    ConflictingSeries {
        /// Line of its first appearance.
        first_line: u64,
    },
    /// A counter is not a number; kept, not counted in sums.
    NanCounter,
    /// A counter is below zero; kept.
    NegativeCounter,
    /// The page holds more series than [`Limits::max_series`](crate::Limits::max_series) allows;
    /// this one and later new ones are left out.
    SeriesLimit,
    /// The page holds more distinct text than
    /// [`Limits::max_text_bytes`](crate::Limits::max_text_bytes) allows; this line and later
    /// ones that would add text are left out.
    TextLimit,
}

impl IssueKind {
    /// Whether the line was lost (`true`) or is kept and merely odd (`false`).
    ///
    /// ```
    /// use lmcache_prom::IssueKind;
    /// assert!(IssueKind::BadValue.loses_line());
    /// assert!(!IssueKind::RepeatedType.loses_line());
    /// ```
    pub fn loses_line(self) -> bool {
        !matches!(
            self,
            Self::UnknownType
                | Self::ContentAfterEof
                | Self::RepeatedType
                | Self::ConflictingType
                | Self::ConflictingHelp
                | Self::ConflictingUnit
                | Self::TypeAfterSamples
                | Self::DuplicateSeries { .. }
                | Self::ConflictingSeries { .. }
                | Self::NanCounter
                | Self::NegativeCounter
        )
    }
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::TornLine => "the last line has no line end and may be cut; it is not read",
            Self::LineTooLong => "the line is longer than 1 MiB and is skipped",
            Self::InvalidUtf8 => "the line is not UTF-8",
            Self::MissingName => "a metric name was expected",
            Self::RepeatedName => "the label list holds a second metric name",
            Self::MissingLabelName => "a label name was expected",
            Self::MissingEquals => "`=` was expected after the label name",
            Self::UnquotedLabelValue => "the label value is not in double quotes",
            Self::UnterminatedQuote => "the quoted text does not end on this line",
            Self::MissingComma => "`,` or `}` was expected after the label",
            Self::UnclosedLabels => "the label list does not end on this line",
            Self::DuplicateLabel => "a label name stands twice in one label list",
            Self::MissingValue => "a value was expected",
            Self::BadValue => "the value is not a decimal number, NaN, +Inf or -Inf",
            Self::HexValue => "the value is a hexadecimal number",
            Self::BadTimestamp => "the timestamp is not a number",
            Self::BadExemplar => "the exemplar is malformed",
            Self::TrailingText => "something follows the complete sample",
            Self::MissingMetadataName => "the HELP, TYPE or UNIT line names no metric",
            Self::UnknownType => "the type is not known to either format",
            Self::ContentAfterEof => "something follows `# EOF`",
            Self::RepeatedType => "the TYPE line repeats an earlier one",
            Self::ConflictingType => "the TYPE line contradicts an earlier one, which holds",
            Self::ConflictingHelp => "the HELP line contradicts an earlier one, which holds",
            Self::ConflictingUnit => "the UNIT line contradicts an earlier one, which holds",
            Self::TypeAfterSamples => "the TYPE line comes after samples of its metric",
            Self::DuplicateSeries { first_line } => {
                return write!(f, "the series repeats line {first_line}");
            }
            Self::ConflictingSeries { first_line } => {
                return write!(f, "the series repeats line {first_line} with another value");
            }
            Self::NanCounter => "a counter is NaN",
            Self::NegativeCounter => "a counter is below zero",
            Self::SeriesLimit => "the limit on series is reached; later series are left out",
            Self::TextLimit => "the limit on distinct text is reached; later lines are left out",
        };
        f.write_str(text)
    }
}
