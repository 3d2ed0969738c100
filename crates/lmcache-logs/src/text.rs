//! Small looks at the text of a line.

use crate::line::strip_ansi;

/// The first bytes of a text.
pub(crate) fn cut(text: &[u8], longest: usize) -> Vec<u8> {
    text.get(..longest).unwrap_or(text).to_vec()
}

/// The text in a line that a container runtime wrapped in JSON.
pub(crate) fn wrapped(text: &[u8]) -> Option<String> {
    if !text.starts_with(b"{\"") || !text.ends_with(b"}") {
        return None;
    }
    let value: serde_json::Value = serde_json::from_slice(text).ok()?;
    let object = value.as_object()?;
    ["log", "message", "msg", "MESSAGE"].iter().find_map(|k| object.get(*k)?.as_str()).map(
        |inner| {
            let mut plain = Vec::new();
            if strip_ansi(inner.as_bytes(), &mut plain) {
                String::from_utf8_lossy(&plain).into_owned()
            } else {
                inner.to_owned()
            }
        },
    )
}

/// `12.5 GB/s` in a message.
pub(crate) fn speed(message: &[u8]) -> Option<(f64, String)> {
    let text = String::from_utf8_lossy(message);
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).find_map(|pair| {
        let (value, unit) = (pair.first()?, pair.get(1)?);
        let unit = unit.trim_end_matches([',', '.', ';', ')']);
        let value: f64 = value.trim_start_matches('(').parse().ok()?;
        (unit.ends_with("/s") && value.is_finite()).then(|| (value, unit.to_owned()))
    })
}
