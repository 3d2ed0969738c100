//! How large a KV cache has to be, and why it missed.
//!
//! Takes lookups (a prompt as a chain of chunk ids, in the order of time) and gives
//!
//! - [`Curve`]: what an LRU cache of *every* size would have served, in one pass
//!   (Mattson et al., 1970), in hit tokens: a lookup hits the longest prefix of its chain that is
//!   cached. Exact, or from a sample by hash with bounds (SHARDS, Waldspurger et al., 2015);
//! - [`Simulator`]: one or two tiers of given sizes under LMCache's own policies, with its
//!   watermark and ratio;
//! - [`Misses`]: one reason for every token that was not served.
//!
//! Pure: no files, no clock, no global state; memory is bounded where the log is not.
//!
//! ```
//! use cache_sizing::{CurveBuilder, CurveOptions, Group, Lookup};
//!
//! let group = Group { chunk_tokens: 256, chunk_bytes: 1 << 17, ..Group::default() };
//! let mut curve = CurveBuilder::new(CurveOptions::default());
//! let prompt = [1, 2, 3].map(cache_sizing::mix);
//! for at in [0.0, 1.0] {
//!     curve.push(&Lookup { at, group: 0, tokens: 800, chain: &prompt }, &group);
//! }
//! let curve = curve.finish();
//! assert_eq!(curve.hit_tokens(3 << 17).tokens, 768);
//! assert_eq!(curve.hit_tokens(2 << 17).tokens, 512);
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod access;
mod bend;
mod curve;
mod ids;
mod misses;
mod points;
mod positions;
mod recording;
mod simulate;
mod slots;
mod stack;
mod window;

pub use access::{Group, Lookup, fingerprint, mix};
pub use curve::{Curve, CurveBuilder, CurveOptions, Estimate, GroupSums, Step};
pub use ids::{AsItIs, IdMap, IdSet};
pub use misses::{
    Divergence, Family, LookupMisses, MissOptions, Misses, MissesBuilder, Outcome, Reason,
    ReasonTokens,
};
pub use recording::{Recorded, Recording};
pub use simulate::{
    Clearing, Eviction, L2, L2Load, L2Store, Pace, Policy, Served, SimulationTotals, Simulator,
    Tier,
};
pub use slots::{Entry, Slots};
pub use stack::{Order, Stack, Touch, Touched};
pub use window::{Working, WorkingSeries, WorkingSet};
