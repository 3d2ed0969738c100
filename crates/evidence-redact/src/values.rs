//! What a value says by itself: nothing, a number, something generated, a hash, a name.

/// Levels of Python's loggers, whose names end in words like `inputs` and `token`.
const LEVELS: &[&[u8]] = &[b"NOTSET", b"DEBUG", b"INFO", b"WARNING", b"ERROR", b"CRITICAL"];

/// True for values that say "nothing here": empty, null, booleans, masks, references to variables.
pub(crate) fn is_inert(value: &[u8]) -> bool {
    let value = value.trim_ascii();
    if value.is_empty() || value.iter().all(|b| matches!(b, b'*' | b'x' | b'X' | b'.' | b'-')) {
        return true;
    }
    if LEVELS.contains(&value) {
        return true;
    }
    if value.len() <= 9 {
        const WORDS: &[&[u8]] = &[
            b"none",
            b"null",
            b"nil",
            b"true",
            b"false",
            b"undefined",
            b"nan",
            b"unset",
            b"empty",
            b"yes",
            b"no",
            b"~",
        ];
        if WORDS.iter().any(|word| value.eq_ignore_ascii_case(word)) {
            return true;
        }
    }
    let wrapped = |open: &[u8], close: &[u8]| {
        value.strip_prefix(open).and_then(|rest| rest.strip_suffix(close)).is_some_and(|inner| {
            // Something between two of them would be a value.
            !inner.iter().any(|b| close.contains(b))
        })
    };
    wrapped(b"${", b"}")
        || wrapped(b"$(", b")")
        || wrapped(b"{{", b"}}")
        || wrapped(b"<", b">")
        || value.eq_ignore_ascii_case(b"[redacted]")
        || is_variable_reference(value)
}

/// `$NAME`
fn is_variable_reference(value: &[u8]) -> bool {
    value.strip_prefix(b"$").is_some_and(|name| {
        !name.is_empty() && name.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
    })
}

/// True for integers, decimals and the like.
pub(crate) fn is_number(value: &[u8]) -> bool {
    !value.is_empty()
        && value.iter().any(u8::is_ascii_digit)
        && value
            .iter()
            .all(|b| b.is_ascii_digit() || matches!(b, b'.' | b'-' | b'+' | b'e' | b'E' | b'_'))
}

/// True for values that look generated: long, with digits among the letters.
pub(crate) fn is_opaque(value: &[u8], at_least: usize) -> bool {
    value.len() >= at_least
        && value.iter().any(u8::is_ascii_digit)
        && value.iter().any(u8::is_ascii_alphabetic)
        && !value.iter().any(u8::is_ascii_whitespace)
}

/// True for hexadecimal of at least twelve digits and for integers of at least ten.
pub(crate) fn is_hash(value: &[u8]) -> bool {
    let digits = value.strip_prefix(b"0x").unwrap_or(value);
    let hex = digits.len() >= 12 && digits.iter().all(u8::is_ascii_hexdigit);
    let plain = value.strip_prefix(b"-").unwrap_or(value);
    let decimal = plain.len() >= 10 && plain.iter().all(u8::is_ascii_digit);
    hex || decimal
}

/// The text with percent escapes as the bytes that they stand for.
pub(crate) fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let hex = |b: u8| char::from(b).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, after)) = rest.split_first() {
        let escape = match rest {
            [b'%', a, b, ..] => hex(*a).zip(hex(*b)),
            _ => None,
        };
        if let Some((high, low)) = escape {
            out.push(high * 16 + low);
            rest = rest.get(3..).unwrap_or_default();
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

/// The bytes of a Python bytes literal, of what stands between its quotes; `None` where it is none.
pub(crate) fn python_bytes(body: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(body.len());
    let mut rest = body.iter();
    while let Some(byte) = rest.next() {
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        out.push(match rest.next()? {
            b'x' => {
                let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
                u8::try_from(digit(rest.next())? * 16 + digit(rest.next())?).ok()?
            }
            b't' => b'\t',
            b'n' => b'\n',
            b'r' => b'\r',
            quoted @ (b'\\' | b'\'' | b'"') => *quoted,
            _ => return None,
        });
    }
    Some(out)
}

/// True for the name or long number of an account.
pub(crate) fn is_name(value: &[u8]) -> bool {
    const EVERYBODY: &[&[u8]] =
        &[b"root", b"nobody", b"user", b"default", b"assistant", b"system", b"vllm", b"lmcache"];
    let short_number = is_number(value) && value.len() < 10;
    value.len() <= 128
        && !short_number
        && !value.iter().any(|b| b.is_ascii_whitespace() || b"{}[]()<>=".contains(b))
        && !EVERYBODY.iter().any(|word| value.eq_ignore_ascii_case(word))
}

/// True for `[1, 2, 3]`, nested or in a tensor: numbers and punctuation, with a number in it.
pub(crate) fn is_id_list(value: &[u8]) -> bool {
    value.iter().any(u8::is_ascii_digit)
        && value
            .iter()
            .all(|b| b.is_ascii_digit() || b.is_ascii_whitespace() || b"[](),.-".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inert_values() {
        for value in ["", "None", "null", "false", "***", "${HF_TOKEN}", "$HF_TOKEN", "<token>"] {
            assert!(is_inert(value.as_bytes()), "{value}");
        }
        for value in ["hunter2", "0", "<a> real <b>", "${A}x${B}", "$ecret1"] {
            assert!(!is_inert(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn hashes_are_long() {
        assert!(is_hash(b"0x5b316308f67bc27e") && is_hash(b"-1234567890123"));
        assert!(!is_hash(b"0x7f83") && !is_hash(b"sha256") && !is_hash(b""));
    }

    #[test]
    fn bytes_as_python_writes_them() {
        assert_eq!(python_bytes(br"M\x1f\n\\\'").unwrap(), b"M\x1f\n\\'");
        assert_eq!(python_bytes(b"").unwrap(), b"");
        for wrong in [&br"\x1"[..], br"\xgg", br"\", br"\q"] {
            assert_eq!(python_bytes(wrong), None);
        }
    }

    #[test]
    fn lists_of_ids_hold_numbers_only() {
        assert!(is_id_list(b"[[1, 2], [3]]") && is_id_list(b"(1,)"));
        assert!(!is_id_list(b"[]") && !is_id_list(b"['a', 1]"));
    }
}
