//! How to summarise.

use crate::slice::ReadOptions;

/// How to summarise.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct InfoOptions {
    /// How to read.
    pub read: ReadOptions,
    /// Memory for keys, in bytes: below it, counts of different keys and pairing are
    /// exact; beyond it they are estimated or followed in part, and say so. The
    /// default of 4 MiB keeps about 90,000 keys.
    pub memory: usize,
    /// Size of the file when it was opened, where it is known: a file that has grown
    /// since is reported.
    pub expected_bytes: Option<u64>,
}

impl Default for InfoOptions {
    fn default() -> Self {
        InfoOptions { read: ReadOptions::default(), memory: 4 << 20, expected_bytes: None }
    }
}

impl InfoOptions {
    /// These options with another bound on the memory for keys, in bytes.
    #[must_use]
    pub fn with_memory(mut self, memory: usize) -> Self {
        self.memory = memory;
        self
    }

    /// These options with other read options.
    #[must_use]
    pub fn with_read(mut self, read: ReadOptions) -> Self {
        self.read = read;
        self
    }

    /// These options with the size that the file had when it was opened.
    #[must_use]
    pub fn with_expected_bytes(mut self, bytes: Option<u64>) -> Self {
        self.expected_bytes = bytes;
        self
    }
}
