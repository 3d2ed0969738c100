//! What was wrong in a trace, where, and how often.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::cursor::DecodeError;

/// One fault in a trace that did not stop the reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("byte {offset}: {kind}")]
#[non_exhaustive]
pub struct Issue {
    /// What is wrong.
    pub kind: IssueKind,
    /// File offset of the frame concerned (its length field).
    pub offset: u64,
    /// How many records had been read before.
    pub record: u64,
}

/// The kinds of fault; each is one documented cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IssueKind {
    /// The file ends within the four bytes of a frame's length.
    #[error("file ends inside a frame length ({have} of 4 bytes)")]
    TornLength {
        /// Bytes present.
        have: u64,
    },
    /// The file ends within a frame: the recorder was killed or the disk was full.
    #[error("file ends inside a frame ({have} of {want} bytes of its body)")]
    TornBody {
        /// Bytes of the body that are present.
        have: u64,
        /// Length that the frame claims.
        want: u64,
    },
    /// A frame of length zero; the recorder writes none.
    #[error("frame of length zero")]
    ZeroLength,
    /// A frame longer than the reader's limit; it is not read.
    #[error("frame of {len} bytes is longer than the limit of {limit}")]
    OverlongFrame {
        /// Length that the frame claims.
        len: u64,
        /// The limit.
        limit: u64,
    },
    /// A frame's length leads past the end of the file although whole frames follow.
    #[error("frame length {len} leads past the end of the file although whole frames follow")]
    WrongLength {
        /// Length that the frame claims.
        len: u64,
    },
    /// A frame is no record; it is left out.
    #[error("frame is not a record: {0}")]
    MalformedFrame(DecodeError),
    /// A record's arguments are not well-formed; the call is counted, its keys are not.
    #[error("arguments are malformed: {0}")]
    MalformedArgs(DecodeError),
    /// A record's time is NaN or infinite; the call is counted, its time is not used.
    #[error("record time is not finite")]
    NonFiniteTime,
    /// After a bad frame the reading went on at a place where whole frames follow.
    #[error("reading went on at byte {at} after {skipped} bytes that could not be read")]
    Resynchronised {
        /// Where the reading went on.
        at: u64,
        /// Bytes left out.
        skipped: u64,
    },
    /// After a bad frame no place was found from which whole frames follow.
    #[error("no whole frame was found in the last {bytes} bytes")]
    NotResynchronised {
        /// Bytes left out.
        bytes: u64,
    },
    /// The source failed while it was read.
    #[error("read error: {0}")]
    Read(std::io::ErrorKind),
    /// More bytes were read than the file had when it was opened: it is still
    /// being written, and the last frames may lack.
    #[error("file grew while it was read (from {expected} bytes)")]
    Grew {
        /// Size when it was opened.
        expected: u64,
    },
}

impl IssueKind {
    /// A short stable name for counts and JSON, such as `torn_body`.
    pub fn code(&self) -> &'static str {
        match self {
            IssueKind::TornLength { .. } => "torn_length",
            IssueKind::TornBody { .. } => "torn_body",
            IssueKind::ZeroLength => "zero_length",
            IssueKind::OverlongFrame { .. } => "overlong_frame",
            IssueKind::WrongLength { .. } => "wrong_length",
            IssueKind::MalformedFrame(_) => "malformed_frame",
            IssueKind::MalformedArgs(_) => "malformed_args",
            IssueKind::NonFiniteTime => "non_finite_time",
            IssueKind::Resynchronised { .. } => "resynchronised",
            IssueKind::NotResynchronised { .. } => "not_resynchronised",
            IssueKind::Read(_) => "read_error",
            IssueKind::Grew { .. } => "grew",
        }
    }

    /// Whether this fault is the torn end of a file.
    pub fn is_torn_tail(&self) -> bool {
        matches!(self, IssueKind::TornLength { .. } | IssueKind::TornBody { .. })
    }
}

/// An [`Issue`] in the form that reports hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IssueEntry {
    /// [`IssueKind::code`].
    pub code: String,
    /// File offset of the frame concerned.
    pub offset: u64,
    /// How many records had been read before.
    pub record: u64,
    /// One sentence, with the numbers.
    pub message: String,
}

impl From<&Issue> for IssueEntry {
    fn from(issue: &Issue) -> Self {
        IssueEntry {
            code: issue.kind.code().to_owned(),
            offset: issue.offset,
            record: issue.record,
            message: issue.kind.to_string(),
        }
    }
}

/// Counts of every issue, and the first ones in full, in bounded memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IssueLog {
    /// How often each [`IssueKind::code`] occurred.
    pub counts: BTreeMap<String, u64>,
    /// The first issues, at most [`IssueLog::KEPT`].
    pub first: Vec<IssueEntry>,
}

impl IssueLog {
    /// How many issues are kept in full.
    pub const KEPT: usize = 64;

    /// Adds an issue.
    pub fn push(&mut self, issue: &Issue) {
        let code = issue.kind.code();
        match self.counts.get_mut(code) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(code.to_owned(), 1);
            }
        }
        if self.first.len() < Self::KEPT {
            self.first.push(IssueEntry::from(issue));
        }
    }

    /// Number of issues.
    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    /// Number of issues with this [`IssueKind::code`].
    pub fn count(&self, code: &str) -> u64 {
        self.counts.get(code).copied().unwrap_or(0)
    }
}
