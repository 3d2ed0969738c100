//! What argument shapes tell about the release that wrote them.

use serde::{Deserialize, Serialize};

/// The releases that record traces, oldest first.
const RELEASES: [&str; 11] = [
    "0.4.4", "0.4.5", "0.4.6", "0.4.7", "0.5.0", "0.5.1", "0.5.2", "0.5.3", "0.5.4", "0.5.5",
    "0.5.6",
];

/// A trait of the arguments that not every release has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u32)]
pub enum Feature {
    /// Object keys without `object_group_id` (up to 0.4.6).
    KeyNoGroup,
    /// Object keys with `object_group_id` (from 0.4.7).
    KeyGroup,
    /// `reserve_write` with `mode` (up to 0.5.5).
    ReserveMode,
    /// `reserve_write` without `mode` (from 0.5.6).
    ReserveNoMode,
    /// `finish_read_prefetched` with `extra_count` (up to 0.5.4).
    FinishExtraCount,
    /// `finish_read_prefetched` with `read_locks` (from 0.5.5).
    FinishReadLocks,
    /// A prefetch with `policy`.
    SubmitPolicy,
    /// A prefetch with `skip_l2`.
    SubmitSkipL2,
    /// A flat prefetch with `attn_desc` or `mode`.
    SubmitAttention,
    /// A flat prefetch with none of these (up to 0.4.6).
    SubmitFlat0,
    /// A flat prefetch with `policy` alone (0.4.7).
    SubmitFlat1,
    /// A flat prefetch with `skip_l2`, without `attn_desc` (0.5.0).
    SubmitFlat2,
    /// A flat prefetch with `attn_desc` (0.5.1 and 0.5.2).
    SubmitFlat3,
    /// A `PrefetchRequestSpec` (0.5.3 to 0.5.5).
    SpecRequest,
    /// A `PrefetchTaskSpec` (from 0.5.6).
    SpecTask,
    /// `extra_count` within a spec (0.5.3 and 0.5.4).
    SpecExtraCount,
    /// `num_kv_readers` within a spec (from 0.5.5).
    SpecReaders,
    /// Level events (from 0.5.6).
    Events,
}

/// Feature, first and last release with it (index into [`RELEASES`]), and the reason
/// in words. A feature that decides nothing by itself is not listed.
const EVIDENCE: [(Feature, usize, usize, &str); 15] = [
    (Feature::KeyNoGroup, 0, 2, "object keys have no object_group_id (up to 0.4.6)"),
    (Feature::KeyGroup, 3, 10, "object keys have object_group_id (from 0.4.7)"),
    (Feature::ReserveMode, 0, 9, "reserve_write has mode (up to 0.5.5)"),
    (Feature::ReserveNoMode, 10, 10, "reserve_write has no mode (from 0.5.6)"),
    (Feature::FinishExtraCount, 0, 8, "finish_read_prefetched has extra_count (up to 0.5.4)"),
    (Feature::FinishReadLocks, 9, 10, "finish_read_prefetched has read_locks (from 0.5.5)"),
    (Feature::SubmitFlat0, 0, 2, "submit_prefetch_task has no policy (up to 0.4.6)"),
    (Feature::SubmitFlat1, 3, 3, "submit_prefetch_task has policy, no skip_l2 (0.4.7)"),
    (Feature::SubmitFlat2, 4, 4, "submit_prefetch_task has skip_l2, no attn_desc (0.5.0)"),
    (Feature::SubmitFlat3, 5, 6, "submit_prefetch_task has attn_desc (0.5.1 and 0.5.2)"),
    (Feature::SpecRequest, 7, 9, "submit_prefetch_task has a PrefetchRequestSpec (0.5.3 to 0.5.5)"),
    (Feature::SpecTask, 10, 10, "submit_prefetch_task has a PrefetchTaskSpec (from 0.5.6)"),
    (Feature::SpecExtraCount, 7, 8, "its spec has extra_count (0.5.3 and 0.5.4)"),
    (Feature::SpecReaders, 9, 10, "its spec has num_kv_readers (from 0.5.5)"),
    (Feature::Events, 10, 10, "the trace is of level events (from 0.5.6)"),
];

/// A set of [`Feature`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Features(u32);

impl Features {
    /// Adds a feature.
    #[inline]
    pub fn add(&mut self, feature: Feature) {
        self.0 |= 1 << (feature as u32);
    }

    /// Whether the set has a feature.
    #[inline]
    pub fn has(self, feature: Feature) -> bool {
        self.0 & (1 << (feature as u32)) != 0
    }

    /// Adds all features of another set.
    #[inline]
    pub fn merge(&mut self, other: Features) {
        self.0 |= other.0;
    }

    /// The releases that write all of these features.
    ///
    /// ```
    /// use lmcache_trace::{Feature, Features};
    ///
    /// let mut features = Features::default();
    /// assert!(features.release().decided_by.is_empty());
    /// features.add(Feature::KeyGroup);
    /// features.add(Feature::FinishExtraCount);
    /// let hint = features.release();
    /// assert_eq!(hint.min.as_deref(), Some("0.4.7"));
    /// assert_eq!(hint.max.as_deref(), Some("0.5.4"));
    /// ```
    pub fn release(self) -> ReleaseHint {
        let mut hint = ReleaseHint::default();
        let (mut low, mut high) = (0, RELEASES.len() - 1);
        for (feature, first, last, why) in EVIDENCE {
            if self.has(feature) {
                low = low.max(first);
                high = high.min(last);
                hint.decided_by.push(why.to_owned());
            }
        }
        if hint.decided_by.is_empty() {
            return hint;
        }
        if low > high {
            hint.contradictory = true;
            return hint;
        }
        hint.min = RELEASES.get(low).map(|&name| name.to_owned());
        // The newest known release may be followed by others of the same shape.
        hint.max =
            RELEASES.get(high).filter(|_| high + 1 < RELEASES.len()).map(|&name| name.to_owned());
        hint
    }
}

/// Which releases can have written a trace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReleaseHint {
    /// The oldest release; `None` where nothing tells.
    pub min: Option<String>,
    /// The newest release; `None` where nothing tells, or "or newer" where `min` is set.
    pub max: Option<String>,
    /// The release is named in the header (level events).
    pub declared: Option<String>,
    /// What decided, in words.
    pub decided_by: Vec<String>,
    /// The shapes of several releases that exclude each other are mixed.
    pub contradictory: bool,
}
