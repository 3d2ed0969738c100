//! What could not be read, with its place.

use serde::{Deserialize, Serialize};

/// At most this many issues are kept; the rest is counted.
pub const MAX_ISSUES: usize = 100;

/// Sort of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum IssueKind {
    /// Not JSON, or cut off.
    BadJson,
    /// JSON that is no OTLP object of any known key.
    UnknownShape,
    /// Longer than [`MAX_RECORD`](crate::MAX_RECORD).
    TooLong,
    /// Bytes that are no protobuf message.
    BadProtobuf,
    /// The last record is cut off.
    Torn,
    /// Something lenient was accepted.
    Lenient,
}

/// One thing that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("byte {offset}: {message}")]
pub struct Issue {
    /// Sort.
    pub kind: IssueKind,
    /// Line from 1; 0 in a binary file.
    pub line: u64,
    /// Offset of the record in bytes.
    pub offset: u64,
    /// In words, at most 240 bytes, without content of the file.
    pub message: String,
}

/// A bounded list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Issues {
    pub(crate) kept: Vec<Issue>,
    pub(crate) count: u64,
}

impl Issues {
    pub(crate) fn push(&mut self, kind: IssueKind, line: u64, offset: u64, message: &str) {
        self.count += 1;
        if self.kept.len() < MAX_ISSUES {
            let message = cut(message, 240).to_owned();
            self.kept.push(Issue { kind, line, offset, message });
        }
    }
}

/// The first `limit` bytes of a text, cut between characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
