//! Limits of a reader, and how reading fails.

/// Limits of a reader. The defaults keep it below about 8 MiB, whatever the log.
#[derive(Debug, Clone)]
pub struct LogOptions {
    /// Longest line that is looked at, in bytes; the rest of a longer one is skipped.
    pub max_line: usize,
    /// Longest example, in bytes.
    pub max_example: usize,
    /// Groups of unknown lines.
    pub max_other: usize,
    /// Groups of tracebacks.
    pub max_tracebacks: usize,
    /// Process labels.
    pub max_processes: usize,
    /// Settings.
    pub max_settings: usize,
    /// Routes with method and status.
    pub max_routes: usize,
}

impl Default for LogOptions {
    fn default() -> Self {
        Self {
            max_line: 64 << 10,
            max_example: 220,
            max_other: 256,
            max_tracebacks: 128,
            max_processes: 128,
            max_settings: 1024,
            max_routes: 256,
        }
    }
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The source failed.
    #[error("reading failed at byte {offset}")]
    Io {
        /// Bytes that had been read.
        offset: u64,
        /// What the source said.
        source: std::io::Error,
    },
    /// The redactor could not be made.
    #[error("the redactor could not be made")]
    Redactor(#[from] evidence_redact::Error),
}
