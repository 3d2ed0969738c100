//! One file on its way into a fixture, and the checks that it lost nothing but what had to go.

use anyhow::{Result, bail};
use evidence_redact::{Counts, Kind, Redactor};

use super::manifest::{in_words, redactions};

/// What becomes of a file.
#[derive(Debug)]
pub(super) enum Fate {
    /// It goes into the fixture with this content.
    Taken { content: Vec<u8>, counts: Counts },
    /// It does not, for this reason.
    Refused(String),
}

/// Sanitises one file.
///
/// # Errors
/// If a page would lose more than the insides of label values, which is a fault of the redactor.
pub(super) fn sanitise(
    redactor: &Redactor,
    kind: Kind,
    path: &str,
    content: &[u8],
) -> Result<Fate> {
    if kind == Kind::Binary {
        return Ok(match refusal(redactor, content) {
            Some(reason) => Fate::Refused(reason),
            None => Fate::Taken { content: content.to_vec(), counts: Counts::default() },
        });
    }
    let clean = redactor.redact(kind, content);
    if kind == Kind::Prometheus && !same_but_for_quotes(content, clean.bytes()) {
        bail!("{path}: redaction touched more than label values; this is a bug of evidence-redact");
    }
    let counts = clean.counts().clone();
    Ok(Fate::Taken { content: clean.into_bytes().into_owned(), counts })
}

/// Why a file that cannot be rewritten stays out, if it does.
fn refusal(redactor: &Redactor, content: &[u8]) -> Option<String> {
    const COMPRESSED: &[&[u8]] =
        &[b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PK\x03\x04", b"BZh", b"\xfd7zXZ"];
    if COMPRESSED.iter().any(|magic| content.starts_with(magic)) {
        return Some("refused: compressed, cannot be looked through".to_owned());
    }
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        return Some("refused: UTF-16, cannot be looked through".to_owned());
    }
    if is_events_trace(content) {
        return Some("refused: an events-level trace holds token ids".to_owned());
    }
    let mut found = Counts::default();
    for finding in redactor.scan(content) {
        found.add(finding.class);
    }
    if found.is_empty() {
        return None;
    }
    Some(format!("refused: holds {} and cannot be rewritten", in_words(&redactions(&found))))
}

/// The header frame of a `.lct` file says `level: events` (format 1, LMCache 0.4.6 to 0.5.6).
fn is_events_trace(content: &[u8]) -> bool {
    const LEVEL: &[u8] = b"\xa5level\xa6events";
    let header = content.get(..content.len().min(4096)).unwrap_or_default();
    header.windows(LEVEL.len()).any(|w| w == LEVEL)
}

/// True if two pages are the same line by line once everything in quotes is left away.
pub(super) fn same_but_for_quotes(before: &[u8], after: &[u8]) -> bool {
    let lines = |text: &[u8]| text.split(|b| *b == b'\n').map(skeleton).collect::<Vec<_>>();
    lines(before) == lines(after)
}

/// A line without what stands in its quotes; of a comment only the first three words.
fn skeleton(line: &[u8]) -> Vec<u8> {
    if line.starts_with(b"#") {
        let words: Vec<&[u8]> = line.split(|b| *b == b' ').take(3).collect();
        return words.join(&b' ');
    }
    let mut out = Vec::with_capacity(line.len());
    let mut bytes = line.iter();
    let mut quoted = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' if quoted => {
                bytes.next();
            }
            b'"' => {
                quoted = !quoted;
                out.push(*byte);
            }
            _ if quoted => {}
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use evidence_redact::Salt;

    use super::*;

    fn refused(content: &[u8]) -> Option<String> {
        refusal(&Redactor::new(Salt::new(*b"s")).unwrap(), content)
    }

    #[test]
    fn binaries_are_looked_through() {
        assert!(refused(b"\0\0\x05\x89\xa4type\xa6header\xa5level\xa7storage").is_none());
        for content in [
            b"\x1f\x8b\x08".as_slice(),
            b"\xff\xfep\0w\0",
            b"\0\0\x05\x89\xa4type\xa6header\xa5level\xa6events",
            b"\x81\xa9token_ids\x93\x01\x02\x03",
            b"\xd9\x20redis://:pw@cache-a:6379/000000",
        ] {
            assert!(refused(content).is_some_and(|why| why.starts_with("refused: ")));
        }
    }

    #[test]
    fn pages_are_compared_without_the_insides_of_quotes() {
        let a = b"# HELP x y z\nx{a=\"1\\\"2\",b=\"3\"} 4.0\n";
        assert!(same_but_for_quotes(a, b"# HELP x w\nx{a=\"-\",b=\"\"} 4.0\n"));
        for other in [
            b"# HELP x y\nx{a=\"1\",b=\"3\"} 4\n".as_slice(),
            b"# HELP x y\nx{c=\"1\",b=\"3\"} 4.0\n",
            b"# HELP v y\nx{a=\"1\",b=\"3\"} 4.0\n",
            b"x{a=\"1\",b=\"3\"} 4.0\n",
        ] {
            assert!(!same_but_for_quotes(a, other));
        }
    }
}
