//! Which calls of a trace belong together, and which lack their other half.
//!
//! A storage trace records calls, not results. A reservation that got no room shows
//! as a `reserve_write` whose keys no `finish_write` names; a pin that was never
//! given back as a prefetch whose keys no read or release names. Calls are paired
//! key by key, since a `finish_write` names only the keys that got room.
//!
//! Memory is bounded: a table of keys and a ring of calls for each kind. When the
//! table is full, keys without an open call are forgotten first; when a ring is
//! full, its oldest call is judged as it stands. Both are counted.

mod call;
mod table;

use serde::{Deserialize, Serialize};

pub use call::{CallSample, Calls, PrefetchCalls};

use crate::record::{Op, Record};
use call::{Call, Ring};
use table::{Entry, Table};

/// What pairing found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Pairing {
    /// `reserve_write` and `finish_write`.
    pub writes: Calls,
    /// `submit_prefetch_task`, and what reads or releases its keys.
    pub prefetches: PrefetchCalls,
    /// `read_prefetched_results`, entered and left.
    pub reads: Calls,
    /// Keys of a `finish_write` that are written already and were not reserved again: a
    /// second finish, or the recorder has lost the second reservation.
    pub double_finished_keys: u64,
    /// Keys of a `finish_write` that no `reserve_write` of this trace names: calls
    /// of before the recording, or events that the recorder lost.
    pub finished_unreserved_keys: u64,
    /// Keys that a `read_prefetched_results` leaves and none entered.
    pub exited_unentered_keys: u64,
    /// Keys of a `finish_read_prefetched` that no prefetch of this trace asked for.
    pub released_unprefetched_keys: u64,
    /// Closing calls named keys that may have been forgotten: this many.
    pub unmatched_after_forgetting_keys: u64,
    /// Keys forgotten because the table was full; 0 means that all figures are exact.
    pub forgotten_keys: u64,
    /// Of these, keys whose call was open.
    pub forgotten_open_keys: u64,
}

impl Pairing {
    /// Whether nothing had to be forgotten or judged early.
    pub fn is_exact(&self) -> bool {
        self.forgotten_keys == 0
            && self.writes.judged_early == 0
            && self.reads.judged_early == 0
            && self.prefetches.judged_early == 0
    }
}

/// Marks in [`Entry::marks`].
const WRITTEN: u32 = 1;
const PREFETCHED: u32 = 2;

/// Pairs calls as records pass by.
#[derive(Debug, Clone)]
pub(crate) struct Pairer {
    table: Table,
    writes: Ring,
    prefetches: Ring,
    reads: Ring,
    report: Pairing,
    op: Op,
}

impl Pairer {
    /// `bytes` bounds the table of keys; the rings take at most 2.5 MiB more.
    pub(crate) fn new(bytes: usize) -> Self {
        Pairer {
            table: Table::new(bytes),
            writes: Ring::default(),
            prefetches: Ring::default(),
            reads: Ring::default(),
            report: Pairing::default(),
            op: Op::Other,
        }
    }

    /// Starts a call; its keys follow.
    #[inline]
    pub(crate) fn begin(&mut self, record: &Record<'_>) {
        self.op = record.op;
        let call = Call::new(record);
        match record.op {
            Op::ReserveWrite => self.writes.open(call, |old| old.judge(&mut self.report.writes)),
            Op::ReadEnter => self.reads.open(call, |old| old.judge(&mut self.report.reads)),
            Op::SubmitPrefetchTask => {
                self.prefetches.open(call, |old| old.judge_prefetch(&mut self.report.prefetches));
            }
            Op::FinishWrite => self.report.writes.closing_calls += 1,
            Op::ReadExit => self.report.reads.closing_calls += 1,
            Op::FinishReadPrefetched => self.report.prefetches.closing_calls += 1,
            _ => {}
        }
    }

    /// One key of the current call.
    #[inline]
    pub(crate) fn key(&mut self, fingerprint: u64) {
        let closes = matches!(self.op, Op::FinishWrite | Op::ReadExit | Op::FinishReadPrefetched);
        let Pairer { table, writes, prefetches, reads, report, .. } = self;
        let is_open = |entry: &Entry| {
            writes.is_live(entry.write)
                || prefetches.is_live(entry.prefetch)
                || reads.is_live(entry.read)
        };
        let entry = match table.find(fingerprint) {
            Some(entry) => Some(entry),
            // A key that a closing call names without our knowing it is not kept but
            // for a finished write, which says that the key is in the cache.
            None if closes && self.op != Op::FinishWrite => {
                report.unmatched(self.op);
                return;
            }
            None => table.insert(
                fingerprint,
                is_open,
                &mut report.forgotten_keys,
                &mut report.forgotten_open_keys,
            ),
        };
        let Some(entry) = entry else { return };
        match self.op {
            Op::ReserveWrite => {
                if writes.supersede(entry.write) {
                    report.writes.superseded_keys += 1;
                }
                entry.write = writes.add_key(entry.marks & WRITTEN != 0);
                report.writes.opened_keys += 1;
            }
            Op::FinishWrite => {
                if writes.close(entry.write) {
                    report.writes.closed_keys += 1;
                } else if entry.marks & WRITTEN != 0 {
                    report.double_finished_keys += 1;
                } else {
                    report.unmatched(Op::FinishWrite);
                }
                entry.write = 0;
                entry.marks |= WRITTEN;
            }
            Op::SubmitPrefetchTask => {
                if prefetches.supersede(entry.prefetch) {
                    report.prefetches.superseded_keys += 1;
                }
                entry.prefetch = prefetches.add_key(entry.marks & WRITTEN != 0);
                entry.marks |= PREFETCHED;
                report.prefetches.opened_keys += 1;
            }
            Op::ReadEnter => {
                if reads.supersede(entry.read) {
                    report.reads.superseded_keys += 1;
                }
                entry.read = reads.add_key(entry.marks & WRITTEN != 0);
                report.reads.opened_keys += 1;
                if prefetches.close(entry.prefetch) {
                    report.prefetches.answered_keys += 1;
                    entry.prefetch = 0;
                }
            }
            Op::ReadExit => {
                if reads.close(entry.read) {
                    report.reads.closed_keys += 1;
                } else {
                    report.unmatched(Op::ReadExit);
                }
                entry.read = 0;
            }
            Op::FinishReadPrefetched => {
                report.prefetches.released_keys += 1;
                if prefetches.close(entry.prefetch) {
                    report.prefetches.answered_keys += 1;
                } else if entry.marks & PREFETCHED == 0 {
                    report.unmatched(Op::FinishReadPrefetched);
                }
                entry.prefetch = 0;
            }
            _ => {}
        }
    }

    /// Ends a call, now that its arguments are known.
    #[inline]
    pub(crate) fn end(&mut self, args: Option<&crate::Args<'_>>) {
        if self.op == Op::SubmitPrefetchTask
            && args.and_then(|args| args.lock_mode) == Some("NO_LOCK")
        {
            self.prefetches.mark_unlocked();
        }
    }

    /// Judges what is still open, and reports. `now` is the trace's last time.
    pub(crate) fn finish(mut self, now: f64) -> Pairing {
        let report = &mut self.report;
        self.writes.drain(|call| call.judge_at_end(&mut report.writes, now));
        self.reads.drain(|call| call.judge_at_end(&mut report.reads, now));
        self.prefetches.drain(|call| call.judge_prefetch_at_end(&mut report.prefetches, now));
        self.report
    }
}

impl Pairing {
    /// A closing call named a key without an open call.
    #[cold]
    fn unmatched(&mut self, op: Op) {
        if self.forgotten_keys > 0 {
            self.unmatched_after_forgetting_keys += 1;
            return;
        }
        match op {
            Op::FinishWrite => self.finished_unreserved_keys += 1,
            Op::ReadExit => self.exited_unentered_keys += 1,
            _ => self.released_unprefetched_keys += 1,
        }
    }
}
