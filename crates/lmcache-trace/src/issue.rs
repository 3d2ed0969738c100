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
///
/// Who says what:
///
/// | kinds | by |
/// |---|---|
/// | [`MalformedArgs`](Self::MalformedArgs), [`NonFiniteTime`](Self::NonFiniteTime) | [`summarize`](crate::summarize), [`Summarizer`](crate::Summarizer) and [`reuse`](crate::reuse()), which decode arguments. The readers and [`walk`](crate::walk()) hand the record out: [`Record::decode`](crate::Record::decode) fails then, and the caller looks at its times |
/// | [`Grew`](Self::Grew) | `summarize`, where [`InfoOptions::expected_bytes`](crate::InfoOptions::expected_bytes) is given |
/// | [`Read`](Self::Read) | what reads off a `Read`: [`StreamReader`](crate::StreamReader), `walk`, and all above them |
/// | all others | every reader |
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

    /// How many bytes this fault says were left out.
    fn skipped(&self) -> u64 {
        match self {
            IssueKind::Resynchronised { skipped, .. } => *skipped,
            IssueKind::NotResynchronised { bytes } => *bytes,
            _ => 0,
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
#[non_exhaustive]
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
#[non_exhaustive]
pub struct IssueLog {
    /// How often each [`IssueKind::code`] occurred.
    pub counts: BTreeMap<String, u64>,
    /// The first [`IssueLog::KEPT`] issues, and after them the first of every code that is not
    /// among those: the torn end of a file is here however much was wrong before it.
    pub first: Vec<IssueEntry>,
    /// Bytes that were left out in looking for a whole frame. Frames that were stepped over by
    /// their length, and a torn end, are not in it.
    #[serde(default)]
    pub skipped_bytes: u64,
}

impl IssueLog {
    /// How many issues are kept in full, whatever their codes.
    pub const KEPT: usize = 64;

    /// Adds an issue.
    pub fn push(&mut self, issue: &Issue) {
        let code = issue.kind.code();
        self.skipped_bytes = self.skipped_bytes.saturating_add(issue.kind.skipped());
        let is_new = !self.counts.contains_key(code);
        if is_new {
            self.counts.insert(code.to_owned(), 1);
        } else if let Some(count) = self.counts.get_mut(code) {
            *count += 1;
        }
        if is_new || self.first.len() < Self::KEPT {
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

    /// The first issue with this [`IssueKind::code`].
    pub fn first_of(&self, code: &str) -> Option<&IssueEntry> {
        self.first.iter().find(|issue| issue.code == code)
    }

    /// The first issue of every code, in the order of the file: at least one of each fault.
    pub fn firsts(&self) -> impl Iterator<Item = &IssueEntry> {
        self.first.iter().enumerate().filter_map(|(at, issue)| {
            let seen = self.first.iter().take(at).any(|before| before.code == issue.code);
            (!seen).then_some(issue)
        })
    }
}
