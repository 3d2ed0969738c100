//! Names for keys that do not tell what they stand for.

use std::fmt;

use sha2::{Digest, Sha256};

/// How keys and request ids are written.
///
/// A chunk hash is a digest of a prompt's tokens: whoever has a prompt can prove with
/// it that the prompt was used. Salted, it cannot be compared with anything but what
/// was written with the same salt.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Redaction {
    /// As the first twelve hex digits of a SHA-256 of salt and name.
    Salted(Vec<u8>),
    /// As they are.
    Raw,
}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The salt undoes the redaction.
        f.write_str(match self {
            Redaction::Salted(_) => "Salted(..)",
            Redaction::Raw => "Raw",
        })
    }
}

impl Redaction {
    /// How a chunk hash is written.
    ///
    /// ```
    /// use lmcache_trace::Redaction;
    ///
    /// let salted = Redaction::Salted(b"pepper".to_vec());
    /// assert_eq!(salted.chunk(&[7; 32]).len(), 12);
    /// assert_eq!(salted.chunk(&[7; 32]), salted.chunk(&[7; 32]));
    /// assert_ne!(salted.chunk(&[7; 32]), salted.chunk(&[8; 32]));
    /// assert_eq!(Redaction::Raw.chunk(&[7; 2]), "0707");
    /// ```
    pub fn chunk(&self, hash: &[u8]) -> String {
        match self {
            Redaction::Raw => crate::num::hex(hash),
            Redaction::Salted(salt) => short(salt, hash),
        }
    }

    /// How a text is written: a request id, a cache salt. An empty one stays empty.
    pub fn text(&self, text: &str) -> String {
        match self {
            Redaction::Salted(salt) if !text.is_empty() => short(salt, text.as_bytes()),
            _ => text.to_owned(),
        }
    }
}

fn short(salt: &[u8], name: &[u8]) -> String {
    let digest = Sha256::new()
        // The length keeps salt and name apart.
        .chain_update((salt.len() as u64).to_be_bytes())
        .chain_update(salt)
        .chain_update(name)
        .finalize();
    crate::num::hex(digest.get(..6).unwrap_or_default())
}
