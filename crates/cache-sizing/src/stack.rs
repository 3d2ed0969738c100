//! LRU stack distances: how much else was touched since the last touch.
//!
//! Every touch takes the next position on a line; the distance is the weight of all that is
//! marked above one's own. When positions run out they are numbered anew. A bound on memory
//! makes it a sample by hash that is halved whenever it is full (SHARDS with a fixed size,
//! Waldspurger et al., FAST 2015).

use crate::positions::Positions;
use crate::slots::{self, Slots};

/// Bits by which chunks are chosen for the sample.
const SAMPLE_BITS: u32 = 24;

/// In which order the chunks of one call are touched.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The last chunk first, so that the head of a prompt is the last to be evicted: the order
    /// of LMCache's own policies.
    #[default]
    TailFirst,
    /// The first chunk first, so that a prompt loses its head before its tail: the order of
    /// LMCache's `cache-simulator`.
    HeadFirst,
}

#[derive(Debug, Clone, Copy, Default)]
struct Entry<P> {
    fingerprint: u64,
    payload: P,
    position: u32,
}

impl<P: Copy + Default> slots::Entry for Entry<P> {
    #[inline]
    fn id(&self) -> u64 {
        self.fingerprint
    }
}

/// What a touch found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Touch<P> {
    /// Not seen before.
    First,
    /// Seen before.
    Again {
        /// What was left with it.
        payload: P,
        /// Weight of the others of the sample that were touched since, as it was before this
        /// call.
        above: u64,
    },
}

/// A chunk of a call that is in the sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Touched<P> {
    /// Its place in the call.
    pub place: u32,
    /// What was found.
    pub touch: Touch<P>,
    slot: usize,
    position: u32,
}

/// Chunks in the order of their last touch.
#[derive(Debug)]
pub struct Stack<P> {
    slots: Slots<Entry<P>>,
    max_used: usize,
    positions: Positions,
    next: u32,
    /// What one followed chunk stands for.
    one_in: u64,
    /// Chunks whose sample bits are below this are followed.
    threshold: u64,
    found: Vec<Touched<P>>,
}

impl<P: Copy + Default> Stack<P> {
    /// A stack that takes about this much memory at most: exact until then, a sample beyond.
    pub fn with_memory(bytes: usize) -> Self {
        // A slot is used to three quarters at most, and its positions take about two bytes.
        let slots = (bytes / (size_of::<Entry<P>>() + 2)).max(256);
        Self::with_slots(1_usize << slots.ilog2(), 1)
    }

    /// A stack that follows one chunk in `one_in`, chosen by hash.
    pub fn sampled(one_in: u64, bytes: usize) -> Self {
        let mut stack = Self::with_memory(bytes);
        stack.one_in = one_in.clamp(1, 1 << SAMPLE_BITS);
        stack.threshold = (1 << SAMPLE_BITS) / stack.one_in;
        stack
    }

    fn with_slots(slots: usize, one_in: u64) -> Self {
        Stack {
            slots: Slots::new(256),
            max_used: slots / 4 * 3,
            positions: Positions::with_room(1024, Vec::new()),
            next: 0,
            one_in,
            threshold: 1 << SAMPLE_BITS,
            found: Vec::new(),
        }
    }

    /// All chunks are followed.
    pub fn is_exact(&self) -> bool {
        self.one_in == 1
    }

    /// What one followed chunk stands for.
    #[inline]
    pub fn one_in(&self) -> u64 {
        self.one_in
    }

    /// Chunks that are followed.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Nothing was touched.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Touches one chunk; nothing where it is not in the sample.
    #[inline]
    pub fn touch(&mut self, fingerprint: u64, payload: P, weight: u64) -> Option<Touch<P>> {
        self.touch_chain(&[fingerprint], payload, weight, Order::TailFirst)
            .first()
            .map(|touched| touched.touch)
    }

    /// Touches the chunks of one call: all are looked up before any is moved. Gives those of
    /// the sample, in the order of the call. A chunk that stands twice is found as it was for
    /// both places.
    #[inline]
    pub fn touch_chain(
        &mut self,
        chain: &[u64],
        payload: P,
        weight: u64,
        order: Order,
    ) -> &[Touched<P>] {
        self.found.clear();
        let mut rest = chain;
        // A long chain would outgrow the table; what is moved first is only moved earlier.
        while rest.len() > LONGEST {
            let (head, tail) = rest.split_at(LONGEST);
            rest = tail;
            self.part(chain.len() - head.len() - tail.len(), head, payload, weight, order);
        }
        self.part(chain.len() - rest.len(), rest, payload, weight, order);
        if self.slots.len() > self.max_used {
            self.halve_sample();
        }
        &self.found
    }

    fn part(&mut self, before: usize, chain: &[u64], payload: P, weight: u64, order: Order) {
        self.reserve(chain.len());
        let begin = self.found.len();
        let class = self.positions.class_of(weight);
        self.look(before, chain);
        self.positions.settle();
        self.distances(begin);
        self.move_up(begin, before, chain, payload, class, order);
    }

    /// Places for `n` more chunks, and as many positions: slots do not move until the next call.
    fn reserve(&mut self, n: usize) {
        if !self.slots.has_room(n) {
            let need = self.slots.len().saturating_add(n).saturating_mul(4).div_ceil(3);
            self.slots.rebuild(need, |_| true);
        }
        if self.next as usize + n >= self.positions.room() {
            self.renumber(n);
        }
    }

    #[inline]
    fn look(&mut self, before: usize, chain: &[u64]) {
        for (place, &fingerprint) in chain.iter().enumerate() {
            let fingerprint = fingerprint.max(1);
            if fingerprint & ((1 << SAMPLE_BITS) - 1) >= self.threshold {
                continue;
            }
            let (slot, known) = self.slots.find(fingerprint);
            let entry = self.slots.get(slot);
            let touch = if known {
                Touch::Again { payload: entry.payload, above: 0 }
            } else {
                Touch::First
            };
            self.found.push(Touched {
                place: u32::try_from(before + place).unwrap_or(u32::MAX),
                touch,
                slot,
                position: entry.position,
            });
        }
    }

    /// Neighbours on the line differ by one weight: only the first of a run asks the tree.
    #[inline]
    fn distances(&mut self, begin: usize) {
        let mut last: Option<(u32, u64)> = None;
        for touched in self.found.get_mut(begin..).unwrap_or_default() {
            let Touch::Again { above, .. } = &mut touched.touch else {
                last = None;
                continue;
            };
            let at = touched.position;
            *above = match last {
                Some((position, above)) if position == at.wrapping_add(1) => {
                    above.wrapping_add(self.positions.weight_at(position))
                }
                Some((position, above)) if position.wrapping_add(1) == at => {
                    above.wrapping_sub(self.positions.weight_at(at))
                }
                _ => self.positions.above(at),
            };
            last = Some((at, *above));
        }
    }

    #[inline]
    fn move_up(
        &mut self,
        begin: usize,
        before: usize,
        chain: &[u64],
        payload: P,
        class: u16,
        order: Order,
    ) {
        let n = self.found.len();
        for i in begin..n {
            let i = if order == Order::TailFirst { n - 1 - (i - begin) } else { i };
            let Some(touched) = self.found.get(i).copied() else { continue };
            let place = (touched.place as usize).wrapping_sub(before);
            let Some(fingerprint) = chain.get(place).map(|f| (*f).max(1)) else { continue };
            // A new chunk's slot may have been taken by another new one of this call.
            let mut slot = touched.slot;
            let mut held = self.slots.get(slot);
            if held.fingerprint != fingerprint && held.fingerprint != 0 {
                slot = self.slots.find(fingerprint).0;
                held = self.slots.get(slot);
            }
            if held.fingerprint != 0 {
                self.positions.unmark(held.position);
            }
            let position = self.next;
            self.next += 1;
            self.positions.mark(position, class);
            self.slots.put(slot, Entry { fingerprint, payload, position });
        }
    }

    #[cold]
    fn halve_sample(&mut self) {
        let mask = (1 << SAMPLE_BITS) - 1;
        while self.slots.len() > self.max_used / 2 && self.threshold > 1 {
            self.one_in = self.one_in.saturating_mul(2);
            self.threshold = (1 << SAMPLE_BITS) / self.one_in;
            let (threshold, positions) = (self.threshold, &mut self.positions);
            self.slots.rebuild(self.slots.slots(), |entry| {
                let stays = entry.fingerprint & mask < threshold;
                if !stays {
                    positions.unmark(entry.position);
                }
                stays
            });
        }
        self.positions.settle();
    }

    /// Numbers the entries 0, 1, 2, ... in the order of their last touch, with room for `n`
    /// touches and many more.
    #[cold]
    fn renumber(&mut self, n: usize) {
        self.positions.settle();
        let weights = self.positions.take_weights();
        let room = (self.slots.len() + n).saturating_mul(8).clamp(1024, u32::MAX as usize - 64);
        let mut fresh = Positions::with_room(room, weights);
        let ranks = self.positions.ranks();
        for entry in self.slots.iter_mut() {
            let class = self.positions.class_at(entry.position);
            entry.position = ranks.of(entry.position);
            fresh.mark(entry.position, class);
        }
        fresh.settle();
        self.positions = fresh;
        self.next = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
    }
}

/// Chunks of one call that are looked up together.
const LONGEST: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mix;

    /// The distance by its definition: the weights of what was touched since, each once.
    fn slow(history: &[(u64, u64)], key: u64) -> Option<u64> {
        let last = history.iter().rposition(|(k, _)| *k == key)?;
        let mut between: Vec<(u64, u64)> = history[last + 1..].to_vec();
        between.sort_unstable();
        between.dedup_by_key(|(k, _)| *k);
        Some(between.iter().map(|(_, w)| w).sum())
    }

    #[test]
    fn distances_equal_their_definition() {
        for weights in [1_u64, 3] {
            let mut stack: Stack<u64> = Stack::with_memory(1 << 20);
            let mut history = Vec::new();
            let mut state = 7_u64;
            for access in 0..3000_u64 {
                state = mix(state);
                let key = mix(state % 97 + if access % 3 == 0 { access / 50 } else { 0 });
                let weight = 10 + key % weights;
                let want = slow(&history, key);
                let got = stack.touch(key, access, weight).unwrap();
                match (got, want) {
                    (Touch::First, None) => {}
                    (Touch::Again { above, .. }, Some(want)) => assert_eq!(above, want),
                    other => panic!("{other:?}"),
                }
                history.push((key, weight));
            }
            assert!(stack.is_exact());
        }
    }

    #[test]
    fn chains_are_looked_up_before_they_are_moved() {
        for order in [Order::TailFirst, Order::HeadFirst] {
            let mut stack: Stack<()> = Stack::with_memory(1 << 20);
            let mut history: Vec<(u64, u64)> = Vec::new();
            let mut state = 3_u64;
            for _ in 0..600 {
                state = mix(state);
                let family = state % 9;
                let length = 1 + (state >> 8) % 12;
                let chain: Vec<u64> = (0..length)
                    .map(|i| mix(family * 100 + i + 7 * (i / 6) * (state % 2)))
                    .collect();
                let want: Vec<Option<u64>> = chain.iter().map(|k| slow(&history, *k)).collect();
                let got: Vec<Option<u64>> = stack
                    .touch_chain(&chain, (), 5, order)
                    .iter()
                    .map(|t| match t.touch {
                        Touch::First => None,
                        Touch::Again { above, .. } => Some(above),
                    })
                    .collect();
                assert_eq!(got, want);
                let moved = chain.iter().map(|k| (*k, 5));
                match order {
                    Order::TailFirst => history.extend(moved.rev()),
                    Order::HeadFirst => history.extend(moved),
                }
            }
        }
    }

    #[test]
    fn a_sample_stands_for_all() {
        // Twenty thousand chunks in a cycle: every distance is 19,999.
        let mut stack: Stack<()> = Stack::with_memory(64 << 10);
        let n = 20_000_u64;
        let (mut weight, mut sum) = (0.0, 0.0);
        for access in 0..5 * n {
            if let Some(Touch::Again { above, .. }) = stack.touch(mix(access % n), (), 1) {
                let one_in = stack.one_in() as f64;
                weight += one_in;
                sum += one_in * one_in * above as f64;
            }
        }
        assert!(!stack.is_exact());
        assert!(stack.slots.slots() <= 4096);
        let mean = sum / weight;
        // Chunks that are followed times what each stands for has the variance (one_in - 1) * n, and
        // distances as well as the sum of accesses count just that. 4.5 standard deviations.
        let bound = 4.5 * ((stack.one_in() as f64 - 1.0) / n as f64).sqrt();
        assert!((mean / 19_999.0 - 1.0).abs() < bound, "{mean} {bound}");
        assert!((weight / (4.0 * 20_000.0) - 1.0).abs() < bound, "{weight} {bound}");
    }
}
