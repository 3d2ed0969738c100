//! One pass over a trace, with what happens beside it.

use std::fmt;
use std::io::Read;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::TraceError;
use crate::header::Header;
use crate::issue::IssueKind;
use crate::slice::{ReadOptions, Step};
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

/// Gets every byte of a source.
pub type Tee<'h> = dyn FnMut(&[u8]) + 'h;

/// What happens beside the reading.
#[derive(Default)]
#[non_exhaustive]
pub struct Hooks<'h> {
    /// Gets every byte of the source, once and in order: a hasher, for instance.
    pub tee: Option<&'h mut Tee<'h>>,
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
    pub fn with_tee(mut self, tee: &'h mut Tee<'h>) -> Self {
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

fn stopped(cancel: Option<&AtomicBool>) -> bool {
    cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
}

/// Bytes between two looks at the hooks.
const STRIDE: u64 = 4 << 20;

/// What was walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Walked {
    /// Bytes of the trace that were read, in whole steps.
    pub bytes: u64,
    /// Records that were read.
    pub records: u64,
    /// Bytes that the source has given; more than `bytes` where the walk was ended.
    pub source_bytes: u64,
    /// The walk was stopped by [`Hooks::cancel`].
    pub partial: bool,
}

/// Reads a trace once: `start` is called with its header, `each` with every record and
/// issue, until it says `false`.
///
/// ```
/// use lmcache_trace::{Hooks, ReadOptions, Step, walk};
///
/// let data = lmcache_trace::example_trace();
/// let (ops, walked) = walk(
///     &data[..],
///     ReadOptions::default(),
///     Hooks::default(),
///     |_header| Vec::new(),
///     |ops, step| {
///         if let Step::Record(record) = step {
///             ops.push(record.op.short());
///         }
///         true
///     },
/// )?;
/// assert_eq!(ops, ["reserve_write", "finish_write"]);
/// assert_eq!(walked.records, 2);
/// # Ok::<(), lmcache_trace::TraceError>(())
/// ```
pub fn walk<R: Read, T>(
    source: R,
    options: ReadOptions,
    mut hooks: Hooks<'_>,
    start: impl FnOnce(&Header) -> T,
    mut each: impl FnMut(&mut T, Step<'_>) -> bool,
) -> Result<(T, Walked), TraceError> {
    let mut source_bytes = 0_u64;
    let mut tee = hooks.tee.take();
    let source = TeeRead::new(source, |block: &[u8]| {
        source_bytes = source_bytes.saturating_add(block.len() as u64);
        if let Some(tee) = &mut tee {
            tee(block);
        }
    });
    let mut reader = StreamReader::with_options(source, options)?;
    let mut state = start(reader.header());
    let mut next_look = 0;
    let mut partial = false;
    loop {
        if reader.offset() >= next_look {
            next_look = reader.offset().saturating_add(STRIDE);
            if let Some(progress) = &mut hooks.progress {
                progress(Progress { bytes: reader.offset(), records: reader.records() });
            }
            if stopped(hooks.cancel) {
                partial = true;
                break;
            }
        }
        match reader.next_step() {
            // A source that waits for bytes answers a stop with an error of its own: the
            // trace is not at fault.
            Some(Step::Issue(issue))
                if matches!(issue.kind, IssueKind::Read(_)) && stopped(hooks.cancel) =>
            {
                partial = true;
                break;
            }
            Some(step) if each(&mut state, step) => {}
            _ => break,
        }
    }
    let (bytes, records) = (reader.offset(), reader.records());
    if let Some(progress) = &mut hooks.progress {
        progress(Progress { bytes, records });
    }
    drop(reader);
    Ok((state, Walked { bytes, records, source_bytes, partial }))
}
