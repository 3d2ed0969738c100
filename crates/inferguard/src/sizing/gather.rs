//! Lookups of a packet, as its files are read.

use std::collections::BTreeMap;

use cache_sizing::{Group, Recording, fingerprint, mix};
use lmcache_logs::lookup_hash::LookupRow;
use lmcache_trace::{Lookups, Record};

use super::requests::{Requests, of_lookup};

/// One lookup-hash file.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct HashFile {
    pub(crate) path: String,
    pub(crate) first: Option<f64>,
    pub(crate) last: Option<f64>,
    pub(crate) bytes: u64,
}

impl HashFile {
    /// Its directory.
    pub(crate) fn directory(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(dir, _)| dir)
    }
}

/// What lookups were read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Hashes,
    Traces,
}

/// Lookups, as they come. Both lanes record the same lookups where a server writes both: they
/// are held apart.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) hashes: Recording,
    pub(crate) traces: Recording,
    pub(crate) files: Vec<HashFile>,
    /// When the servers that wrote traces began, in seconds since 1970.
    pub(crate) trace_starts: Vec<(String, f64)>,
    seeds: BTreeMap<(u8, u32), u64>,
    lookups: Lookups,
    chain: Vec<u64>,
    /// What request logs and spans tell.
    pub(crate) requests: Requests,
}

impl Gathered {
    pub(crate) fn new(memory: usize) -> Self {
        Gathered {
            hashes: Recording::with_memory(memory),
            traces: Recording::with_memory(memory),
            files: Vec::new(),
            trace_starts: Vec::new(),
            seeds: BTreeMap::new(),
            lookups: Lookups::default(),
            chain: Vec::new(),
            requests: Requests::default(),
        }
    }

    pub(crate) fn begin_hashes(&mut self, path: &str) {
        self.files.push(HashFile { path: path.to_owned(), ..HashFile::default() });
    }

    pub(crate) fn hash_bytes(&mut self, n: usize) {
        if let Some(file) = self.files.last_mut() {
            file.bytes = file.bytes.saturating_add(n as u64);
        }
    }

    pub(crate) fn row(&mut self, row: &LookupRow<'_>) {
        if let (Some(file), Some(at)) = (self.files.last_mut(), row.timestamp) {
            file.first = Some(file.first.map_or(at, |first| first.min(at)));
            file.last = Some(file.last.map_or(at, |last| last.max(at)));
        }
        let number = self.hash_group(row);
        let seed = match self.hashes.groups().get(number as usize) {
            Some(group) => seed(&mut self.seeds, 0, number, group),
            None => 0,
        };
        self.chain.clear();
        self.chain.extend(row.chunk_hashes.iter().map(|id| mix(id ^ seed)));
        let request = row.request_id.as_deref().map_or(0, of_lookup);
        let tokens = row.seq_len.unwrap_or(0);
        self.hashes.push(row.timestamp, number, tokens, &self.chain, request);
    }

    /// The number of a row's group. Groups are few and rows are many: nothing is allocated for one
    /// that is known.
    fn hash_group(&mut self, row: &LookupRow<'_>) -> u32 {
        let salt = row.cache_salt.as_deref().filter(|s| !s.is_empty());
        let chunk_tokens = row.chunk_size.unwrap_or(0);
        let chunk_bytes = row.chunk_bytes().unwrap_or(0);
        let known = (0_u32..).zip(self.hashes.groups()).find(|(_, group)| {
            group.chunk_tokens == chunk_tokens
                && group.chunk_bytes == chunk_bytes
                && group.model == row.model_name
                && group.salt.as_deref() == salt
        });
        if let Some((number, _)) = known {
            return number;
        }
        self.hashes.group(&Group {
            model: row.model_name.to_string(),
            salt: salt.map(str::to_owned),
            chunk_tokens,
            chunk_bytes,
        })
    }

    /// When the server that wrote a trace began.
    pub(crate) fn trace_start(&mut self, path: &str, at: f64) {
        if at.is_finite() && at > 0.0 {
            self.trace_starts.push((path.to_owned(), at));
        }
    }

    /// Takes a record; one whose arguments cannot be read is told by the trace's own evidence.
    pub(crate) fn record(&mut self, record: &Record<'_>) {
        let Ok(Some(lookup)) = self.lookups.record(record) else { return };
        let group = Group {
            model: lookup.model.to_owned(),
            salt: None,
            chunk_tokens: 0,
            chunk_bytes: lookup.chunk_bytes.unwrap_or(0),
        };
        let number = self.traces.group(&group);
        let seed = seed(&mut self.seeds, 1, number, &group);
        self.chain.clear();
        self.chain.extend(lookup.chain.iter().map(|id| mix(id ^ seed)));
        let request = of_lookup(lookup.request);
        self.traces.push(Some(lookup.at), number, 0, &self.chain, request);
    }

    /// The lookups, and which lane they are of: lookup hashes where there are any, because they
    /// tell tokens as well.
    pub(crate) fn into_recording(self) -> Option<(Recording, Lane)> {
        let (mut recording, lane) = if self.hashes.is_empty() {
            (self.traces, Lane::Traces)
        } else {
            (self.hashes, Lane::Hashes)
        };
        recording.order();
        (!recording.is_empty()).then_some((recording, lane))
    }
}

/// What keeps groups apart: the same tokens of two models are two chunks.
fn seed(seeds: &mut BTreeMap<(u8, u32), u64>, lane: u8, number: u32, group: &Group) -> u64 {
    *seeds.entry((lane, number)).or_insert_with(|| {
        let salt = group.salt.as_deref().unwrap_or("");
        let sizes = mix(group.chunk_tokens) ^ group.chunk_bytes;
        fingerprint(salt.as_bytes(), fingerprint(group.model.as_bytes(), sizes))
    })
}
