//! Tracebacks, one process at a time.

use std::collections::BTreeMap;

use crate::mask::clip;

/// Different tracebacks that are kept.
const KEPT: usize = 64;
/// Frames of each that are kept.
const FRAMES: usize = 4;

#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    pub(crate) count: u64,
    pub(crate) first_line: u64,
    pub(crate) frames: Vec<String>,
}

/// Follows the tracebacks of one log.
#[derive(Debug, Default)]
pub(crate) struct Tracebacks {
    /// Frames of the traceback that each process is in.
    open: BTreeMap<u32, (u64, Vec<String>)>,
    pub(crate) found: BTreeMap<String, Found>,
    pub(crate) further: u64,
}

impl Tracebacks {
    /// Takes a line's message; true where it belongs to a traceback.
    pub(crate) fn take(&mut self, process: u32, line: u64, message: &str) -> bool {
        let text = message.trim_end();
        if text.trim_start().starts_with("Traceback (most recent call last)") {
            if self.open.len() < 256 {
                self.open.insert(process, (line, Vec::new()));
            }
            return true;
        }
        let Some((_, frames)) = self.open.get_mut(&process) else { return false };
        if text.is_empty() {
            return true;
        }
        if text.starts_with([' ', '\t', '|', '^', '~', '+']) {
            let frame = text.trim_start();
            if frame.starts_with("File \"") {
                if frames.len() >= FRAMES {
                    frames.remove(0);
                }
                frames.push(clip(frame, 200).to_owned());
            }
            return true;
        }
        let (first, frames) = self.open.remove(&process).unwrap_or_default();
        if !is_exception(text) {
            return false;
        }
        let last = clip(text, 300);
        let has_room = self.found.len() < KEPT;
        match self.found.get_mut(last) {
            Some(found) => found.count += 1,
            None if has_room => {
                self.found.insert(last.to_owned(), Found { count: 1, first_line: first, frames });
            }
            None => self.further += 1,
        }
        true
    }
}

/// `ValueError: text`, `torch.cuda.OutOfMemoryError: ...`, `KeyboardInterrupt`.
fn is_exception(text: &str) -> bool {
    let name = text.split(':').next().unwrap_or(text);
    !name.is_empty()
        && name.len() < 120
        && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_'))
        && name
            .rsplit('.')
            .next()
            .is_some_and(|n| n.starts_with(|c: char| c.is_ascii_uppercase() || c == '_'))
}
