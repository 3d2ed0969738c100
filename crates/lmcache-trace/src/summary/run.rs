//! Reading a trace into a summary.

use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{InfoOptions, Summarizer, TraceSummary};
use crate::error::TraceError;
use crate::issue::{Issue, IssueKind};
use crate::slice::Step;
use crate::stream::{StreamReader, TeeRead};

/// How far a reading has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes read.
    pub bytes: u64,
    /// Records read.
    pub records: u64,
}

/// What happens beside the reading.
#[derive(Default)]
#[non_exhaustive]
pub struct Hooks<'h> {
    /// Gets every byte of the source, once and in order: a hasher, for instance.
    pub tee: Option<&'h mut dyn FnMut(&[u8])>,
    /// Is called now and then, about every 4 MiB.
    pub progress: Option<&'h mut dyn FnMut(Progress)>,
    /// Set it to stop: what was read so far is returned, marked as partial.
    pub cancel: Option<&'h AtomicBool>,
}

impl fmt::Debug for Hooks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks").finish_non_exhaustive()
    }
}

impl<'h> Hooks<'h> {
    /// These hooks with a function that gets every byte.
    #[must_use]
    pub fn with_tee(mut self, tee: &'h mut dyn FnMut(&[u8])) -> Self {
        self.tee = Some(tee);
        self
    }

    /// These hooks with a function that is told how far the reading has come.
    #[must_use]
    pub fn with_progress(mut self, progress: &'h mut dyn FnMut(Progress)) -> Self {
        self.progress = Some(progress);
        self
    }

    /// These hooks with a flag that stops the reading.
    #[must_use]
    pub fn with_cancel(mut self, cancel: &'h AtomicBool) -> Self {
        self.cancel = Some(cancel);
        self
    }
}

/// Bytes between two looks at the hooks.
const STRIDE: u64 = 4 << 20;

/// Reads a trace once and summarises it.
///
/// ```
/// use lmcache_trace::{Hooks, InfoOptions, summarize};
///
/// # let data = lmcache_trace::doc_example();
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
    mut hooks: Hooks<'_>,
) -> Result<TraceSummary, TraceError> {
    let mut seen = 0_u64;
    let mut tee = hooks.tee.take();
    let source = TeeRead::new(source, |block: &[u8]| {
        seen = seen.saturating_add(block.len() as u64);
        if let Some(tee) = &mut tee {
            tee(block);
        }
    });
    let mut reader = StreamReader::with_options(source, options.read)?;
    let mut summary = Summarizer::new(reader.header(), options.memory);
    let mut next_look = 0;
    let mut partial = false;
    loop {
        if reader.offset() >= next_look {
            next_look = reader.offset().saturating_add(STRIDE);
            if let Some(progress) = &mut hooks.progress {
                progress(Progress { bytes: reader.offset(), records: reader.records() });
            }
            if hooks.cancel.is_some_and(|flag| flag.load(Ordering::Relaxed)) {
                partial = true;
                break;
            }
        }
        match reader.next_step() {
            None => break,
            Some(Step::Record(record)) => summary.record(&record),
            Some(Step::Issue(issue)) => summary.issue(&issue),
        }
    }
    let (bytes, records) = (reader.offset(), reader.records());
    if let Some(progress) = &mut hooks.progress {
        progress(Progress { bytes, records });
    }
    drop(reader);
    if let Some(expected) = options.expected_bytes.filter(|&expected| seen > expected) {
        let kind = IssueKind::Grew { expected };
        summary.issue(&Issue { kind, offset: expected, record: records });
    }
    Ok(summary.finish(bytes, partial))
}
