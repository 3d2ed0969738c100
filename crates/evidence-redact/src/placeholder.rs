//! The words that stand in place of what was taken out.
//!
//! A placeholder is `redacted-CLASS-` and twelve hex digits of a salted SHA-256, so that equal
//! values stay equal and nothing can be looked up in a table. What follows keeps the place
//! readable by a parser: host names and addresses end in the reserved `.invalid`, paths keep
//! their leading slash and extension, token ids say how many they were.

use std::fmt;

use sha2::{Digest, Sha256};

use crate::class::Class;
use crate::values;

/// The secret that makes placeholders comparable within one packet and meaningless outside it.
///
/// Use a fresh random salt for every packet and do not store it: with the salt, small value
/// spaces such as private addresses can be searched.
#[derive(Clone)]
pub struct Salt(Vec<u8>);

impl Salt {
    /// A salt of any length; 16 random bytes or more are advised.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Salt(bytes.into())
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(..)")
    }
}

const START: &[u8] = b"redacted-";
const HEX: usize = 12;
const TAIL: &[u8] = b".invalid";
const LONGEST_EXTENSION: usize = 12;

/// The placeholder of `value`, without what depends on the place it is put.
fn stem(salt: &Salt, class: Class, value: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update((salt.0.len() as u64).to_le_bytes());
    hash.update(&salt.0);
    hash.update(class.name().as_bytes());
    hash.update([0]);
    hash.update(canonical(class, value));
    let digest = hash.finalize();
    let mut text = format!("redacted-{}-", class.name());
    let digits = hex(digest.get(..HEX / 2).unwrap_or_default());
    text.extend(digits.into_iter().map(char::from));
    text
}

fn hex(bytes: &[u8]) -> Vec<u8> {
    let digits = |b: &u8| [HEX_DIGITS[usize::from(b >> 4)], HEX_DIGITS[usize::from(b & 15)]];
    bytes.iter().flat_map(digits).collect()
}

const HEX_DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Spellings of one value that must not look like two.
fn canonical(class: Class, value: &[u8]) -> Vec<u8> {
    match class {
        Class::Host | Class::Email => value.to_ascii_lowercase(),
        Class::Address => {
            let bare = value.strip_prefix(b"[").and_then(|v| v.strip_suffix(b"]"));
            bare.unwrap_or(value).to_ascii_lowercase()
        }
        Class::Hash => {
            if value.contains(&b'\\')
                && let Some(bytes) = values::python_bytes(value)
            {
                return hex(&bytes);
            }
            let lower = value.to_ascii_lowercase();
            lower.strip_prefix(b"0x").map_or_else(|| lower.clone(), <[u8]>::to_vec)
        }
        // A URL may spell it otherwise than a label.
        Class::Salt => values::percent_decoded(value),
        Class::TokenIds => {
            let spaced = |b: &u8| !b.is_ascii_whitespace();
            value.iter().copied().filter(spaced).collect()
        }
        _ => value.to_vec(),
    }
}

/// The full placeholder of `value`.
pub(crate) fn make(salt: &Salt, class: Class, value: &[u8]) -> String {
    let mut text = stem(salt, class, value);
    match class {
        Class::Host | Class::Address => text.push_str(".invalid"),
        Class::TokenIds => {
            text.push_str("-of-");
            text.push_str(&count_numbers(value).to_string());
        }
        Class::Path => {
            text.insert(0, '/');
            if let Some(extension) = extension(value) {
                text.push('.');
                text.push_str(extension);
            }
        }
        _ => {}
    }
    text
}

/// How many runs of digits there are: the number of ids in `[1, 2, 3]`.
fn count_numbers(value: &[u8]) -> usize {
    let mut count = 0;
    let mut inside = false;
    for byte in value {
        let digit = byte.is_ascii_digit();
        if digit && !inside {
            count += 1;
        }
        inside = digit;
    }
    count
}

/// The extension of the last component, if it is short and plain.
fn extension(path: &[u8]) -> Option<&str> {
    let name = path.rsplit(|b| *b == b'/').next()?;
    let dot = name.iter().rposition(|b| *b == b'.')?;
    let (stem, extension) = (name.get(..dot)?, name.get(dot + 1..)?);
    let plain = (1..=LONGEST_EXTENSION).contains(&extension.len())
        && extension.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
        && extension.iter().any(u8::is_ascii_lowercase);
    if stem.is_empty() || !plain { None } else { std::str::from_utf8(extension).ok() }
}

/// The length of the placeholder at the start of `text`, if there is one.
pub(crate) fn length_at(text: &[u8]) -> Option<usize> {
    let (slash, rest) = match text.strip_prefix(b"/") {
        Some(rest) => (1, rest),
        None => (0, text),
    };
    let after = rest.strip_prefix(START)?;
    let class = Class::ALL.into_iter().find(|class| {
        after.strip_prefix(class.name().as_bytes()).is_some_and(|t| t.starts_with(b"-"))
    })?;
    let head = START.len() + class.name().len() + 1;
    let hex = rest.get(head..head + HEX)?;
    if !hex.iter().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(b)) {
        return None;
    }
    let mut end = head + HEX;
    let tail = rest.get(end..).unwrap_or_default();
    match class {
        Class::Path => {
            if slash == 0 {
                return None;
            }
            end += extension_length(tail);
        }
        _ if slash == 1 => return None,
        Class::Host | Class::Address => {
            if !tail.starts_with(TAIL) {
                return None;
            }
            end += TAIL.len();
        }
        Class::TokenIds => {
            let digits = tail.strip_prefix(b"-of-")?;
            let n = digits.iter().take_while(|b| b.is_ascii_digit()).count();
            if n == 0 {
                return None;
            }
            end += 4 + n;
        }
        _ => {}
    }
    Some(slash + end)
}

fn extension_length(tail: &[u8]) -> usize {
    let Some(rest) = tail.strip_prefix(b".") else { return 0 };
    let n = rest.iter().take_while(|b| b.is_ascii_lowercase() || b.is_ascii_digit()).count();
    let plain =
        (1..=LONGEST_EXTENSION).contains(&n) && rest.iter().take(n).any(u8::is_ascii_lowercase);
    if plain { n + 1 } else { 0 }
}

/// True if `text` is one placeholder and nothing else.
pub(crate) fn is_placeholder(text: &[u8]) -> bool {
    length_at(text) == Some(text.len())
}

/// True if a placeholder occurs anywhere in `text`.
pub(crate) fn contains_placeholder(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(found) = find(text.get(at..).unwrap_or_default(), START) {
        let start = at + found;
        let slash = start.checked_sub(1).filter(|i| text.get(*i) == Some(&b'/'));
        let here = |i: usize| text.get(i..).and_then(length_at).is_some();
        if here(start) || slash.is_some_and(here) {
            return true;
        }
        at = start + START.len();
    }
    false
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn salt() -> Salt {
        Salt::new(*b"test")
    }

    #[test]
    fn each_class_makes_a_placeholder_that_is_recognised() {
        for class in Class::ALL {
            let text = make(&salt(), class, b"/srv/a/b.yaml");
            assert!(is_placeholder(text.as_bytes()), "{text}");
            assert!(contains_placeholder(format!("x={text},").as_bytes()), "{text}");
        }
    }

    #[test]
    fn equal_values_are_equal_and_salts_differ() {
        let a = make(&salt(), Class::Host, b"Node-7");
        assert_eq!(a, make(&salt(), Class::Host, b"node-7"));
        assert_ne!(a, make(&Salt::new(*b"other"), Class::Host, b"node-7"));
        assert_ne!(a, make(&salt(), Class::Host, b"node-8"));
        let hash = make(&salt(), Class::Hash, b"0xAB12");
        assert_eq!(hash, make(&salt(), Class::Hash, b"ab12"));
        let tenant = make(&salt(), Class::Salt, b"org:7");
        assert_eq!(tenant, make(&salt(), Class::Salt, b"org%3A7"));
        // One digest as hexadecimal digits and as Python writes bytes.
        let digits = make(&salt(), Class::Hash, b"4d1fd72d92d66695070b9f1fe80b5ff7");
        let bytes = br"M\x1f\xd7-\x92\xd6f\x95\x07\x0b\x9f\x1f\xe8\x0b_\xf7";
        assert_eq!(digits, make(&salt(), Class::Hash, bytes));
    }

    #[test]
    fn what_is_kept_of_a_path_and_of_token_ids() {
        assert_eq!(
            make(&salt(), Class::Path, b"/home/a/x.yaml").split_once('.').unwrap().1,
            "yaml"
        );
        assert!(!make(&salt(), Class::Path, b"/home/a/v1.2").contains('.'));
        assert!(make(&salt(), Class::TokenIds, b"[1, 22, 333]").ends_with("-of-3"));
    }

    #[test]
    fn lookalikes_are_not_placeholders() {
        for text in [
            "redacted-secret-0123456789a",
            "redacted-secret-0123456789aX",
            "redacted-host-0123456789ab",
            "redacted-number-0123456789ab",
            "redacted-path-0123456789ab",
            "/redacted-secret-0123456789ab",
            "",
        ] {
            assert!(!is_placeholder(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn debug_hides_the_salt() {
        assert_eq!(format!("{:?}", Salt::new(*b"visible")), "Salt(..)");
    }
}
