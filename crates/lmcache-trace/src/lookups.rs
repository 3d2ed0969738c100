//! The lookups that a storage trace holds: each prefetch is one.

use crate::args::{ArgSink, Layout, ObjectKey};
use crate::cursor::DecodeError;
use crate::record::{Op, Record};

/// What one prefetch asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TraceLookup<'a> {
    /// Seconds since 1970.
    pub at: f64,
    /// Model.
    pub model: &'a str,
    /// Request id of the engine; empty where there is none.
    pub request: &'a str,
    /// Fingerprints of the chunks, each once, from the head of the prompt.
    pub chain: &'a [u64],
    /// Bytes of a chunk: all its parts on all ranks and in all groups. `None` where a layout
    /// does not tell.
    pub chunk_bytes: Option<u64>,
}

/// Leaves each chunk once, at its first place: the parts of one chunk on several ranks are one.
#[derive(Debug, Default)]
pub(crate) struct Once {
    scratch: Vec<(u64, usize)>,
}

impl Once {
    pub(crate) fn each(&mut self, call: &mut Vec<u64>) {
        self.scratch.clear();
        self.scratch.extend(call.iter().copied().zip(0..));
        self.scratch.sort_unstable();
        self.scratch.dedup_by_key(|(fingerprint, _)| *fingerprint);
        self.scratch.sort_unstable_by_key(|(_, place)| *place);
        call.clear();
        call.extend(self.scratch.iter().map(|(fingerprint, _)| *fingerprint));
    }
}

/// Takes records and gives lookups.
#[derive(Debug, Default)]
pub struct Lookups {
    call: Vec<u64>,
    once: Once,
}

struct Asked<'a, 's> {
    call: &'s mut Vec<u64>,
    model: &'a str,
    layouts: u64,
    bytes: Option<u64>,
}

impl<'a> ArgSink<'a> for Asked<'a, '_> {
    fn key(&mut self, key: ObjectKey<'a>) {
        self.model = key.model_name;
        self.call.push(key.chunk_fingerprint());
    }

    fn layout(&mut self, layout: Layout<'a>) {
        self.layouts += 1;
        self.bytes = self.bytes.zip(layout.bytes).and_then(|(sum, more)| sum.checked_add(more));
    }
}

impl Lookups {
    /// The lookup of a record; nothing for other calls.
    pub fn record<'r>(
        &'r mut self,
        record: &Record<'r>,
    ) -> Result<Option<TraceLookup<'r>>, DecodeError> {
        if record.op != Op::SubmitPrefetchTask {
            return Ok(None);
        }
        self.call.clear();
        let mut asked = Asked { call: &mut self.call, model: "", layouts: 0, bytes: Some(0) };
        let args = record.decode(&mut asked)?;
        let (model, layouts, bytes) = (asked.model, asked.layouts, asked.bytes);
        let parts = self.call.len() as u64;
        self.once.each(&mut self.call);
        // Each key has the layout of its group, and groups have as many keys as each other.
        let chunk_bytes = bytes
            .filter(|_| layouts > 0)
            .and_then(|sum| sum.checked_mul(parts)?.checked_div(layouts))
            .and_then(|all| all.checked_div(self.call.len() as u64));
        Ok(Some(TraceLookup {
            at: record.t_wall,
            model,
            request: args.external_request_id.unwrap_or(""),
            chain: &self.call,
            chunk_bytes,
        }))
    }
}
