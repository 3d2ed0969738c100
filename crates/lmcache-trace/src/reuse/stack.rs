//! LRU stack distances: how many others were touched since the last touch.
//!
//! Every touch takes the next position; a tree of sums over positions (Fenwick, 1994)
//! counts how many of the later ones are some chunk's last. When positions run out
//! they are numbered anew.

/// Bits by which chunks are chosen for the sample.
const SAMPLE_BITS: u32 = 24;

#[derive(Debug, Clone, Copy, Default)]
struct Entry {
    fingerprint: u64,
    time: f64,
    access: u64,
    /// 1-based.
    position: u32,
}

/// What a touch found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Touch {
    First,
    Again {
        time: f64,
        access: u64,
        /// Others of the sample touched since.
        distance: u64,
    },
}

#[derive(Debug)]
pub(super) struct Stack {
    slots: Vec<Entry>,
    used: usize,
    max_used: usize,
    /// Sums over positions; index 0 is not used.
    tree: Vec<u32>,
    next: u32,
    /// Chunks whose sample bits are below this are followed.
    threshold: u64,
}

impl Stack {
    pub(super) fn new(bytes: usize) -> Self {
        // An entry with its free slots takes 43 to 85 bytes, its two positions 8.
        let slots = (bytes / (size_of::<Entry>() + 6)).max(256);
        let slots = 1_usize << slots.ilog2();
        Stack {
            slots: vec![Entry::default(); 256],
            used: 0,
            max_used: slots / 4 * 3,
            tree: vec![0; 513],
            next: 1,
            threshold: 1 << SAMPLE_BITS,
        }
    }

    pub(super) fn is_exact(&self) -> bool {
        self.threshold == 1 << SAMPLE_BITS
    }

    /// What one followed chunk stands for.
    #[inline]
    pub(super) fn weight(&self) -> f64 {
        (1_u64 << SAMPLE_BITS) as f64 / self.threshold as f64
    }

    pub(super) fn len(&self) -> usize {
        self.used
    }

    #[inline]
    fn slot(&self, fingerprint: u64) -> (usize, bool) {
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(fingerprint >> 32).unwrap_or(0) & mask;
        loop {
            match self.slots.get(at).map_or(0, |entry| entry.fingerprint) {
                0 => return (at, false),
                found if found == fingerprint => return (at, true),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// Touches a chunk; nothing where it is not in the sample.
    #[inline]
    pub(super) fn touch(&mut self, fingerprint: u64, time: f64, access: u64) -> Option<Touch> {
        let fingerprint = fingerprint.max(1);
        if fingerprint & ((1 << SAMPLE_BITS) - 1) >= self.threshold {
            return None;
        }
        if self.next as usize >= self.tree.len() {
            self.renumber();
        }
        let position = self.next;
        let (at, found) = self.slot(fingerprint);
        let entry = self.slots.get_mut(at)?;
        let before = std::mem::replace(entry, Entry { fingerprint, time, access, position });
        self.next += 1;
        if found {
            let distance = u64::from(self.sum(position - 1) - self.sum(before.position));
            self.add(before.position, -1);
            self.add(position, 1);
            return Some(Touch::Again { time: before.time, access: before.access, distance });
        }
        self.add(position, 1);
        self.used += 1;
        if self.used > self.max_used {
            self.halve_sample();
        } else if self.used * 4 > self.slots.len() * 3 {
            self.rebuild(self.slots.len() * 2);
        }
        Some(Touch::First)
    }

    fn add(&mut self, position: u32, delta: i32) {
        let mut at = position as usize;
        while let Some(sum) = self.tree.get_mut(at) {
            *sum = sum.wrapping_add_signed(delta);
            at += at & at.wrapping_neg();
        }
    }

    fn sum(&self, position: u32) -> u32 {
        let mut at = position as usize;
        let mut total = 0_u32;
        while at > 0 {
            total = total.wrapping_add(self.tree.get(at).copied().unwrap_or(0));
            at &= at - 1;
        }
        total
    }

    #[cold]
    fn halve_sample(&mut self) {
        while self.used > self.max_used / 2 && self.threshold > 1 {
            self.threshold /= 2;
            let threshold = self.threshold;
            let mask = (1 << SAMPLE_BITS) - 1;
            let mut gone = 0;
            for entry in &mut self.slots {
                if entry.fingerprint != 0 && entry.fingerprint & mask >= threshold {
                    *entry = Entry::default();
                    gone += 1;
                }
            }
            self.used -= gone;
        }
        self.rebuild(self.slots.len());
    }

    /// Places all entries anew in a table of this size, and numbers them anew.
    fn rebuild(&mut self, size: usize) {
        let old = std::mem::replace(&mut self.slots, vec![Entry::default(); size]);
        for entry in old.into_iter().filter(|entry| entry.fingerprint != 0) {
            let (at, _) = self.slot(entry.fingerprint);
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = entry;
            }
        }
        self.renumber();
    }

    /// Numbers the entries 1, 2, 3, ... in the order of their last touch.
    #[cold]
    fn renumber(&mut self) {
        let mut order: Vec<(u32, usize)> = self
            .slots
            .iter()
            .enumerate()
            .filter(|(_, entry)| entry.fingerprint != 0)
            .map(|(at, entry)| (entry.position, at))
            .collect();
        order.sort_unstable();
        let positions = (order.len() * 2).max(512);
        self.tree.clear();
        self.tree.resize(positions + 1, 0);
        self.next = 1;
        for (_, at) in order {
            if let Some(entry) = self.slots.get_mut(at) {
                entry.position = self.next;
            }
            let position = self.next;
            self.add(position, 1);
            self.next += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spread(n: u64) -> u64 {
        let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The distance by its definition.
    fn slow(history: &[u64], key: u64) -> Option<u64> {
        let last = history.iter().rposition(|&k| k == key)?;
        let mut between: Vec<u64> = history[last + 1..].to_vec();
        between.sort_unstable();
        between.dedup();
        Some(between.len() as u64)
    }

    #[test]
    fn distances_equal_their_definition() {
        let mut stack = Stack::new(1 << 20);
        let mut history = Vec::new();
        let mut state = 7_u64;
        for access in 0..3000_u64 {
            state = spread(state);
            let key = spread(state % 97 + if access % 3 == 0 { access / 50 } else { 0 });
            let want = slow(&history, key);
            let got = stack.touch(key, 0.0, access).unwrap();
            match (got, want) {
                (Touch::First, None) => {}
                (Touch::Again { distance, .. }, Some(want)) => assert_eq!(distance, want),
                other => panic!("{other:?}"),
            }
            history.push(key);
        }
        assert!(stack.is_exact());
    }

    #[test]
    fn a_sample_stands_for_all() {
        // Twenty thousand chunks in a cycle: every distance is 19,999.
        let mut stack = Stack::new(64 << 10);
        let n = 20_000_u64;
        let (mut weight, mut sum) = (0.0, 0.0);
        for access in 0..5 * n {
            if let Some(Touch::Again { distance, .. }) =
                stack.touch(spread(access % n), 0.0, access)
            {
                weight += stack.weight();
                sum += stack.weight() * stack.weight() * distance as f64;
            }
        }
        assert!(!stack.is_exact());
        assert!(stack.slots.len() <= 2048);
        let mean = sum / weight;
        assert!((mean / 19_999.0 - 1.0).abs() < 0.1, "{mean}");
        assert!((weight / (4.0 * 20_000.0) - 1.0).abs() < 0.1, "{weight}");
    }
}
