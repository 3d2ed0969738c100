//! Credentials by shape: vendor tokens, bearer headers, key blocks, random strings.

use std::ops::Range;

use super::each_word;
use crate::class::Class;
use crate::patterns::Patterns;
use crate::placeholder::contains_placeholder;
use crate::spans::Spans;

/// Finds credentials in one line.
pub(super) fn find(patterns: &Patterns, text: &[u8], out: &mut Spans) {
    each_word(&patterns.token, text, |range, _| {
        out.add(text, range.start, range.end, Class::Secret);
    });
    each_word(&patterns.bearer, text, |_, found| {
        if let Some(value) = found.get(1)
            && looks_like_header_value(value.as_bytes())
        {
            out.add(text, value.start(), value.end(), Class::Secret);
        }
    });
    each_word(&patterns.opaque, text, |range, _| {
        if is_random(text, &range) {
            out.add(text, range.start, range.end, Class::Secret);
        }
    });
    for found in patterns.user_flag.captures_iter(text) {
        if let Some(value) = found.get(1) {
            let ids = value.as_bytes().iter().all(|b| b.is_ascii_digit() || *b == b':');
            if !ids {
                out.add(text, value.start(), value.end(), Class::Secret);
            }
        }
    }
    each_word(&patterns.ssh_key, text, |range, _| {
        out.add(text, range.start, range.end, Class::Secret);
    });
    each_word(&patterns.login, text, |range, found| {
        if let Some(login) = found.get(1) {
            let host = text.get(login.end() + 1..range.end).unwrap_or_default();
            // An image reference (`name:tag@sha256:...`) is no login.
            if !host.starts_with(b"sha256") && !contains_placeholder(login.as_bytes()) {
                out.add(text, login.start(), login.end(), Class::Secret);
            }
        }
    });
}

/// Tells `Bearer 3a7f...` and `Basic dXNlcjpwYXNz` from "basic authentication".
fn looks_like_header_value(value: &[u8]) -> bool {
    value.len() >= 20
        || value.iter().any(|b| b.is_ascii_digit() || matches!(b, b'.' | b'~' | b'+' | b'='))
        || value.iter().skip(1).any(u8::is_ascii_uppercase)
}

/// A long run of base64 letters that nobody wrote by hand: the shape of AWS secret keys,
/// signatures and session tokens. Hexadecimal digests are not meant.
fn is_random(text: &[u8], range: &Range<usize>) -> bool {
    let glue = |b: Option<&u8>| b.is_some_and(|b| matches!(b, b'.' | b'-' | b'_' | b'/' | b'@'));
    if glue(range.start.checked_sub(1).and_then(|i| text.get(i))) || glue(text.get(range.end)) {
        return false;
    }
    let value = text.get(range.clone()).unwrap_or_default();
    let count = |test: fn(&u8) -> bool| value.iter().filter(|b| test(b)).count();
    let hex = value.iter().all(u8::is_ascii_hexdigit);
    let turns = value.windows(2).filter(|pair| kind(pair[0]) != kind(pair[1])).count();
    !hex && count(u8::is_ascii_uppercase) >= 2
        && count(u8::is_ascii_lowercase) >= 2
        && count(u8::is_ascii_digit) >= 1
        && turns * 100 >= value.len() * 35
}

fn kind(byte: u8) -> u8 {
    match byte {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}

/// The key and certificate blocks (`-----BEGIN ...`) in a whole text, also where the end marker
/// was cut off or line ends are spelled `\n`.
pub(crate) fn pem_blocks(text: &[u8]) -> Vec<Range<usize>> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    const END: &[u8] = b"-----END ";
    let Some(_) = position(text, 0, text.len(), BEGIN) else { return Vec::new() };
    let ends: Vec<usize> =
        text.windows(END.len()).enumerate().filter(|(_, w)| *w == END).map(|(i, _)| i).collect();
    let mut blocks = Vec::new();
    let mut at = 0;
    while let Some(start) = position(text, at, text.len(), BEGIN) {
        let label = start + BEGIN.len();
        let end = marked_end(text, label, &ends).unwrap_or_else(|| cut_block_end(text, label));
        blocks.push(start..end);
        at = end;
    }
    blocks
}

fn position(text: &[u8], from: usize, to: usize, needle: &[u8]) -> Option<usize> {
    let within = text.get(from..to.min(text.len()))?;
    within.windows(needle.len()).position(|w| w == needle).map(|i| from + i)
}

/// The end of a block that has its end marker, no further away than any key is long.
fn marked_end(text: &[u8], label: usize, ends: &[usize]) -> Option<usize> {
    const LONGEST_BLOCK: usize = 32 * 1024;
    const LONGEST_LABEL: usize = 80;
    let marker = *ends.get(ends.partition_point(|end| *end < label))?;
    if marker - label > LONGEST_BLOCK {
        return None;
    }
    let name = marker + 9;
    position(text, name, name + LONGEST_LABEL, b"-----").map(|i| i + 5)
}

/// The end of a block that lost its end marker: after its last line of base64.
fn cut_block_end(text: &[u8], label: usize) -> usize {
    let rest = |i: usize| text.get(i..).unwrap_or_default();
    let is_label =
        |b: &&u8| b.is_ascii_uppercase() || b.is_ascii_digit() || matches!(**b, b' ' | b'-');
    let mut end = label + rest(label).iter().take_while(is_label).count();
    loop {
        let mut i = end;
        loop {
            let gap = rest(i).iter().take_while(|b| b.is_ascii_whitespace()).count();
            let escapes = rest(i + gap).iter().take_while(|b| **b == b'\\').count();
            let letter = rest(i + gap + escapes).first();
            let escape = escapes > 0 && letter.is_some_and(|b| matches!(b, b'n' | b'r' | b't'));
            let step = gap + if escape { escapes + 1 } else { 0 };
            if step == 0 {
                break;
            }
            i += step;
        }
        let is_base64 = |b: &&u8| b.is_ascii_alphanumeric() || matches!(**b, b'+' | b'/' | b'=');
        let run = rest(i).iter().take_while(is_base64).count();
        // Shorter than a line of a key: ordinary text follows.
        let last_line = run > 0 && rest(i + run - 1).first() == Some(&b'=');
        if run < 16 && !last_line {
            return end;
        }
        end = i + run;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<String> {
        let patterns = Patterns::new().unwrap();
        let mut spans = Spans::default();
        find(&patterns, text.as_bytes(), &mut spans);
        spans.merged().iter().map(|s| text[s.start..s.end].to_owned()).collect()
    }

    #[test]
    fn tokens_need_a_word_boundary() {
        assert_eq!(found("x=hf_abcdefghijklmnop1234"), ["hf_abcdefghijklmnop1234"]);
        assert_eq!(found(r"line\nghp_abcdefghijklmnop1234"), ["ghp_abcdefghijklmnop1234"]);
        assert_eq!(found("a%3Dhf_abcdefghijklmnop1234"), ["hf_abcdefghijklmnop1234"]);
        assert!(found("risk-averse-and-more-words-here").is_empty());
        assert!(found("shf_abcdefghijklmnop1234").is_empty());
    }

    #[test]
    fn header_values_but_not_prose() {
        assert_eq!(found("Bearer abc123"), ["abc123"]);
        assert_eq!(found("basic dXNlcjpwYXNz"), ["dXNlcjpwYXNz"]);
        assert!(found("uses basic authentication here").is_empty());
        assert!(found("the bearer token expired").is_empty());
    }

    #[test]
    fn random_strings_but_not_names_or_digests() {
        let key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        assert_eq!(found(&format!("key {key}")), [key]);
        assert!(found("da39a3ee5e6b4b0d3255bfef95601890afd80709").is_empty());
        assert!(found("SessionManagerStorageControllerEvictionPolicyHandler22").is_empty());
        assert!(
            found("/site-packages/lmcache/v1/distributed/storageManagerV2/l1/AbC12").is_empty()
        );
    }

    #[test]
    fn logins_and_images() {
        assert_eq!(found("curl -u alice:pw1 x"), ["alice:pw1"]);
        assert_eq!(found("dial app:s3cr3t@cache"), ["app:s3cr3t"]);
        assert!(found("docker run -u 1000:1000 img").is_empty());
        assert!(found("vllm/vllm-openai:v0.32.0@sha256:abcd").is_empty());
    }

    #[test]
    fn key_blocks_whole_escaped_and_cut() {
        let line = "MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSj";
        for text in [
            format!("-----BEGIN RSA PRIVATE KEY-----\n{line}\nAB==\n-----END RSA PRIVATE KEY-----"),
            format!(r"-----BEGIN PRIVATE KEY-----\n{line}\nAB==\n-----END PRIVATE KEY-----"),
            format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{line}\n{line}"),
            format!(r"-----BEGIN OPENSSH PRIVATE KEY-----\\n{line}\\n{line}"),
        ] {
            let whole = format!("before {text}\n next line");
            let blocks = pem_blocks(whole.as_bytes());
            assert_eq!(blocks, vec![Range { start: 7, end: 7 + text.len() }], "{text}");
        }
    }
}
