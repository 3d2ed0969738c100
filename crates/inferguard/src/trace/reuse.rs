//! `trace reuse`.

use lmcache_trace::{ReuseOptions, ReuseReport, reuse};
use serde::Serialize;

use super::Watch;
use super::source;
use crate::report::Tool;

/// The report of `trace reuse`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceReuseReport {
    /// `inferguard/trace-reuse-report/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// Path as the user named it, or `-`.
    pub path: String,
    /// SHA-256 of the file; `null` where it was not read whole.
    pub sha256: Option<String>,
    /// How chunks are reused.
    pub reuse: ReuseReport,
}

/// Follows reuse through one trace; the error is a sentence.
pub fn read_reuse(
    path: &str,
    options: &ReuseOptions,
    hash: bool,
    watch: &mut Watch<'_>,
) -> Result<TraceReuseReport, String> {
    let outcome = source::with(path, hash, watch, |body, _, hooks| reuse(body, options, hooks));
    let reuse = outcome.result.map_err(|error| error.to_string())?;
    Ok(TraceReuseReport {
        schema: "inferguard/trace-reuse-report/v1".into(),
        tool: Tool::this(),
        path: path.to_owned(),
        sha256: outcome.sha256,
        reuse,
    })
}
