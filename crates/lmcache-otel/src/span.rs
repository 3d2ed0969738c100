//! A span as every format gives it, borrowed.

/// A value of an attribute, borrowed; lists and maps are not looked into.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Value<'a> {
    /// Text.
    Text(&'a str),
    /// Whole number.
    Int(i64),
    /// Number.
    Double(f64),
    /// Truth.
    Bool(bool),
    /// Bytes, a list or a map.
    Other,
    /// Nothing.
    Empty,
}

impl Value<'_> {
    /// As a number, also out of a text such as `"1024"`.
    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Double(value) => Some(*value),
            Value::Text(text) => number_in(text),
            _ => None,
        }
    }

    /// As truth, also out of `"True"` and `"False"`.
    pub(crate) fn flag(&self) -> Option<bool> {
        match self {
            Value::Bool(flag) => Some(*flag),
            Value::Text("True" | "true") => Some(true),
            Value::Text("False" | "false") => Some(false),
            _ => None,
        }
    }
}

/// A number written as text; not `nan`, `inf` or an empty text.
fn number_in(text: &str) -> Option<f64> {
    let bytes = text.as_bytes();
    // Most are short whole numbers.
    if (1..=15).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_digit) {
        let whole = bytes.iter().fold(0u64, |n, digit| n * 10 + u64::from(digit - b'0'));
        return Some(whole as f64);
    }
    let first = bytes.first()?;
    if !(first.is_ascii_digit() || b"+-.".contains(first)) {
        return None;
    }
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

/// A span, borrowed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    /// Trace id; 0 where it is not given or not 16 bytes.
    pub(crate) trace_id: u128,
    /// Its own id; 0 where it is not given or not 8 bytes.
    pub(crate) id: u64,
    /// Parent; 0 for a root.
    pub(crate) parent: u64,
    pub(crate) name: &'a str,
    /// Nanoseconds since 1970; 0 where it is not given.
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) is_error: bool,
    /// Flags of the trace, where given.
    pub(crate) flags: Option<u32>,
    /// Attributes, events and links that the sender left out.
    pub(crate) dropped: u64,
}

/// Where a span comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) instance: Option<String>,
    pub(crate) service: Option<String>,
    pub(crate) sdk: Option<String>,
}

impl Origin {
    /// Takes what matters of a resource's attribute.
    pub(crate) fn take(&mut self, key: &str, value: Value<'_>) {
        let text = match value {
            Value::Text(text) => text.to_owned(),
            Value::Int(number) => number.to_string(),
            _ => return,
        };
        match key {
            "service.instance.id" => self.instance = Some(text),
            "service.name" => self.service = Some(text),
            "telemetry.sdk.version" => self.sdk = Some(text),
            _ => {}
        }
    }
}

/// Reads an id of `bytes` bytes: hexadecimal digits as OTLP has it, or base64 as protobuf's own
/// JSON has it.
pub(crate) fn hex(text: &str, bytes: usize) -> Option<u128> {
    if text.ends_with('=') {
        return base64(text, bytes);
    }
    (text.len() == 2 * bytes && text.bytes().all(|b| b.is_ascii_hexdigit()))
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten()
}

/// 8 bytes are 11 digits and `=`, 16 bytes 22 digits and `==`.
fn base64(text: &str, bytes: usize) -> Option<u128> {
    let digits = text.trim_end_matches('=').as_bytes();
    if text.len() != bytes.div_ceil(3) * 4 || digits.len() != (bytes * 4).div_ceil(3) {
        return None;
    }
    let (last, first) = digits.split_last()?;
    let mut id = 0u128;
    for digit in first {
        id = id << 6 | u128::from(sextet(*digit)?);
    }
    // The last digit holds fewer bits of the id.
    let kept = 8 * bytes - 6 * first.len();
    let shift = u32::try_from(6 - kept.min(6)).ok()?;
    Some(id << kept | u128::from(sextet(*last)? >> shift))
}

fn sextet(digit: u8) -> Option<u8> {
    Some(match digit {
        b'A'..=b'Z' => digit - b'A',
        b'a'..=b'z' => digit - b'a' + 26,
        b'0'..=b'9' => digit - b'0' + 52,
        b'+' | b'-' => 62,
        b'/' | b'_' => 63,
        _ => return None,
    })
}

/// An id out of bytes; 0 if there are too many or too few.
pub(crate) fn id(bytes: &[u8], length: usize) -> u128 {
    if bytes.len() == length {
        bytes.iter().fold(0, |id, byte| id << 8 | u128::from(*byte))
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_texts() {
        for (text, want) in [
            ("1024", Some(1024.0)),
            ("0", Some(0.0)),
            ("-1", Some(-1.0)),
            ("0.5", Some(0.5)),
            ("1e3", Some(1000.0)),
            ("123456789012345678", Some(123_456_789_012_345_678.0)),
            ("", None),
            ("False", None),
            ("nan", None),
            ("inf", None),
            ("0x10", None),
            ("12 ", None),
        ] {
            assert_eq!(Value::Text(text).number(), want, "{text}");
        }
        assert_eq!(Value::Text("False").flag(), Some(false));
        assert_eq!(Value::Text("1").flag(), None);
    }

    #[test]
    fn ids() {
        assert_eq!(hex("00000000000000ff", 8), Some(255));
        assert_eq!(hex("FF", 1), Some(255));
        assert_eq!(hex("+f", 1), None);
        assert_eq!(hex("fff", 1), None);
        // The two spellings of one id.
        let want = hex("83086251978501f9f65f8c8749511825", 16);
        assert_eq!(hex("gwhiUZeFAfn2X4yHSVEYJQ==", 16), want);
        assert_eq!(hex("hpt0FCoywbs=", 8), hex("869b74142a32c1bb", 8));
        for bad in ["=", "==", "gwhiUZeFAfn2X4yHSVEYJQ=", "hpt0FCoywb!=", "hpt0FCoywbs=="] {
            assert_eq!((hex(bad, 8), hex(bad, 16)), (None, None), "{bad}");
        }
        assert_eq!(id(&[1, 2], 2), 0x0102);
        assert_eq!(id(&[1], 2), 0);
    }
}
