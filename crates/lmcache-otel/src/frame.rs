//! Where messages stand in a binary file: alone, or each with its length before it, as a varint or
//! as four bytes.

use std::ops::Range;

/// At most this many messages of a file; what follows is reported as torn.
pub(crate) const MAX_FRAMES: usize = 1 << 20;

/// How messages are set off from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// The file is one message.
    Bare,
    /// A varint length before each.
    Varint,
    /// Four bytes, the most significant first, before each.
    Fixed32,
}

/// Messages of a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Frames {
    pub(crate) list: Vec<Range<usize>>,
    /// Where what is no whole message begins.
    pub(crate) torn: Option<usize>,
}

impl Frames {
    fn covered(&self, file: &[u8]) -> usize {
        self.torn.unwrap_or(file.len())
    }
}

/// The framing that explains most of the file, and its messages. Every message begins with the
/// tag of its first field (`resource_spans` and `resource_metrics` both: field 1, a message), or is
/// empty.
pub(crate) fn frames(file: &[u8]) -> (Framing, Frames) {
    let all = [
        (Framing::Bare, bare(file)),
        // Before varints: short lengths in four bytes look like empty messages before a varint.
        (Framing::Fixed32, walk(file, fixed)),
        (Framing::Varint, walk(file, varint)),
    ];
    // The first of equals: a file that is one message is not also read as frames.
    let mut best = (Framing::Bare, Frames { list: Vec::new(), torn: Some(0) });
    for (framing, frames) in all {
        if frames.covered(file) > best.1.covered(file)
            || best.1.list.is_empty() && !frames.list.is_empty()
        {
            best = (framing, frames);
        }
    }
    best
}

/// The tag of field 1 with a length.
const TAG: u8 = 0x0a;

/// One message: fields of tag 1 up to the end.
fn bare(file: &[u8]) -> Frames {
    let mut at = 0;
    while file.get(at) == Some(&TAG) {
        let Some((length, used)) = varint(file.get(at + 1..).unwrap_or_default()) else { break };
        let Some(end) = (at + 1 + used).checked_add(length).filter(|end| *end <= file.len()) else {
            break;
        };
        at = end;
    }
    let list = if at > 0 { vec![Range { start: 0, end: at }] } else { Vec::new() };
    Frames { list, torn: (at < file.len()).then_some(at) }
}

fn walk(file: &[u8], length_of: fn(&[u8]) -> Option<(usize, usize)>) -> Frames {
    let mut frames = Frames::default();
    let mut at = 0;
    while at < file.len() && frames.list.len() < MAX_FRAMES {
        let rest = file.get(at..).unwrap_or_default();
        let Some((length, used)) = length_of(rest) else { break };
        let start = at + used;
        let Some(end) = start.checked_add(length).filter(|end| *end <= file.len()) else { break };
        if length > 0 && file.get(start) != Some(&TAG) {
            break;
        }
        if length > 0 {
            frames.list.push(start..end);
        }
        at = end;
    }
    frames.torn = (at < file.len()).then_some(at);
    frames
}

/// A varint and how many bytes it has.
fn varint(bytes: &[u8]) -> Option<(usize, usize)> {
    let mut value = 0u64;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(index).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, index + 1));
        }
    }
    None
}

fn fixed(bytes: &[u8]) -> Option<(usize, usize)> {
    let length: [u8; 4] = bytes.get(..4)?.try_into().ok()?;
    Some((usize::try_from(u32::from_be_bytes(length)).ok()?, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_framings() {
        let message = [TAG, 3, 1, 2, 3];
        let (framing, found) = frames(&message);
        assert_eq!((framing, found.list.len(), found.torn), (Framing::Bare, 1, None));
        let varint: Vec<u8> = [&[5][..], &message, &[5], &message].concat();
        let (framing, found) = frames(&varint);
        assert_eq!((framing, found.list.len(), found.torn), (Framing::Varint, 2, None));
        let fixed: Vec<u8> = [&[0, 0, 0, 5][..], &message, &[0, 0, 0, 5], &message].concat();
        let (framing, found) = frames(&fixed);
        assert_eq!((framing, found.list.len(), found.torn), (Framing::Fixed32, 2, None));
        let (_, found) = frames(&fixed[..15]);
        assert!(found.list.len() == 1 && found.torn.is_some());
        let (_, found) = frames(&[]);
        assert_eq!((found.list.len(), found.torn), (0, Some(0)));
        assert_eq!(frames(&[0xff; 30]).1.list.len(), 0);
    }
}
