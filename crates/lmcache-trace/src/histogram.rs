//! Log-linear histograms: every value is known to within an eighth.

use serde::{Deserialize, Serialize};

/// Buckets for each power of two.
const STEPS: u64 = 8;
const SHIFT: u32 = STEPS.ilog2();

/// A weighted histogram of integers, in at most 500 buckets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histogram {
    weights: Vec<f64>,
    total: f64,
    sum: f64,
    max: u64,
}

/// A quantile, known to lie between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Quantile {
    /// Which quantile, 0.5 for the median.
    pub q: f64,
    /// It is at least this.
    pub low: f64,
    /// It is at most this.
    pub high: f64,
}

fn bucket(value: u64) -> usize {
    let class = value.checked_ilog2().unwrap_or(0).saturating_sub(SHIFT);
    usize::try_from(u64::from(class) * STEPS + (value >> class)).unwrap_or(0)
}

/// Smallest value of a bucket.
fn floor(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let class = (bucket / STEPS).saturating_sub(1);
    let step = bucket - class * STEPS;
    step.checked_shl(u32::try_from(class).unwrap_or(64)).unwrap_or(u64::MAX)
}

impl Histogram {
    pub(crate) fn add(&mut self, value: u64, weight: f64) {
        let at = bucket(value);
        if at >= self.weights.len() {
            self.weights.resize(at + 1, 0.0);
        }
        if let Some(slot) = self.weights.get_mut(at) {
            *slot += weight;
        }
        self.total += weight;
        self.sum += value as f64 * weight;
        self.max = self.max.max(value);
    }

    pub(crate) fn total(&self) -> f64 {
        self.total
    }

    pub(crate) fn sum(&self) -> f64 {
        self.sum
    }

    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// Quantiles in units of `unit`.
    pub(crate) fn quantiles(&self, unit: f64) -> Vec<Quantile> {
        [0.5, 0.9, 0.99].into_iter().filter_map(|q| self.quantile(q, unit)).collect()
    }

    fn quantile(&self, q: f64, unit: f64) -> Option<Quantile> {
        let mut below = 0.0;
        for (at, weight) in self.weights.iter().enumerate() {
            below += weight;
            if below >= q * self.total && below > 0.0 {
                let high = floor(at + 1).saturating_sub(1).min(self.max);
                return Some(Quantile {
                    q,
                    low: floor(at) as f64 * unit,
                    high: high as f64 * unit,
                });
            }
        }
        None
    }

    /// Part of the total weight with a value below each bound; bounds are powers of two.
    pub(crate) fn below_powers(&self) -> Vec<(u64, f64)> {
        let mut out = Vec::new();
        let mut below = 0.0;
        let mut next = 1_u64;
        for (at, weight) in self.weights.iter().enumerate() {
            while floor(at) >= next {
                out.push((next, below));
                next = next.saturating_mul(2);
                if next == u64::MAX {
                    return out;
                }
            }
            below += weight;
        }
        if self.total > 0.0 {
            out.push((next, below));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_cover_all_integers_in_order() {
        let mut last = 0;
        for value in (0..100_000).chain([u64::MAX / 3, u64::MAX - 1, u64::MAX]) {
            let at = bucket(value);
            assert!(at >= last);
            assert!(floor(at) <= value, "{value}");
            assert!(at >= 495 || floor(at + 1) > value, "{value} in {at}");
            last = at;
        }
        assert!(bucket(u64::MAX) < 500);
    }

    #[test]
    fn quantiles_are_within_an_eighth() {
        let mut histogram = Histogram::default();
        (1..=1000).for_each(|n| histogram.add(n, 1.0));
        for (quantile, want) in histogram.quantiles(1.0).iter().zip([500.0, 900.0, 990.0]) {
            assert!(quantile.low <= want && want <= quantile.high, "{quantile:?}");
            assert!(quantile.high / quantile.low < 1.15, "{quantile:?}");
        }
        assert_eq!(histogram.below_powers().get(3), Some(&(8, 7.0)));
    }
}
