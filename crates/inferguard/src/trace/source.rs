//! Where a trace's bytes come from: a file, a pipe, standard input; plain or gzip.

use std::fs::File;
use std::io::{self, Cursor, ErrorKind, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use flate2::read::MultiGzDecoder;
use lmcache_trace::{Hooks, Sha256Thread, TraceError};

use super::{Progress, Watch};
use crate::packet::plain_error;

/// What a reading gave, and what is known of its source.
pub(super) struct Outcome<T> {
    /// What the parser made of it.
    pub(super) result: Result<T, Failure>,
    /// Stored bytes that were read.
    pub(super) bytes: u64,
    /// SHA-256 of the stored bytes; only where all of them were read.
    pub(super) sha256: Option<String>,
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    #[error("{0}")]
    Open(String),
    #[error("stopped before the header was read")]
    Stopped,
    #[error(transparent)]
    Trace(#[from] TraceError),
}

/// Opens `path` (`-` is standard input) and hands it to `parse` with the hooks that it needs.
/// The SHA-256 is computed on a thread of its own, in the same pass.
pub(super) fn with<T>(
    path: &str,
    hash: bool,
    watch: &mut Watch<'_>,
    parse: impl FnOnce(&mut dyn Read, Option<u64>, Hooks<'_>) -> Result<T, TraceError>,
) -> Outcome<T> {
    let refused =
        |message: String| Outcome { result: Err(Failure::Open(message)), bytes: 0, sha256: None };
    let (mut stored, size): (Box<dyn Read + '_>, Option<u64>) = match open(path, watch.cancel) {
        Ok(opened) => opened,
        Err(error) => return refused(plain_error(&error)),
    };
    let mut hasher = hash.then(Sha256Thread::spawn);
    let mut bytes = 0_u64;
    let mut failed = false;
    let result = {
        let mut tee = Counting {
            inner: &mut stored,
            failed: &mut failed,
            sink: |block: &[u8]| {
                bytes = bytes.saturating_add(block.len() as u64);
                if let Some(hasher) = &mut hasher {
                    hasher.feed(block);
                }
            },
        };
        let mut magic = Vec::with_capacity(2);
        // An error shows again at the next read.
        let _ = (&mut tee).take(2).read_to_end(&mut magic);
        let gzip = magic == [0x1f, 0x8b];
        let total = size.filter(|_| !gzip);
        let mut report;
        let mut hooks = Hooks::default();
        if let Some(told) = &mut watch.progress {
            report = |at: lmcache_trace::Progress| {
                told(Progress { bytes: at.bytes, total, records: at.records });
            };
            hooks = hooks.with_progress(&mut report);
        }
        if let Some(cancel) = watch.cancel {
            hooks = hooks.with_cancel(cancel);
        }
        let mut body: Box<dyn Read + '_> = if gzip {
            Box::new(MultiGzDecoder::new(Cursor::new(magic).chain(&mut tee)))
        } else {
            Box::new(Cursor::new(magic).chain(&mut tee))
        };
        let result = parse(&mut body, total, hooks);
        drop(body);
        if hash && !stopped(watch.cancel) {
            // What the parser left (behind a gzip stream, of a foreign file) is hashed too.
            let _ = io::copy(&mut tee, &mut io::sink());
        }
        result
    };
    let stop = stopped(watch.cancel);
    let result = result.map_err(|error| match error {
        TraceError::Read { .. } if stop => Failure::Stopped,
        other => Failure::Trace(other),
    });
    let sha256 = hasher.map(Sha256Thread::finish).filter(|hex| !hex.is_empty());
    Outcome { result, bytes, sha256: sha256.filter(|_| !stop && !failed) }
}

fn stopped(cancel: Option<&AtomicBool>) -> bool {
    cancel.is_some_and(|flag| flag.load(Ordering::Relaxed))
}

type Opened<'s> = (Box<dyn Read + 's>, Option<u64>);

fn open<'s>(path: &str, cancel: Option<&'s AtomicBool>) -> io::Result<Opened<'s>> {
    if path == "-" {
        return Ok((Box::new(Patient::new(|| Ok(io::stdin()), cancel)), None));
    }
    let meta = std::fs::metadata(path)?;
    if meta.is_dir() {
        return Err(ErrorKind::IsADirectory.into());
    }
    if meta.is_file() {
        return Ok((Box::new(File::open(path)?), Some(meta.len())));
    }
    // A pipe: opening it waits for the other side, as reading does.
    let path = path.to_owned();
    Ok((Box::new(Patient::new(move || File::open(path), cancel)), None))
}

/// Counts and hands on what passes, and remembers a failure.
struct Counting<'c, R, F> {
    inner: R,
    failed: &'c mut bool,
    sink: F,
}

impl<R: Read, F: FnMut(&[u8])> Read for Counting<'_, R, F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(n) => {
                (self.sink)(buffer.get(..n).unwrap_or_default());
                Ok(n)
            }
            Err(error) => {
                *self.failed |= error.kind() != ErrorKind::Interrupted;
                Err(error)
            }
        }
    }
}

/// Bytes that one block of a pipe holds at most.
const BLOCK: usize = 256 << 10;

/// Reads a source that may keep its reader waiting, on a thread of its own, so that a stop is
/// heard while nothing comes. The thread ends with its source, or with the process.
struct Patient<'s> {
    blocks: Receiver<io::Result<Vec<u8>>>,
    block: Cursor<Vec<u8>>,
    cancel: Option<&'s AtomicBool>,
    done: bool,
}

impl<'s> Patient<'s> {
    fn new<R: Read>(
        open: impl FnOnce() -> io::Result<R> + Send + 'static,
        cancel: Option<&'s AtomicBool>,
    ) -> Self {
        let (give, blocks) = sync_channel(4);
        std::thread::spawn(move || {
            let mut source = match open() {
                Ok(source) => source,
                Err(error) => return drop(give.send(Err(error))),
            };
            loop {
                let mut block = vec![0; BLOCK];
                let sent = match source.read(&mut block) {
                    Ok(0) => return,
                    Ok(n) => {
                        block.truncate(n);
                        give.send(Ok(block))
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => Ok(()),
                    Err(error) => return drop(give.send(Err(error))),
                };
                if sent.is_err() {
                    return;
                }
            }
        });
        Self { blocks, block: Cursor::new(vec![]), cancel, done: false }
    }
}

impl Read for Patient<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let n = self.block.read(buffer)?;
            if n > 0 || self.done || buffer.is_empty() {
                return Ok(n);
            }
            match self.blocks.recv_timeout(Duration::from_millis(50)) {
                Ok(block) => self.block = Cursor::new(block?),
                Err(RecvTimeoutError::Disconnected) => self.done = true,
                Err(RecvTimeoutError::Timeout) if stopped(self.cancel) => {
                    return Err(io::Error::other("stopped"));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}
