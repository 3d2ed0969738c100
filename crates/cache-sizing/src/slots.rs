//! A table of small entries by id: open addressing with linear probing in a power of two of slots.
//!
//! Ids are fingerprints, spread already, so they are not hashed again. A place that was found stays
//! until the table is rebuilt: it can be used after other places were filled.

/// What a table holds. Its default is a free slot.
pub trait Entry: Copy + Default {
    /// Its id; 0 in a free slot and nowhere else.
    fn id(&self) -> u64;
}

/// The table. A quarter of it has to be kept free: see [`Slots::has_room`].
#[derive(Debug, Clone)]
pub struct Slots<E> {
    slots: Vec<E>,
    used: usize,
}

impl<E: Entry> Slots<E> {
    /// An empty table; `slots` is rounded up to a power of two.
    pub fn new(slots: usize) -> Self {
        Slots { slots: vec![E::default(); slots.max(64).next_power_of_two()], used: 0 }
    }

    /// Entries.
    #[inline]
    pub fn len(&self) -> usize {
        self.used
    }

    /// No entry.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Slots, free ones included.
    #[inline]
    pub fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Whether `more` entries leave a quarter free.
    #[inline]
    pub fn has_room(&self, more: usize) -> bool {
        self.used.saturating_add(more).saturating_mul(4) <= self.slots.len().saturating_mul(3)
    }

    /// The place of an id, and whether it is there; else the free slot that it would take. `id`
    /// is not 0.
    #[inline]
    pub fn find(&self, id: u64) -> (usize, bool) {
        let mask = self.slots.len().wrapping_sub(1);
        // Samples are chosen by the low bits of ids: these would crowd.
        let mut at = usize::try_from(id >> 32).unwrap_or(0) & mask;
        loop {
            match self.slots.get(at).map_or(0, Entry::id) {
                0 => return (at, false),
                found if found == id => return (at, true),
                _ => at = (at + 1) & mask,
            }
        }
    }

    /// The entry at a place; a default one where there is none.
    #[inline]
    pub fn get(&self, at: usize) -> E {
        self.slots.get(at).copied().unwrap_or_default()
    }

    /// The entry at a place. Its id must not be changed.
    #[inline]
    pub fn get_mut(&mut self, at: usize) -> Option<&mut E> {
        self.slots.get_mut(at)
    }

    /// Puts an entry where [`Self::find`] says.
    #[inline]
    pub fn put(&mut self, at: usize, entry: E) {
        if let Some(slot) = self.slots.get_mut(at) {
            self.used += usize::from(slot.id() == 0);
            *slot = entry;
        }
    }

    /// The entries.
    pub fn iter(&self) -> impl Iterator<Item = &E> {
        self.slots.iter().filter(|entry| entry.id() != 0)
    }

    /// The entries. Their ids must not be changed.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut E> {
        self.slots.iter_mut().filter(|entry| entry.id() != 0)
    }

    /// A table of so many slots with the entries that `keep` names; the places are others then.
    pub fn rebuild(&mut self, slots: usize, keep: impl FnMut(&E) -> bool) {
        let old = std::mem::replace(self, Slots::new(slots));
        let mut keep = keep;
        for entry in old.slots.into_iter().filter(|entry| entry.id() != 0) {
            if keep(&entry) {
                let (at, _) = self.find(entry.id());
                self.put(at, entry);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::mix;

    #[derive(Debug, Clone, Copy, Default, PartialEq)]
    struct Held(u64, u32);

    impl Entry for Held {
        fn id(&self) -> u64 {
            self.0
        }
    }

    #[test]
    fn it_is_a_map() {
        let mut slots: Slots<Held> = Slots::new(1);
        let mut map: HashMap<u64, u32> = HashMap::new();
        let mut state = 5_u64;
        for n in 0..20_000_u32 {
            state = mix(state);
            // Ids of a sample: all their low bits are 0.
            let id = mix(state % 3000).max(1) & !0xff_ffff | 1 << 40;
            if !slots.has_room(1) {
                slots.rebuild(slots.slots() * 2, |_| true);
            }
            let (at, known) = slots.find(id);
            assert_eq!(known.then(|| slots.get(at).1), map.get(&id).copied());
            slots.put(at, Held(id, n));
            map.insert(id, n);
            if n % 5000 == 4999 {
                slots.rebuild(slots.slots(), |held| held.1 % 2 == 0);
                map.retain(|_, n| *n % 2 == 0);
            }
            assert_eq!(slots.len(), map.len());
        }
        assert!(slots.iter().all(|held| map[&held.0] == held.1) && !slots.is_empty());
    }
}
