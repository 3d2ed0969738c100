//! SHA-256 of what is read, in the same pass, on a second thread.

use std::fmt;
use std::sync::mpsc::{Receiver, SyncSender, TryRecvError, sync_channel};
use std::thread::JoinHandle;

use sha2::{Digest, Sha256};

/// Blocks in flight between the two threads; each is as large as what is fed at a time.
const BLOCKS: usize = 4;

/// Hashes on a thread of its own what it is fed, so that hashing and parsing take the
/// time of the slower of the two. Memory is four blocks, reused.
///
/// ```
/// use lmcache_trace::Sha256Thread;
///
/// let mut hasher = Sha256Thread::spawn();
/// hasher.feed(b"abc");
/// assert!(hasher.finish().starts_with("ba7816bf"));
/// ```
pub struct Sha256Thread {
    full: Option<SyncSender<Vec<u8>>>,
    empty: Receiver<Vec<u8>>,
    made: usize,
    worker: Option<JoinHandle<Sha256>>,
    /// Takes the work where no thread could be had.
    local: Sha256,
}

impl fmt::Debug for Sha256Thread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sha256Thread").finish_non_exhaustive()
    }
}

impl Sha256Thread {
    /// Starts the thread; where the system gives none, hashing is done in place.
    pub fn spawn() -> Self {
        let (full, work) = sync_channel::<Vec<u8>>(BLOCKS);
        let (back, empty) = sync_channel(BLOCKS);
        let worker = std::thread::Builder::new().name("sha256".to_owned()).spawn(move || {
            let mut hash = Sha256::new();
            for mut block in work {
                hash.update(&block);
                block.clear();
                // The other side may have stopped taking blocks back.
                let _ = back.try_send(block);
            }
            hash
        });
        let worker = worker.ok();
        let full = worker.is_some().then_some(full);
        Sha256Thread { full, empty, made: 0, worker, local: Sha256::new() }
    }

    /// Hashes these bytes after those before.
    pub fn feed(&mut self, bytes: &[u8]) {
        let Some(full) = &self.full else {
            self.local.update(bytes);
            return;
        };
        let mut block = match self.empty.try_recv() {
            Ok(block) => block,
            Err(TryRecvError::Empty) if self.made >= BLOCKS => {
                self.empty.recv().unwrap_or_default()
            }
            Err(_) => {
                self.made += 1;
                Vec::with_capacity(bytes.len())
            }
        };
        block.extend_from_slice(bytes);
        // Fails only where the thread is gone, which `finish` reports as an empty text.
        let _ = full.send(block);
    }

    /// The digest of all bytes, in hex. Empty where the thread was lost.
    pub fn finish(mut self) -> String {
        drop(self.full.take());
        let hash = match self.worker.take() {
            None => Some(self.local),
            Some(worker) => worker.join().ok(),
        };
        hash.map(|hash| crate::num::hex(&hash.finalize())).unwrap_or_default()
    }
}
