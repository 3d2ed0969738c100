//! What an ELF file asks of the system that starts it.

use anyhow::{Context, Result, ensure};

/// Entry of the table of segments that names a loader.
const INTERP: u32 = 3;
/// Entry that holds the dynamic section.
const DYNAMIC: u32 = 2;
/// Entry of the dynamic section that names a shared library.
const NEEDED: u64 = 1;

/// What has to be there before the file runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wants {
    /// A loader.
    pub(super) loader: bool,
    /// Shared libraries.
    pub(super) libraries: bool,
}

fn number(bytes: &[u8], at: u64, len: usize) -> Result<u64> {
    let at = usize::try_from(at)?;
    let bytes = bytes.get(at..).and_then(|rest| rest.get(..len)).context("the ELF file is cut")?;
    Ok(bytes.iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
}

/// Reads a little-endian 64-bit ELF file.
pub(super) fn wants(bytes: &[u8]) -> Result<Wants> {
    ensure!(bytes.starts_with(b"\x7fELF\x02\x01"), "no little-endian 64-bit ELF file");
    let (table, size, count) =
        (number(bytes, 32, 8)?, number(bytes, 54, 2)?, number(bytes, 56, 2)?);
    let mut out = Wants { loader: false, libraries: false };
    for n in 0..count {
        let entry = table.saturating_add(n * size);
        let kind = u32::try_from(number(bytes, entry, 4)?)?;
        out.loader |= kind == INTERP;
        if kind == DYNAMIC {
            let (start, len) = (
                number(bytes, entry.saturating_add(8), 8)?,
                number(bytes, entry.saturating_add(32), 8)?,
            );
            for at in (start..start.saturating_add(len)).step_by(16) {
                out.libraries |= number(bytes, at, 8)? == NEEDED;
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file with these entries of its table of segments, and a dynamic section.
    fn file(kinds: &[u32], dynamic: &[u64]) -> Vec<u8> {
        let table = 64;
        let section = table + 56 * kinds.len();
        let mut out = b"\x7fELF\x02\x01".to_vec();
        out.resize(table, 0);
        out[32] = u8::try_from(table).unwrap();
        out[54] = 56;
        out[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            let mut entry = kind.to_le_bytes().to_vec();
            entry.resize(56, 0);
            entry[8] = u8::try_from(section).unwrap();
            entry[32] = u8::try_from(dynamic.len() * 16).unwrap();
            out.extend(entry);
        }
        for tag in dynamic {
            out.extend(tag.to_le_bytes());
            out.extend([0; 8]);
        }
        out
    }

    #[test]
    fn loader_and_libraries_are_seen() {
        let wants = |kinds: &[u32], dynamic: &[u64]| {
            let found = wants(&file(kinds, dynamic)).unwrap();
            (found.loader, found.libraries)
        };
        assert_eq!(wants(&[1], &[]), (false, false));
        // A static program may still be relocatable: a dynamic section that names no library.
        assert_eq!(wants(&[1, DYNAMIC], &[7, 8, 0]), (false, false));
        assert_eq!(wants(&[1, DYNAMIC], &[7, NEEDED, 0]), (false, true));
        assert_eq!(wants(&[INTERP, DYNAMIC], &[NEEDED, 0]), (true, true));
    }

    #[test]
    fn what_is_no_whole_elf_file_is_said_to_be_so() {
        assert!(super::wants(b"#!/bin/sh").is_err());
        let whole = file(&[1, DYNAMIC], &[NEEDED, 0]);
        assert!(super::wants(&whole[..whole.len() - 20]).is_err());
    }
}
