//! Durations: exact up to a cap, a mergeable log-linear sketch beyond it.

use serde::{Deserialize, Serialize};

/// So many durations of one name are held exactly.
pub const EXACT: usize = 65_536;

/// Bits of a value that a bucket of the sketch keeps after the leading one.
const BITS: u32 = 7;

/// Buckets of the sketch: every value below 2^BITS its own, then 2^BITS for each power of two.
const BUCKETS: usize = ((64 - BITS as usize) + 1) << BITS;

/// Largest relative error of a quantile out of the sketch.
pub const SKETCH_ERROR: f64 = 1.0 / 256.0;

/// Durations of one span name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Durations {
    exact: Vec<u64>,
    sketch: Option<Vec<u64>>,
    count: u64,
    min: u64,
    max: u64,
    sum: u128,
}

/// Durations in whole nanoseconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DurationStats {
    /// How many.
    pub count: u64,
    /// Shortest.
    pub min_ns: u64,
    /// Median (nearest rank).
    pub p50_ns: u64,
    /// 90th percentile.
    pub p90_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// Longest.
    pub max_ns: u64,
    /// Sum.
    pub sum_ns: u64,
    /// Largest relative error of the percentiles; 0 where they are exact.
    pub relative_error: f64,
}

impl Durations {
    pub(crate) fn add(&mut self, ns: u64) {
        self.min = if self.count == 0 { ns } else { self.min.min(ns) };
        self.max = self.max.max(ns);
        self.count += 1;
        self.sum += u128::from(ns);
        if let Some(sketch) = &mut self.sketch {
            bump(sketch, ns);
        } else if self.exact.len() < EXACT {
            self.exact.push(ns);
        } else {
            let mut sketch = vec![0u64; BUCKETS];
            for value in std::mem::take(&mut self.exact) {
                bump(&mut sketch, value);
            }
            bump(&mut sketch, ns);
            self.sketch = Some(sketch);
        }
    }

    pub(crate) fn stats(&self) -> Option<DurationStats> {
        if self.count == 0 {
            return None;
        }
        let mut sorted = self.exact.clone();
        sorted.sort_unstable();
        let quantile = |q: f64| match &self.sketch {
            Some(sketch) => self.of_sketch(sketch, q),
            None => usize::try_from(rank(q, self.count))
                .ok()
                .and_then(|at| sorted.get(at))
                .copied()
                .unwrap_or(self.max),
        };
        Some(DurationStats {
            count: self.count,
            min_ns: self.min,
            p50_ns: quantile(0.5),
            p90_ns: quantile(0.9),
            p99_ns: quantile(0.99),
            max_ns: self.max,
            sum_ns: u64::try_from(self.sum).unwrap_or(u64::MAX),
            relative_error: if self.sketch.is_some() { SKETCH_ERROR } else { 0.0 },
        })
    }

    fn of_sketch(&self, sketch: &[u64], q: f64) -> u64 {
        let rank = rank(q, self.count);
        let mut seen = 0;
        for (index, count) in sketch.iter().enumerate() {
            seen += count;
            if seen > rank {
                return middle(index).clamp(self.min, self.max);
            }
        }
        self.max
    }
}

/// Nearest rank, from 0.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn rank(q: f64, count: u64) -> u64 {
    ((q * count as f64).ceil() as u64).clamp(1, count.max(1)) - 1
}

fn bump(sketch: &mut [u64], value: u64) {
    if let Some(bucket) = sketch.get_mut(bucket(value)) {
        *bucket += 1;
    }
}

fn bucket(value: u64) -> usize {
    let exponent = value.max(1).ilog2();
    if exponent < BITS {
        return usize::try_from(value).unwrap_or(usize::MAX);
    }
    let shift = exponent - BITS;
    let kept = (value >> shift) & ((1 << BITS) - 1);
    (((shift + 1) as usize) << BITS) + usize::try_from(kept).unwrap_or(0)
}

/// The value in the middle of a bucket.
fn middle(bucket: usize) -> u64 {
    let (row, kept) = (bucket >> BITS, (bucket & ((1 << BITS) - 1)) as u64);
    if row == 0 {
        return kept;
    }
    let shift = row - 1;
    let low = ((1u64 << BITS) | kept) << shift;
    low + ((1u64 << shift) >> 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sketch_stays_within_its_error() {
        for value in [0u64, 1, 127, 128, 129, 255, 256, 1000, 123_456_789, u64::MAX / 3, u64::MAX] {
            let near = middle(bucket(value));
            let error = near.abs_diff(value) as f64 / (value.max(1) as f64);
            assert!(bucket(value) < BUCKETS && error <= SKETCH_ERROR, "{value} {near} {error}");
        }
    }

    #[test]
    fn exact_then_sketched() {
        let mut durations = Durations::default();
        for n in 1..=1000u64 {
            durations.add(n * 1000);
        }
        let stats = durations.stats().unwrap_or_default();
        assert_eq!(
            (stats.min_ns, stats.p50_ns, stats.p99_ns, stats.max_ns),
            (1000, 500_000, 990_000, 1_000_000)
        );
        for n in 1..=200_000u64 {
            durations.add(n);
        }
        let stats = durations.stats().unwrap_or_default();
        assert_eq!(stats.relative_error, SKETCH_ERROR);
        assert!(stats.p50_ns.abs_diff(100_500) < 600, "{}", stats.p50_ns);
    }
}
