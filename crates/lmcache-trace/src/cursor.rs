//! A borrowed MessagePack cursor: iterative, with checked lengths, and with the
//! file offset of every fault.
//!
//! The cursor never allocates and never recurses. Strings and byte strings are
//! borrowed from the input; [`Cursor::skip`] walks any value with a fixed stack
//! of [`MAX_DEPTH`] levels, so no input can exhaust the thread's stack.

mod error;
mod skip;

use std::fmt;

pub use error::{DecodeError, DecodeErrorKind, Expected};

/// Deepest nesting of arrays and maps that is followed; a value nested deeper is
/// a [`DecodeErrorKind::TooDeep`] fault. Real records of LMCache 0.4.4 to 0.5.6
/// nest nine levels.
pub const MAX_DEPTH: usize = 64;

/// A read position in MessagePack data.
///
/// `offset` in errors counts from the start of the file: give [`Cursor::new`]
/// the offset of the first byte of `data`.
///
/// ```
/// use lmcache_trace::Cursor;
///
/// let mut cursor = Cursor::new(b"\x82\xa1a\x01\xa1b\xc4\x02xy", 100);
/// assert_eq!(cursor.map_len()?, 2);
/// assert_eq!(cursor.str()?, "a");
/// assert_eq!(cursor.uint()?, 1);
/// assert_eq!(cursor.str()?, "b");
/// assert_eq!(cursor.offset(), 106);
/// assert_eq!(cursor.bin()?, b"xy");
/// assert!(cursor.is_empty());
/// # Ok::<(), lmcache_trace::DecodeError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    end: u64,
}

impl fmt::Debug for Cursor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The bytes may hold prompts' token ids or keys: only their place is shown.
        f.debug_struct("Cursor")
            .field("offset", &self.offset())
            .field("left", &self.rest.len())
            .finish()
    }
}

impl<'a> Cursor<'a> {
    /// A cursor at the start of `data`, whose first byte is at `offset` of the file.
    #[inline]
    pub fn new(data: &'a [u8], offset: u64) -> Self {
        Cursor { rest: data, end: offset.saturating_add(data.len() as u64) }
    }

    /// File offset of the next byte.
    #[inline]
    pub fn offset(&self) -> u64 {
        self.end.saturating_sub(self.rest.len() as u64)
    }

    /// The bytes not yet read.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all bytes are read.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The marker byte of the next value.
    #[inline]
    pub fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    #[cold]
    #[inline(never)]
    pub(crate) fn fault(&self, kind: DecodeErrorKind) -> DecodeError {
        DecodeError { kind, offset: self.offset() }
    }

    #[cold]
    #[inline(never)]
    fn wrong(&self, expected: Expected) -> DecodeError {
        match self.rest.first() {
            None => self.fault(DecodeErrorKind::Truncated),
            Some(0xc1) => self.fault(DecodeErrorKind::ReservedMarker),
            Some(&marker) => self.fault(DecodeErrorKind::WrongType { expected, marker }),
        }
    }

    /// Steps over `n` bytes and returns them; `start` is the value they belong to.
    #[inline]
    fn take(&mut self, n: usize, start: Cursor<'a>) -> Result<&'a [u8], DecodeError> {
        match self.rest.split_at_checked(n) {
            Some((head, tail)) => {
                self.rest = tail;
                Ok(head)
            }
            None => Err(start.fault(DecodeErrorKind::Truncated)),
        }
    }

    #[inline]
    fn take_array<const N: usize>(&mut self, start: Cursor<'a>) -> Result<[u8; N], DecodeError> {
        match self.rest.split_first_chunk::<N>() {
            Some((head, tail)) => {
                self.rest = tail;
                Ok(*head)
            }
            None => Err(start.fault(DecodeErrorKind::Truncated)),
        }
    }

    /// Steps over `prefix` when the next bytes are exactly that; else stays.
    #[inline]
    pub(crate) fn accept(&mut self, prefix: &[u8]) -> bool {
        match self.rest.strip_prefix(prefix) {
            Some(tail) => {
                self.rest = tail;
                true
            }
            None => false,
        }
    }

    #[inline]
    fn be_len(&mut self, width: u8, start: Cursor<'a>) -> Result<usize, DecodeError> {
        Ok(match width {
            1 => usize::from(self.take_array::<1>(start)?[0]),
            2 => usize::from(u16::from_be_bytes(self.take_array(start)?)),
            _ => usize::try_from(u32::from_be_bytes(self.take_array(start)?))
                .map_err(|_| start.fault(DecodeErrorKind::Truncated))?,
        })
    }

    /// Reads a map's head and returns its number of pairs.
    #[inline]
    pub fn map_len(&mut self) -> Result<usize, DecodeError> {
        match self.rest.split_first() {
            Some((&marker @ 0x80..=0x8f, tail)) if tail.len() >= 30 => {
                self.rest = tail;
                Ok(usize::from(marker & 0x0f))
            }
            _ => self.container(0x80, 0xde, 2, Expected::Map),
        }
    }

    /// Reads an array's head and returns its number of elements.
    #[inline]
    pub fn array_len(&mut self) -> Result<usize, DecodeError> {
        match self.rest.split_first() {
            Some((&marker @ 0x90..=0x9f, tail)) if tail.len() >= 15 => {
                self.rest = tail;
                Ok(usize::from(marker & 0x0f))
            }
            _ => self.container(0x90, 0xdc, 1, Expected::Array),
        }
    }

    #[inline(never)]
    fn container(
        &mut self,
        fix: u8,
        wide: u8,
        per_item: usize,
        expected: Expected,
    ) -> Result<usize, DecodeError> {
        let start = *self;
        let Some((&marker, tail)) = self.rest.split_first() else {
            return Err(self.wrong(expected));
        };
        let len = if marker & 0xf0 == fix {
            self.rest = tail;
            usize::from(marker & 0x0f)
        } else if marker == wide || marker == wide.wrapping_add(1) {
            self.rest = tail;
            self.be_len(if marker == wide { 2 } else { 4 }, start)?
        } else {
            return Err(self.wrong(expected));
        };
        // Every element takes a byte at least: a longer claim is a lie, whatever follows.
        if len.checked_mul(per_item).is_none_or(|n| n > self.rest.len()) {
            return Err(start.fault(DecodeErrorKind::Truncated));
        }
        Ok(len)
    }

    /// Reads a string and returns its bytes, not checked for UTF-8.
    #[inline]
    pub fn str_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        if let Some((&marker @ 0xa0..=0xbf, tail)) = self.rest.split_first()
            && let Some((text, rest)) = tail.split_at_checked(usize::from(marker & 0x1f))
        {
            self.rest = rest;
            return Ok(text);
        }
        self.long_str_bytes()
    }

    #[inline(never)]
    fn long_str_bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = *self;
        let Some((&marker, tail)) = self.rest.split_first() else {
            return Err(self.wrong(Expected::Str));
        };
        let len = match marker {
            0xa0..=0xbf => {
                self.rest = tail;
                usize::from(marker & 0x1f)
            }
            0xd9..=0xdb => {
                self.rest = tail;
                self.be_len(1 << (marker - 0xd9), start)?
            }
            _ => return Err(self.wrong(Expected::Str)),
        };
        self.take(len, start)
    }

    /// Reads a string.
    #[inline]
    pub fn str(&mut self) -> Result<&'a str, DecodeError> {
        let start = *self;
        std::str::from_utf8(self.str_bytes()?)
            .map_err(|_| start.fault(DecodeErrorKind::InvalidUtf8))
    }

    /// Reads a byte string.
    #[inline]
    pub fn bin(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = *self;
        let Some((&marker @ 0xc4..=0xc6, tail)) = self.rest.split_first() else {
            return Err(self.wrong(Expected::Bin));
        };
        self.rest = tail;
        let len = self.be_len(1 << (marker - 0xc4), start)?;
        self.take(len, start)
    }

    /// Reads an integer that is not negative.
    #[inline]
    pub fn uint(&mut self) -> Result<u64, DecodeError> {
        match self.rest {
            [marker @ 0x00..=0x7f, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(*marker))
            }
            [0xce, a, b, c, d, rest @ ..] => {
                self.rest = rest;
                Ok(u64::from(u32::from_be_bytes([*a, *b, *c, *d])))
            }
            _ => self.other_uint(),
        }
    }

    #[inline(never)]
    fn other_uint(&mut self) -> Result<u64, DecodeError> {
        let start = *self;
        let Some((&marker, tail)) = self.rest.split_first() else {
            return Err(self.wrong(Expected::Uint));
        };
        self.rest = tail;
        Ok(match marker {
            0x00..=0x7f => u64::from(marker),
            0xcc => u64::from(self.take_array::<1>(start)?[0]),
            0xcd => u64::from(u16::from_be_bytes(self.take_array(start)?)),
            0xce => u64::from(u32::from_be_bytes(self.take_array(start)?)),
            0xcf => u64::from_be_bytes(self.take_array(start)?),
            0xd0..=0xd3 => {
                *self = start;
                u64::try_from(self.int()?)
                    .map_err(|_| start.fault(DecodeErrorKind::IntegerRange))?
            }
            0xe0..=0xff => return Err(start.fault(DecodeErrorKind::IntegerRange)),
            _ => return Err(start.wrong(Expected::Uint)),
        })
    }

    /// Reads an integer.
    #[inline]
    pub fn int(&mut self) -> Result<i64, DecodeError> {
        let start = *self;
        let Some((&marker, tail)) = self.rest.split_first() else {
            return Err(self.wrong(Expected::Int));
        };
        self.rest = tail;
        Ok(match marker {
            0x00..=0x7f => i64::from(marker),
            0xe0..=0xff => i64::from(marker.cast_signed()),
            0xd0 => i64::from(self.take_array::<1>(start)?[0].cast_signed()),
            0xd1 => i64::from(i16::from_be_bytes(self.take_array(start)?)),
            0xd2 => i64::from(i32::from_be_bytes(self.take_array(start)?)),
            0xd3 => i64::from_be_bytes(self.take_array(start)?),
            0xcc..=0xcf => {
                *self = start;
                i64::try_from(self.uint()?)
                    .map_err(|_| start.fault(DecodeErrorKind::IntegerRange))?
            }
            _ => return Err(start.wrong(Expected::Int)),
        })
    }

    /// Reads a number: a float of either width, or an integer.
    #[inline]
    pub fn number(&mut self) -> Result<f64, DecodeError> {
        if let Some((&0xcb, tail)) = self.rest.split_first()
            && let Some((bytes, rest)) = tail.split_first_chunk()
        {
            self.rest = rest;
            return Ok(f64::from_be_bytes(*bytes));
        }
        self.other_number()
    }

    #[inline(never)]
    fn other_number(&mut self) -> Result<f64, DecodeError> {
        let start = *self;
        let Some((&marker, tail)) = self.rest.split_first() else {
            return Err(self.wrong(Expected::Number));
        };
        match marker {
            0xcb => {
                self.rest = tail;
                Ok(f64::from_be_bytes(self.take_array(start)?))
            }
            0xca => {
                self.rest = tail;
                Ok(f64::from(f32::from_be_bytes(self.take_array(start)?)))
            }
            0x00..=0x7f | 0xcc..=0xcf => Ok(self.uint()? as f64),
            0xd0..=0xd3 | 0xe0..=0xff => Ok(self.int()? as f64),
            _ => Err(self.wrong(Expected::Number)),
        }
    }

    /// Reads a boolean.
    #[inline]
    pub fn bool(&mut self) -> Result<bool, DecodeError> {
        match self.rest.split_first() {
            Some((&marker @ (0xc2 | 0xc3), tail)) => {
                self.rest = tail;
                Ok(marker == 0xc3)
            }
            _ => Err(self.wrong(Expected::Bool)),
        }
    }

    /// Steps over a `nil` when the next value is one.
    #[inline]
    pub fn accept_nil(&mut self) -> bool {
        self.accept(&[0xc0])
    }

    /// Fails unless all bytes are read.
    #[inline]
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.is_empty() { Ok(()) } else { Err(self.fault(DecodeErrorKind::TrailingBytes)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind<T: fmt::Debug>(result: Result<T, DecodeError>) -> (DecodeErrorKind, u64) {
        let error = result.unwrap_err();
        (error.kind, error.offset)
    }

    #[test]
    fn integers_of_every_width() {
        let data = [
            0x7f, 0xcc, 0xff, 0xcd, 0x12, 0x34, 0xce, 0, 0, 0, 9, 0xcf, 0, 0, 0, 0, 0, 0, 1, 0,
            0xd0, 0x05, 0xd1, 0xff, 0xfe, 0xe0,
        ];
        let mut cursor = Cursor::new(&data, 0);
        for want in [127, 255, 0x1234, 9, 256, 5] {
            assert_eq!(cursor.uint(), Ok(want));
        }
        let mut negative = cursor;
        assert_eq!(kind(cursor.uint()), (DecodeErrorKind::IntegerRange, 22));
        assert_eq!(negative.int(), Ok(-2));
        assert_eq!(negative.int(), Ok(-32));
        assert!(negative.is_empty());
        assert_eq!(kind(negative.int()), (DecodeErrorKind::Truncated, 26));
    }

    #[test]
    fn a_container_that_claims_more_than_there_is_fails_at_its_head() {
        let mut cursor = Cursor::new(b"\xdd\xff\xff\xff\xff\xc0", 10);
        assert_eq!(kind(cursor.array_len()), (DecodeErrorKind::Truncated, 10));
        let mut cursor = Cursor::new(b"\xdf\xff\xff\xff\xff\xc0", 10);
        assert_eq!(kind(cursor.skip()), (DecodeErrorKind::Truncated, 10));
    }

    #[test]
    fn text_that_is_not_utf8() {
        let mut cursor = Cursor::new(b"\xa2\xff\xfe", 7);
        assert_eq!(kind(cursor.str()), (DecodeErrorKind::InvalidUtf8, 7));
    }
}
