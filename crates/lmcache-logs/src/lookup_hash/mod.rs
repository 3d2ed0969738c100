//! Lookup-hash files of the MP server: one JSON line a lookup. Hashes are compared and forgotten.
//!
//! A chunk's hash covers all tokens before it, so equal hashes mean equal prefixes. Feed the files
//! of one directory to one reader in the order of their names, with [`LookupHashReader::next_file`]
//! between them: a chunk repeats only what came before it, so files can't be read apart and summed.
//! gzip is the caller's.

mod row;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use cache_sizing::IdSet;
use memchr::memchr;

pub use row::{LookupRow, element_bytes};

/// Schema id of [`LookupHashEvidence`].
pub const LOOKUP_HASH_SCHEMA: &str = "inferguard-lmcache-lookup-hash-evidence/v1";

/// Limits of a reader.
#[derive(Debug, Clone)]
pub struct LookupHashOptions {
    /// Row summaries that are kept.
    pub max_rows: usize,
    /// Different chunk hashes that are remembered, 8 bytes each and the tree around them. Beyond,
    /// new ones are counted in `hashes_not_tracked` and the ratio is of what is remembered.
    pub max_hashes: usize,
    /// Longest line, in bytes.
    pub max_line: usize,
    /// Groups of model and chunk size.
    pub max_groups: usize,
}

impl Default for LookupHashOptions {
    fn default() -> Self {
        Self { max_rows: 100, max_hashes: 4_000_000, max_line: 64 << 20, max_groups: 64 }
    }
}

/// Count, least, most and sum.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Spread {
    /// How many.
    pub count: u64,
    /// Least.
    pub min: u64,
    /// Most.
    pub max: u64,
    /// Sum.
    pub total: u64,
}

impl Spread {
    fn add(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        self.total = self.total.saturating_add(value);
    }
}

/// What a row held, without its hashes.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RowSummary {
    /// Seconds since the epoch.
    pub timestamp: Option<f64>,
    /// The engine's request id.
    pub request_id: Option<String>,
    /// Model.
    pub model_name: Option<String>,
    /// Tokens a chunk.
    pub chunk_size: Option<u64>,
    /// Tokens of the request, not rounded to chunks.
    pub seq_len: Option<u64>,
    /// Element types, one a layout.
    pub dtypes: Vec<String>,
    /// Shapes, one a layout.
    pub shapes: Vec<Vec<u64>>,
    /// How many hashes; never the hashes.
    pub chunk_hashes: HashCount,
}

/// Stands for hashes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct HashCount {
    /// Always true.
    pub redacted: bool,
    /// How many there were.
    pub count: u64,
}

/// Rows of one model and chunk size.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LookupGroup {
    /// Model.
    pub model_name: String,
    /// Tokens a chunk.
    pub chunk_size: u64,
    /// Lookups.
    pub rows: u64,
    /// Tokens of the requests.
    pub tokens: u64,
    /// Whole chunks of the requests.
    pub chunks: u64,
    /// Different chunks.
    pub unique_chunks: u64,
    /// Chunks that an earlier row had, counted from the head of the request up to the first new
    /// one: what a prefix cache without limit would have served.
    pub repeated_prefix_chunks: u64,
    /// `repeated_prefix_chunks / chunks`.
    pub repeat_ratio: f64,
    /// Rows whose first chunk an earlier row had.
    pub rows_with_repeat: u64,
    /// Rows whose first chunk is new although an earlier row had a later one of its chunks: never
    /// so with prefix hashes, unless rows were lost.
    pub rows_repeat_not_at_head: u64,
    /// Different first chunks: different heads of requests.
    pub unique_heads: u64,
    /// Rows too short for a whole chunk.
    pub rows_without_chunk: u64,
    /// Tokens behind the last whole chunk.
    pub tail_tokens: u64,
    /// Time of the first row, seconds since the epoch.
    pub first_timestamp: Option<f64>,
    /// Time of the last row.
    pub last_timestamp: Option<f64>,
}

/// A line that is no row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ParseError {
    /// Line, from 1.
    pub line: u64,
    /// What is wrong; nothing of the line itself.
    pub message: String,
}

/// Evidence of lookup-hash files.
#[derive(Debug, Clone, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct LookupHashEvidence {
    /// [`LOOKUP_HASH_SCHEMA`].
    pub schema_version: String,
    /// There was at least one row.
    pub present: bool,
    /// `measured`, or `empty`.
    pub claim_status: String,
    /// Bytes read.
    pub file_size_bytes: u64,
    /// Files merged: readers.
    pub file_count: u64,
    /// Rows.
    pub row_count: u64,
    /// Lines that are no row.
    pub malformed_rows: u64,
    /// `rows` holds fewer than all.
    pub truncated: bool,
    /// Models.
    pub models: Vec<String>,
    /// Chunks a row.
    pub chunk_hash_count: Spread,
    /// Chunk sizes.
    pub chunk_sizes: Vec<u64>,
    /// Tokens a row.
    pub seq_len: Spread,
    /// Element types.
    pub dtypes: Vec<String>,
    /// Shapes.
    pub shapes: Vec<Vec<u64>>,
    /// The first rows.
    pub rows: Vec<RowSummary>,
    /// Per model and chunk size.
    pub groups: Vec<LookupGroup>,
    /// `lookup_hash_*` settings, where rows hold them.
    pub config_evidence: BTreeMap<String, serde_json::Value>,
    /// The first lines that are no row.
    pub parse_errors: Vec<ParseError>,
    /// Hashes beyond the limit on memory.
    pub hashes_not_tracked: u64,
    /// Rows of further models, beyond the limit on groups.
    pub rows_not_grouped: u64,
}

impl LookupHashEvidence {
    /// Share of all chunks that repeat an earlier row's prefix.
    pub fn repeat_ratio(&self) -> Option<f64> {
        let chunks: u64 = self.groups.iter().map(|g| g.chunks).sum();
        let repeated: u64 = self.groups.iter().map(|g| g.repeated_prefix_chunks).sum();
        (chunks > 0).then(|| repeated as f64 / chunks as f64)
    }
}

const MAX_ERRORS: usize = 20;
const MAX_NAMES: usize = 64;

#[derive(Debug, Clone, Default)]
struct Group {
    sums: LookupGroup,
    seen: IdSet,
    heads: IdSet,
}

/// Reads lookup-hash files in chunks of any size.
#[derive(Debug)]
pub struct LookupHashReader {
    opts: LookupHashOptions,
    out: LookupHashEvidence,
    /// In the order in which they were first seen.
    groups: Vec<Group>,
    /// The group of the last row: mostly that of the next one, too.
    last_group: usize,
    models: BTreeSet<String>,
    chunk_sizes: BTreeSet<u64>,
    dtypes: BTreeSet<String>,
    shapes: BTreeSet<Vec<u64>>,
    hashes: usize,
    carry: Vec<u8>,
    carry_long: bool,
    line: u64,
}

impl LookupHashReader {
    /// A reader.
    pub fn new(opts: LookupHashOptions) -> Self {
        Self {
            opts,
            out: LookupHashEvidence { file_count: 1, ..LookupHashEvidence::default() },
            groups: Vec::new(),
            last_group: 0,
            models: BTreeSet::new(),
            chunk_sizes: BTreeSet::new(),
            dtypes: BTreeSet::new(),
            shapes: BTreeSet::new(),
            hashes: 0,
            carry: Vec::new(),
            carry_long: false,
            line: 0,
        }
    }

    /// Takes the next bytes in.
    pub fn push(&mut self, chunk: &[u8]) {
        self.push_with(chunk, &mut |_| {});
    }

    /// Takes the next bytes in, and hands on every row that ends in them.
    pub fn push_with(&mut self, mut chunk: &[u8], each: &mut dyn FnMut(&LookupRow<'_>)) {
        self.out.file_size_bytes += chunk.len() as u64;
        while let Some(end) = memchr(b'\n', chunk) {
            let (head, tail) = chunk.split_at(end);
            if self.carry.is_empty() && !self.carry_long && head.len() <= self.opts.max_line {
                // The whole line is here: nothing is copied.
                self.line += 1;
                self.read_line(head, each);
            } else {
                self.hold(head);
                self.end_line(each);
            }
            chunk = tail.get(1..).unwrap_or_default();
        }
        self.hold(chunk);
    }

    /// Ends the current file; the next bytes are those of the next one.
    pub fn next_file(&mut self) {
        self.next_file_with(&mut |_| {});
    }

    /// The same, and hands on a last row that no line break ends.
    pub fn next_file_with(&mut self, each: &mut dyn FnMut(&LookupRow<'_>)) {
        if !self.carry.is_empty() || self.carry_long {
            self.end_line(each);
        }
        self.out.file_count += 1;
        self.line = 0;
    }

    fn hold(&mut self, bytes: &[u8]) {
        let room = self.opts.max_line.saturating_sub(self.carry.len());
        self.carry_long |= bytes.len() > room;
        self.carry.extend_from_slice(bytes.get(..room.min(bytes.len())).unwrap_or_default());
    }

    fn end_line(&mut self, each: &mut dyn FnMut(&LookupRow<'_>)) {
        self.line += 1;
        let line = std::mem::take(&mut self.carry);
        if std::mem::take(&mut self.carry_long) {
            self.malformed("the line is longer than the limit");
        } else {
            self.read_line(&line, each);
        }
        self.carry = line;
        self.carry.clear();
    }

    fn read_line(&mut self, line: &[u8], each: &mut dyn FnMut(&LookupRow<'_>)) {
        if line.trim_ascii().is_empty() {
            return;
        }
        match serde_json::from_slice::<LookupRow<'_>>(line) {
            Ok(row) => {
                each(&row);
                self.row(row);
            }
            Err(error) => {
                let what = match error.classify() {
                    serde_json::error::Category::Eof => "the JSON ends early",
                    serde_json::error::Category::Syntax => "not JSON",
                    _ => "not a lookup row",
                };
                self.malformed(what);
            }
        }
    }

    fn malformed(&mut self, what: &str) {
        self.out.malformed_rows += 1;
        if self.out.parse_errors.len() < MAX_ERRORS {
            self.out.parse_errors.push(ParseError { line: self.line, message: what.to_owned() });
        }
    }

    fn row(&mut self, row: LookupRow<'_>) {
        let hashes = &row.chunk_hashes;
        let chunks = hashes.len() as u64;
        self.out.row_count += 1;
        self.out.chunk_hash_count.add(chunks);
        if let Some(n) = row.seq_len {
            self.out.seq_len.add(n);
        }
        if self.models.len() < MAX_NAMES && !self.models.contains(row.model_name.as_ref()) {
            self.models.insert(row.model_name.to_string());
        }
        if self.chunk_sizes.len() < MAX_NAMES {
            self.chunk_sizes.extend(row.chunk_size);
        }
        if self.dtypes.len() < MAX_NAMES {
            for dtype in row.dtypes.iter().filter(|d| !self.dtypes.contains(*d)).collect::<Vec<_>>()
            {
                self.dtypes.insert(dtype.clone());
            }
        }
        if self.shapes.len() < MAX_NAMES {
            for shape in row.shapes.iter().filter(|s| !self.shapes.contains(*s)).collect::<Vec<_>>()
            {
                self.shapes.insert(shape.clone());
            }
        }
        for (key, value) in row.settings() {
            self.out.config_evidence.entry(key.to_owned()).or_insert_with(|| value.clone());
        }
        let at = self.group_of(row.model_name.as_ref(), row.chunk_size.unwrap_or(0));
        if let Some(group) = at.and_then(|at| self.groups.get_mut(at)) {
            self.out.hashes_not_tracked += group.row(
                hashes,
                row.seq_len,
                row.timestamp,
                row.chunk_size,
                &mut self.hashes,
                self.opts.max_hashes,
            );
        } else {
            self.out.rows_not_grouped += 1;
        }
        if self.out.rows.len() < self.opts.max_rows {
            self.out.rows.push(RowSummary {
                timestamp: row.timestamp,
                request_id: row.request_id.map(Cow::into_owned),
                model_name: Some(row.model_name.into_owned()),
                chunk_size: row.chunk_size,
                seq_len: row.seq_len,
                dtypes: row.dtypes,
                shapes: row.shapes,
                chunk_hashes: HashCount { redacted: true, count: chunks },
            });
        } else {
            self.out.truncated = true;
        }
    }

    /// The place of a group, made where there is none yet; nothing beyond the limit.
    fn group_of(&mut self, model: &str, chunk_size: u64) -> Option<usize> {
        let is =
            |group: &Group| group.sums.chunk_size == chunk_size && group.sums.model_name == model;
        if self.groups.get(self.last_group).is_some_and(is) {
            return Some(self.last_group);
        }
        let at = self.groups.iter().position(is).or_else(|| {
            (self.groups.len() < self.opts.max_groups).then(|| {
                let sums =
                    LookupGroup { model_name: model.to_owned(), chunk_size, ..Default::default() };
                self.groups.push(Group { sums, ..Group::default() });
                self.groups.len() - 1
            })
        })?;
        self.last_group = at;
        Some(at)
    }

    /// Evidence of all that was read.
    pub fn finish(mut self) -> LookupHashEvidence {
        if !self.carry.is_empty() || self.carry_long {
            self.end_line(&mut |_| {});
        }
        let mut out = self.out;
        LOOKUP_HASH_SCHEMA.clone_into(&mut out.schema_version);
        out.present = out.row_count > 0;
        let claim = if out.present { "measured" } else { "empty" };
        claim.clone_into(&mut out.claim_status);
        out.models = self.models.into_iter().collect();
        out.chunk_sizes = self.chunk_sizes.into_iter().collect();
        out.dtypes = self.dtypes.into_iter().collect();
        out.shapes = self.shapes.into_iter().collect();
        self.groups.sort_by(|a, b| {
            (&a.sums.model_name, a.sums.chunk_size).cmp(&(&b.sums.model_name, b.sums.chunk_size))
        });
        for group in self.groups {
            let mut sums = group.sums;
            sums.unique_chunks = group.seen.len() as u64;
            sums.unique_heads = group.heads.len() as u64;
            if sums.chunks > 0 {
                sums.repeat_ratio = sums.repeated_prefix_chunks as f64 / sums.chunks as f64;
            }
            out.groups.push(sums);
        }
        out
    }
}

impl Group {
    /// Takes a row in; gives how many of its hashes were not remembered.
    fn row(
        &mut self,
        hashes: &[u64],
        seq_len: Option<u64>,
        timestamp: Option<f64>,
        chunk_size: Option<u64>,
        used: &mut usize,
        limit: usize,
    ) -> u64 {
        let sums = &mut self.sums;
        sums.rows += 1;
        sums.tokens += seq_len.unwrap_or(0);
        sums.chunks += hashes.len() as u64;
        sums.rows_without_chunk += u64::from(hashes.is_empty());
        if let (Some(tokens), Some(size)) = (seq_len, chunk_size) {
            let whole = size.saturating_mul(hashes.len() as u64);
            sums.tail_tokens += tokens.saturating_sub(whole);
        }
        if let Some(t) = timestamp {
            sums.first_timestamp.get_or_insert(t);
            sums.last_timestamp = Some(t);
        }
        let repeated = hashes.iter().take_while(|h| self.seen.contains(h)).count();
        sums.repeated_prefix_chunks += repeated as u64;
        sums.rows_with_repeat += u64::from(repeated > 0);
        let later = repeated == 0 && hashes.iter().any(|h| self.seen.contains(h));
        sums.rows_repeat_not_at_head += u64::from(later);
        let mut lost = 0;
        for hash in hashes.iter().skip(repeated) {
            if *used < limit {
                *used += usize::from(self.seen.insert(*hash));
            } else {
                lost += u64::from(!self.seen.contains(hash));
            }
        }
        if let Some(head) = hashes.first()
            && self.heads.len() < limit
        {
            self.heads.insert(*head);
        }
        lost
    }
}
