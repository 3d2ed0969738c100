//! Python tracebacks, grouped by their last line.

use std::collections::{BTreeMap, VecDeque};

use crate::shape::shape;

/// Frames that are kept of a traceback: the last ones, and before them the last one of a serving
/// product where they are all of libraries below it.
const FRAMES: usize = 3;
/// Parts of the paths of what is served with.
const PRODUCTS: &[&str] = &["/lmcache", "/vllm", "/sglang"];
/// Longest line of a traceback that is kept, in bytes.
const MAX_TEXT: usize = 300;
/// Lines after which a traceback is given up.
const MAX_LINES: u32 = 400;

/// One group of tracebacks, before redaction.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) last_line: String,
    pub(crate) count: u64,
    pub(crate) first_line: u64,
    pub(crate) frames: Vec<String>,
}

#[derive(Debug, Default)]
struct Open {
    first_line: u64,
    lines: u32,
    frames: VecDeque<String>,
    /// The last frame of a product that the frames no longer hold.
    own: Option<String>,
}

fn of_product(frame: &str) -> bool {
    PRODUCTS.iter().any(|name| frame.contains(name))
}

impl Open {
    fn frame(&mut self, frame: &[u8]) {
        if self.frames.len() >= FRAMES
            && let Some(gone) = self.frames.pop_front().filter(|f| of_product(f))
        {
            self.own = Some(gone);
        }
        self.frames.push_back(text(frame));
    }

    fn into_frames(mut self) -> Vec<String> {
        if let Some(own) = self.own.take()
            && !self.frames.iter().any(|f| of_product(f))
        {
            self.frames.push_front(own);
        }
        self.frames.into()
    }
}

/// Tracebacks of all processes of a log.
#[derive(Debug, Default)]
pub(crate) struct Tracebacks {
    open: BTreeMap<u16, Open>,
    groups: BTreeMap<Vec<u8>, Group>,
    pub(crate) overflow: u64,
    cap: usize,
}

/// What a line was to the tracebacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// None of their business.
    None,
    /// Head, with words of its own before it (`Scheduler hit an exception: Traceback ...`).
    Head,
    /// Head or frame.
    Inner,
    /// The last line, which names the error.
    Last,
}

fn text(bytes: &[u8]) -> String {
    let bytes = bytes.trim_ascii();
    String::from_utf8_lossy(bytes.get(..MAX_TEXT.min(bytes.len())).unwrap_or_default()).into_owned()
}

impl Tracebacks {
    pub(crate) fn new(cap: usize) -> Self {
        Self { cap, ..Self::default() }
    }

    /// Whether none is under way.
    pub(crate) fn idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes a line of a process in. `plain`: the line is continued text, not a record of its own.
    pub(crate) fn line(&mut self, process: u16, number: u64, message: &[u8], plain: bool) -> Part {
        let trimmed = message.trim_ascii_end();
        if trimmed.ends_with(b"Traceback (most recent call last):") {
            self.open.insert(process, Open { first_line: number, ..Open::default() });
            return if trimmed.starts_with(b"Traceback") { Part::Inner } else { Part::Head };
        }
        let Some(open) = self.open.get_mut(&process) else { return Part::None };
        open.lines += 1;
        if open.lines > MAX_LINES {
            self.open.remove(&process);
            return Part::None;
        }
        let indented = message.first().is_some_and(u8::is_ascii_whitespace);
        if indented || trimmed.is_empty() {
            let frame = trimmed.trim_ascii_start();
            if frame.starts_with(b"File ") {
                open.frame(frame);
            }
            return Part::Inner;
        }
        if trimmed.starts_with(b"+") || trimmed.starts_with(b"|") {
            return Part::Inner;
        }
        if !plain && !looks_like_error(trimmed) {
            // A record of the process's logger came between or after.
            self.open.remove(&process);
            return Part::None;
        }
        let Some(open) = self.open.remove(&process) else { return Part::None };
        self.close(open, trimmed);
        Part::Last
    }

    /// Counts an error line whose traceback is not there.
    fn close(&mut self, open: Open, last: &[u8]) {
        let first_line = open.first_line;
        let mut key = Vec::new();
        shape(last, &mut key);
        if let Some(group) = self.groups.get_mut(&key) {
            group.count += 1;
        } else if self.groups.len() < self.cap {
            self.groups.insert(
                key,
                Group { last_line: text(last), count: 1, first_line, frames: open.into_frames() },
            );
        } else {
            self.overflow += 1;
        }
    }

    /// The groups, in the order in which they were first seen. Tracebacks that the log cuts off
    /// are counted with an empty last line.
    pub(crate) fn finish(mut self) -> (Vec<Group>, u64) {
        while let Some((_, open)) = self.open.pop_first() {
            self.close(open, b"");
        }
        let mut groups: Vec<Group> = self.groups.into_values().collect();
        groups.sort_by_key(|g| g.first_line);
        (groups, self.overflow)
    }
}

/// `ValueError: x`, `torch.AcceleratorError: x`, `KeyboardInterrupt`.
fn looks_like_error(text: &[u8]) -> bool {
    let end = text.iter().position(|b| *b == b':').unwrap_or(text.len());
    let name = text.get(..end).unwrap_or_default();
    !name.is_empty()
        && name.len() <= 120
        && name.iter().all(|b| b.is_ascii_alphanumeric() || b"_.".contains(b))
        && name.iter().any(u8::is_ascii_uppercase)
}
