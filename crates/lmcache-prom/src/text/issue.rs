//! What can be wrong with a line, and with a whole document.

use std::fmt;

/// A located problem with one line; the next line is read all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issue {
    /// The cause.
    pub kind: IssueKind,
    /// Line, counted from 1.
    pub line: u64,
    /// Column in bytes, counted from 1.
    pub column: u32,
    /// Byte offset of that place from the start of the document.
    pub offset: u64,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.kind)
    }
}

/// The cause of an [`Issue`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IssueKind {
    /// The line does not begin with a metric name.
    BadName,
    /// A label name is missing or has a character that it may not have.
    BadLabelName,
    /// A label name is not followed by `=`.
    MissingEquals,
    /// A label value is not in double quotes.
    UnquotedLabel,
    /// A quoted text does not end on its line.
    UnclosedQuote,
    /// A label set does not end with `}`.
    UnclosedLabels,
    /// A backslash is followed by something other than `\`, `"` or `n`.
    BadEscape,
    /// There is no value after the name.
    MissingValue,
    /// The value is not a number.
    BadValue,
    /// The timestamp is not a number.
    BadTimestamp,
    /// Something follows the value and timestamp that is no exemplar.
    TrailingText,
    /// An exemplar has no value, or its value is not a number.
    BadExemplar,
    /// A `# TYPE` line has no name or an unknown type.
    BadType,
    /// A `# HELP` or `# UNIT` line has no name.
    BadMeta,
    /// The line is not UTF-8.
    NotUtf8,
    /// The line is longer than the limit and was skipped.
    LineTooLong,
    /// The last line has no line end: it may be cut off and is not used.
    TornLastLine,
    /// There is text after `# EOF`.
    TextAfterEof,
    /// A counter is NaN: kept, and left out of sums.
    NanCounter,
    /// A counter is negative.
    NegativeCounter,
    /// The same series stands twice with different values: the last one is kept.
    DuplicateSeries,
    /// The buckets of a histogram fall with rising bound.
    BucketsNotCumulative,
    /// A histogram has no `+Inf` bucket.
    MissingInfBucket,
    /// The `+Inf` bucket of a histogram differs from its `_count`.
    CountMismatch,
    /// A bucket has no `le` label, or its bound is not a number.
    BadBucket,
    /// A `# TYPE` line contradicts an earlier one of the same family.
    TypeConflict,
}

impl fmt::Display for IssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadName => "not a metric name",
            Self::BadLabelName => "not a label name",
            Self::MissingEquals => "a label name is not followed by '='",
            Self::UnquotedLabel => "a label value is not in double quotes",
            Self::UnclosedQuote => "a quoted text does not end on its line",
            Self::UnclosedLabels => "a label set does not end with '}'",
            Self::BadEscape => "a backslash escapes neither '\\' nor '\"' nor 'n'",
            Self::MissingValue => "there is no value",
            Self::BadValue => "the value is not a number",
            Self::BadTimestamp => "the timestamp is not a number",
            Self::TrailingText => "there is text after the value",
            Self::BadExemplar => "the exemplar is malformed",
            Self::BadType => "the TYPE line is malformed or its type unknown",
            Self::BadMeta => "the HELP or UNIT line names no metric",
            Self::NotUtf8 => "the line is not UTF-8",
            Self::LineTooLong => "the line is longer than the limit and was skipped",
            Self::TornLastLine => "the last line has no line end: it may be cut off and is not used",
            Self::TextAfterEof => "there is text after # EOF",
            Self::NanCounter => "a counter is NaN: it is left out of sums",
            Self::NegativeCounter => "a counter is negative",
            Self::DuplicateSeries => "the same series stands twice with different values: the last is kept",
            Self::BucketsNotCumulative => "the buckets of a histogram fall with rising bound",
            Self::MissingInfBucket => "a histogram has no +Inf bucket",
            Self::CountMismatch => "the +Inf bucket of a histogram differs from its count",
            Self::BadBucket => "a bucket has no usable 'le' label",
            Self::TypeConflict => "the TYPE line contradicts an earlier one",
        })
    }
}

/// Why a document is not exposition text at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotExposition {
    /// No bytes, or white space only.
    #[error("it is empty")]
    Empty,
    /// An HTML page: usually a login page or a proxy's error.
    #[error("it is an HTML page, not a metrics page")]
    Html,
    /// A JSON document.
    #[error("it is JSON, not a metrics page")]
    Json,
    /// Gzip-compressed bytes.
    #[error("it is gzip-compressed")]
    Gzip,
    /// Zstandard-compressed bytes.
    #[error("it is zstd-compressed")]
    Zstd,
    /// The protobuf form of the exposition format, or another binary file.
    #[error("it is binary, not text")]
    Binary,
    /// Text in which no line is exposition text; the first bad line is given.
    #[error("no line of it is exposition text (line {line}: {kind})")]
    NoLine {
        /// First line that is not.
        line: u64,
        /// Why not.
        kind: IssueKind,
    },
}

/// Recognises what is certainly not exposition text by its first bytes.
pub fn recognise_foreign(head: &[u8]) -> Option<NotExposition> {
    if head.starts_with(&[0x1f, 0x8b]) {
        return Some(NotExposition::Gzip);
    }
    if head.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        return Some(NotExposition::Zstd);
    }
    let body = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let first = body.iter().position(|b| !b.is_ascii_whitespace())?;
    let body = &body[first..];
    let window = &body[..body.len().min(1024)];
    if window.contains(&0) {
        return Some(NotExposition::Binary);
    }
    match body {
        [b'<', ..] => Some(NotExposition::Html),
        [b'[', ..] => Some(NotExposition::Json),
        // `{"name"} 1` is a sample with a quoted name; `{"key": ...` is JSON.
        [b'{', rest @ ..] => {
            let text = String::from_utf8_lossy(&rest[..rest.len().min(512)]).into_owned();
            let after_key = text.trim_start().strip_prefix('"').and_then(|t| t.split_once('"')).map(|(_, r)| r);
            let json = text.trim_start().starts_with('}') && text.trim().len() < 3
                || after_key.is_some_and(|r| r.trim_start().starts_with(':'));
            json.then_some(NotExposition::Json)
        }
        _ => None,
    }
}
