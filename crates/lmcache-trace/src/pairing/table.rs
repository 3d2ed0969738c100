//! The table of keys under the pairing: open addressing, bounded, forgetting what
//! matters least.

/// What is known of one key. Calls are named by their number in their ring; 0 is none.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Entry {
    fingerprint: u64,
    pub(super) write: u32,
    pub(super) prefetch: u32,
    pub(super) read: u32,
    pub(super) marks: u32,
}

#[derive(Debug, Clone)]
pub(super) struct Table {
    slots: Vec<Entry>,
    used: usize,
    max_slots: usize,
}

impl Table {
    pub(super) fn new(bytes: usize) -> Self {
        let slots = (bytes / size_of::<Entry>()).max(64);
        Table { slots: vec![Entry::default(); 64], used: 0, max_slots: 1 << slots.ilog2() }
    }

    #[inline]
    fn slot(&self, fingerprint: u64) -> (usize, bool) {
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(fingerprint >> 16).unwrap_or(0) & mask;
        loop {
            match self.slots.get(at).map_or(0, |entry| entry.fingerprint) {
                0 => return (at, false),
                found if found == fingerprint => return (at, true),
                _ => at = (at + 1) & mask,
            }
        }
    }

    #[inline]
    pub(super) fn find(&mut self, fingerprint: u64) -> Option<&mut Entry> {
        match self.slot(fingerprint.max(1)) {
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
    ) -> &mut Entry {
        if self.used.saturating_mul(4) >= self.slots.len().saturating_mul(3) {
            self.make_room(&is_open, forgotten, forgotten_open);
        }
        let fingerprint = fingerprint.max(1);
        let (at, _) = self.slot(fingerprint);
        self.used += 1;
        // `at` is a free slot of the table: there is one, since a quarter is kept free.
        let at = at.min(self.slots.len() - 1);
        #[allow(clippy::indexing_slicing)]
        let entry = &mut self.slots[at];
        *entry = Entry { fingerprint, ..Entry::default() };
        entry
    }

    #[cold]
    #[inline(never)]
    fn make_room(
        &mut self,
        is_open: &impl Fn(&Entry) -> bool,
        forgotten: &mut u64,
        forgotten_open: &mut u64,
    ) {
        let before = self.used;
        if self.slots.len() < self.max_slots {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![Entry::default(); old.len().saturating_mul(2)];
            self.used = 0;
            self.refill(old.into_iter());
            return;
        }
        let mut kept: Vec<Entry> = self
            .slots
            .iter()
            .filter(|entry| entry.fingerprint != 0 && is_open(entry))
            .copied()
            .collect();
        let half = self.slots.len() / 2;
        if kept.len() > half {
            // Too many open calls to follow. The oldest go first, whichever their kind:
            // numbers of one ring grow with time, and rings are of one size.
            kept.sort_unstable_by_key(|e| std::cmp::Reverse(e.write.max(e.prefetch).max(e.read)));
            let gone = kept.len() - half / 2;
            kept.truncate(half / 2);
            *forgotten_open = forgotten_open.saturating_add(gone as u64);
        }
        *forgotten = forgotten.saturating_add((before - kept.len()) as u64);
        self.slots.fill(Entry::default());
        self.used = 0;
        self.refill(kept.into_iter());
    }

    fn refill(&mut self, entries: impl Iterator<Item = Entry>) {
        for entry in entries.filter(|entry| entry.fingerprint != 0) {
            let (at, _) = self.slot(entry.fingerprint);
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = entry;
                self.used += 1;
            }
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
            entry.write = u32::from(n <= 50);
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
            table.insert(key, |_| true, &mut forgotten, &mut forgotten_open).write = n;
        }
        assert_eq!(table.slots.len(), 256);
        assert_eq!(forgotten, forgotten_open);
        assert!(table.find(10_000_u64.wrapping_mul(0x9e37_79b9_7f4a_7c15)).is_some());
    }
}
