//! Why something is not a readable trace at all.

use thiserror::Error;

use crate::cursor::DecodeError;
use crate::frame::PREFIX;

/// The input is not a trace that can be read. Faults inside a trace are
/// [`Issue`](crate::Issue)s and do not stop the reading.
///
/// ```
/// use lmcache_trace::{Foreign, StreamReader, TraceError};
///
/// match StreamReader::new(&b"{\"not\": \"a trace\"}"[..]) {
///     Ok(reader) => println!("level {}", reader.header().level.as_str()),
///     // Unpack it first.
///     Err(TraceError::NotATrace(Foreign::Gzip)) => println!("gzip"),
///     Err(error @ TraceError::TornHeader { .. }) => println!("cut at byte {}", error.offset()),
///     Err(error) => {
///         assert_eq!(error.to_string(), "not an LMCache trace: it is text");
///         assert_eq!(error.code(), "not_a_trace");
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TraceError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The file does not start with a trace header.
    #[error("not an LMCache trace: {0}")]
    NotATrace(Foreign),
    /// The file ends within its header.
    #[error("the file ends inside the trace header ({have} of {want} bytes)")]
    TornHeader {
        /// Bytes of the header that are present.
        have: u64,
        /// Length that the header frame claims.
        want: u64,
    },
    /// The header is longer than [`MAX_HEADER`](crate::MAX_HEADER).
    #[error("the trace header of {len} bytes is longer than the limit of {limit}")]
    OverlongHeader {
        /// Length that the header frame claims.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// The header is not well-formed.
    #[error("the trace header is malformed: {0}")]
    MalformedHeader(DecodeError),
    /// The header names a format version that this reader does not know
    /// (LMCache 0.4.4 to 0.5.6 write version 1).
    #[error("trace format version {found} is not known (known: 1); reading can be forced")]
    UnknownVersion {
        /// The version in the header.
        found: u64,
    },
    /// The source failed before the header was read.
    #[error("read error at byte {offset}: {kind}")]
    Read {
        /// Kind of failure.
        kind: std::io::ErrorKind,
        /// How many bytes had been read.
        offset: u64,
    },
}

impl TraceError {
    /// A short stable name for counts and JSON, such as `torn_header`.
    pub fn code(&self) -> &'static str {
        match self {
            TraceError::Empty => "empty",
            TraceError::NotATrace(_) => "not_a_trace",
            TraceError::TornHeader { .. } => "torn_header",
            TraceError::OverlongHeader { .. } => "overlong_header",
            TraceError::MalformedHeader(_) => "malformed_header",
            TraceError::UnknownVersion { .. } => "unknown_version",
            TraceError::Read { .. } => "read_error",
        }
    }

    /// The file offset that the fault is at: where the bytes end for
    /// [`TornHeader`](Self::TornHeader) and [`Read`](Self::Read), else where the fault is.
    pub fn offset(&self) -> u64 {
        match self {
            TraceError::TornHeader { have, .. } => have.saturating_add(PREFIX as u64),
            TraceError::MalformedHeader(error) => error.offset,
            TraceError::Read { offset, .. } => *offset,
            _ => 0,
        }
    }
}

/// What a file that is no trace looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Foreign {
    /// gzip data; unpack it first.
    #[error("it is gzip data")]
    Gzip,
    /// Zstandard data; unpack it first.
    #[error("it is Zstandard data")]
    Zstd,
    /// Text, JSON for instance.
    #[error("it is text")]
    Text,
    /// A record frame without a header before it: the start of the file is missing.
    #[error("it starts with a record, the header is missing")]
    HeaderMissing,
    /// A header with another magic than `LMCT`.
    #[error("its header has another magic")]
    Magic,
    /// Nothing that is known.
    #[error("its first bytes are no trace header")]
    Unknown,
}
