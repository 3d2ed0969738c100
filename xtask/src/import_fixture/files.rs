//! Walking directories and naming content.

use std::fs;
use std::io;
use std::path::Path;

use sha2::{Digest, Sha256};

/// A file below a directory.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Found {
    /// Path from the directory, with `/`.
    pub(super) path: String,
    /// Not followed, so never read.
    pub(super) symlink: bool,
}

/// Every file below `root`, in the order of their paths.
pub(super) fn walk(root: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    let mut open = vec![String::new()];
    while let Some(below) = open.pop() {
        for entry in fs::read_dir(root.join(&below))? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::InvalidData,
                    format!("a name in {below:?} is not UTF-8"),
                )
            })?;
            let path = if below.is_empty() { name.to_owned() } else { format!("{below}/{name}") };
            let kind = entry.file_type()?;
            if kind.is_dir() {
                open.push(path);
            } else {
                found.push(Found { path, symlink: kind.is_symlink() });
            }
        }
    }
    found.sort();
    Ok(found)
}

/// SHA-256 in the spelling of `sha256sum`.
pub(super) fn sha256(content: &[u8]) -> String {
    use std::fmt::Write;
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(content) {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// The length of content, as manifests hold it.
pub(super) fn length(content: &[u8]) -> u64 {
    u64::try_from(content.len()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    #[test]
    fn digests_are_those_of_sha256sum() {
        assert_eq!(
            super::sha256(b"abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }
}
