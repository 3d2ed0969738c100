//! What a trace holds, on one screen: the content of `trace info`.
//!
//! [`summarize`] reads a trace once, forward, in bounded memory. [`Summarizer`] is
//! the same without the reading, for callers that walk the records themselves.

mod clocks;
mod end;
mod events;
mod facts;
mod names;
mod ops;
mod options;
mod rate;

use std::io::Read;

use serde::{Deserialize, Serialize};

pub use clocks::Clocks;
pub use end::{End, EndKind};
pub(crate) use events::object_key;
pub use events::{BatchCount, EventsSummary, InstanceFacts};
pub use facts::{HeaderFacts, KeyFacts, RecordFacts};
pub use names::{GroupCount, LayoutCount, NameCount, RankCount, UnknownCount};
pub use ops::{CallShape, OpStats, Spread};
pub use options::InfoOptions;
pub use rate::Rate;

use crate::args::{ArgSink, Args, CacheEntry, Features, Layout, ObjectKey, ReleaseHint, Unknown};
use crate::distinct::DistinctCounter;
use crate::error::TraceError;
use crate::header::{Header, Level};
use crate::issue::{Issue, IssueKind, IssueLog};
use crate::pairing::{Pairer, Pairing};
use crate::record::Record;
use crate::slice::Step;
use crate::walk::{Hooks, walk};

/// What a trace holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TraceSummary {
    /// `inferguard/trace-summary/v1`.
    pub schema: String,
    /// The header.
    pub header: HeaderFacts,
    /// Which releases can have written this.
    pub release: ReleaseHint,
    /// Bytes read.
    pub bytes: u64,
    /// Whole records.
    pub records: u64,
    /// The reading was stopped: everything here is about the part before.
    pub partial: bool,
    /// How the trace ends, and what that means.
    pub end: End,
    /// Times by both clocks.
    pub clocks: Clocks,
    /// Counts by operation, by qualified name.
    pub ops: Vec<OpStats>,
    /// Records over time.
    pub rate: Rate,
    /// Keys (storage calls and cache events).
    pub keys: KeyFacts,
    /// Keys by model.
    pub models: Vec<NameCount>,
    /// Keys by KV rank.
    pub ranks: Vec<RankCount>,
    /// Keys by object group.
    pub groups: Vec<GroupCount>,
    /// Calls by memory layout.
    pub layouts: Vec<LayoutCount>,
    /// How the calls were made: policies, lock modes, pins.
    pub calls: CallShape,
    /// Cache events (level events only).
    pub events: Option<EventsSummary>,
    /// Which calls lack their other half (level storage only).
    pub pairing: Option<Pairing>,
    /// Things that this crate does not know.
    pub unknown: Vec<UnknownCount>,
    /// The first record.
    pub first: Option<RecordFacts>,
    /// The last record.
    pub last: Option<RecordFacts>,
    /// Faults.
    pub issues: IssueLog,
}

impl TraceSummary {
    /// The value of [`TraceSummary::schema`].
    pub const SCHEMA: &'static str = "inferguard/trace-summary/v1";

    /// The duration that LMCache's own `trace info` prints: the largest `t_mono`.
    pub fn duration_s(&self) -> f64 {
        self.clocks.max_mono_s.unwrap_or(0.0)
    }

    /// Whether the file is whole as far as its format can tell: all of it was read, no byte was
    /// left out, no frame or argument was malformed, and it does not end within a frame. It has no
    /// checksum, so a changed byte within a value shows nowhere. A storage trace has no end mark,
    /// so calls after the last frame may lack all the same ([`TraceSummary::end`]).
    ///
    /// ```
    /// use lmcache_trace::{EndKind, Hooks, InfoOptions, summarize};
    ///
    /// let mut data = lmcache_trace::example_trace();
    /// let first = data.windows(7).position(|bytes| bytes == b"\xa6record").unwrap();
    /// data[first] = 0xc1; // damage in the middle; reading goes on after it
    /// let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default())?;
    /// assert_eq!(summary.end.kind, EndKind::NoCloseMark);
    /// assert!(!summary.is_whole());
    /// # Ok::<(), lmcache_trace::TraceError>(())
    /// ```
    pub fn is_whole(&self) -> bool {
        !self.partial && self.issues.total() == 0
    }

    /// Whether the file is sound and the recorded server too: nothing that [`check`](crate::check())
    /// tells of it is a [`Grade::Defect`](crate::Grade::Defect). A note is none.
    pub fn is_sound(&self) -> bool {
        crate::check(self).iter().all(|found| found.grade != crate::Grade::Defect)
    }

    /// How often an operation was called, by qualified name.
    pub fn op_count(&self, qualname: &str) -> u64 {
        self.ops.iter().find(|op| op.qualname == qualname).map_or(0, |op| op.count)
    }
}

/// Builds a [`TraceSummary`] from records as they pass by.
#[derive(Debug)]
pub struct Summarizer {
    header: HeaderFacts,
    records: u64,
    features: Features,
    clocks: clocks::ClockTally,
    ops: ops::OpTally,
    rate: rate::RateTally,
    keys: KeyTally,
    layouts: names::LayoutTally,
    events: events::EventTally,
    unknown: names::UnknownTally,
    calls: CallShape,
    first: Option<RecordFacts>,
    last_index: Option<LastRecord>,
    issues: IssueLog,
    declared: Option<String>,
}

/// The last record's facts, without an allocation for each record.
#[derive(Debug, Clone)]
struct LastRecord {
    facts: RecordFacts,
    op: crate::record::Op,
}

/// What is counted key by key: the hot part.
#[derive(Debug)]
struct KeyTally {
    references: u64,
    distinct: DistinctCounter,
    pairer: Pairer,
    owners: names::OwnerTally,
    pairs_calls: bool,
}

struct KeySink<'s> {
    keys: &'s mut KeyTally,
    layouts: &'s mut names::LayoutTally,
    events: &'s mut events::EventTally,
    unknown: &'s mut names::UnknownTally,
}

impl<'a> ArgSink<'a> for KeySink<'_> {
    #[inline]
    fn key(&mut self, key: ObjectKey<'a>) {
        let owner = self.keys.owners.add(&key);
        let fingerprint = key.fingerprint_after(owner);
        self.keys.references += 1;
        self.keys.distinct.insert(fingerprint);
        if self.keys.pairs_calls {
            self.keys.pairer.key(fingerprint);
        }
    }

    fn layout(&mut self, layout: Layout<'a>) {
        self.layouts.add(&layout);
    }

    fn entry(&mut self, entry: CacheEntry<'a>) {
        let mut hash = [0_u8; 64];
        let key = object_key(&entry, &mut hash);
        let owner = self.keys.owners.add(&key);
        self.keys.references += 1;
        self.keys.distinct.insert(key.fingerprint_after(owner));
        self.events.entry(&entry);
    }

    fn unknown(&mut self, unknown: Unknown<'a>) {
        self.unknown.add(&unknown);
    }
}

impl Summarizer {
    /// Starts a summary of the trace with this header; `memory` bounds the keys.
    pub fn new(header: &Header, memory: usize) -> Self {
        Summarizer {
            header: HeaderFacts::of(header),
            records: 0,
            features: Features::default(),
            clocks: clocks::ClockTally::new(header),
            ops: ops::OpTally::default(),
            rate: rate::RateTally::default(),
            keys: KeyTally {
                references: 0,
                // A pairing entry takes three times the bytes of a set's entry.
                distinct: DistinctCounter::new(memory / 4),
                pairer: Pairer::new(memory.saturating_sub(memory / 4)),
                owners: names::OwnerTally::default(),
                pairs_calls: header.level != Level::Events,
            },
            layouts: names::LayoutTally::default(),
            events: events::EventTally::default(),
            unknown: names::UnknownTally::default(),
            calls: CallShape::default(),
            first: None,
            last_index: None,
            issues: IssueLog::default(),
            declared: header.lmcache_version().map(str::to_owned),
        }
    }

    /// Adds a record.
    #[inline]
    pub fn record(&mut self, record: &Record<'_>) {
        self.records += 1;
        if record.has_finite_times() {
            self.clocks.add(record.t_mono, record.t_wall);
            self.rate.add(record.t_mono);
        } else {
            self.located(record, IssueKind::NonFiniteTime);
        }
        if self.keys.pairs_calls {
            self.keys.pairer.begin(record);
        }
        self.keys.owners.begin();
        let mut sink = KeySink {
            keys: &mut self.keys,
            layouts: &mut self.layouts,
            events: &mut self.events,
            unknown: &mut self.unknown,
        };
        let args = match record.decode(&mut sink) {
            Ok(args) => {
                self.features.merge(args.features);
                self.calls.add(record.op, &args);
                self.events.args(&args);
                Some(args)
            }
            Err(error) => {
                self.located(record, IssueKind::MalformedArgs(error));
                None
            }
        };
        if self.keys.pairs_calls {
            self.keys.pairer.end(args.as_ref());
        }
        let (keys, entries) =
            args.map_or((0, 0), |args: Args<'_>| (args.keys, args.batch.map_or(0, |b| b.entries)));
        let chunks = keys / self.keys.owners.end().max(1);
        self.ops.add(record, keys + entries, chunks);
        self.note(record, keys + entries);
    }

    #[inline]
    fn note(&mut self, record: &Record<'_>, keys: u64) {
        match &mut self.last_index {
            Some(last) if last.op == record.op && last.facts.qualname == record.qualname() => {
                last.facts.index = record.index;
                last.facts.offset = record.offset;
                last.facts.t_mono = Some(record.t_mono).filter(|t| t.is_finite());
                last.facts.t_wall = Some(record.t_wall).filter(|t| t.is_finite());
                last.facts.keys = keys;
            }
            Some(last) => {
                // Reuses the name's memory.
                let mut qualname = std::mem::take(&mut last.facts.qualname);
                qualname.clear();
                qualname.push_str(names::clip(record.qualname(), 256));
                last.op = record.op;
                last.facts = RecordFacts {
                    index: record.index,
                    offset: record.offset,
                    t_mono: Some(record.t_mono).filter(|t| t.is_finite()),
                    t_wall: Some(record.t_wall).filter(|t| t.is_finite()),
                    qualname,
                    keys,
                };
            }
            None => {
                let mut facts = RecordFacts::of(record, keys);
                facts.qualname.reserve(256_usize.saturating_sub(facts.qualname.len()));
                self.first = Some(facts.clone());
                self.last_index = Some(LastRecord { facts, op: record.op });
            }
        }
    }

    #[cold]
    fn located(&mut self, record: &Record<'_>, kind: IssueKind) {
        self.issues.push(&Issue { kind, offset: record.offset, record: record.index });
    }

    /// Adds a fault.
    pub fn issue(&mut self, issue: &Issue) {
        self.issues.push(issue);
    }

    /// The summary. `bytes` is how much was read; `partial` says that the reading was
    /// stopped before the end.
    pub fn finish(mut self, bytes: u64, partial: bool) -> TraceSummary {
        let distinct = self.keys.distinct.distinct();
        let clocks = self.clocks.finish();
        let events = self.events.finish();
        let is_events = self.header.level == Level::Events;
        let end = End::of(&self.issues, partial, is_events.then_some(&events), self.records);
        let mut release = self.features.release();
        release.declared = self.declared;
        let now = clocks.max_mono_s.unwrap_or(0.0);
        TraceSummary {
            schema: TraceSummary::SCHEMA.to_owned(),
            header: self.header,
            release,
            bytes,
            records: self.records,
            partial,
            end,
            clocks,
            ops: self.ops.finish(),
            rate: self.rate.finish(),
            keys: KeyFacts {
                references: self.keys.references,
                distinct,
                repeats: self.keys.references.saturating_sub(distinct.count),
            },
            models: self.keys.owners.models(),
            ranks: self.keys.owners.ranks(),
            groups: self.keys.owners.groups(),
            layouts: self.layouts.finish(),
            calls: self.calls,
            events: is_events.then_some(events),
            pairing: self.keys.pairs_calls.then(|| self.keys.pairer.finish(now)),
            unknown: self.unknown.finish(),
            first: self.first,
            last: self.last_index.map(|last| last.facts),
            issues: self.issues,
        }
    }
}

/// Reads a trace once and summarises it.
///
/// ```
/// use lmcache_trace::{Hooks, InfoOptions, summarize};
///
/// let data = lmcache_trace::example_trace();
/// let mut bytes = 0;
/// let mut count = |block: &[u8]| bytes += block.len();
/// let hooks = Hooks::default().with_tee(&mut count);
/// let summary = summarize(&data[..], &InfoOptions::default(), hooks)?;
/// assert_eq!(summary.records, 2);
/// assert_eq!(summary.pairing.unwrap().writes.closed_keys, 1);
/// assert_eq!(bytes, data.len());
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub fn summarize<R: Read>(
    source: R,
    options: &InfoOptions,
    hooks: Hooks<'_>,
) -> Result<TraceSummary, TraceError> {
    summarize_with(source, options, hooks, &mut |_| {})
}

/// The same, and hands on every record: one pass serves both.
pub fn summarize_with<R: Read>(
    source: R,
    options: &InfoOptions,
    hooks: Hooks<'_>,
    each: &mut dyn FnMut(&Record<'_>),
) -> Result<TraceSummary, TraceError> {
    let (mut summary, walked) = walk(
        source,
        options.read,
        hooks,
        |header| Summarizer::new(header, options.memory),
        |summary, step| {
            match step {
                Step::Record(record) => {
                    each(&record);
                    summary.record(&record);
                }
                Step::Issue(issue) => summary.issue(&issue),
            }
            true
        },
    )?;
    if let Some(expected) =
        options.expected_bytes.filter(|&expected| walked.source_bytes > expected)
    {
        let kind = IssueKind::Grew { expected };
        summary.issue(&Issue { kind, offset: expected, record: walked.records });
    }
    Ok(summary.finish(walked.bytes, walked.partial))
}
