//! A reader for tests.

use evidence_redact::{Redactor, Salt};
use lmcache_launch::{Evidence, Kind, Reader};

pub(crate) fn reader() -> Reader {
    Reader::new(Redactor::new(Salt::new(*b"a salt for tests")).unwrap())
}

/// Recognises and reads, and checks the kind.
#[allow(dead_code)]
pub(crate) fn any(kind: Kind, name: &str, text: &str) -> Evidence {
    let (found, evidence) = reader().read_any(name, text.as_bytes()).expect(name);
    assert_eq!(found.kind, kind, "{name}: {text}");
    evidence.unwrap_or_else(|e| panic!("{name}: {e}"))
}
