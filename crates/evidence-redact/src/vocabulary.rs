//! Words learnt in one place of a packet that must not stay in another: a host name from an
//! environment variable in a log line, a password from a configuration file in a traceback.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::class::Class;
use crate::placeholder::{self, Salt};
use crate::spans::{Span, Spans};

/// Shorter words would hit ordinary text.
const SHORTEST: usize = 6;
const LONGEST: usize = 512;
/// More words than any packet of ours has; the limit bounds memory.
const MOST: usize = 16_384;

/// What a spelling stands for.
#[derive(Clone, Debug)]
struct Word {
    class: Class,
    /// The learnt word, where this is how file names and URLs spell it.
    of: Option<Vec<u8>>,
}

/// The learnt words.
#[derive(Clone, Default, Debug)]
pub(crate) struct Vocabulary {
    words: BTreeMap<Vec<u8>, Word>,
    /// The words by their first bytes, longest first.
    by_start: HashMap<[u8; 4], Vec<Vec<u8>>>,
}

impl Vocabulary {
    /// Adds a word, unless it is too short or too ordinary to be looked for everywhere.
    pub(crate) fn learn(&mut self, class: Class, word: &[u8]) {
        let joined = word.iter().any(|b| matches!(b, b'-' | b'_'));
        let salt = class == Class::Salt && joined && word.len() >= SHORTEST;
        if is_distinctive(word) || salt {
            self.insert(class, word);
        }
    }

    /// Adds a word that the caller knows to be sensitive, ordinary or not.
    pub(crate) fn insert(&mut self, class: Class, word: &[u8]) {
        let Some(start) = word.first_chunk::<4>() else { return };
        if word.len() > LONGEST || placeholder::contains_placeholder(word) {
            return;
        }
        // A word of its own is not another one's spelling.
        if self.words.get(word).is_some_and(|known| known.of.is_none()) {
            return;
        }
        self.put(word.to_vec(), *start, Word { class, of: None });
        for spelling in spellings(word) {
            if let Some(start) = spelling.first_chunk::<4>().copied()
                && !self.words.contains_key(&spelling)
            {
                self.put(spelling, start, Word { class, of: Some(word.to_vec()) });
            }
        }
    }

    fn put(&mut self, spelling: Vec<u8>, start: [u8; 4], word: Word) {
        let known = self.words.contains_key(&spelling);
        if !known && self.words.len() >= MOST {
            return;
        }
        if !known {
            let words = self.by_start.entry(start).or_default();
            words.push(spelling.clone());
            words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        }
        self.words.insert(spelling, word);
    }

    /// Finds learnt words that stand free.
    pub(crate) fn find(&self, salt: &Salt, text: &[u8], out: &mut Spans) {
        if self.words.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(start) = text.get(at..).and_then(<[u8]>::first_chunk::<4>) {
            let rest = text.get(at..).unwrap_or_default();
            let hit = self.by_start.get(start).and_then(|words| {
                words.iter().find_map(|spelling| {
                    let word = self.words.get(spelling)?;
                    let fits = rest.starts_with(spelling)
                        && stands_free(text, at, spelling, word.class)
                        && (word.of.is_none() || is_encoded(spelling) || in_path(text, at));
                    fits.then_some((spelling.len(), word))
                })
            });
            if let Some((length, word)) = hit {
                let literal =
                    word.of.as_ref().map(|of| placeholder::make(salt, word.class, of).into_bytes());
                let end = at + length;
                out.push(text, Span { literal, ..Span::new(at, end, word.class) });
                at = end;
            } else {
                at += 1;
            }
        }
    }
}

/// `node-0.prom` is a file about a machine, and other files refer to it by that name.
const FILES: &[&[u8]] =
    &[b".prom", b".json", b".log", b".txt", b".lct", b".yaml", b".yml", b".csv", b".pb", b".py"];

fn stands_free(text: &[u8], at: usize, word: &[u8], class: Class) -> bool {
    let joins = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let after = text.get(at + word.len()..).unwrap_or_default();
    let before = text.get(..at).unwrap_or_default();
    // `%2Ftenant`: the digits before are those of a separator.
    let encoded =
        matches!(before, [.., b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
    let is_file = class == Class::Host && FILES.iter().any(|ending| after.starts_with(ending));
    let joined = joins(after.first()) || (joins(before.last()) && !encoded);
    !is_file && !joined
}

/// How file names and URLs spell a word: each separator as `_`, or percent-encoded.
fn spellings(word: &[u8]) -> Vec<Vec<u8>> {
    let encode = |keep: &[u8], digits: &[u8; 16]| -> Vec<u8> {
        let one = |b: &u8| {
            if b.is_ascii_alphanumeric() || keep.contains(b) {
                vec![*b]
            } else {
                let digit = |n: u8| digits.get(usize::from(n)).copied().unwrap_or(b'0');
                vec![b'%', digit(b >> 4), digit(b & 15)]
            }
        };
        word.iter().flat_map(one).collect()
    };
    let joined = |b: &u8| if b.is_ascii_alphanumeric() { *b } else { b'_' };
    let (upper, lower) = (b"0123456789ABCDEF", b"0123456789abcdef");
    let mut out = vec![word.iter().map(joined).collect()];
    for digits in [upper, lower] {
        // What RFC 3986 leaves as it is, and what encoders encode all the same.
        out.extend([encode(b"-._~", digits), encode(b"", digits)]);
    }
    out.retain(|spelling| spelling != word);
    out
}

fn is_encoded(spelling: &[u8]) -> bool {
    spelling.contains(&b'%')
}

/// Whether this place is in a path or in the name of a file: `max_tokens` alone is a key, whoever
/// calls a tenant `max-tokens`.
fn in_path(text: &[u8], at: usize) -> bool {
    let of = |b: &u8| b.is_ascii_alphanumeric() || b"._-~%/".contains(b);
    let (before, after) = (text.get(..at).unwrap_or_default(), text.get(at..).unwrap_or_default());
    let begin = before.iter().rposition(|b| !of(b)).map_or(0, |i| i + 1);
    let end = at + after.iter().position(|b| !of(b)).unwrap_or(after.len());
    let token = text.get(begin..end).unwrap_or_default();
    token.contains(&b'/') || FILES.iter().any(|ending| token.ends_with(ending))
}

/// True for words that nobody writes by chance: letters with digits, or with several kinds of
/// characters.
fn is_distinctive(word: &[u8]) -> bool {
    let kinds: BTreeSet<u8> = word
        .iter()
        .map(|b| match b {
            b'0'..=b'9' => 0,
            b'a'..=b'z' => 1,
            b'A'..=b'Z' => 2,
            _ => 3,
        })
        .collect();
    let letters = kinds.contains(&1) || kinds.contains(&2);
    let digits = kinds.contains(&0);
    word.len() >= SHORTEST
        && letters
        && (digits || kinds.len() >= 3)
        && !word.iter().any(u8::is_ascii_whitespace)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(words: &[&str], text: &str) -> Vec<String> {
        let mut vocabulary = Vocabulary::default();
        for word in words {
            vocabulary.learn(Class::Host, word.as_bytes());
        }
        let mut spans = Spans::default();
        vocabulary.find(&Salt::new(*b"s"), text.as_bytes(), &mut spans);
        spans.merged().iter().map(|s| text[s.start..s.end].to_owned()).collect()
    }

    #[test]
    fn words_are_found_where_they_stand_free() {
        assert_eq!(found(&["gpu-17"], "on gpu-17: up, xgpu-17 gpu-170"), ["gpu-17"]);
        assert_eq!(found(&["gpu-17"], "run_gpu-17/a node gpu-17.prom"), ["gpu-17"]);
        assert_eq!(found(&["gpu-17", "gpu-17.dc"], "gpu-17.dc"), ["gpu-17.dc"]);
    }

    #[test]
    fn salts_may_be_plainer_than_hosts() {
        let mut vocabulary = Vocabulary::default();
        vocabulary.learn(Class::Salt, b"tenant-a");
        vocabulary.learn(Class::Salt, b"default");
        assert!(vocabulary.words.contains_key(b"tenant-a".as_slice()));
        assert!(!vocabulary.words.contains_key(b"default".as_slice()));
    }

    #[test]
    fn file_names_and_urls_spell_a_word_in_their_own_way() {
        let salt = Salt::new(*b"s");
        let mut vocabulary = Vocabulary::default();
        for word in ["tenant-a", "org:7/x", "max-tokens"] {
            vocabulary.learn(Class::Salt, word.as_bytes());
        }
        let of = |word: &str| placeholder::make(&salt, Class::Salt, word.as_bytes());
        for (text, word) in [
            ("http/quota_tenant_a.json", "tenant-a"),
            ("quota_tenant_a.json", "tenant-a"),
            ("quota_tenant-a.json", "tenant-a"),
            ("quota%2Ftenant%2Da", "tenant-a"),
            ("GET /quota/org%3A7%2Fx", "org:7/x"),
            ("GET /quota/org%3a7%2fx", "org:7/x"),
            ("quota_org_7_x.json", "org:7/x"),
        ] {
            let mut spans = Spans::default();
            vocabulary.find(&salt, text.as_bytes(), &mut spans);
            let edits = crate::spans::edits(spans, text.as_bytes(), &salt);
            assert_eq!(edits.len(), 1, "{text}");
            assert_eq!(edits[0].replacement, of(word).into_bytes(), "{text}");
        }
        for text in ["max_tokens=3", "a tenant_abc.json", "xtenant_a.json", "tenant_a: no path"] {
            let mut spans = Spans::default();
            vocabulary.find(&salt, text.as_bytes(), &mut spans);
            assert!(spans.is_empty(), "{text}");
        }
        // Two tenants that spell alike stay two.
        vocabulary.learn(Class::Salt, b"tenant_a");
        let mut spans = Spans::default();
        vocabulary.find(&salt, b"http/quota_tenant_a.json", &mut spans);
        let edits = crate::spans::edits(spans, b"http/quota_tenant_a.json", &salt);
        assert_eq!(edits[0].replacement, of("tenant_a").into_bytes());
    }

    #[test]
    fn ordinary_words_are_not_learnt() {
        let mut vocabulary = Vocabulary::default();
        for word in ["server", "gpu1", "local-cpu", "default", "0123456", "a b c d 1"] {
            vocabulary.learn(Class::Host, word.as_bytes());
        }
        assert!(vocabulary.words.is_empty());
    }
}
