//! JSON, read for its structure and otherwise left byte for byte as it is.
//!
//! The reader accepts what Python writes (`NaN`, `Infinity`) and keeps the spelling of every
//! number, the order of keys and all white space; only the strings that change are written anew.

mod tree;
mod walk;

pub(crate) use walk::edits;

use crate::spans::{Edit, apply};

/// The decoded text of a string token, quotes included in `raw`. `None` where it holds something
/// that is no text (a lone surrogate, bytes that are not UTF-8).
pub(crate) fn decode(raw: &[u8]) -> Option<String> {
    serde_json::from_slice(raw).ok()
}

/// The string token that is left after `edits` of `decoded`.
fn encode(decoded: &str, edits: &[Edit]) -> Vec<u8> {
    let changed = apply(decoded.as_bytes(), edits);
    let text = String::from_utf8_lossy(&changed);
    serde_json::to_vec(&text).unwrap_or_else(|_| b"\"\"".to_vec())
}

/// True if the whole text is one JSON value in brackets or quotes.
pub(crate) fn is_json(text: &[u8]) -> bool {
    tree::Tree::parse(text).is_some()
}
