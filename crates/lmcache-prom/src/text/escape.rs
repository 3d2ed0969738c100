//! Backslash escapes.

use std::borrow::Cow;

/// Unescapes if the text holds a backslash.
pub(super) fn maybe(text: &str, escaped: bool) -> Cow<'_, str> {
    if escaped { unescape(text) } else { Cow::Borrowed(text) }
}

/// `\\`, `\"` and `\n`. Another escape stays as it is, as Prometheus and its Python client have
/// it.
pub(super) fn unescape(text: &str) -> Cow<'_, str> {
    if memchr::memchr(b'\\', text.as_bytes()).is_none() {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    unescape_into(text, &mut out);
    Cow::Owned(out)
}

/// [`unescape`] into a buffer that the caller owns.
pub(super) fn unescape_into(text: &str, out: &mut String) {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some(c @ ('\\' | '"')) => out.push(c),
            Some(other) => out.extend(['\\', other]),
            None => out.push('\\'),
        }
    }
}
