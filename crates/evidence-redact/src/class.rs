//! What was taken out: the classes of sensitive content, and how often each was met.

use std::collections::BTreeMap;
use std::fmt;

/// A class of content that does not leave the place where the evidence was captured.
///
/// The order is the order of precedence: where two detectors claim overlapping bytes of the same
/// length, the smaller class names the replacement.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum Class {
    /// Passwords, tokens, keys, cookies, signatures, private keys, credentials in a URL.
    Secret,
    /// Prompts, completions and messages: what users wrote and what a model answered.
    Prompt,
    /// Arrays of token ids, which decode to prompts.
    TokenIds,
    /// Chunk and block hashes, which are digests of prompts. Still comparable for equality.
    Hash,
    /// Tenant salts (`cache_salt`). Still comparable for equality.
    Salt,
    /// Names of machines, pods, buckets.
    Host,
    /// IPv4, IPv6 and MAC addresses other than loopback and "any".
    Address,
    /// E-mail addresses.
    Email,
    /// Names of users, accounts and projects.
    Identity,
    /// Absolute paths below a home, data or work directory.
    Path,
}

impl Class {
    /// Every class, in order.
    pub const ALL: [Class; 10] = [
        Class::Secret,
        Class::Prompt,
        Class::TokenIds,
        Class::Hash,
        Class::Salt,
        Class::Host,
        Class::Address,
        Class::Email,
        Class::Identity,
        Class::Path,
    ];

    /// The stable name used in placeholders and manifests.
    ///
    /// ```
    /// assert_eq!(evidence_redact::Class::TokenIds.name(), "token-ids");
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Class::Secret => "secret",
            Class::Prompt => "prompt",
            Class::TokenIds => "token-ids",
            Class::Hash => "hash",
            Class::Salt => "salt",
            Class::Host => "host",
            Class::Address => "addr",
            Class::Email => "email",
            Class::Identity => "user",
            Class::Path => "path",
        }
    }

    /// The class with this [name](Class::name).
    ///
    /// ```
    /// use evidence_redact::Class;
    /// assert_eq!(Class::from_name("addr"), Some(Class::Address));
    /// assert_eq!(Class::from_name("number"), None);
    /// ```
    pub fn from_name(name: &str) -> Option<Class> {
        Self::ALL.into_iter().find(|class| class.name() == name)
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How many replacements were made, by class.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Counts(BTreeMap<Class, u64>);

impl Counts {
    /// Adds one replacement of `class`.
    pub fn add(&mut self, class: Class) {
        let count = self.0.entry(class).or_insert(0);
        *count = count.saturating_add(1);
    }

    /// Adds all of `other`.
    pub fn merge(&mut self, other: &Counts) {
        for (class, n) in &other.0 {
            let count = self.0.entry(*class).or_insert(0);
            *count = count.saturating_add(*n);
        }
    }

    /// Replacements of one class.
    pub fn get(&self, class: Class) -> u64 {
        self.0.get(&class).copied().unwrap_or(0)
    }

    /// Replacements of all classes together.
    pub fn total(&self) -> u64 {
        self.0.values().fold(0, |sum, n| sum.saturating_add(*n))
    }

    /// True if nothing was replaced.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The classes that occurred, with their counts, in class order.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> + '_ {
        self.0.iter().map(|(class, n)| (*class, *n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for class in Class::ALL {
            assert_eq!(Class::from_name(class.name()), Some(class));
        }
    }

    #[test]
    fn counts_add_up() {
        let mut a = Counts::default();
        a.add(Class::Host);
        a.add(Class::Host);
        let mut b = Counts::default();
        b.add(Class::Secret);
        b.merge(&a);
        assert_eq!(b.get(Class::Host), 2);
        assert_eq!(b.total(), 3);
        assert_eq!(b.iter().collect::<Vec<_>>(), [(Class::Secret, 1), (Class::Host, 2)]);
    }
}
