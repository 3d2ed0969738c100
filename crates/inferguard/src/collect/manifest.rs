//! `packet_manifest.json`: where everything in a packet came from.

use std::collections::BTreeMap;

use lmcache_http::Skipped;
use serde::Serialize;

use super::gather::Attempt;
use super::redact::Replaced;
use crate::report::{CompatReport, Tool};

/// One file of a packet, or one source that gave none.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Entry {
    /// Name: `lmcache_metrics`, `lmcache_health`, `engine_log`, ...
    pub name: String,
    /// Path in the packet; `null` where nothing was written.
    pub file: Option<String>,
    /// Role that the user gave its process.
    pub role: Option<String>,
    /// What the content is.
    pub kind: String,
    /// URL without credentials, or path.
    pub source: String,
    /// `ok`, `http_error`, `no_such_route`, `not_fetched`, `unreadable`, `not_copied`,
    /// `not_what_was_asked_for`.
    pub status: String,
    /// Why, where the status is not `ok`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// Short stable word for the error of a fetch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error_code: Option<String>,
    /// Status of HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_status: Option<u16>,
    /// Seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub captured_at: Option<f64>,
    /// Bytes in the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// SHA-256 in the packet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// What was replaced before it was written, by class.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub redacted: Replaced,
    /// All exchanges, where several paths were tried.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
}

impl Entry {
    /// Whether something is in the packet.
    pub fn is_written(&self) -> bool {
        self.file.is_some()
    }

    /// Whether the entry is an error to tell: a probe of a route that a release lacks is none.
    pub fn is_error(&self) -> bool {
        !matches!(self.status.as_str(), "ok" | "no_such_route")
    }
}

/// An error, in the form that scripts know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ScrapeError {
    /// Name of the entry.
    pub source_name: String,
    /// URL without credentials, or path.
    pub source: String,
    /// What went wrong.
    pub error: String,
}

/// What the compatibility report of a packet says, in short.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CompatSummary {
    /// Codes of failure reasons.
    pub failure_reasons: Vec<String>,
    /// Questions to LMCache's authors.
    pub upstream_questions: Vec<String>,
    /// Surfaces with their status.
    pub surfaces: BTreeMap<String, String>,
}

impl CompatSummary {
    pub(super) fn of(report: &CompatReport) -> Self {
        Self {
            failure_reasons: report.failure_reasons.iter().map(|f| f.code.clone()).collect(),
            upstream_questions: report.upstream_questions.iter().map(|q| q.code.clone()).collect(),
            surfaces: report
                .surfaces
                .iter()
                .map(|(name, row)| (name.clone(), row.status.clone()))
                .collect(),
        }
    }
}

/// The manifest of a packet.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PacketManifest {
    /// `inferguard-lmcache-packet/v1`.
    pub schema_version: String,
    /// The tool.
    pub tool: Tool,
    /// When the packet was finished, RFC 3339 in UTC.
    pub generated_at: String,
    /// `measured` only where a page of a live process holds series of a known product.
    pub claim_status: String,
    /// The run was interrupted: what is here is whole, and not everything is here.
    pub partial: bool,
    /// Nothing was redacted (`--no-redact`).
    pub unredacted: bool,
    /// Mode that the user expects.
    pub expect_mode: String,
    /// Mode that was found.
    pub detected_mode: String,
    /// Whether L2 is configured or seen.
    pub l2_configured: bool,
    /// Sources by name.
    pub sources: BTreeMap<String, String>,
    /// Files by name.
    pub artifacts: BTreeMap<String, String>,
    /// Everything that was asked for.
    pub files: Vec<Entry>,
    /// What went wrong.
    pub scrape_errors: Vec<ScrapeError>,
    /// Routes that were not called.
    pub skipped_endpoints: Vec<Skipped>,
    /// The compatibility report in short.
    pub compat_summary: CompatSummary,
}

impl PacketManifest {
    /// The value of `schema_version`.
    pub const SCHEMA: &'static str = "inferguard-lmcache-packet/v1";
    /// Name of the file.
    pub const FILE: &'static str = "packet_manifest.json";

    /// How many files were written.
    pub fn written(&self) -> usize {
        self.files.iter().filter(|e| e.is_written()).count()
    }
}
