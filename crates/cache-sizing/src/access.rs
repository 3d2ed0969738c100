//! Lookups, and what their chunks have in common.

use serde::{Deserialize, Serialize};

/// What all chunks of some lookups have in common: they share nothing with chunks of another
/// group, but compete with them for the same room.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Group {
    /// Model.
    pub model: String,
    /// Salt or tenant, where the input records it.
    pub salt: Option<String>,
    /// Tokens a chunk. Where the input does not tell, 1: tokens are then chunks.
    pub chunk_tokens: u64,
    /// Bytes that a chunk takes in the cache, over all ranks.
    pub chunk_bytes: u64,
}

/// One lookup: the whole chunks of a prompt, from its head.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lookup<'a> {
    /// Seconds, by one clock for all lookups.
    pub at: f64,
    /// Number of its group.
    pub group: u32,
    /// Tokens of the prompt, those behind the last whole chunk included.
    pub tokens: u64,
    /// Fingerprints of its chunks. A chunk's fingerprint covers all tokens before it, as
    /// LMCache's hashes do, and its group.
    pub chain: &'a [u64],
}

/// Spreads 64 bits over 64 bits, one to one (the finaliser of SplitMix64).
#[inline]
pub const fn mix(n: u64) -> u64 {
    let z = n.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// 64 bits of any bytes, spread well; `seed` keeps groups apart. Not for secrets: it can be
/// searched.
#[inline]
pub fn fingerprint(bytes: &[u8], seed: u64) -> u64 {
    let mut state = seed ^ (bytes.len() as u64);
    let mut rest = bytes;
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        state = mix(state.rotate_left(23) ^ u64::from_le_bytes(*head));
        rest = tail;
    }
    let mut last = [0; 8];
    for (slot, byte) in last.iter_mut().zip(rest) {
        *slot = *byte;
    }
    mix(state.rotate_left(23) ^ u64::from_le_bytes(last))
}
