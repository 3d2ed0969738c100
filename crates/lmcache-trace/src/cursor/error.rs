//! How decoding fails.

use std::fmt;

use thiserror::Error;

use super::MAX_DEPTH;

/// Why a MessagePack value could not be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// The value goes on past the end of its frame.
    #[error("value runs past the end of its frame")]
    Truncated,
    /// Arrays and maps nest deeper than [`MAX_DEPTH`].
    #[error("arrays and maps nest deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// The marker byte is `0xc1`, which MessagePack reserves.
    #[error("marker byte 0xc1 is reserved")]
    ReservedMarker,
    /// A value has another type than this place needs.
    #[error("expected {expected}, found marker 0x{marker:02x}")]
    WrongType {
        /// The type that this place needs.
        expected: Expected,
        /// The marker byte that was found.
        marker: u8,
    },
    /// A string is not UTF-8.
    #[error("string is not UTF-8")]
    InvalidUtf8,
    /// An integer does not fit the type that this place needs.
    #[error("integer out of range")]
    IntegerRange,
    /// A map has one key twice.
    #[error("map key {0:?} appears twice")]
    DuplicateKey(&'static str),
    /// A map lacks a key that it must have.
    #[error("map key {0:?} is missing")]
    MissingKey(&'static str),
    /// The frame is longer than the value in it.
    #[error("bytes are left over after the value")]
    TrailingBytes,
    /// The frame is a map, but its `type` is neither `header` nor `record`.
    #[error("frame type is neither header nor record")]
    UnknownFrameType,
    /// A header frame stands where a record was due.
    #[error("a second header frame")]
    UnexpectedHeader,
    /// A value is larger than the limit for decoding it into a tree.
    #[error("value is too large to be decoded into a tree")]
    TooLarge,
}

/// The type a place in the format needs, for [`DecodeErrorKind::WrongType`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expected {
    /// A map.
    Map,
    /// An array.
    Array,
    /// A string.
    Str,
    /// A byte string.
    Bin,
    /// An integer that is not negative.
    Uint,
    /// An integer.
    Int,
    /// A number.
    Number,
    /// A boolean.
    Bool,
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Expected::Map => "a map",
            Expected::Array => "an array",
            Expected::Str => "a string",
            Expected::Bin => "bytes",
            Expected::Uint => "a non-negative integer",
            Expected::Int => "an integer",
            Expected::Number => "a number",
            Expected::Bool => "a boolean",
        })
    }
}

/// A decoding fault and the file offset of the value that caused it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
#[error("{kind} (byte {offset})")]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// Offset in the file of the first byte of the faulty value.
    pub offset: u64,
}
