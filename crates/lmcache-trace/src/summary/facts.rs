//! Header, keys and records in the form that reports hold.

use serde::{Deserialize, Serialize};

use super::names;
use crate::distinct::Distinct;
use crate::header::{DigestState, Header, Level, MetaValue};
use crate::record::Record;

/// The header's facts that a report may show. The configuration is not among them:
/// it may hold paths and addresses ([`Header::config`] has it).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HeaderFacts {
    /// See [`Header::format_version`].
    pub format_version: u64,
    /// See [`Header::level`].
    pub level: Level,
    /// See [`Header::trace_schema_version`].
    pub trace_schema_version: u64,
    /// See [`Header::t_mono_start`]; `None` where it is no number.
    pub t_mono_start: Option<f64>,
    /// See [`Header::t_wall_start`]; `None` where it is no number.
    pub t_wall_start: Option<f64>,
    /// See [`Header::sm_config_digest`].
    pub sm_config_digest: String,
    /// See [`Header::digest_state`].
    pub digest_state: DigestState,
    /// Bytes of the configuration's JSON.
    pub sm_config_bytes: u64,
    /// See [`Header::level_meta`].
    pub level_meta: std::collections::BTreeMap<String, MetaValue>,
    /// See [`Header::unknown_fields`].
    pub unknown_fields: Vec<String>,
}

impl HeaderFacts {
    pub(super) fn of(header: &Header) -> Self {
        HeaderFacts {
            format_version: header.format_version,
            level: header.level.clone(),
            trace_schema_version: header.trace_schema_version,
            t_mono_start: Some(header.t_mono_start).filter(|t| t.is_finite()),
            t_wall_start: Some(header.t_wall_start).filter(|t| t.is_finite()),
            sm_config_digest: header.sm_config_digest.clone(),
            digest_state: header.digest_state(),
            sm_config_bytes: header.sm_config_json.len() as u64,
            level_meta: header.level_meta.clone(),
            unknown_fields: header.unknown_fields.clone(),
        }
    }
}

/// Keys over the whole trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KeyFacts {
    /// Keys in all calls, each counted as often as it is named.
    pub references: u64,
    /// Different keys.
    pub distinct: Distinct,
    /// References beyond each key's first.
    pub repeats: u64,
}

/// A record in the form that reports hold; without its arguments.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct RecordFacts {
    /// Position among the records.
    pub index: u64,
    /// File offset of its frame.
    pub offset: u64,
    /// Seconds since the start of the recording; `None` where it is no number.
    pub t_mono: Option<f64>,
    /// Seconds since 1970; `None` where it is no number.
    pub t_wall: Option<f64>,
    /// The qualified name, at most 256 bytes of it.
    pub qualname: String,
    /// Keys in the call.
    pub keys: u64,
}

impl RecordFacts {
    pub(super) fn of(record: &Record<'_>, keys: u64) -> Self {
        RecordFacts {
            index: record.index,
            offset: record.offset,
            t_mono: Some(record.t_mono).filter(|t| t.is_finite()),
            t_wall: Some(record.t_wall).filter(|t| t.is_finite()),
            qualname: names::clip(record.qualname(), 256).to_owned(),
            keys,
        }
    }
}
