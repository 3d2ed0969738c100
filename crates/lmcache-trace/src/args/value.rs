//! The arguments as a tree, for shapes that nobody knows yet.

use rmpv::ValueRef;
use rmpv::decode::read_value_ref_with_max_depth;
use thiserror::Error;

use crate::cursor::{DecodeError, DecodeErrorKind, MAX_DEPTH};
use crate::record::Record;

/// Longest argument value that is decoded into a tree, in bytes. A tree takes up to
/// 35 times the bytes of its source.
pub const MAX_TREE_BYTES: usize = 1 << 20;

/// Why arguments cannot be had as a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ValueError {
    /// They are longer than [`MAX_TREE_BYTES`].
    #[error("arguments of {bytes} bytes are too long for a tree")]
    TooLong {
        /// Their length.
        bytes: usize,
    },
    /// They are not well-formed.
    #[error(transparent)]
    Malformed(#[from] DecodeError),
}

impl<'a> Record<'a> {
    /// The arguments as a borrowed tree, for looking into shapes that
    /// [`Record::decode`] doesn't know. Allocates; not for every record of a large
    /// trace.
    pub fn args_value(&self) -> Result<ValueRef<'a>, ValueError> {
        let bytes = self.args().len();
        if bytes > MAX_TREE_BYTES {
            return Err(ValueError::TooLong { bytes });
        }
        // Our own walk first: it names the place of a fault and bounds the depth.
        let mut cursor = self.args_cursor();
        cursor.skip()?;
        cursor.finish()?;
        let mut rest = self.args();
        read_value_ref_with_max_depth(&mut rest, MAX_DEPTH + 1).map_err(|_| {
            // Depth is counted differently there by a level or so.
            ValueError::Malformed(self.args_cursor().fault(DecodeErrorKind::TooDeep))
        })
    }
}
