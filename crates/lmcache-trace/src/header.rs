//! The first frame of a trace.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::cursor::{Cursor, DecodeErrorKind};
use crate::error::{Foreign, TraceError};
use crate::frame::PREFIX;

/// Longest header that is read, in bytes. Headers of LMCache 0.4.4 to 0.5.6 with
/// two L2 adapters stay below 4 KiB.
pub const MAX_HEADER: usize = 4 << 20;

/// The only format version there is (LMCache 0.4.4 to 0.5.6).
pub const FORMAT_VERSION: u64 = 1;

/// Which stream a trace records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case", into = "String", from = "String")]
#[non_exhaustive]
pub enum Level {
    /// Calls of the storage manager (LMCache 0.4.4 and newer).
    Storage,
    /// The cache-event stream (LMCache 0.5.6 and newer). Its store entries hold
    /// the raw token ids of the prompts.
    Events,
    /// A level that this crate does not know.
    Other(String),
}

impl From<String> for Level {
    fn from(name: String) -> Self {
        match name.as_str() {
            "storage" => Level::Storage,
            "events" => Level::Events,
            _ => Level::Other(name),
        }
    }
}

impl From<Level> for String {
    fn from(level: Level) -> Self {
        level.as_str().to_owned()
    }
}

impl Level {
    /// The name in the file.
    pub fn as_str(&self) -> &str {
        match self {
            Level::Storage => "storage",
            Level::Events => "events",
            Level::Other(name) => name,
        }
    }
}

/// One value of `level_meta`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(untagged)]
#[non_exhaustive]
pub enum MetaValue {
    /// A boolean.
    Bool(bool),
    /// An integer.
    Int(i64),
    /// A number.
    Float(f64),
    /// A text.
    Text(String),
    /// Anything else: the type's name, such as `map`.
    Other(String),
}

/// Whether `sm_config_digest` is the digest of `sm_config_json`, and whether it
/// can be compared between runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DigestState {
    /// The digest is right and comparable.
    Comparable,
    /// The digest is right, but the configuration holds an object's memory
    /// address: it differs between runs of one configuration (an L2 adapter's
    /// configuration is written as its Python string form; LMCache 0.4.4 to 0.5.6).
    HoldsAddress,
    /// The digest is not that of the configuration.
    Wrong,
    /// The header has no configuration (the recorder was closed before it got one).
    Absent,
}

/// The header of a trace.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Header {
    /// 1 in all known releases.
    pub format_version: u64,
    /// What is recorded.
    pub level: Level,
    /// 1 in all known releases, although argument shapes have changed: nothing is
    /// decided by it.
    pub trace_schema_version: u64,
    /// Monotonic clock at the start of the recording, in seconds; records count from it.
    pub t_mono_start: f64,
    /// Wall clock at the start of the recording, in seconds since 1970.
    pub t_wall_start: f64,
    /// The storage manager's configuration as JSON text; empty where the recorder
    /// had none. May hold paths and addresses of the host.
    pub sm_config_json: String,
    /// SHA-256 of `sm_config_json` in hex; empty where there is none.
    pub sm_config_digest: String,
    /// Facts that belong to the level: `instance_id`, `cache_event_schema_version`
    /// and `lmcache_version` for level events, nothing for level storage.
    pub level_meta: BTreeMap<String, MetaValue>,
    /// Names of header fields that this crate does not know.
    pub unknown_fields: Vec<String>,
    /// Bytes of the header frame with its length field: where the first record starts.
    pub frame_bytes: u64,
}

impl Header {
    /// Decodes the body of the first frame.
    pub(crate) fn decode(body: &[u8], force: bool) -> Result<Header, TraceError> {
        let base = PREFIX as u64;
        let fields = Fields::read(body, base)?;
        let missing = |name| {
            let cursor = Cursor::new(body, base);
            TraceError::MalformedHeader(cursor.fault(DecodeErrorKind::MissingKey(name)))
        };
        let format_version = fields.format_version.ok_or_else(|| missing("format_version"))?;
        if format_version != FORMAT_VERSION && !force {
            return Err(TraceError::UnknownVersion { found: format_version });
        }
        Ok(Header {
            format_version,
            level: Level::from(fields.level.ok_or_else(|| missing("level"))?),
            trace_schema_version: fields.trace_schema_version.unwrap_or(0),
            t_mono_start: fields.t_mono_start.unwrap_or(f64::NAN),
            t_wall_start: fields.t_wall_start.unwrap_or(f64::NAN),
            sm_config_json: fields.sm_config_json,
            sm_config_digest: fields.sm_config_digest,
            level_meta: fields.level_meta,
            unknown_fields: fields.unknown,
            frame_bytes: (PREFIX as u64).saturating_add(body.len() as u64),
        })
    }

    /// The release named in the header (level events only).
    pub fn lmcache_version(&self) -> Option<&str> {
        match self.level_meta.get("lmcache_version") {
            Some(MetaValue::Text(version)) => Some(version),
            _ => None,
        }
    }

    /// Checks the configuration digest.
    pub fn digest_state(&self) -> DigestState {
        if self.sm_config_json.is_empty() || self.sm_config_digest.is_empty() {
            return DigestState::Absent;
        }
        let hex = crate::num::hex(&Sha256::digest(self.sm_config_json.as_bytes()));
        if !hex.eq_ignore_ascii_case(&self.sm_config_digest) {
            DigestState::Wrong
        } else if self.sm_config_json.contains(" object at 0x") {
            DigestState::HoldsAddress
        } else {
            DigestState::Comparable
        }
    }

    /// The configuration as a JSON tree, or nothing where there is none or where
    /// the text is no JSON.
    pub fn config(&self) -> Option<serde_json::Value> {
        serde_json::from_str(&self.sm_config_json).ok()
    }
}

/// What a first frame that is no header looks like.
pub(crate) fn foreign(start: &[u8]) -> Foreign {
    match start {
        [0x1f, 0x8b, ..] => Foreign::Gzip,
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Foreign::Zstd,
        _ if crate::resync::starts_with_record(start) => Foreign::HeaderMissing,
        _ if !start.is_empty()
            && start
                .iter()
                .take(64)
                .all(|b| matches!(b, b'\t' | b'\n' | b'\r' | b' '..=b'~' | 0x80..)) =>
        {
            Foreign::Text
        }
        _ => Foreign::Unknown,
    }
}

/// Whether a first frame's body starts as a header does, as far as it goes.
pub(crate) fn looks_like_header(body: &[u8]) -> bool {
    let want = b"\xa4type\xa6header";
    match body.split_first() {
        None => true,
        Some((&marker, rest)) => {
            matches!(marker, 0x80..=0x8f) && rest.iter().zip(want).all(|(a, b)| a == b)
        }
    }
}

#[derive(Default)]
struct Fields {
    format_version: Option<u64>,
    level: Option<String>,
    trace_schema_version: Option<u64>,
    t_mono_start: Option<f64>,
    t_wall_start: Option<f64>,
    sm_config_json: String,
    sm_config_digest: String,
    level_meta: BTreeMap<String, MetaValue>,
    unknown: Vec<String>,
}

impl Fields {
    fn read(body: &[u8], base: u64) -> Result<Fields, TraceError> {
        let mut out = Fields::default();
        let mut cursor = Cursor::new(body, base);
        let bad = TraceError::MalformedHeader;
        let mut is_header = false;
        let mut magic: Option<&[u8]> = None;
        // A body that is no map at all is no header of ours.
        let pairs = cursor.map_len().map_err(|_| TraceError::NotATrace(Foreign::Unknown))?;
        for _ in 0..pairs {
            let key = cursor.str_bytes().map_err(|_| TraceError::NotATrace(Foreign::Unknown))?;
            match key {
                b"type" => match cursor.str_bytes() {
                    Ok(b"header") => is_header = true,
                    Ok(b"record") => return Err(TraceError::NotATrace(Foreign::HeaderMissing)),
                    _ => return Err(TraceError::NotATrace(Foreign::Unknown)),
                },
                b"magic" => magic = Some(cursor.bin().map_err(bad)?),
                b"format_version" => out.format_version = Some(cursor.uint().map_err(bad)?),
                b"level" => out.level = Some(cursor.str().map_err(bad)?.to_owned()),
                b"trace_schema_version" => {
                    out.trace_schema_version = Some(cursor.uint().map_err(bad)?);
                }
                b"t_mono_start" => out.t_mono_start = Some(cursor.number().map_err(bad)?),
                b"t_wall_start" => out.t_wall_start = Some(cursor.number().map_err(bad)?),
                b"sm_config_json" => cursor.str().map_err(bad)?.clone_into(&mut out.sm_config_json),
                b"sm_config_digest" => {
                    cursor.str().map_err(bad)?.clone_into(&mut out.sm_config_digest);
                }
                b"level_meta" => out.read_meta(&mut cursor).map_err(bad)?,
                other => {
                    cursor.skip().map_err(bad)?;
                    if out.unknown.len() < 16 {
                        out.unknown.push(String::from_utf8_lossy(other).chars().take(64).collect());
                    }
                }
            }
        }
        cursor.finish().map_err(bad)?;
        match (is_header, magic) {
            (true, Some(b"LMCT")) => Ok(out),
            (true, Some(_)) => Err(TraceError::NotATrace(Foreign::Magic)),
            _ => Err(TraceError::NotATrace(Foreign::Unknown)),
        }
    }

    fn read_meta(&mut self, cursor: &mut Cursor<'_>) -> Result<(), crate::DecodeError> {
        for _ in 0..cursor.map_len()? {
            let key = cursor.str()?;
            let value = match cursor.peek() {
                Some(0xc2 | 0xc3) => MetaValue::Bool(cursor.bool()?),
                Some(0x00..=0x7f | 0xe0..=0xff | 0xcc..=0xce | 0xd0..=0xd3) => {
                    MetaValue::Int(cursor.int()?)
                }
                Some(0xca | 0xcb | 0xcf) => MetaValue::Float(cursor.number()?),
                Some(0xa0..=0xbf | 0xd9..=0xdb) => MetaValue::Text(cursor.str()?.to_owned()),
                Some(marker) => {
                    cursor.skip()?;
                    let name = match marker {
                        0x80..=0x8f | 0xde | 0xdf => "map",
                        0x90..=0x9f | 0xdc | 0xdd => "array",
                        0xc0 => "nil",
                        0xc4..=0xc6 => "bytes",
                        _ => "extension",
                    };
                    MetaValue::Other(name.to_owned())
                }
                None => return Err(cursor.fault(DecodeErrorKind::Truncated)),
            };
            if self.level_meta.len() < 64 {
                self.level_meta.insert(key.chars().take(128).collect(), value);
            }
        }
        Ok(())
    }
}
