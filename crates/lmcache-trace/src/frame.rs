//! Framing: four bytes of big-endian length, then that many bytes of MessagePack
//! (all LMCache releases that record traces: 0.4.4 to 0.5.6).

use nom::bytes::streaming::take;
use nom::number::streaming::be_u32;
use nom::{IResult, Parser};

/// Bytes of a frame's length field.
pub(crate) const PREFIX: usize = 4;

/// What the start of a byte string is, read as a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing<'a> {
    /// A whole frame with this body.
    Whole(&'a [u8]),
    /// The frame goes on past the end of the bytes; `need` bytes hold it, or hold
    /// its length field where `len` is not yet known.
    Incomplete { need: usize, len: Option<u64> },
    /// A frame of length zero.
    Zero,
    /// A frame longer than the limit.
    Overlong(u64),
}

fn length(input: &[u8]) -> IResult<&[u8], u32, ()> {
    be_u32.parse(input)
}

fn body(input: &[u8], len: usize) -> IResult<&[u8], &[u8], ()> {
    take(len).parse(input)
}

/// Reads one frame off the start of `input`.
#[inline]
pub(crate) fn split(input: &[u8], limit: usize) -> Framing<'_> {
    let Ok((rest, len)) = length(input) else {
        return Framing::Incomplete { need: PREFIX, len: None };
    };
    if len == 0 {
        return Framing::Zero;
    }
    match usize::try_from(len) {
        Ok(size) if size <= limit => match body(rest, size) {
            Ok((_, whole)) => Framing::Whole(whole),
            Err(_) => {
                Framing::Incomplete { need: size.saturating_add(PREFIX), len: Some(u64::from(len)) }
            }
        },
        _ => Framing::Overlong(u64::from(len)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_and_their_faults() {
        assert_eq!(split(b"\0\0\0\x02ab\0\0", 9), Framing::Whole(b"ab"));
        assert_eq!(split(b"\0\0\0", 9), Framing::Incomplete { need: 4, len: None });
        assert_eq!(split(b"", 9), Framing::Incomplete { need: 4, len: None });
        assert_eq!(split(b"\0\0\0\x02a", 9), Framing::Incomplete { need: 6, len: Some(2) });
        assert_eq!(split(b"\0\0\0\0a", 9), Framing::Zero);
        assert_eq!(split(b"\0\0\0\x0a", 9), Framing::Overlong(10));
        assert_eq!(split(b"\xff\xff\xff\xffa", 9), Framing::Overlong(u64::from(u32::MAX)));
    }
}
