//! Recognising input that is no exposition text at all.

use super::issue::Issue;
use std::io;

/// The input is not exposition text. Says what it looks like instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotExposition {
    /// No bytes, or blanks only.
    #[error("the input is empty")]
    Empty,
    /// An HTML or XML document: a login page, an error page, a dashboard.
    #[error("this is an HTML or XML document, not exposition text")]
    Html,
    /// A gzip stream (RFC 1952 magic). Decompress it first.
    #[error("this is gzip data; decompress it first")]
    Gzip,
    /// A zstd frame (RFC 8878 magic). Decompress it first.
    #[error("this is zstd data; decompress it first")]
    Zstd,
    /// UTF-16 or UTF-32 text, by its byte order mark.
    #[error("this is UTF-16 or UTF-32 text; exposition text is UTF-8")]
    WideText,
    /// A JSON document.
    #[error("this is JSON, not exposition text")]
    Json,
    /// Bytes with NULs: a binary file, or the protobuf exposition format.
    #[error("this is binary data, not exposition text")]
    Binary,
    /// The body of an HTTP error saved as a page: one line such as `error 404`.
    #[error("this is the text of an HTTP error, not exposition text")]
    HttpError,
    /// Lines were there and not one of them is a sample or metadata.
    #[error("no line is exposition text; the first fault: {first}")]
    NotText {
        /// The first line that could not be read.
        first: Issue,
    },
}

/// Why reading a scrape from a reader failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The reader failed. What came before is lost; `offset` bytes had been read.
    #[error("read failed at byte {offset}: {source}")]
    Io {
        /// Bytes read before the failure.
        offset: u64,
        /// The reader's error.
        source: io::Error,
    },
    /// What was read is no exposition text.
    #[error(transparent)]
    NotExposition(#[from] NotExposition),
}

/// Looks at the first line that is not blank. `None` where it may be exposition text.
pub(super) fn refuse(line: &[u8]) -> Option<NotExposition> {
    match line {
        [0x1f, 0x8b, ..] => return Some(NotExposition::Gzip),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => return Some(NotExposition::Zstd),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [0, 0, 0xfe, 0xff, ..] => {
            return Some(NotExposition::WideText);
        }
        _ => {}
    }
    match line.trim_ascii() {
        [b'<', b'!' | b'?' | b'/' | b'a'..=b'z' | b'A'..=b'Z', ..] => Some(NotExposition::Html),
        [b'{', rest @ ..] => json_object(rest.trim_ascii_start()).then_some(NotExposition::Json),
        [b'[', rest @ ..] => {
            let first = rest.trim_ascii_start().first();
            let json = matches!(first, None | Some(b'{' | b'[' | b'"' | b']'));
            json.then_some(NotExposition::Json)
        }
        // A JSON string alone, such as the answer of `/version`.
        [b'"', ..] => Some(NotExposition::Json),
        _ => None,
    }
}

/// After `{`: JSON goes on with nothing, `}` and nothing, or a key and a colon. Exposition text
/// with a quoted name goes on with `"name"` and then `,`, `}` or `=`.
fn json_object(rest: &[u8]) -> bool {
    match rest {
        [] => true,
        [b'}', tail @ ..] => tail.trim_ascii().is_empty(),
        [b'"', tail @ ..] => {
            let mut escaped = false;
            for (at, byte) in tail.iter().enumerate() {
                match byte {
                    _ if escaped => escaped = false,
                    b'\\' => escaped = true,
                    b'"' => {
                        let next = tail.get(at + 1..).unwrap_or_default().trim_ascii_start();
                        return next.first().is_none_or(|b| *b == b':');
                    }
                    _ => {}
                }
            }
            true
        }
        _ => false,
    }
}

/// Whether these first bytes of an input without one readable line are binary.
pub(super) fn looks_binary(prefix: &[u8]) -> bool {
    prefix.contains(&0)
}
