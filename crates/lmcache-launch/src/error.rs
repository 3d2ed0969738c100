//! Why an artifact could not be read at all.

use crate::Kind;

/// Why an artifact could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Longer than the reader takes; the limit is [`MAX_BYTES`](crate::MAX_BYTES).
    #[error("{bytes} bytes are more than the limit of {limit}")]
    TooLarge {
        /// Length of the artifact in bytes.
        bytes: usize,
        /// The limit in bytes.
        limit: usize,
    },
    /// The text is not JSON although its kind is.
    #[error("not JSON: line {line}, column {column}")]
    Json {
        /// Line, counted from 1.
        line: usize,
        /// Column, counted from 1.
        column: usize,
    },
    /// The text is not YAML although its kind is.
    #[error("not YAML: line {line}, column {column}")]
    Yaml {
        /// Line, counted from 1; 0 if unknown.
        line: u64,
        /// Column, counted from 1; 0 if unknown.
        column: u64,
    },
    /// Nothing of the kind is in the text.
    #[error("nothing of the kind {kind} in {bytes} bytes")]
    Empty {
        /// The kind that was asked for.
        kind: Kind,
        /// Length of the artifact in bytes.
        bytes: usize,
    },
    /// The redactor's or a table's own expression did not compile; no input causes this.
    #[error("a built-in pattern does not compile")]
    Pattern,
}
