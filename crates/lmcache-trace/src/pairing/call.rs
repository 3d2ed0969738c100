//! Open calls of one kind, in a ring, and how they are judged.

use serde::{Deserialize, Serialize};

use crate::record::Record;

/// Calls of one kind that are followed at a time.
const RING: usize = 16_384;
/// Calls kept as examples.
const SAMPLES: usize = 16;

/// An example of a call without its other half.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CallSample {
    /// Position of the record in the trace, from 0.
    pub record: u64,
    /// File offset of its frame.
    pub offset: u64,
    /// When, in seconds since the start of the recording.
    pub t_mono: f64,
    /// Keys in the call.
    pub keys: u32,
    /// Keys without their other half.
    pub open_keys: u32,
}

/// Calls that open something and calls that close it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Calls {
    /// Calls that open.
    pub opening_calls: u64,
    /// Calls that close.
    pub closing_calls: u64,
    /// Keys of the opening calls.
    pub opened_keys: u64,
    /// Of these, keys that a later call closed.
    pub closed_keys: u64,
    /// Of these, keys that were opened again before they were closed.
    pub superseded_keys: u64,
    /// Opening calls whose keys were all closed (or opened again).
    pub closed_calls: u64,
    /// Opening calls of which some keys were closed.
    pub partly_closed_calls: u64,
    /// Opening calls of which no key was closed.
    pub unclosed_calls: u64,
    /// Keys that were never closed.
    pub unclosed_keys: u64,
    /// Of these, at most this many had been written before the call in this trace: the
    /// cache may have held them already. (Which keys of a partly closed call these are
    /// is not followed.)
    pub unclosed_keys_written_before: u64,
    /// Age of the oldest call with unclosed keys at the end of the trace, in seconds.
    pub oldest_unclosed_s: Option<f64>,
    /// The oldest calls with unclosed keys.
    pub samples: Vec<CallSample>,
    /// Calls judged before the end of the trace, because too many were open.
    pub judged_early: u64,
}

/// Prefetch calls, and what became of them.
///
/// A trace holds no results: a prefetch that nothing answers has missed, or its pins
/// were never given back. Which of the two is likelier, the trace tells by whether
/// the call's first key had been written before.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PrefetchCalls {
    /// `submit_prefetch_task` calls.
    pub calls: u64,
    /// `finish_read_prefetched` calls.
    pub closing_calls: u64,
    /// Keys asked for.
    pub opened_keys: u64,
    /// Keys read or released after the last prefetch that asked for them.
    pub answered_keys: u64,
    /// Keys of all `finish_read_prefetched` calls.
    pub released_keys: u64,
    /// Keys asked for again before they were answered.
    pub superseded_keys: u64,
    /// Calls of which at least one key was read or released: hits.
    pub answered_calls: u64,
    /// Unanswered calls whose first key this trace had not seen written: misses.
    pub expected_misses: u64,
    /// Unanswered calls whose first key this trace had seen written: it has been
    /// evicted since, or it was found and its pin was never given back.
    pub unanswered_although_written: u64,
    /// Keys of these calls that had been written before.
    pub unanswered_written_keys: u64,
    /// Unanswered calls whose first key a later prefetch asked for as well.
    pub superseded_calls: u64,
    /// Unanswered calls that take no pins (`NO_LOCK`) or name no key.
    pub unlocked_calls: u64,
    /// Age of the oldest call of `unanswered_although_written`, in seconds.
    pub oldest_unanswered_s: Option<f64>,
    /// The oldest of these calls.
    pub samples: Vec<CallSample>,
    /// Calls judged before the end of the trace, because too many were open.
    pub judged_early: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    record: u64,
    offset: u64,
    t_mono: f64,
    keys: u32,
    closed: u32,
    superseded: u32,
    /// Keys that had been written before.
    written: u32,
    first_written: bool,
    unlocked: bool,
}

impl Call {
    pub(super) fn new(record: &Record<'_>) -> Self {
        Call {
            record: record.index,
            offset: record.offset,
            t_mono: record.t_mono,
            keys: 0,
            closed: 0,
            superseded: 0,
            written: 0,
            first_written: false,
            unlocked: false,
        }
    }

    fn open_keys(&self) -> u32 {
        self.keys.saturating_sub(self.closed).saturating_sub(self.superseded)
    }

    fn sample(&self) -> CallSample {
        CallSample {
            record: self.record,
            offset: self.offset,
            t_mono: self.t_mono,
            keys: self.keys,
            open_keys: self.open_keys(),
        }
    }

    /// Judges a call that opens a write or a read.
    fn settle(&self, report: &mut Calls) -> bool {
        report.opening_calls += 1;
        let missing = u64::from(self.keys.saturating_sub(self.closed));
        if missing == 0 || self.open_keys() == 0 && self.closed > 0 {
            report.closed_calls += 1;
        } else if self.closed > 0 {
            report.partly_closed_calls += 1;
        } else {
            report.unclosed_calls += 1;
        }
        report.unclosed_keys += missing;
        report.unclosed_keys_written_before += missing.min(u64::from(self.written));
        if missing > 0 && report.samples.len() < SAMPLES {
            report.samples.push(self.sample());
        }
        missing > 0
    }

    pub(super) fn judge(&self, report: &mut Calls) {
        self.settle(report);
        report.judged_early += u64::from(self.open_keys() > 0);
    }

    pub(super) fn judge_at_end(&self, report: &mut Calls, now: f64) {
        if self.settle(report) {
            let age = (now - self.t_mono).max(0.0);
            report.oldest_unclosed_s =
                Some(report.oldest_unclosed_s.map_or(age, |oldest| oldest.max(age)))
                    .filter(|age| age.is_finite());
        }
    }

    fn settle_prefetch(&self, report: &mut PrefetchCalls) -> bool {
        report.calls += 1;
        if self.closed > 0 {
            report.answered_calls += 1;
        } else if self.unlocked || self.keys == 0 {
            report.unlocked_calls += 1;
        } else if self.superseded > 0 {
            report.superseded_calls += 1;
        } else if self.first_written {
            report.unanswered_although_written += 1;
            report.unanswered_written_keys += u64::from(self.written);
            if report.samples.len() < SAMPLES {
                report.samples.push(self.sample());
            }
            return true;
        } else {
            report.expected_misses += 1;
        }
        false
    }

    pub(super) fn judge_prefetch(&self, report: &mut PrefetchCalls) {
        self.settle_prefetch(report);
        report.judged_early += u64::from(self.closed == 0 && self.open_keys() > 0);
    }

    pub(super) fn judge_prefetch_at_end(&self, report: &mut PrefetchCalls, now: f64) {
        if self.settle_prefetch(report) {
            let age = (now - self.t_mono).max(0.0);
            report.oldest_unanswered_s =
                Some(report.oldest_unanswered_s.map_or(age, |oldest| oldest.max(age)))
                    .filter(|age| age.is_finite());
        }
    }
}

/// The last [`RING`] calls of one kind. A call's number is its count, from 1, modulo
/// 2³²; a number is live while its call is in the ring.
#[derive(Debug, Clone, Default)]
pub(super) struct Ring {
    calls: Vec<Call>,
    /// Number of the newest call.
    newest: u32,
}

impl Ring {
    /// Adds a call; the one that it pushes out goes to `judge`.
    #[inline]
    pub(super) fn open(&mut self, call: Call, judge: impl FnOnce(Call)) {
        self.newest = self.newest.wrapping_add(1).max(1);
        if self.calls.len() < RING {
            self.calls.push(call);
            return;
        }
        if let Some(slot) = self.calls.get_mut(Self::place(self.newest)) {
            judge(std::mem::replace(slot, call));
        }
    }

    #[inline]
    fn place(number: u32) -> usize {
        (number.wrapping_sub(1) as usize) & (RING - 1)
    }

    #[inline]
    pub(super) fn is_live(&self, number: u32) -> bool {
        number != 0 && (self.newest.wrapping_sub(number) as usize) < self.calls.len()
    }

    #[inline]
    fn live(&mut self, number: u32) -> Option<&mut Call> {
        if self.is_live(number) { self.calls.get_mut(Self::place(number)) } else { None }
    }

    /// Adds a key to the newest call and returns that call's number.
    #[inline]
    pub(super) fn add_key(&mut self, written: bool) -> u32 {
        let number = self.newest;
        if let Some(call) = self.live(number) {
            call.first_written |= written && call.keys == 0;
            call.keys = call.keys.saturating_add(1);
            call.written = call.written.saturating_add(u32::from(written));
        }
        number
    }

    /// A key of this call is closed; says whether the call was live.
    #[inline]
    pub(super) fn close(&mut self, number: u32) -> bool {
        self.live(number).is_some_and(|call| {
            call.closed = call.closed.saturating_add(1);
            true
        })
    }

    /// A key of this call is opened by a newer call. A key that one call names twice
    /// supersedes itself.
    #[inline]
    pub(super) fn supersede(&mut self, number: u32) -> bool {
        self.live(number).is_some_and(|call| {
            call.superseded = call.superseded.saturating_add(1);
            true
        })
    }

    pub(super) fn mark_unlocked(&mut self) {
        let number = self.newest;
        if let Some(call) = self.live(number) {
            call.unlocked = true;
        }
    }

    /// Hands out all calls, oldest first.
    pub(super) fn drain(&mut self, mut judge: impl FnMut(Call)) {
        let calls = std::mem::take(&mut self.calls);
        let split = if calls.len() < RING { 0 } else { Self::place(self.newest) + 1 };
        let (new, old) = calls.split_at(split.min(calls.len()));
        old.iter().chain(new).for_each(|call| judge(*call));
    }
}
