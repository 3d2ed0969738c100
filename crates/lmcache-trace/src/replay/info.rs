//! What `lmcache trace info` prints.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ReplayError;
use super::text::plain;

/// The facts that `lmcache trace info` prints. A field is `None` where they do not stand
/// there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceInfo {
    /// The files that told of it.
    pub files: Vec<String>,
    /// Name of the trace, as the tool was given it.
    pub trace: Option<String>,
    /// Level of the trace.
    pub level: Option<String>,
    /// Format version.
    pub format_version: Option<u64>,
    /// Schema version.
    pub trace_schema_version: Option<u64>,
    /// Largest time of a record, in seconds.
    pub duration_s: Option<f64>,
    /// Digest of the recorded configuration; empty where there was none.
    pub sm_config_digest: Option<String>,
    /// Number of records.
    pub total_records: Option<u64>,
    /// Records by operation.
    pub ops: BTreeMap<String, u64>,
    /// Facts of the level: `instance_id`, `lmcache_version`, ...
    pub level_meta: BTreeMap<String, String>,
    /// Cache-event figures: `store_bytes`, `entries store`, `batches store/l1/dram/local`, ...
    pub events: BTreeMap<String, String>,
    /// Where the trace is torn: offset of the torn frame. (The tool prints the offset
    /// of the frame's body or, where the length itself is torn, of its length.)
    pub torn_at: Option<u64>,
    /// Records that the tool skipped as malformed.
    pub malformed: u64,
    /// What made the tool fail, where it did.
    pub error: Option<String>,
}

pub(super) fn read(bytes: &[u8]) -> Result<TraceInfo, ReplayError> {
    let text = String::from_utf8_lossy(bytes);
    let mut info = TraceInfo::default();
    let mut section = "";
    for line in text.lines() {
        let line = plain(line);
        let line = line.as_ref();
        if line.contains("TraceReader:") {
            read_warning(line, &mut info);
            continue;
        }
        if let Some(name) = line.strip_prefix("Trace file:") {
            info.trace = Some(name.trim().to_owned());
            continue;
        }
        if let Some((_, error)) = line.split_once("Error: ").filter(|_| !line.starts_with(' ')) {
            info.error = Some(error.trim().to_owned());
            continue;
        }
        if info.trace.is_none() || !line.starts_with("  ") {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        // An operation's name and a batch's kind hold no colon; the first one splits.
        let Some((label, value)) = line.trim().split_once(':') else { continue };
        let value = value.trim();
        match (indent, label) {
            (2, "ops") => section = "ops",
            (2, "events") => section = "events",
            (2, _) => {
                section = "";
                read_fact(label, value, &mut info);
            }
            (4, _) if section == "ops" => {
                if let Ok(count) = value.parse() {
                    info.ops.insert(label.to_owned(), count);
                }
            }
            (4, "batches (type/tier/backend/shared)") => section = "batches",
            (4, "entries") => section = "entries",
            (4, _) if !section.is_empty() => {
                section = if label == "instances" { "instance" } else { "events" };
                info.events.insert(label.to_owned(), value.to_owned());
            }
            (6, _) if !section.is_empty() => {
                info.events.insert(format!("{section} {label}"), value.to_owned());
            }
            _ => {}
        }
    }
    if info.trace.is_none() && info.error.is_none() && info.torn_at.is_none() {
        return Err(ReplayError::ToolFailed);
    }
    Ok(info)
}

fn read_fact(label: &str, value: &str, info: &mut TraceInfo) {
    match label {
        "level" => info.level = Some(value.to_owned()),
        "format_version" => info.format_version = value.parse().ok(),
        "trace_schema_version" => info.trace_schema_version = value.parse().ok(),
        "duration" => info.duration_s = value.strip_suffix('s').and_then(|n| n.parse().ok()),
        "sm_config_digest" => {
            let digest = if value == "(none)" { "" } else { value };
            info.sm_config_digest = Some(digest.to_owned());
        }
        "total_records" => info.total_records = value.parse().ok(),
        _ => {
            info.level_meta.insert(label.to_owned(), value.to_owned());
        }
    }
}

/// A warning of the tool's reader on standard error.
fn read_warning(line: &str, info: &mut TraceInfo) {
    let offset = line.split_once(" at offset ").and_then(|(_, rest)| {
        rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    });
    if line.contains("truncated frame body") {
        info.torn_at = offset.map(|n| n.saturating_sub(4));
    } else if line.contains("truncated frame length") {
        info.torn_at = offset;
    } else if line.contains("malformed record") {
        info.malformed += 1;
    }
}
