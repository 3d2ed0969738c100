//! Words learnt in one place of a packet that must not stay in another: a host name from an
//! environment variable in a log line, a password from a configuration file in a traceback.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::class::Class;
use crate::placeholder;
use crate::spans::Spans;

/// Shorter words would hit ordinary text.
const SHORTEST: usize = 6;
const LONGEST: usize = 512;
/// More words than any packet of ours has; the limit bounds memory.
const MOST: usize = 16_384;

/// The learnt words.
#[derive(Clone, Default, Debug)]
pub(crate) struct Vocabulary {
    classes: BTreeMap<Vec<u8>, Class>,
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
        if word.len() > LONGEST
            || self.classes.len() >= MOST
            || placeholder::contains_placeholder(word)
            || self.classes.contains_key(word)
        {
            return;
        }
        self.classes.insert(word.to_vec(), class);
        let words = self.by_start.entry(*start).or_default();
        words.push(word.to_vec());
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    }

    /// Finds learnt words that stand free.
    pub(crate) fn find(&self, text: &[u8], out: &mut Spans) {
        if self.classes.is_empty() {
            return;
        }
        let mut at = 0;
        while let Some(start) = text.get(at..).and_then(<[u8]>::first_chunk::<4>) {
            let rest = text.get(at..).unwrap_or_default();
            let hit = self.by_start.get(start).and_then(|words| {
                words.iter().find(|word| rest.starts_with(word) && stands_free(text, at, word))
            });
            if let Some(word) = hit {
                if let Some(class) = self.classes.get(word) {
                    out.add(text, at, at + word.len(), *class);
                }
                at += word.len();
            } else {
                at += 1;
            }
        }
    }
}

fn stands_free(text: &[u8], at: usize, word: &[u8]) -> bool {
    // `node-0.prom` is a file about a machine, and other files refer to it by that name.
    const FILES: &[&[u8]] = &[
        b".prom", b".json", b".log", b".txt", b".lct", b".yaml", b".yml", b".csv", b".pb", b".py",
    ];
    let joins = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let after = text.get(at + word.len()..).unwrap_or_default();
    !joins(at.checked_sub(1).and_then(|i| text.get(i)))
        && !joins(after.first())
        && !FILES.iter().any(|ending| after.starts_with(ending))
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
        vocabulary.find(text.as_bytes(), &mut spans);
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
        assert_eq!(vocabulary.classes.len(), 1);
    }

    #[test]
    fn ordinary_words_are_not_learnt() {
        let mut vocabulary = Vocabulary::default();
        for word in ["server", "gpu1", "local-cpu", "default", "0123456", "a b c d 1"] {
            vocabulary.learn(Class::Host, word.as_bytes());
        }
        assert!(vocabulary.classes.is_empty());
    }
}
