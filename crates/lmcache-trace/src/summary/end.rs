//! How a trace ends.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::EventsSummary;
use crate::issue::{IssueEntry, IssueLog};

/// How a trace ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum EndKind {
    /// A stop mark: the server closed the recording (level events only).
    Closed,
    /// After a whole frame, without a stop mark. The storage level has none: a
    /// closed and a killed recording look alike.
    NoCloseMark,
    /// Within a frame.
    Torn,
    /// In bytes that could not be read.
    Unreadable,
    /// The source failed.
    ReadError,
    /// The reading was stopped.
    Stopped,
    /// There is a header and nothing else.
    HeaderOnly,
}

impl EndKind {
    /// The stable word of reports, such as `no_close_mark`.
    pub fn as_str(self) -> &'static str {
        match self {
            EndKind::Closed => "closed",
            EndKind::NoCloseMark => "no_close_mark",
            EndKind::Torn => "torn",
            EndKind::Unreadable => "unreadable",
            EndKind::ReadError => "read_error",
            EndKind::Stopped => "stopped",
            EndKind::HeaderOnly => "header_only",
        }
    }
}

impl fmt::Display for EndKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a trace ends, and what that means. It tells of the last bytes alone: whether something is
/// missing before them says [`TraceSummary::is_whole`](super::TraceSummary::is_whole).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct End {
    /// How.
    pub kind: EndKind,
    /// What it means, in a sentence.
    pub meaning: String,
    /// Where the damage begins that the trace ends in: a file offset. Nothing where it ends after
    /// a whole frame.
    #[serde(default)]
    pub offset: Option<u64>,
    /// That damage.
    #[serde(default)]
    pub issue: Option<IssueEntry>,
}

/// The codes of faults after which nothing of a trace follows.
const AT_THE_END: [&str; 4] = ["read_error", "torn_length", "torn_body", "not_resynchronised"];

impl End {
    pub(super) fn of(
        issues: &IssueLog,
        partial: bool,
        events: Option<&EventsSummary>,
        records: u64,
    ) -> Self {
        let has = |code| issues.count(code) > 0;
        let (kind, meaning) = if partial {
            (EndKind::Stopped, "reading was stopped here; the trace goes on")
        } else if has("read_error") {
            (EndKind::ReadError, "the source failed here; the trace may go on")
        } else if has("torn_length") || has("torn_body") {
            (
                EndKind::Torn,
                "the last frame is cut off: the disk was full, the server was killed, or the \
                 file is still being written; the calls after it are not in the trace",
            )
        } else if has("not_resynchronised") {
            (EndKind::Unreadable, "the end of the file holds no whole frame; what it held is lost")
        } else if events.is_some_and(EventsSummary::ends_with_stop) {
            (EndKind::Closed, "the recording was closed by the server")
        } else if records == 0 {
            (
                EndKind::HeaderOnly,
                "no call was recorded: observability was off, no request came, or the server \
                 was killed before its first event",
            )
        } else if events.is_some() {
            (
                EndKind::NoCloseMark,
                "no clean close: the stop mark is missing, so the server was killed or is still \
                 recording",
            )
        } else {
            (
                EndKind::NoCloseMark,
                "no clean close can be told: a storage trace has no end mark, so calls after \
                 the last frame may be missing (they are when the server was killed)",
            )
        };
        let damaged = matches!(kind, EndKind::ReadError | EndKind::Torn | EndKind::Unreadable);
        let issue = AT_THE_END.iter().filter(|_| damaged).find_map(|code| issues.first_of(code));
        End {
            kind,
            meaning: meaning.to_owned(),
            offset: issue.map(|issue| issue.offset),
            issue: issue.cloned(),
        }
    }
}
