//! Maps and sets of ids that are spread already.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use crate::access::fingerprint;

/// Takes an id as its own hash: fingerprints need no second one.
#[derive(Debug, Clone, Copy, Default)]
pub struct AsItIs(u64);

impl Hasher for AsItIs {
    #[inline]
    fn write_u64(&mut self, id: u64) {
        // Samples are chosen by the low bits of ids: as places in a table these would crowd.
        self.0 = id.rotate_left(32);
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = fingerprint(bytes, self.0);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

/// A map by id.
pub type IdMap<V> = HashMap<u64, V, BuildHasherDefault<AsItIs>>;
/// A set of ids.
pub type IdSet = HashSet<u64, BuildHasherDefault<AsItIs>>;
