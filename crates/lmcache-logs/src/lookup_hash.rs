//! LMCache's lookup-hash log: one line a lookup, with the hashes of its chunks.
//!
//! Sources: LMCache 0.3.12 to 0.5.6 (`lookup_hashes_*.jsonl`). Hashes are compared and never
//! given out.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::{Deserialize, Serialize};

/// Different chunks that are told apart exactly; beyond it the number is a lower bound.
const MOST_CHUNKS: usize = 4_000_000;
/// Models and chunk sizes that are kept apart.
const GROUPS: usize = 64;
/// Longest line.
const MAX_LINE: usize = 64 << 20;

/// Smallest, largest and sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Spread {
    /// Rows.
    pub count: u64,
    /// Smallest.
    pub min: Option<u64>,
    /// Largest.
    pub max: Option<u64>,
    /// Sum.
    pub total: u64,
}

impl Spread {
    fn add(&mut self, n: u64) {
        self.count += 1;
        self.min = Some(self.min.map_or(n, |m| m.min(n)));
        self.max = Some(self.max.map_or(n, |m| m.max(n)));
        self.total = self.total.saturating_add(n);
    }
}

/// Lookups of one model with one chunk size.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct Reuse {
    /// Model.
    pub model: String,
    /// Tokens a chunk.
    pub chunk_size: Option<u64>,
    /// Lookups.
    pub rows: u64,
    /// Tokens looked up.
    pub tokens: u64,
    /// Whole chunks looked up.
    pub chunks: u64,
    /// Different chunks.
    pub unique_chunks: u64,
    /// Chunks of leading runs that had been looked up before: what could have hit at most.
    pub repeated_prefix_chunks: u64,
    /// The same in tokens.
    pub repeated_prefix_tokens: u64,
    /// Part of the chunks that could have hit; `null` without a chunk.
    pub repeat_ratio: Option<f64>,
    /// Lookups too short for a whole chunk.
    pub rows_without_chunk: u64,
    /// Lookups whose first chunk had not been seen before.
    pub rows_with_new_head: u64,
}

/// `lmcache_lookup_hash_evidence.json`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
#[non_exhaustive]
pub struct LookupHashEvidence {
    /// `inferguard-lmcache-lookup-hash-evidence/v1`.
    pub schema_version: String,
    /// Whether any file was given.
    pub present: bool,
    /// `measured` where a lookup was read, else `not_proven`.
    pub claim_status: String,
    /// Files.
    pub file_count: u64,
    /// Bytes of all files.
    pub file_size_bytes: u64,
    /// Lookups.
    pub row_count: u64,
    /// Lines that are none.
    pub malformed_rows: u64,
    /// Place of the first of them.
    pub first_malformed_line: Option<u64>,
    /// More chunks than are told apart: unique chunks are a lower bound.
    pub truncated: bool,
    /// Models.
    pub models: BTreeSet<String>,
    /// Hashes a lookup.
    pub chunk_hash_count: Spread,
    /// Tokens a chunk.
    pub chunk_sizes: BTreeSet<u64>,
    /// Tokens a lookup.
    pub seq_len: Spread,
    /// Data types.
    pub dtypes: BTreeSet<String>,
    /// Time of the first lookup, in seconds since 1970.
    pub first_timestamp: Option<f64>,
    /// Time of the last lookup.
    pub last_timestamp: Option<f64>,
    /// By model and chunk size.
    pub groups: Vec<Reuse>,
}

impl LookupHashEvidence {
    /// The value of `schema_version`.
    pub const SCHEMA: &'static str = "inferguard-lmcache-lookup-hash-evidence/v1";
}

/// A line, as far as it is read.
#[derive(Deserialize)]
struct Row<'a> {
    #[serde(default)]
    timestamp: Option<f64>,
    #[serde(default, borrow)]
    model_name: Option<std::borrow::Cow<'a, str>>,
    #[serde(default)]
    chunk_size: Option<u64>,
    #[serde(default)]
    seq_len: Option<u64>,
    #[serde(default)]
    dtypes: Option<serde_json::Value>,
    chunk_hashes: Vec<serde_json::Value>,
}

/// Reads lookup-hash logs; several files are pushed one after the other, oldest first.
#[derive(Debug, Default)]
pub struct LookupHashReader {
    out: LookupHashEvidence,
    groups: BTreeMap<(String, Option<u64>), Reuse>,
    seen: HashSet<u64>,
    rest: Vec<u8>,
    line: u64,
}

impl LookupHashReader {
    /// Starts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the current file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.out.file_size_bytes = self.out.file_size_bytes.saturating_add(bytes.len() as u64);
        let mut left = bytes;
        while let Some(end) = memchr::memchr(b'\n', left) {
            let (head, tail) = left.split_at(end);
            left = tail.get(1..).unwrap_or_default();
            if self.rest.is_empty() {
                self.row(head);
            } else {
                let mut line = std::mem::take(&mut self.rest);
                line.extend_from_slice(head);
                self.row(&line);
            }
        }
        if self.rest.len().saturating_add(left.len()) <= MAX_LINE {
            self.rest.extend_from_slice(left);
        }
    }

    /// Ends the current file.
    pub fn end_file(&mut self) {
        if !self.rest.is_empty() {
            let line = std::mem::take(&mut self.rest);
            self.row(&line);
        }
        self.out.file_count += 1;
        self.line = 0;
    }

    fn row(&mut self, bytes: &[u8]) {
        self.line += 1;
        let bytes = bytes.trim_ascii();
        if bytes.is_empty() {
            return;
        }
        let Ok(row) = serde_json::from_slice::<Row<'_>>(bytes) else {
            self.out.malformed_rows += 1;
            self.out.first_malformed_line.get_or_insert(self.line);
            return;
        };
        self.out.row_count += 1;
        if let Some(time) = row.timestamp.filter(|t| t.is_finite()) {
            self.out.first_timestamp = Some(self.out.first_timestamp.map_or(time, |t| t.min(time)));
            self.out.last_timestamp = Some(self.out.last_timestamp.map_or(time, |t| t.max(time)));
        }
        let hashes = row.chunk_hashes.len() as u64;
        self.out.chunk_hash_count.add(hashes);
        if let Some(length) = row.seq_len {
            self.out.seq_len.add(length);
        }
        if let Some(size) = row.chunk_size.filter(|_| self.out.chunk_sizes.len() < GROUPS) {
            self.out.chunk_sizes.insert(size);
        }
        if let Some(serde_json::Value::Array(types)) = &row.dtypes {
            for name in types.iter().filter_map(serde_json::Value::as_str).take(8) {
                if self.out.dtypes.len() < GROUPS {
                    self.out.dtypes.insert(name.to_owned());
                }
            }
        }
        let model = row.model_name.as_deref().unwrap_or("");
        if self.out.models.len() < GROUPS && !model.is_empty() {
            self.out.models.insert(crate::mask::clip(model, 200).to_owned());
        }
        let mut key = (crate::mask::clip(model, 200).to_owned(), row.chunk_size);
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&key) {
            key = ("(others)".to_owned(), None);
        }
        let (name, size) = (key.0.clone(), key.1);
        let group = self.groups.entry(key).or_insert_with(|| Reuse {
            model: name,
            chunk_size: size,
            ..Reuse::default()
        });
        group.rows += 1;
        group.tokens = group.tokens.saturating_add(row.seq_len.unwrap_or(0));
        group.chunks = group.chunks.saturating_add(hashes);
        group.rows_without_chunk += u64::from(hashes == 0);
        // A lookup hits the longest leading run that is there.
        let (mut leading, mut first) = (true, true);
        for hash in &row.chunk_hashes {
            let fingerprint = fingerprint(hash, model);
            let known = self.seen.contains(&fingerprint);
            if !known {
                if self.seen.len() < MOST_CHUNKS {
                    self.seen.insert(fingerprint);
                    group.unique_chunks += 1;
                } else {
                    self.out.truncated = true;
                }
            }
            if first {
                group.rows_with_new_head += u64::from(!known);
                first = false;
            }
            leading &= known;
            group.repeated_prefix_chunks += u64::from(leading);
        }
    }

    /// The evidence of all files.
    pub fn finish(mut self) -> LookupHashEvidence {
        if !self.rest.is_empty() {
            self.end_file();
        }
        for group in self.groups.values_mut() {
            group.repeated_prefix_tokens =
                group.repeated_prefix_chunks.saturating_mul(group.chunk_size.unwrap_or(0));
            group.repeat_ratio = (group.chunks > 0)
                .then(|| group.repeated_prefix_chunks as f64 / group.chunks as f64);
        }
        self.out.groups = self.groups.into_values().collect();
        self.out.schema_version = LookupHashEvidence::SCHEMA.into();
        self.out.present = true;
        self.out.claim_status =
            if self.out.row_count > 0 { "measured" } else { "not_proven" }.into();
        self.out
    }
}

/// A number for a hash of a model. Hashes are numbers or hex, and are taken as they stand.
fn fingerprint(hash: &serde_json::Value, model: &str) -> u64 {
    let mut state = 0xcbf2_9ce4_8422_2325_u64;
    let mut eat = |bytes: &[u8]| {
        for b in bytes {
            state = (state ^ u64::from(*b)).wrapping_mul(0x0100_0000_01b3);
        }
    };
    eat(model.as_bytes());
    eat(b"\0");
    match hash {
        serde_json::Value::String(text) => eat(text.as_bytes()),
        other => eat(other.to_string().as_bytes()),
    }
    // The low bits of FNV are weak; a set wants all of them.
    state ^ (state >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &[&str]) -> LookupHashEvidence {
        let mut reader = LookupHashReader::new();
        for row in rows {
            reader.push(row.as_bytes());
            reader.push(b"\n");
        }
        reader.end_file();
        reader.finish()
    }

    #[test]
    fn reuse_is_of_leading_runs() {
        let got = read(&[
            r#"{"timestamp": 2.0, "model_name": "m", "chunk_size": 256, "seq_len": 800, "chunk_hashes": ["a", "b", "c"], "dtypes": ["f16"]}"#,
            r#"{"timestamp": 3.0, "model_name": "m", "chunk_size": 256, "seq_len": 800, "chunk_hashes": ["a", "x", "c"]}"#,
            r#"{"timestamp": 4.0, "model_name": "m", "chunk_size": 256, "seq_len": 100, "chunk_hashes": []}"#,
            "not json",
        ]);
        assert_eq!((got.row_count, got.malformed_rows, got.first_malformed_line), (3, 1, Some(4)));
        let group = &got.groups[0];
        // The third chunk of the second lookup is known, and behind a gap.
        assert_eq!((group.chunks, group.unique_chunks, group.repeated_prefix_chunks), (6, 4, 1));
        assert_eq!(group.repeated_prefix_tokens, 256);
        assert_eq!((group.rows_without_chunk, group.rows_with_new_head), (1, 1));
        assert_eq!(got.claim_status, "measured");
        let text = serde_json::to_string(&got).unwrap();
        assert!(!text.contains("\"a\""), "{text}");
    }

    #[test]
    fn nothing_is_not_measured() {
        assert_eq!(LookupHashReader::new().finish().claim_status, "not_proven");
    }
}
