//! Packets: what an operator saved, recognised, hashed and read.
//!
//! Any directory, any file and standard input is a packet; none of them is ever written to.
//! What cannot be read is reported in its place and costs nothing else.

mod capture_times;
mod kind;
mod launch;
mod open;
mod read;
mod readers;
mod sniff;
mod streams;

pub use kind::ArtifactKind;
pub use open::{Input, Limits, Packet, open};
pub use read::PAGE_TOO_MANY_SERIES;
pub(crate) use read::hex;
pub(crate) use readers::{Readers, report_redactor};
pub use sniff::sniff;

use serde::Serialize;

/// Something about one artifact that the reader has to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InputIssue {
    /// Stable code: `unreadable`, `not_exposition_text`, `bad_line`, `partial`, ...; of a trace those
    /// of [`lmcache_trace::IssueKind::code`] and [`lmcache_trace::TraceError::code`].
    pub code: String,
    /// What is wrong, as a sentence that names the cause.
    pub message: String,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Byte offset from the start of the (inflated) content.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

impl InputIssue {
    /// An issue with the whole artifact.
    pub fn whole(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), line: None, offset: None }
    }
}

/// One file or answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Artifact {
    /// Path as the user named it (or the URL, credentials removed, or `-`).
    pub path: String,
    /// What it is.
    pub kind: ArtifactKind,
    /// Which process it belongs to, where the path or the content tells.
    pub role: Option<String>,
    /// Size in bytes as stored.
    pub bytes: u64,
    /// SHA-256 of the stored bytes; `null` when they could not be read whole.
    pub sha256: Option<String>,
    /// Whether this version reads what it says.
    pub read: bool,
    /// Time of capture in seconds since 1970, where the packet's index or the fetch tells.
    pub captured_at: Option<f64>,
    /// What is wrong with it.
    pub issues: Vec<InputIssue>,
}

/// A Prometheus page that was read.
#[derive(Debug)]
#[non_exhaustive]
pub struct Page {
    /// Index of its artifact.
    pub artifact: usize,
    /// Path relative to what the user named, with `/`; decides roles.
    pub relative: String,
    /// A role that the user gave (`engine`, `lmcache`), which beats the path.
    pub given_role: Option<String>,
    /// What stands beside it where it came by OTLP and not by a scrape.
    pub export: Option<Export>,
    /// The samples.
    pub scrape: lmcache_prom::Scrape,
}

/// One OTLP export that is read as a page.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Export {
    /// When it was made, in seconds since 1970.
    pub at: Option<f64>,
    /// Its line in the file, from 1; nothing in a binary file.
    pub line: Option<u64>,
}

/// An I/O error in words that name the cause.
pub(crate) fn plain_error(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".into(),
        std::io::ErrorKind::PermissionDenied => "permission denied".into(),
        std::io::ErrorKind::IsADirectory => "it is a directory, not a file".into(),
        _ => error.to_string(),
    }
}
