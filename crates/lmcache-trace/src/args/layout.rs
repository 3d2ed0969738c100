//! Memory layouts: shapes and dtypes of the tensors of one chunk.

use serde::{Deserialize, Serialize};

use super::{ArgSink, Decoder, UnknownKind, untag};
use crate::cursor::{Cursor, DecodeError};

/// The layout of one chunk's memory object, borrowed from a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout<'a> {
    /// Bytes of one chunk: the sum over its tensors of elements times element size.
    /// `None` where a dtype is not known or shapes and dtypes differ in number.
    pub bytes: Option<u64>,
    raw: &'a [u8],
    offset: u64,
}

/// One tensor of a layout.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TensorDesc {
    /// Its shape.
    pub shape: Vec<u64>,
    /// Its dtype as PyTorch names it, such as `torch.bfloat16`.
    pub dtype: String,
}

impl<'a> Layout<'a> {
    /// The layout as it is in the file; equal bytes mean equal layouts.
    #[inline]
    pub fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// The tensors. Allocates; call it once for each different layout. At most
    /// 1,024 tensors of at most 64 dimensions are returned.
    pub fn tensors(&self) -> Vec<TensorDesc> {
        let mut cursor = Cursor::new(self.raw, self.offset);
        let mut shapes: Vec<Vec<u64>> = Vec::new();
        let mut dtypes: Vec<String> = Vec::new();
        // The bytes were walked before in the same way: an error cannot occur.
        let _ = walk(&mut cursor, &mut |part| match part {
            Part::Shape if shapes.len() < 1024 => shapes.push(Vec::new()),
            Part::Dim(n) => {
                if let Some(shape) = shapes.last_mut().filter(|shape| shape.len() < 64) {
                    shape.push(n);
                }
            }
            Part::Dtype(name) if dtypes.len() < 1024 => dtypes.push(name.to_owned()),
            _ => {}
        });
        shapes
            .into_iter()
            .enumerate()
            .map(|(i, shape)| TensorDesc {
                shape,
                dtype: dtypes.get(i).cloned().unwrap_or_default(),
            })
            .collect()
    }
}

/// Bytes of one element of a PyTorch dtype.
fn dtype_bytes(name: &str) -> Option<u64> {
    Some(match name.strip_prefix("torch.").unwrap_or(name) {
        "bool" | "uint8" | "int8" | "quint8" | "qint8" | "float8_e4m3fn" | "float8_e4m3fnuz"
        | "float8_e5m2" | "float8_e5m2fnuz" | "float8_e8m0fnu" | "float4_e2m1fn_x2" => 1,
        "float16" | "half" | "bfloat16" | "int16" | "short" | "uint16" => 2,
        "float32" | "float" | "int32" | "int" | "uint32" | "complex32" => 4,
        "float64" | "double" | "int64" | "long" | "uint64" | "complex64" => 8,
        "complex128" => 16,
        _ => return None,
    })
}

enum Part<'a> {
    Shape,
    Dim(u64),
    Dtype(&'a str),
    Unknown(&'a [u8], UnknownKind, u64),
}

/// Walks a layout's map.
fn walk<'a>(cursor: &mut Cursor<'a>, f: &mut dyn FnMut(Part<'a>)) -> Result<(), DecodeError> {
    let offset = cursor.offset();
    match untag(cursor)? {
        None | Some(b"MemoryLayoutDesc") => {}
        Some(tag) => {
            cursor.skip()?;
            f(Part::Unknown(tag, UnknownKind::Tag, offset));
            return Ok(());
        }
    }
    for _ in 0..cursor.map_len()? {
        match cursor.str_bytes()? {
            b"shapes" => {
                untag(cursor)?;
                for _ in 0..cursor.array_len()? {
                    untag(cursor)?;
                    let dims = cursor.array_len()?;
                    f(Part::Shape);
                    for _ in 0..dims {
                        f(Part::Dim(cursor.uint()?));
                    }
                }
            }
            b"dtypes" => {
                untag(cursor)?;
                for _ in 0..cursor.array_len()? {
                    untag(cursor)?;
                    f(Part::Dtype(cursor.str()?));
                }
            }
            name => {
                let offset = cursor.offset();
                cursor.skip()?;
                f(Part::Unknown(name, UnknownKind::Field, offset));
            }
        }
    }
    Ok(())
}

/// A layout of one tensor in the field order that LMCache writes: its bytes, and a
/// cursor behind it.
#[inline]
fn usual(mut cursor: Cursor<'_>) -> Option<(Option<u64>, Cursor<'_>)> {
    if !cursor.accept(b"\x82\xa5__t__\xb0MemoryLayoutDesc\xa1v\x82\xa6shapes\x91") {
        return None;
    }
    let mut elements = Some(1_u64);
    for _ in 0..cursor.array_len().ok()? {
        let dim = cursor.uint().ok()?;
        elements = elements.and_then(|n| n.checked_mul(dim));
    }
    if !cursor.accept(b"\xa6dtypes\x91") {
        return None;
    }
    let dtype = cursor.str_bytes().ok()?;
    let width = match dtype {
        b"torch.bfloat16" | b"torch.float16" => Some(2),
        _ => dtype_bytes(std::str::from_utf8(dtype).ok()?),
    };
    Some((elements.zip(width).and_then(|(n, width)| n.checked_mul(width)), cursor))
}

/// Elements of the shapes, and sizes of the dtypes, without a list of either.
#[derive(Default)]
struct Sizes {
    elements: [u64; 8],
    shapes: usize,
    widths: [u64; 8],
    dtypes: usize,
    bad: bool,
}

impl Sizes {
    fn part(&mut self, part: &Part<'_>) {
        match *part {
            Part::Shape => {
                match self.elements.get_mut(self.shapes) {
                    Some(slot) => *slot = 1,
                    None => self.bad = true,
                }
                self.shapes += 1;
            }
            Part::Dim(n) => {
                let slot = self.shapes.checked_sub(1).and_then(|i| self.elements.get_mut(i));
                match slot.map(|slot| (slot.checked_mul(n), slot)) {
                    Some((Some(product), slot)) => *slot = product,
                    _ => self.bad = true,
                }
            }
            Part::Dtype(name) => {
                match (self.widths.get_mut(self.dtypes), dtype_bytes(name)) {
                    (Some(slot), Some(width)) => *slot = width,
                    _ => self.bad = true,
                }
                self.dtypes += 1;
            }
            Part::Unknown(..) => {}
        }
    }

    fn bytes(&self) -> Option<u64> {
        if self.bad || self.shapes != self.dtypes || self.shapes == 0 {
            return None;
        }
        let pairs = self.elements.iter().zip(&self.widths).take(self.shapes);
        pairs
            .into_iter()
            .try_fold(0_u64, |sum, (&n, &width)| sum.checked_add(n.checked_mul(width)?))
    }
}

impl<'a, S: ArgSink<'a> + ?Sized> Decoder<'_, 'a, S> {
    /// A layout, or nothing.
    pub(super) fn layout(&mut self, cursor: &mut Cursor<'a>) -> Result<(), DecodeError> {
        let start = *cursor;
        if let Some((bytes, after)) = usual(start) {
            *cursor = after;
            let taken = start.rest().len() - after.rest().len();
            let raw = start.rest().get(..taken).unwrap_or_default();
            self.sink.layout(Layout { bytes, raw, offset: start.offset() });
            return Ok(());
        }
        if cursor.accept_nil() {
            return Ok(());
        }
        let mut sizes = Sizes::default();
        walk(cursor, &mut |part| match part {
            Part::Unknown(name, kind, offset) => self.unknown(kind, name, offset),
            other => sizes.part(&other),
        })?;
        let taken = start.rest().len() - cursor.rest().len();
        let raw = start.rest().get(..taken).unwrap_or_default();
        self.sink.layout(Layout { bytes: sizes.bytes(), raw, offset: start.offset() });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dtypes_have_their_sizes() {
        assert_eq!(dtype_bytes("torch.bfloat16"), Some(2));
        assert_eq!(dtype_bytes("torch.float8_e4m3fn"), Some(1));
        assert_eq!(dtype_bytes("torch.nothing"), None);
    }
}
