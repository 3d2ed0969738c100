//! The walk over frames, and the way back into them after a bad one.
//!
//! [`Machine`] is the one implementation under the slice reader and the stream
//! reader: it is given the bytes at hand and whether more may come, and says what
//! to do. It reads no input itself.
//!
//! After a frame whose length cannot be trusted, reading goes on only at a place
//! where a whole record follows, decoded to its end, and after that the file ends
//! or the next frame starts as a record does. Everything between is reported.

use memchr::memmem;

use crate::cursor::{DecodeError, DecodeErrorKind};
use crate::frame::{self, Framing, PREFIX};
use crate::issue::{Issue, IssueKind};
use crate::record::Head;

/// What the body of a record starts with after its map marker.
const RECORD_TAG: &[u8] = b"\xa4type\xa6record";
/// Bytes from a frame's start to the end of [`RECORD_TAG`].
const LOOKAHEAD: usize = PREFIX + 1 + RECORD_TAG.len();
/// Longest frame at which reading may go on after a fault.
const SEEK_FRAME_MAX: usize = 1 << 20;
/// How many bytes in one file may be decoded in trying such places.
const SEEK_BUDGET: usize = 256 << 20;

/// Whether these bytes start as a record's frame does; nothing when there are too
/// few of them to tell.
pub(crate) fn plausible_record(rest: &[u8]) -> Option<bool> {
    let (prefix, body) = rest.split_first_chunk::<PREFIX>()?;
    let (&marker, tag) = body.split_first()?;
    let is_map = matches!(marker, 0x82..=0x8f);
    let same = tag.iter().zip(RECORD_TAG).all(|(a, b)| a == b);
    Some(*prefix != [0; PREFIX] && is_map && same)
}

/// Whether a record's frame starts here beyond doubt.
pub(crate) fn starts_with_record(bytes: &[u8]) -> bool {
    bytes.len() >= LOOKAHEAD && plausible_record(bytes) == Some(true)
}

/// What the reader has to do next.
#[derive(Debug)]
pub(crate) enum Advance {
    /// A record: the frame is the first `consumed` bytes.
    Record { head: Head, consumed: usize },
    /// A fault; step over `consumed` bytes.
    Issue { issue: Issue, consumed: usize },
    /// Step over these bytes.
    Discard(usize),
    /// Provide this many bytes in all, or say that there are no more.
    Need(usize),
    /// The file is done.
    End,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Frames,
    Seeking {
        from: u64,
    },
    /// Trying further places has become too expensive: count what is left.
    Draining {
        from: u64,
    },
    Done,
}

#[derive(Debug, Clone)]
pub(crate) struct Machine {
    /// File offset of the first byte at hand.
    offset: u64,
    records: u64,
    limit: usize,
    budget: usize,
    state: State,
}

impl Machine {
    pub(crate) fn new(offset: u64, limit: usize) -> Self {
        Machine { offset, records: 0, limit, budget: SEEK_BUDGET, state: State::Frames }
    }

    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn records(&self) -> u64 {
        self.records
    }

    pub(crate) fn stop(&mut self) {
        self.state = State::Done;
    }

    pub(crate) fn issue(&self, kind: IssueKind) -> Issue {
        Issue { kind, offset: self.offset, record: self.records }
    }

    /// The next step, given the bytes at hand; `last` says that no more will come.
    #[inline]
    pub(crate) fn step(&mut self, window: &[u8], last: bool) -> Advance {
        let advance = match self.state {
            State::Frames => self.step_frame(window, last),
            State::Seeking { from } => self.step_seek(window, last, from),
            State::Draining { from } => self.step_drain(window, last, from),
            State::Done => Advance::End,
        };
        match &advance {
            Advance::Record { consumed, .. } => {
                self.records += 1;
                self.offset = self.offset.saturating_add(*consumed as u64);
            }
            Advance::Issue { consumed, .. } | Advance::Discard(consumed) => {
                self.offset = self.offset.saturating_add(*consumed as u64);
            }
            Advance::Need(_) | Advance::End => {}
        }
        advance
    }

    #[inline]
    fn step_frame(&mut self, window: &[u8], last: bool) -> Advance {
        let body = match frame::split(window, self.limit) {
            Framing::Whole(body) => body,
            other => return self.bad_frame(other, window, last),
        };
        let consumed = PREFIX + body.len();
        let next = window.get(consumed..).unwrap_or_default();
        if next.len() < LOOKAHEAD && !last {
            return Advance::Need(consumed + LOOKAHEAD);
        }
        match Head::decode(body, self.offset.saturating_add(PREFIX as u64)) {
            Ok(head) if plausible_record(next) != Some(false) => Advance::Record { head, consumed },
            other => self.doubtful(other, body, next),
        }
    }

    /// A frame that is no record, or one after which no record seems to start.
    #[cold]
    #[inline(never)]
    fn doubtful(&mut self, head: Result<Head, DecodeError>, body: &[u8], next: &[u8]) -> Advance {
        let consumed = PREFIX + body.len();
        let at = self.offset.saturating_add(PREFIX as u64);
        let checked = head.and_then(|head| head.check_args(body, at).map(|()| head));
        match checked {
            // The frame is sound: its length is trusted, the next one judged by itself.
            Ok(head) => Advance::Record { head, consumed },
            Err(error) => {
                let issue = self.issue(IssueKind::MalformedFrame(error));
                if plausible_record(next) == Some(false) {
                    self.seek(issue)
                } else {
                    Advance::Issue { issue, consumed }
                }
            }
        }
    }

    #[cold]
    #[inline(never)]
    fn bad_frame(&mut self, framing: Framing<'_>, window: &[u8], last: bool) -> Advance {
        match framing {
            Framing::Incomplete { need, .. } if !last => Advance::Need(need),
            Framing::Incomplete { .. } if window.is_empty() => {
                self.state = State::Done;
                Advance::End
            }
            Framing::Incomplete { len: Some(len), .. }
                if self.find(window, 1, true) != Find::Nothing =>
            {
                let issue = self.issue(IssueKind::WrongLength { len });
                self.seek(issue)
            }
            Framing::Incomplete { len, .. } => {
                let have = window.len() as u64;
                let kind = match len {
                    None => IssueKind::TornLength { have },
                    Some(want) => IssueKind::TornBody { have: have - PREFIX as u64, want },
                };
                self.state = State::Done;
                Advance::Issue { issue: self.issue(kind), consumed: window.len() }
            }
            Framing::Zero => {
                if window.len() < PREFIX + LOOKAHEAD && !last {
                    return Advance::Need(PREFIX + LOOKAHEAD);
                }
                let issue = self.issue(IssueKind::ZeroLength);
                let next = window.get(PREFIX..).unwrap_or_default();
                if next.is_empty() || plausible_record(next) == Some(true) {
                    Advance::Issue { issue, consumed: PREFIX }
                } else {
                    self.seek(issue)
                }
            }
            Framing::Overlong(len) => {
                let limit = self.limit as u64;
                let issue = self.issue(IssueKind::OverlongFrame { len, limit });
                self.seek(issue)
            }
            // Not reached: whole frames are handled before.
            Framing::Whole(body) => self.doubtful(
                Err(DecodeError { kind: DecodeErrorKind::Truncated, offset: self.offset }),
                body,
                &[],
            ),
        }
    }

    /// Reports `issue` and looks for the next place to go on, from the next byte.
    fn seek(&mut self, issue: Issue) -> Advance {
        self.state = State::Seeking { from: self.offset };
        Advance::Issue { issue, consumed: 1 }
    }

    fn step_seek(&mut self, window: &[u8], last: bool, from: u64) -> Advance {
        match self.find(window, 0, last) {
            Find::At(start) => {
                let at = self.offset.saturating_add(start as u64);
                self.state = State::Frames;
                let kind = IssueKind::Resynchronised { at, skipped: at.saturating_sub(from) };
                let issue = Issue { kind, offset: from, record: self.records };
                Advance::Issue { issue, consumed: start }
            }
            Find::Perhaps { start: 0, need } => Advance::Need(need),
            Find::Perhaps { start, .. } => Advance::Discard(start),
            Find::TooExpensive => {
                self.state = State::Draining { from };
                Advance::Discard(0)
            }
            Find::Nothing if last => self.step_drain(window, last, from),
            Find::Nothing => match window.len().saturating_sub(LOOKAHEAD) {
                0 => Advance::Need(window.len().saturating_add(LOOKAHEAD)),
                spare => Advance::Discard(spare),
            },
        }
    }

    fn step_drain(&mut self, window: &[u8], last: bool, from: u64) -> Advance {
        if !last {
            return match window.len() {
                0 => Advance::Need(1),
                n => Advance::Discard(n),
            };
        }
        self.state = State::Done;
        let end = self.offset.saturating_add(window.len() as u64);
        let kind = IssueKind::NotResynchronised { bytes: end.saturating_sub(from) };
        let issue = Issue { kind, offset: from, record: self.records };
        Advance::Issue { issue, consumed: window.len() }
    }

    /// Looks for a sound frame in `window`, from `start` on.
    fn find(&mut self, window: &[u8], start: usize, last: bool) -> Find {
        let mut from = start;
        while let Some(hit) =
            window.get(from..).and_then(|rest| memmem::find(rest, RECORD_TAG)).map(|n| from + n)
        {
            from = hit + 1;
            let Some(at) = hit.checked_sub(PREFIX + 1).filter(|&at| at >= start) else { continue };
            let rest = window.get(at..).unwrap_or_default();
            if plausible_record(rest) != Some(true) {
                continue;
            }
            match frame::split(rest, self.limit.min(SEEK_FRAME_MAX)) {
                Framing::Whole(body) => {
                    let end = PREFIX + body.len();
                    let next = rest.get(end..).unwrap_or_default();
                    if next.len() < LOOKAHEAD && !last {
                        return Find::Perhaps { start: at, need: end + LOOKAHEAD };
                    }
                    let Some(budget) = self.budget.checked_sub(body.len()) else {
                        return Find::TooExpensive;
                    };
                    self.budget = budget;
                    let sound = Head::decode(body, 0)
                        .and_then(|head| head.check_args(body, 0))
                        .is_ok_and(|()| plausible_record(next) != Some(false));
                    if sound {
                        return Find::At(at);
                    }
                }
                Framing::Incomplete { need, .. } if !last => {
                    return Find::Perhaps { start: at, need: need.saturating_add(LOOKAHEAD) };
                }
                _ => {}
            }
        }
        Find::Nothing
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Find {
    /// A sound frame starts here.
    At(usize),
    /// A frame may start at `start`; `need` bytes from there would tell.
    Perhaps {
        start: usize,
        need: usize,
    },
    Nothing,
    TooExpensive,
}
