//! The public face: one redactor for all files of a packet.

use std::borrow::Cow;
use std::ops::Range;

use crate::binary;
use crate::class::{Class, Counts};
use crate::config;
use crate::engine::Engine;
use crate::json;
use crate::keys::KeyKind;
use crate::kind::Kind;
use crate::patterns::Patterns;
use crate::placeholder::{self, Salt};
use crate::policy::Policy;
use crate::prom;
use crate::records;
use crate::shapes::Scope;
use crate::spans::{Edit, apply};
use crate::values;
use crate::vocabulary::Vocabulary;

/// Why a redactor could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A built-in expression did not compile; the name says which.
    #[error("the built-in pattern `{0}` does not compile")]
    Pattern(&'static str),
}

/// Rewrites until nothing changes; this is how often at most. Two are enough for anything real.
const ROUNDS: usize = 8;

/// Takes sensitive content out of the files of one packet, the same value always giving the same
/// placeholder.
///
/// ```
/// use evidence_redact::{Class, Kind, Redactor, Salt};
///
/// # fn main() -> Result<(), evidence_redact::Error> {
/// let redactor = Redactor::new(Salt::new(*b"sixteen random b"))?;
/// let page = b"up{instance=\"10.1.2.3:8000\"} 1\n";
/// let clean = redactor.redact(Kind::Prometheus, page);
/// let text = String::from_utf8_lossy(clean.bytes());
/// assert!(text.starts_with("up{instance=\"redacted-addr-"));
/// assert!(text.ends_with(".invalid:8000\"} 1\n"));
/// assert_eq!(clean.counts().get(Class::Address), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Redactor {
    patterns: Patterns,
    policy: Policy,
    salt: Salt,
    vocabulary: Vocabulary,
}

/// A text without its sensitive content.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Redacted<'a> {
    bytes: Cow<'a, [u8]>,
    counts: Counts,
}

impl<'a> Redacted<'a> {
    /// The text; borrowed where nothing had to go.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The text, as a value.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        self.bytes
    }

    /// How much went, by class.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// True if nothing had to go.
    pub fn is_unchanged(&self) -> bool {
        self.counts.is_empty()
    }
}

/// Something that has to go, by its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// What it is.
    pub class: Class,
    /// Where it is, in bytes. For a value with escapes the whole value.
    pub range: Range<usize>,
}

impl Redactor {
    /// A redactor with the default [`Policy`].
    ///
    /// # Errors
    /// [`Error::Pattern`] if a built-in expression does not compile, which no input can cause.
    pub fn new(salt: Salt) -> Result<Self, Error> {
        Self::with_policy(salt, Policy::default())
    }

    /// A redactor that leaves in place what `policy` says.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with_policy(salt: Salt, policy: Policy) -> Result<Self, Error> {
        Ok(Redactor { patterns: Patterns::new()?, policy, salt, vocabulary: Vocabulary::default() })
    }

    fn engine(&self) -> Engine<'_> {
        Engine {
            patterns: &self.patterns,
            policy: &self.policy,
            salt: &self.salt,
            vocabulary: &self.vocabulary,
        }
    }

    /// The text without its sensitive content. [`Kind::Binary`] is returned as it is: look at
    /// [`scan`](Self::scan).
    ///
    /// Doing it twice changes nothing more, whatever the bytes are.
    pub fn redact<'a>(&self, kind: Kind, input: &'a [u8]) -> Redacted<'a> {
        let mut counts = Counts::default();
        let mut bytes = Cow::Borrowed(input);
        for _ in 0..ROUNDS {
            let edits = edits(&self.engine(), kind, &bytes);
            if edits.is_empty() {
                return Redacted { bytes, counts };
            }
            for class in edits.iter().flat_map(|edit| &edit.classes) {
                counts.add(*class);
            }
            bytes = Cow::Owned(apply(&bytes, &edits));
        }
        // Nothing real gets here; it is the guarantee that the result is stable.
        counts.add(Class::Secret);
        let whole = placeholder::make(&self.salt, Class::Secret, input);
        let whole = if kind == Kind::Json { format!("\"{whole}\"") } else { whole };
        Redacted { bytes: Cow::Owned(whole.into_bytes()), counts }
    }

    /// What [`redact`](Self::redact) would replace, by place and class, in order.
    pub fn find(&self, kind: Kind, input: &[u8]) -> Vec<Finding> {
        findings(edits(&self.engine(), kind, input)).collect()
    }

    /// Looks through a file that cannot be rewritten (a trace, protobuf) for content that must
    /// not leave. Chunk hashes, which such files hold as raw bytes, are not meant.
    ///
    /// ```
    /// use evidence_redact::{Class, Redactor, Salt};
    /// # fn main() -> Result<(), evidence_redact::Error> {
    /// let redactor = Redactor::new(Salt::new(*b"sixteen random b"))?;
    /// let hits = redactor.scan(b"\x82\xa9token_ids\x93\x01\x02\x03");
    /// assert_eq!(hits[0].class, Class::TokenIds);
    /// # Ok(())
    /// # }
    /// ```
    pub fn scan(&self, input: &[u8]) -> Vec<Finding> {
        binary::scan(&self.engine(), input)
    }

    /// Remembers names of machines, tenants' salts and credentials that stand beside a telling name
    /// in this file, so that they are found in the other files as well. Call it for every file of the packet
    /// before the first [`redact`](Self::redact).
    pub fn learn(&mut self, kind: Kind, input: &[u8]) {
        let mut words: Vec<(Class, Vec<u8>)> = Vec::new();
        // By its name or shape only: what is found as another file's word is known, and may be
        // spelt otherwise here.
        let bare = Vocabulary::default();
        let engine = Engine { vocabulary: &bare, ..self.engine() };
        for finding in findings(edits(&engine, kind, input)) {
            let value = input.get(finding.range).unwrap_or_default();
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let value = value.strip_suffix(b"\"").unwrap_or(value);
            let last = |b: &u8| b.is_ascii_whitespace() || *b == b':';
            match finding.class {
                Class::Host => words.push((finding.class, value.to_vec())),
                Class::Salt => words.push((Class::Salt, values::percent_decoded(value))),
                Class::Secret if !value.starts_with(b"-----BEGIN") => {
                    words.push((Class::Secret, value.to_vec()));
                    // The token of `Bearer token`, the password of `user:password`.
                    if let Some(word) = value.rsplit(last).next() {
                        words.push((Class::Secret, word.to_vec()));
                    }
                }
                _ => {}
            }
        }
        for (class, word) in words {
            self.vocabulary.learn(class, &word);
        }
    }

    /// Takes this word out wherever it stands free, whatever it looks like: the caller knows that
    /// it is a host, a user or a secret. Words under four bytes are ignored.
    ///
    /// ```
    /// use evidence_redact::{Class, Kind, Redactor, Salt};
    /// # fn main() -> Result<(), evidence_redact::Error> {
    /// let mut redactor = Redactor::new(Salt::new(*b"sixteen random b"))?;
    /// redactor.hide(Class::Host, "buildbox");
    /// let clean = redactor.redact(Kind::Text, b"started on buildbox");
    /// assert_eq!(clean.counts().get(Class::Host), 1);
    /// # Ok(())
    /// # }
    /// ```
    pub fn hide(&mut self, class: Class, word: &str) {
        self.vocabulary.insert(class, word.as_bytes());
    }

    /// The placeholder that stands for `value`, for callers that redact structured data of their
    /// own and want it to agree with the files of the packet.
    ///
    /// ```
    /// use evidence_redact::{Class, Redactor, Salt};
    /// # fn main() -> Result<(), evidence_redact::Error> {
    /// let redactor = Redactor::new(Salt::new(*b"sixteen random b"))?;
    /// let one = redactor.placeholder(Class::Salt, "tenant-a");
    /// assert_eq!(one, redactor.placeholder(Class::Salt, "tenant-a"));
    /// assert_ne!(one, redactor.placeholder(Class::Salt, "tenant-b"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn placeholder(&self, class: Class, value: &str) -> String {
        if placeholder::is_placeholder(value.as_bytes()) {
            return value.to_owned();
        }
        placeholder::make(&self.salt, class, value.as_bytes())
    }

    /// The path of a file of the packet as it may be shown: a name can tell as much as a line, and
    /// other files refer to it. Words that were learnt go in the spellings of file names, too
    /// (`tenant_a` of `tenant-a`, percent escapes), for the placeholder that stands elsewhere.
    ///
    /// ```
    /// use evidence_redact::{Class, Kind, Redactor, Salt};
    /// # fn main() -> Result<(), evidence_redact::Error> {
    /// let mut redactor = Redactor::new(Salt::new(*b"sixteen random b"))?;
    /// redactor.learn(Kind::Json, br#"{"cache_salt": "tenant-a"}"#);
    /// let word = redactor.placeholder(Class::Salt, "tenant-a");
    /// assert_eq!(redactor.path("http/quota_tenant_a.json"), format!("http/quota_{word}.json"));
    /// # Ok(())
    /// # }
    /// ```
    pub fn path(&self, path: &str) -> String {
        // A bare name is a path as well.
        let below = format!("./{path}");
        let clean = self.redact(Kind::Text, below.as_bytes());
        let clean = String::from_utf8_lossy(clean.bytes()).into_owned();
        clean.strip_prefix("./").map_or(clean.clone(), str::to_owned)
    }
}

fn findings(edits: Vec<Edit>) -> impl Iterator<Item = Finding> {
    edits.into_iter().flat_map(|edit| {
        let range = edit.start..edit.end;
        edit.classes.into_iter().map(move |class| Finding { class, range: range.clone() })
    })
}

fn edits(engine: &Engine<'_>, kind: Kind, input: &[u8]) -> Vec<Edit> {
    match kind {
        Kind::Prometheus => prom::edits(engine, input),
        Kind::Json => match json::edits(engine, Scope::TEXT, input, 0) {
            Some(edits) => edits,
            None => engine.field(KeyKind::Plain, Scope::TEXT, input, 0),
        },
        // A line that is JSON is read as that in any text.
        Kind::JsonLines | Kind::Text => engine.text(Scope::TEXT, input, 0),
        Kind::Env => records::environment(engine, input),
        Kind::Argv => records::arguments(engine, input),
        Kind::Config => match json::edits(engine, Scope::TEXT, input, 0) {
            Some(edits) => edits,
            None => config::edits(engine, input),
        },
        Kind::Binary => Vec::new(),
    }
}
