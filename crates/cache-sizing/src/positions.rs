//! Weights on a line of positions: a bit a position, and a tree of sums over words of 64.
//!
//! The tree (Fenwick, 1994) is over words and not over positions, so that it stays in the
//! processor's cache: a million live positions take two megabytes with all that belongs to them.

/// Positions a word.
const WORD: usize = 64;

/// Marked positions, each with a weight.
#[derive(Debug, Default)]
pub(crate) struct Positions {
    /// A bit a position.
    bits: Vec<u64>,
    /// Sums of weights over words; index 0 is not used.
    tree: Vec<u64>,
    total: u64,
    /// The weights that there are.
    weights: Vec<u64>,
    /// The weight of every position, once there are two weights.
    class: Vec<u16>,
    /// The word whose change is not in the tree yet.
    pending: (usize, u64),
}

impl Positions {
    /// Room for at least `n` positions, none of them marked.
    pub(crate) fn with_room(n: usize, weights: Vec<u64>) -> Self {
        let words = n.div_ceil(WORD).max(1);
        let class = if weights.len() > 1 { vec![0; words * WORD] } else { Vec::new() };
        Positions {
            bits: vec![0; words],
            tree: vec![0; words + 1],
            total: 0,
            weights,
            class,
            pending: (0, 0),
        }
    }

    pub(crate) fn room(&self) -> usize {
        self.bits.len() * WORD
    }

    /// The weights that there are; a new line may begin with them.
    pub(crate) fn take_weights(&mut self) -> Vec<u64> {
        std::mem::take(&mut self.weights)
    }

    /// The number of a weight. Beyond 65,535 different ones the last stands for all further.
    pub(crate) fn class_of(&mut self, weight: u64) -> u16 {
        if self.weights.first() == Some(&weight) {
            return 0;
        }
        if let Some(at) = self.weights.iter().position(|w| *w == weight) {
            return u16::try_from(at).unwrap_or(u16::MAX);
        }
        if self.weights.len() < usize::from(u16::MAX) {
            self.weights.push(weight);
        }
        if self.weights.len() == 2 {
            self.class = vec![0; self.room()];
        }
        u16::try_from(self.weights.len().saturating_sub(1)).unwrap_or(u16::MAX)
    }

    #[inline]
    fn weight(&self, class: u16) -> u64 {
        self.weights.get(usize::from(class)).copied().unwrap_or(0)
    }

    #[inline]
    pub(crate) fn class_at(&self, position: u32) -> u16 {
        self.class.get(position as usize).copied().unwrap_or(0)
    }

    #[inline]
    pub(crate) fn weight_at(&self, position: u32) -> u64 {
        self.weight(self.class_at(position))
    }

    /// Marks a position.
    #[inline]
    pub(crate) fn mark(&mut self, position: u32, class: u16) {
        let (word, bit) = (position as usize / WORD, position as usize % WORD);
        if let Some(bits) = self.bits.get_mut(word) {
            *bits |= 1 << bit;
        }
        if let Some(slot) = self.class.get_mut(position as usize) {
            *slot = class;
        }
        self.change(word, self.weight(class));
    }

    /// Takes the mark off a position that has one.
    #[inline]
    pub(crate) fn unmark(&mut self, position: u32) {
        let (word, bit) = (position as usize / WORD, position as usize % WORD);
        if let Some(bits) = self.bits.get_mut(word) {
            *bits &= !(1 << bit);
        }
        self.change(word, self.weight_at(position).wrapping_neg());
    }

    /// Neighbours change together: their word is written to the tree once.
    #[inline]
    fn change(&mut self, word: usize, delta: u64) {
        if self.pending.0 != word {
            self.settle();
            self.pending.0 = word;
        }
        self.pending.1 = self.pending.1.wrapping_add(delta);
    }

    /// Writes what is pending to the tree.
    #[inline]
    pub(crate) fn settle(&mut self) {
        let (word, delta) = std::mem::take(&mut self.pending);
        if delta == 0 {
            return;
        }
        self.total = self.total.wrapping_add(delta);
        let mut at = word + 1;
        while let Some(sum) = self.tree.get_mut(at) {
            *sum = sum.wrapping_add(delta);
            at += at & at.wrapping_neg();
        }
    }

    /// Weights of the marked positions above this one. Nothing may be pending.
    #[inline]
    pub(crate) fn above(&self, position: u32) -> u64 {
        let word = position as usize / WORD;
        let mut below = 0_u64;
        let mut at = word;
        while at > 0 {
            below = below.wrapping_add(self.tree.get(at).copied().unwrap_or(0));
            at &= at - 1;
        }
        below = below.wrapping_add(self.low_bits(position));
        self.total.wrapping_sub(below)
    }

    /// Weights in the word of a position up to and with it.
    #[inline]
    fn low_bits(&self, position: u32) -> u64 {
        let (word, bit) = (position as usize / WORD, position as usize % WORD);
        let mask = u64::MAX >> (WORD - 1 - bit);
        let mut bits = self.bits.get(word).copied().unwrap_or(0) & mask;
        if self.class.is_empty() {
            return u64::from(bits.count_ones()).wrapping_mul(self.weight(0));
        }
        let mut sum = 0_u64;
        while bits != 0 {
            let at = word * WORD + bits.trailing_zeros() as usize;
            sum = sum.wrapping_add(self.weight(self.class.get(at).copied().unwrap_or(0)));
            bits &= bits - 1;
        }
        sum
    }

    /// How many marked positions lie below each word: with it, a position's number among the
    /// marked ones is found without sorting.
    pub(crate) fn ranks(&self) -> Ranks<'_> {
        let mut before = 0_u32;
        let below = self
            .bits
            .iter()
            .map(|word| {
                let here = before;
                before += word.count_ones();
                here
            })
            .collect();
        Ranks { bits: &self.bits, below }
    }
}

/// The number of each marked position among them.
pub(crate) struct Ranks<'p> {
    bits: &'p [u64],
    below: Vec<u32>,
}

impl Ranks<'_> {
    pub(crate) fn of(&self, position: u32) -> u32 {
        let (word, bit) = (position as usize / WORD, position as usize % WORD);
        let bits = self.bits.get(word).copied().unwrap_or(0) & ((1_u64 << bit) - 1);
        self.below.get(word).copied().unwrap_or(0) + bits.count_ones()
    }
}
