//! The `trace` commands: what an `.lct` trace holds, its records, its faults, its reuse, and
//! what LMCache's own replay printed.
//!
//! A trace is read once, forward, in bounded memory, whether it is a file, a pipe or gzip.
//! Long readings report their progress and can be stopped: what was read until then is the
//! report, marked as partial.

mod export;
mod info;
mod replay;
mod reuse;
mod source;

use std::sync::atomic::AtomicBool;

pub use export::{Format, Written, write_rows};
pub use info::{TraceCheckReport, TraceCheckRow, TraceFile, TraceInfoReport, read_info};
pub use replay::{ReplaySummaryReport, RunVerdict, read_replay};
pub use reuse::{TraceReuseReport, read_reuse};

/// How far a reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Bytes of the trace (inflated where it is gzip).
    pub bytes: u64,
    /// Bytes in the file; `None` for a pipe and for gzip.
    pub total: Option<u64>,
    /// Records.
    pub records: u64,
}

/// What happens beside a reading.
#[derive(Default)]
pub struct Watch<'w> {
    /// Is told now and then how far it is.
    pub progress: Option<&'w mut dyn FnMut(Progress)>,
    /// Stops the reading when set.
    pub cancel: Option<&'w AtomicBool>,
}

impl std::fmt::Debug for Watch<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch").finish_non_exhaustive()
    }
}
