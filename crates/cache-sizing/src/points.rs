//! How many tokens need how large a cache.

/// Entries that a sample keeps before sizes are rounded.
const MOST: usize = 1 << 16;

/// Tokens by the size at which a cache serves them. Dense while all sizes are multiples of one
/// chunk; sparse otherwise, with the part of the sample that an entry belongs to.
#[derive(Debug, Clone)]
pub(crate) enum Points {
    Dense { unit: u64, tokens: Vec<u64> },
    Sparse { entries: Vec<Entry>, sorted: usize, bounded: bool, keep_bits: u32 },
}

/// The part of entries that belong to no sample.
pub(crate) const EXACT: u8 = u8::MAX;

/// Tokens that a cache of `need` bytes serves and a smaller one does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry {
    pub(crate) need: u64,
    pub(crate) part: u8,
    pub(crate) tokens: u64,
}

impl Points {
    /// Exact points.
    pub(crate) fn exact() -> Self {
        Points::Dense { unit: 0, tokens: Vec::new() }
    }

    /// Points of a sample, in bounded memory.
    pub(crate) fn sampled() -> Self {
        Points::Sparse { entries: Vec::new(), sorted: 0, bounded: true, keep_bits: 64 }
    }

    #[inline]
    pub(crate) fn add(&mut self, need: u64, unit: u64, part: u8, tokens: u64) {
        if let Points::Dense { unit: have, tokens: all } = self {
            if *have == 0 {
                *have = unit.max(1);
            }
            if *have == unit && need.is_multiple_of(unit) {
                let at = usize::try_from(need / unit).unwrap_or(usize::MAX);
                if at < 1 << 32 {
                    if at >= all.len() {
                        all.resize((at + 1).max(all.len() * 2).max(64), 0);
                    }
                    if let Some(slot) = all.get_mut(at) {
                        *slot += tokens;
                    }
                    return;
                }
            }
            self.spread_out();
        }
        if let Points::Sparse { entries, sorted, .. } = self {
            entries.push(Entry { need, part, tokens });
            if entries.len() > 2 * *sorted + (1 << 16) {
                self.compact();
            }
        }
    }

    #[cold]
    fn spread_out(&mut self) {
        let entries = std::mem::replace(self, Points::exact()).into_entries();
        let sorted = entries.len();
        *self = Points::Sparse { entries, sorted, bounded: false, keep_bits: 64 };
    }

    /// From here on a sample is added, in bounded memory.
    #[cold]
    pub(crate) fn sample(&mut self) {
        if matches!(self, Points::Dense { .. }) {
            self.spread_out();
        }
        if let Points::Sparse { bounded, .. } = self {
            *bounded = true;
        }
        self.compact();
    }

    #[cold]
    fn compact(&mut self) {
        let Points::Sparse { entries, sorted, bounded, keep_bits } = self else { return };
        loop {
            for entry in entries.iter_mut() {
                entry.need = round_up(entry.need, *keep_bits);
            }
            entries.sort_unstable();
            entries.dedup_by(|next, kept| {
                let same = next.need == kept.need && next.part == kept.part;
                if same {
                    kept.tokens = kept.tokens.saturating_add(next.tokens);
                }
                same
            });
            if !*bounded || entries.len() <= MOST || *keep_bits <= 8 {
                break;
            }
            *keep_bits = if *keep_bits > 12 { 12 } else { *keep_bits - 1 };
        }
        *sorted = entries.len();
    }

    /// All entries in order of size.
    pub(crate) fn into_entries(mut self) -> Vec<Entry> {
        self.compact();
        match self {
            Points::Dense { unit, tokens } => (0_u64..)
                .zip(tokens)
                .filter(|(_, tokens)| *tokens > 0)
                .map(|(at, tokens)| Entry { need: at.saturating_mul(unit), part: EXACT, tokens })
                .collect(),
            Points::Sparse { entries, .. } => entries,
        }
    }
}

/// Rounds up to this many leading bits: a size is at most a little overstated.
fn round_up(need: u64, bits: u32) -> u64 {
    let length = u64::BITS - need.leading_zeros();
    let drop = length.saturating_sub(bits);
    if drop == 0 {
        return need;
    }
    let low = (1_u64 << drop) - 1;
    need.saturating_add(low) & !low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_rounded_up_and_by_little() {
        for need in [0, 1, 255, 256, 257, 1_000_003, u64::MAX / 2] {
            let rounded = round_up(need, 12);
            assert!(rounded >= need && rounded - need <= need / 1024, "{need} {rounded}");
        }
    }

    #[test]
    fn mixed_units_keep_every_token() {
        let mut points = Points::exact();
        points.add(10, 5, EXACT, 7);
        points.add(15, 5, EXACT, 1);
        points.add(13, 3, EXACT, 2);
        points.add(10, 5, EXACT, 1);
        let got: Vec<(u64, u64)> =
            points.into_entries().iter().map(|e| (e.need, e.tokens)).collect();
        assert_eq!(got, [(10, 8), (13, 2), (15, 1)]);
    }
}
