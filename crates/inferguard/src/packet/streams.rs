//! What the bytes of an artifact run through: hashed as they are stored, cut where they break off.

use std::cell::RefCell;
use std::io::{self, Read};
use std::rc::Rc;

use sha2::{Digest as _, Sha256};

/// Counts and hashes the stored bytes on their way through.
pub(super) struct Tee<R> {
    pub(super) inner: R,
    pub(super) state: Rc<RefCell<TeeState>>,
}

/// What went by.
#[derive(Default)]
pub(super) struct TeeState {
    pub(super) hasher: Sha256,
    pub(super) bytes: u64,
    pub(super) error: Option<String>,
}

impl<R: Read> Read for Tee<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.inner.read(buffer) {
            Ok(n) => {
                let mut state = self.state.borrow_mut();
                state.hasher.update(&buffer[..n]);
                state.bytes += n as u64;
                Ok(n)
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => Err(e),
            Err(e) => {
                self.state.borrow_mut().error = Some(e.to_string());
                Err(e)
            }
        }
    }
}

/// Ends the stream at the first error and keeps the error, so that what came before counts.
pub(super) struct UntilError<R> {
    pub(super) inner: R,
    /// Bytes that it may still give.
    pub(super) left: u64,
    pub(super) error: Rc<RefCell<Option<String>>>,
}

impl<R: Read> Read for UntilError<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.error.borrow().is_some() {
            return Ok(0);
        }
        if self.left == 0 {
            *self.error.borrow_mut() = Some("it inflates beyond the size limit".into());
            return Ok(0);
        }
        let room = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        loop {
            match self.inner.read(&mut buffer[..room]) {
                Ok(n) => {
                    self.left -= n as u64;
                    return Ok(n);
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    *self.error.borrow_mut() = Some(e.to_string());
                    return Ok(0);
                }
            }
        }
    }
}
