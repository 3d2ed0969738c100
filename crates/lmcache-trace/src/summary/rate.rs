//! Records over time, in a bounded number of buckets.

use serde::{Deserialize, Serialize};

/// Buckets that are kept; when they are full, neighbours are joined.
const BUCKETS: usize = 120;

/// Records over time: bucket `i` counts the records with `t_mono` from `i × width_s`
/// to before `(i + 1) × width_s`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Rate {
    /// Width of a bucket in seconds.
    pub width_s: f64,
    /// Records by bucket.
    pub records: Vec<u64>,
    /// Records before the start of the recording (a negative `t_mono`).
    pub before_start: u64,
}

#[derive(Debug)]
pub(super) struct RateTally(Rate);

impl Default for RateTally {
    fn default() -> Self {
        RateTally(Rate { width_s: 0.125, records: Vec::new(), before_start: 0 })
    }
}

impl RateTally {
    #[inline]
    pub(super) fn add(&mut self, mono: f64) {
        if mono < 0.0 {
            self.0.before_start += 1;
            return;
        }
        loop {
            let bucket = (mono / self.0.width_s).floor();
            if bucket < BUCKETS as f64 {
                let at = usize::try_from(crate::num::to_u64(bucket)).unwrap_or(0);
                if at >= self.0.records.len() {
                    self.0.records.resize(at + 1, 0);
                }
                if let Some(count) = self.0.records.get_mut(at) {
                    *count += 1;
                }
                return;
            }
            self.widen();
        }
    }

    #[cold]
    fn widen(&mut self) {
        // A finite time needs at most some 1,100 doublings from an eighth of a second.
        self.0.width_s *= 2.0;
        self.0.records = self.0.records.chunks(2).map(|pair| pair.iter().sum()).collect();
    }

    pub(super) fn finish(self) -> Rate {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_join_and_lose_nothing() {
        let mut tally = RateTally::default();
        for n in 0..1000 {
            tally.add(f64::from(n));
        }
        tally.add(-1.0);
        let rate = tally.finish();
        assert_eq!(rate.records.iter().sum::<u64>(), 1000);
        assert!(rate.records.len() <= BUCKETS);
        assert_eq!(rate.width_s, 16.0);
        assert_eq!(rate.records.first(), Some(&16));
        assert_eq!(rate.before_start, 1);
    }

    #[test]
    fn the_largest_time_ends() {
        let mut tally = RateTally::default();
        tally.add(0.0);
        tally.add(f64::MAX);
        assert_eq!(tally.finish().records.iter().sum::<u64>(), 2);
    }
}
