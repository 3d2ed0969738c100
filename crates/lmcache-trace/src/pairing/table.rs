//! The table of keys under the pairing: bounded, forgetting what matters least.

use cache_sizing::Slots;

/// What is known of one key. Calls are named by their number in their ring; 0 is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    fingerprint: u64,
    pub(super) write: u32,
    pub(super) prefetch: u32,
    pub(super) read: u32,
    pub(super) marks: u32,
}

impl cache_sizing::Entry for Entry {
    #[inline]
    fn id(&self) -> u64 {
        self.fingerprint
    }
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    slots: Slots<Entry>,
    max_slots: usize,
}

impl Table {
    pub(super) fn new(bytes: usize) -> Self {
        let slots = (bytes / size_of::<Entry>()).max(64);
        Table { slots: Slots::new(64), max_slots: 1 << slots.ilog2() }
    }

    #[inline]
    pub(super) fn find(&mut self, fingerprint: u64) -> Option<&mut Entry> {
        match self.slots.find(fingerprint.max(1)) {
            (at, true) => self.slots.get_mut(at),
            _ => None,
        }
    }

    /// Adds a key that is not there. When the table is full, keys for which `is_open`
    /// is false are dropped, and where that is not enough half of the others.
    #[inline]
    pub(super) fn insert(
        &mut self,
        fingerprint: u64,
        is_open: impl Fn(&Entry) -> bool,
        forgotten: &mut u64,
        forgotten_open: &mut u64,
    ) -> Option<&mut Entry> {
        if !self.slots.has_room(1) {
            self.make_room(&is_open, forgotten, forgotten_open);
        }
        let fingerprint = fingerprint.max(1);
        let (at, _) = self.slots.find(fingerprint);
        self.slots.put(at, Entry { fingerprint, ..Entry::default() });
        self.slots.get_mut(at)
    }

    #[cold]
    #[inline(never)]
    fn make_room(
        &mut self,
        is_open: &impl Fn(&Entry) -> bool,
        forgotten: &mut u64,
        forgotten_open: &mut u64,
    ) {
        if self.slots.slots() < self.max_slots {
            self.slots.rebuild(self.slots.slots() * 2, |_| true);
            return;
        }
        let before = self.slots.len();
        let half = self.slots.slots() / 2;
        let mut kept: Vec<Entry> = self.slots.iter().filter(|e| is_open(e)).copied().collect();
        if kept.len() > half {
            // Too many open calls to follow. The oldest go first, whichever their kind:
            // numbers of one ring grow with time, and rings are of one size.
            kept.sort_unstable_by_key(|e| std::cmp::Reverse(e.write.max(e.prefetch).max(e.read)));
            let gone = kept.len() - half / 2;
            kept.truncate(half / 2);
            *forgotten_open = forgotten_open.saturating_add(gone as u64);
        }
        *forgotten = forgotten.saturating_add((before - kept.len()) as u64);
        self.slots.rebuild(self.slots.slots(), |_| false);
        for entry in kept {
            let (at, _) = self.slots.find(entry.fingerprint);
            self.slots.put(at, entry);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_open_keys_and_forgets_the_others() {
        let mut table = Table::new(256 * size_of::<Entry>());
        let (mut forgotten, mut forgotten_open) = (0, 0);
        for n in 1..=10_000_u64 {
            let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let entry = table.insert(key, |e| e.write != 0, &mut forgotten, &mut forgotten_open);
            entry.unwrap().write = u32::from(n <= 50);
        }
        for n in 1..=50_u64 {
            assert!(table.find(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).is_some(), "{n}");
        }
        assert_eq!(forgotten_open, 0);
        assert!(forgotten > 9_000, "{forgotten}");
    }

    #[test]
    fn bounded_even_when_all_keys_are_open() {
        let mut table = Table::new(256 * size_of::<Entry>());
        let (mut forgotten, mut forgotten_open) = (0, 0);
        for n in 1..=10_000_u32 {
            let key = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let entry = table.insert(key, |_| true, &mut forgotten, &mut forgotten_open);
            entry.unwrap().write = n;
        }
        assert_eq!(table.slots.slots(), 256);
        assert_eq!(forgotten, forgotten_open);
        assert!(table.find(10_000_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15)).is_some());
    }
}
