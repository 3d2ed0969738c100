//! Counting different keys in bounded memory: exactly up to a bound, beyond it by
//! an estimate whose error is stated.

use serde::{Deserialize, Serialize};

/// A count of different keys.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Distinct {
    /// How many different keys there are.
    pub count: u64,
    /// The count is exact (but for a collision of 64-bit fingerprints, which among a
    /// hundred thousand keys has a chance of one in four thousand million).
    pub exact: bool,
    /// Standard error of an estimate, as a part of the count; 0 where exact.
    pub relative_error: f64,
}

/// Registers of the HyperLogLog sketch: 2^14, one byte each.
const PRECISION: u32 = 14;
const REGISTERS: usize = 1 << PRECISION;
/// Bits that are left for the run length of a fingerprint.
const TAIL_BITS: u32 = 64 - PRECISION;

/// Counts different fingerprints.
#[derive(Debug, Clone)]
pub(crate) struct DistinctCounter {
    /// Open addressing over fingerprints; 0 is a free slot.
    slots: Vec<u64>,
    used: usize,
    max_slots: usize,
    sketch: Option<Sketch>,
}

impl DistinctCounter {
    /// Exact while the set takes at most `bytes` of memory.
    pub(crate) fn new(bytes: usize) -> Self {
        let words = (bytes / size_of::<u64>()).max(64);
        // The largest power of two that fits.
        let max_slots = 1_usize << words.ilog2();
        DistinctCounter { slots: vec![0; 64], used: 0, max_slots, sketch: None }
    }

    #[inline]
    pub(crate) fn insert(&mut self, fingerprint: u64) {
        let fingerprint = fingerprint.max(1);
        if let Some(sketch) = &mut self.sketch {
            sketch.insert(fingerprint);
            return;
        }
        if place(&mut self.slots, fingerprint) {
            self.used += 1;
            if self.used.saturating_mul(4) > self.slots.len().saturating_mul(3) {
                self.grow();
            }
        }
    }

    #[cold]
    fn grow(&mut self) {
        let old = std::mem::take(&mut self.slots);
        if old.len() >= self.max_slots {
            let mut sketch = Sketch::new();
            old.iter().filter(|&&f| f != 0).for_each(|&f| sketch.insert(f));
            self.sketch = Some(sketch);
            return;
        }
        self.slots = vec![0; old.len().saturating_mul(2)];
        for fingerprint in old.into_iter().filter(|&f| f != 0) {
            place(&mut self.slots, fingerprint);
        }
    }

    pub(crate) fn distinct(&self) -> Distinct {
        match &self.sketch {
            None => Distinct { count: self.used as u64, exact: true, relative_error: 0.0 },
            Some(sketch) => Distinct {
                count: sketch.estimate(),
                exact: false,
                relative_error: 1.04 / (REGISTERS as f64).sqrt(),
            },
        }
    }
}

/// Puts a fingerprint into a set; says whether it was new.
#[inline]
fn place(slots: &mut [u64], fingerprint: u64) -> bool {
    let mask = slots.len() - 1;
    // The upper bits choose the slot: the sketch uses the others.
    let mut at = usize::try_from(fingerprint >> 16).unwrap_or(0) & mask;
    loop {
        match slots.get_mut(at) {
            Some(slot) if *slot == 0 => {
                *slot = fingerprint;
                return true;
            }
            Some(slot) if *slot == fingerprint => return false,
            _ => at = (at + 1) & mask,
        }
    }
}

/// HyperLogLog with Ertl's estimator, which needs no correction tables
/// (arXiv 1702.01284, section 4).
#[derive(Debug, Clone)]
struct Sketch {
    registers: Vec<u8>,
}

impl Sketch {
    fn new() -> Self {
        Sketch { registers: vec![0; REGISTERS] }
    }

    #[inline]
    fn insert(&mut self, fingerprint: u64) {
        let index = usize::try_from(fingerprint >> TAIL_BITS).unwrap_or(0);
        let run = (fingerprint << PRECISION).leading_zeros().min(TAIL_BITS) + 1;
        if let Some(register) = self.registers.get_mut(index) {
            *register = (*register).max(u8::try_from(run).unwrap_or(u8::MAX));
        }
    }

    fn estimate(&self) -> u64 {
        let mut counts = [0_u32; TAIL_BITS as usize + 2];
        for &register in &self.registers {
            if let Some(count) = counts.get_mut(usize::from(register)) {
                *count += 1;
            }
        }
        let m = REGISTERS as f64;
        let at = |k: usize| f64::from(counts.get(k).copied().unwrap_or(0));
        let q = TAIL_BITS as usize;
        let mut z = m * tau(1.0 - at(q + 1) / m);
        for k in (1..=q).rev() {
            z = 0.5 * (z + at(k));
        }
        z += m * sigma(at(0) / m);
        let estimate = m * m / (2.0 * std::f64::consts::LN_2) / z;
        crate::num::to_u64(estimate)
    }
}

fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut y, mut z) = (1.0, x);
    loop {
        x *= x;
        let before = z;
        z += x * y;
        y += y;
        if z <= before {
            return z;
        }
    }
}

fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut y, mut z) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = z;
        y *= 0.5;
        z -= (1.0 - x).powi(2) * y;
        if z >= before {
            return z / 3.0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(n: u64) -> u64 {
        // splitmix64
        let mut z = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    #[test]
    fn exact_below_the_bound() {
        let mut counter = DistinctCounter::new(64 << 10);
        for n in 0..12_000 {
            counter.insert(spread(n % 6000));
        }
        assert_eq!(counter.distinct(), Distinct { count: 6000, exact: true, relative_error: 0.0 });
    }

    #[test]
    fn the_estimate_keeps_within_four_standard_errors() {
        for n in [10_000_u64, 50_000, 300_000] {
            let mut counter = DistinctCounter::new(4 << 10);
            for i in 0..n {
                counter.insert(spread(i));
                counter.insert(spread(i));
            }
            let got = counter.distinct();
            assert!(!got.exact);
            let off = (got.count as f64 - n as f64).abs() / n as f64;
            assert!(off < 4.0 * got.relative_error, "{n}: {} off by {off}", got.count);
        }
    }

    #[test]
    fn zero_is_a_fingerprint_too() {
        let mut counter = DistinctCounter::new(0);
        counter.insert(0);
        counter.insert(0);
        assert_eq!(counter.distinct().count, 1);
    }
}
