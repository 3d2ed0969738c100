//! JSON as these servers write it: `NaN` and `Infinity` included, and a mark at the front.

use std::borrow::Cow;

use serde_json::Value;

/// Reads one JSON value. Bare `NaN`, `Infinity` and `-Infinity`, which Python writes, become the
/// strings of that name.
pub(crate) fn parse(body: &[u8]) -> Option<Value> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    serde_json::from_slice(body).ok().or_else(|| match quote_non_finite(body) {
        Cow::Owned(quoted) => serde_json::from_slice(&quoted).ok(),
        Cow::Borrowed(_) => None,
    })
}

/// Puts quotes around bare non-finite numbers outside strings.
fn quote_non_finite(body: &[u8]) -> Cow<'_, [u8]> {
    const WORDS: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];
    let mut out: Vec<u8> = Vec::new();
    let mut copied = 0usize;
    let mut at = 0usize;
    let mut in_string = false;
    while let Some(&byte) = body.get(at) {
        if in_string {
            match byte {
                b'\\' => at += 1,
                b'"' => in_string = false,
                _ => {}
            }
            at += 1;
            continue;
        }
        if byte == b'"' {
            in_string = true;
        } else if matches!(byte, b'-' | b'I' | b'N') {
            let rest = body.get(at..).unwrap_or_default();
            if let Some(word) = WORDS.iter().find(|word| rest.starts_with(word)) {
                out.extend_from_slice(body.get(copied..at).unwrap_or_default());
                out.push(b'"');
                out.extend_from_slice(word);
                out.push(b'"');
                at += word.len();
                copied = at;
                continue;
            }
        }
        at += 1;
    }
    if copied == 0 {
        return Cow::Borrowed(body);
    }
    out.extend_from_slice(body.get(copied..).unwrap_or_default());
    Cow::Owned(out)
}

/// The first `limit` bytes of a text, cut between characters.
pub(crate) fn cut(text: &str, limit: usize) -> &str {
    let mut end = limit.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}

/// A member that is a text, a number or a truth value, as text.
pub(crate) fn text(value: &Value, key: &str) -> Option<String> {
    match value.get(key)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn python_numbers_are_read() {
        let value = parse(
            b"\xef\xbb\xbf{\"a\": Infinity, \"b\": [-Infinity, NaN], \"c\": \"NaN \\\" Infinity\"}",
        );
        assert_eq!(
            value,
            Some(
                serde_json::json!({"a": "Infinity", "b": ["-Infinity", "NaN"], "c": "NaN \" Infinity"})
            )
        );
    }

    #[test]
    fn what_is_broken_or_too_deep_is_no_value() {
        assert_eq!(parse(b"{\"a\": 1,\n \"b\": }"), None);
        assert_eq!(parse("[".repeat(5000).as_bytes()), None);
    }
}
