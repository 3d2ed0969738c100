//! Stepping over values whole.

use super::{Cursor, DecodeError, DecodeErrorKind, MAX_DEPTH};

impl<'a> Cursor<'a> {
    /// Steps over one value of any type and returns its bytes.
    ///
    /// Iterative, with a fixed stack. Extension types are stepped over; strings
    /// are not checked for UTF-8 (the caller doesn't look into them).
    pub fn skip(&mut self) -> Result<&'a [u8], DecodeError> {
        let begin = self.rest;
        let mut open = [0_usize; MAX_DEPTH];
        let mut depth = 0_usize;
        loop {
            let children = self.skip_head()?;
            if children > 0 {
                let Some(slot) = open.get_mut(depth) else {
                    return Err(self.fault(DecodeErrorKind::TooDeep));
                };
                *slot = children;
                depth += 1;
                continue;
            }
            // One value is done: close every container that it completes.
            loop {
                let Some(slot) = depth.checked_sub(1).and_then(|d| open.get_mut(d)) else {
                    let taken = begin.len() - self.rest.len();
                    return Ok(begin.get(..taken).unwrap_or_default());
                };
                *slot -= 1;
                if *slot > 0 {
                    break;
                }
                depth -= 1;
            }
        }
    }

    /// Steps over a scalar, or over a container's head; returns how many values
    /// the container holds.
    #[inline]
    fn skip_head(&mut self) -> Result<usize, DecodeError> {
        let start = *self;
        let Some((&marker, tail)) = self.rest.split_first() else {
            return Err(self.fault(DecodeErrorKind::Truncated));
        };
        let payload = match marker {
            0x80..=0x8f | 0xde | 0xdf => {
                let pairs = self.map_len()?;
                return Ok(pairs * 2); // map_len has checked this against the bytes left
            }
            0x90..=0x9f | 0xdc | 0xdd => return self.array_len(),
            0xa0..=0xbf | 0xd9..=0xdb => {
                self.str_bytes()?;
                return Ok(0);
            }
            0xc4..=0xc6 => {
                self.bin()?;
                return Ok(0);
            }
            0xc7..=0xc9 => {
                self.rest = tail;
                self.be_len(1 << (marker - 0xc7), start)?.saturating_add(1)
            }
            0x00..=0x7f | 0xe0..=0xff | 0xc0 | 0xc2 | 0xc3 => {
                self.rest = tail;
                return Ok(0);
            }
            0xcc | 0xd0 => 1,
            0xcd | 0xd1 | 0xd4 => 2,
            0xca | 0xce | 0xd2 => 4,
            0xd5 => 3,
            0xd6 => 5,
            0xcb | 0xcf | 0xd3 => 8,
            0xd7 => 9,
            0xd8 => 17,
            0xc1 => return Err(self.fault(DecodeErrorKind::ReservedMarker)),
        };
        if !matches!(marker, 0xc7..=0xc9) {
            self.rest = tail;
        }
        self.take(payload, start)?;
        Ok(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skip_handles_every_marker() {
        for marker in 0..=u8::MAX {
            let mut data = vec![marker];
            data.extend(std::iter::repeat_n(0_u8, 80));
            let mut cursor = Cursor::new(&data, 0);
            match cursor.skip() {
                Ok(raw) => assert_eq!(raw.len() + cursor.rest().len(), data.len(), "{marker:#x}"),
                Err(error) => {
                    assert_eq!(marker, 0xc1);
                    assert_eq!(error.kind, DecodeErrorKind::ReservedMarker);
                }
            }
        }
    }

    #[test]
    fn deep_nesting_is_refused_not_followed() {
        let deep = vec![0x91; 100_000];
        let mut cursor = Cursor::new(&deep, 0);
        let error = cursor.skip().unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::TooDeep);
        assert_eq!(error.offset, 65);
        let mut ok = vec![0x91; MAX_DEPTH];
        ok.push(0xc0);
        assert_eq!(Cursor::new(&ok, 0).skip().map(<[u8]>::len), Ok(MAX_DEPTH + 1));
    }

    #[test]
    fn a_map_of_ext_and_nested_values_is_skipped_whole() {
        let data =
            b"\x83\xa1a\xc7\x03\x01xyz\xa1b\xd8\x010123456789abcdef\xa1c\x92\x80\x91\xc0\x05";
        let mut cursor = Cursor::new(data, 0);
        assert_eq!(cursor.skip().unwrap().len(), data.len() - 1);
        assert_eq!(cursor.uint(), Ok(5));
    }
}
