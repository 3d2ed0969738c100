//! A look through files that cannot be rewritten.

use std::ops::Range;

use crate::class::Class;
use crate::engine::Engine;
use crate::keyed;
use crate::keys::{self, KeyKind};
use crate::redactor::Finding;
use crate::shapes::{self, Scope};
use crate::spans::{Span, Spans};

/// Shorter runs of printable bytes are noise.
const SHORTEST: usize = 6;

/// Everything in the printable runs of `input` that must not leave, but for hashes.
pub(crate) fn scan(engine: &Engine<'_>, input: &[u8]) -> Vec<Finding> {
    let mut out = Vec::new();
    for run in printable(input) {
        let text = input.get(run.clone()).unwrap_or_default();
        if let Some(finding) = announced(input, &run) {
            out.push(finding);
        }
        let mut found = finds(engine, text, run.start);
        if found.is_empty() {
            // The first byte may be the length of the text and no part of it.
            found = finds(engine, text.get(1..).unwrap_or_default(), run.start + 1);
        }
        out.append(&mut found);
    }
    out
}

/// The finds in one run, which begins at `offset`.
fn finds(engine: &Engine<'_>, text: &[u8], offset: usize) -> Vec<Finding> {
    let scope = Scope { paths: false, ..Scope::TEXT };
    let mut spans = Spans::default();
    shapes::find(engine.patterns, engine.policy, scope, text, &mut spans);
    shapes::private_paths(engine.patterns, text, &mut spans);
    keyed::find(engine.patterns, engine.policy, scope, text, &mut spans);
    engine.vocabulary.find(engine.salt, text, &mut spans);
    let finding =
        |span: Span| Finding { class: span.class, range: offset + span.start..offset + span.end };
    spans.merged().into_iter().filter(|span| span.class != Class::Hash).map(finding).collect()
}

fn printable(input: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_text = |b: u8| (0x20..0x7f).contains(&b);
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let rest = input.get(at..)?;
            let start = at + rest.iter().position(|b| is_text(*b))?;
            let length = input.get(start..)?.iter().take_while(|b| is_text(**b)).count();
            at = start + length;
            if length >= SHORTEST {
                return Some(start..at);
            }
        }
    })
}

/// A telling name at the end of a run, with a value behind it.
fn announced(input: &[u8], run: &Range<usize>) -> Option<Finding> {
    let text = input.get(run.clone())?;
    let word = text
        .iter()
        .rev()
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(**b, b'_' | b'.' | b'-'))
        .count();
    let start = run.end - word;
    let class = match keys::classify(input.get(start..run.end)?) {
        KeyKind::Secret { .. } | KeyKind::SecretLine => Class::Secret,
        KeyKind::Prompt => Class::Prompt,
        KeyKind::TokenIds => Class::TokenIds,
        KeyKind::Salt => Class::Salt,
        KeyKind::Host { strong: true } => Class::Host,
        _ => return None,
    };
    let after = input.get(run.end..)?;
    has_value(after, class).then_some(Finding { class, range: start..run.end })
}

/// True if a msgpack string, byte string or list, or a protobuf `AnyValue`, that is not empty
/// begins here. For names of hosts only strings count, for token ids only lists.
fn has_value(after: &[u8], class: Class) -> bool {
    // fixstr, str 8, str 16, str 32
    let packed_text = matches!(after, [0xa1..=0xbf | 0xda | 0xdb, ..] | [0xd9, 1..=255, ..]);
    // bin 8, bin 16, bin 32, fixarray, array 16, array 32
    let packed_list =
        matches!(after, [0xc4, 1..=255, ..] | [0xc5 | 0xc6 | 0x91..=0x9f | 0xdc | 0xdd, ..]);
    // Field 2 of an attribute, an AnyValue: its field 1 is a string, its field 5 an array.
    let any_value = match after {
        [0x12, _, field, 1..=255, ..] | [0x12, 0x80..=0xff, _, field, ..] => *field,
        _ => 0,
    };
    let string = packed_text || any_value == 0x0a;
    let list = packed_list || any_value == 0x2a;
    match class {
        Class::TokenIds => list,
        Class::Host | Class::Salt => string,
        _ => string || list,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Redactor, Salt};

    fn classes(input: &[u8]) -> Vec<Class> {
        let redactor = Redactor::new(Salt::new(*b"s")).unwrap();
        redactor.scan(input).into_iter().map(|f| f.class).collect()
    }

    #[test]
    fn msgpack_names_with_values() {
        assert_eq!(classes(b"\x81\xa9token_ids\x93\x01\x02\x03"), [Class::TokenIds]);
        assert_eq!(classes(b"\x81\xaacache_salt\xa8tenant-a"), [Class::Salt]);
        assert!(classes(b"\x82\xaacache_salt\xa0\xaamodel_name\xa4tiny").is_empty());
        assert_eq!(classes(b"\x81\xa8password\xa5abcde"), [Class::Secret]);
        assert_eq!(classes(b"\x81\xa6prompt\xa5hello"), [Class::Prompt]);
    }

    #[test]
    fn protobuf_attributes() {
        assert_eq!(classes(b"\n\x06prompt\x12\x07\n\x05hello"), [Class::Prompt]);
        assert_eq!(classes(b"\n\x09host.name\x12\x08\n\x06gpu-17"), [Class::Host]);
        assert!(classes(b"\n\x0acache_salt\x12\x02\n\x00").is_empty());
    }

    #[test]
    fn text_inside() {
        assert_eq!(
            classes(b"\xda\x01{\"url\": \"redis://:pw@10.0.0.9:1\"}"),
            [Class::Secret, Class::Address]
        );
        assert_eq!(classes(b"\x01/home/alice/kv\x02"), [Class::Path]);
        assert!(
            classes(b"\x01/cache/objects\x02 lmcache.v1.distributed.storage_manager").is_empty()
        );
        let hash = b"\xd9@f52c34a4ef6876583ba8d00d4bc3ae488bdd98eaea842ca762be37fa7731a068";
        assert!(classes(hash).is_empty());
    }
}
