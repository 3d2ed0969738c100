//! Interning: each text and each label set is held once and named by a small number.

use std::hash::{BuildHasher, Hasher, RandomState};

const EMPTY: u32 = u32::MAX;

/// An open-addressing table of ids; what an id stands for lives elsewhere.
#[derive(Debug, Clone, Default)]
pub(super) struct IdTable {
    /// A power of two of slots, at most 3/4 used; or none.
    slots: Vec<u32>,
    used: usize,
}

impl IdTable {
    /// The id with this hash for which `same` holds.
    pub(super) fn find(&self, hash: u64, same: impl Fn(u32) -> bool) -> Option<u32> {
        self.probe(hash).map(|slot| self.slots.get(slot).copied()).find_map(|id| match id {
            None | Some(EMPTY) => Some(None),
            Some(id) => same(id).then_some(Some(id)),
        })?
    }

    /// Adds an id that is not there; `hash_of` gives the hash of each id that is.
    pub(super) fn insert(&mut self, id: u32, hash: u64, hash_of: impl Fn(u32) -> u64) {
        if (self.used + 1) * 4 > self.slots.len() * 3 {
            let old = std::mem::take(&mut self.slots);
            self.slots = vec![EMPTY; (old.len() * 2).max(16)];
            for id in old.into_iter().filter(|id| *id != EMPTY) {
                self.put(id, hash_of(id));
            }
        }
        self.put(id, hash);
        self.used += 1;
    }

    fn put(&mut self, id: u32, hash: u64) {
        let free = self.probe(hash).find(|slot| self.slots.get(*slot) == Some(&EMPTY));
        if let Some(slot) = free.and_then(|slot| self.slots.get_mut(slot)) {
            *slot = id;
        }
    }

    /// The slots to try, each once.
    #[allow(clippy::cast_possible_truncation)] // the mask keeps the low bits only
    fn probe(&self, hash: u64) -> impl Iterator<Item = usize> + use<> {
        let len = self.slots.len();
        let start = hash as usize;
        (0..len).map(move |step| start.wrapping_add(step) & (len - 1))
    }
}

/// Texts, each once, in one buffer.
#[derive(Debug, Clone, Default)]
pub(super) struct Texts {
    buffer: String,
    ends: Vec<u32>,
    table: IdTable,
    keys: RandomState,
}

impl Texts {
    pub(super) fn get(&self, id: u32) -> &str {
        let id = id as usize;
        let start = match id.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let end = self.ends.get(id).copied().unwrap_or(start);
        self.buffer.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(super) fn find(&self, text: &str) -> Option<u32> {
        self.table.find(hash(&self.keys, text), |id| self.get(id) == text)
    }

    /// The id of a text, new or old; `None` if a new text would pass the limit.
    pub(super) fn intern(&mut self, text: &str, limit: usize) -> Option<u32> {
        let key = hash(&self.keys, text);
        if let Some(id) = self.table.find(key, |id| self.get(id) == text) {
            return Some(id);
        }
        let size = self.buffer.len() + text.len();
        let end = u32::try_from(size).ok().filter(|_| size <= limit)?;
        let id = u32::try_from(self.ends.len()).ok().filter(|id| *id < super::MAX_ID)?;
        self.buffer.push_str(text);
        self.ends.push(end);
        let mut table = std::mem::take(&mut self.table);
        table.insert(id, key, |id| hash(&self.keys, self.get(id)));
        self.table = table;
        Some(id)
    }

    pub(super) fn shrink(&mut self) {
        self.buffer.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

fn hash(keys: &RandomState, text: &str) -> u64 {
    let mut hasher = keys.build_hasher();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// A label: the ids of its name and value.
pub(super) type Pair = (u32, u32);

/// Label sets, each once: pairs in the order of their names.
#[derive(Debug, Clone, Default)]
pub(super) struct Sets {
    pairs: Vec<Pair>,
    ends: Vec<u32>,
    table: IdTable,
    keys: RandomState,
}

impl Sets {
    pub(super) fn get(&self, id: u32) -> &[Pair] {
        let id = id as usize;
        let start = match id.checked_sub(1) {
            Some(before) => self.ends.get(before).copied().unwrap_or(0),
            None => 0,
        };
        let end = self.ends.get(id).copied().unwrap_or(start);
        self.pairs.get(start as usize..end as usize).unwrap_or_default()
    }

    pub(super) fn find(&self, set: &[Pair]) -> Option<u32> {
        self.table.find(hash_pairs(&self.keys, set), |id| self.get(id) == set)
    }

    /// The id of a set, new or old; `None` beyond what ids can count.
    pub(super) fn intern(&mut self, set: &[Pair]) -> Option<u32> {
        let key = hash_pairs(&self.keys, set);
        if let Some(id) = self.table.find(key, |id| self.get(id) == set) {
            return Some(id);
        }
        let end = u32::try_from(self.pairs.len() + set.len()).ok()?;
        let id = u32::try_from(self.ends.len()).ok().filter(|id| *id < super::MAX_ID)?;
        self.pairs.extend_from_slice(set);
        self.ends.push(end);
        let mut table = std::mem::take(&mut self.table);
        table.insert(id, key, |id| hash_pairs(&self.keys, self.get(id)));
        self.table = table;
        Some(id)
    }

    pub(super) fn shrink(&mut self) {
        self.pairs.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

fn hash_pairs(keys: &RandomState, set: &[Pair]) -> u64 {
    let mut hasher = keys.build_hasher();
    for (name, value) in set {
        hasher.write_u64(u64::from(*name) << 32 | u64::from(*value));
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_held_once() {
        let mut texts = Texts::default();
        let ids: Vec<_> = (0..1000)
            .map(|n| texts.intern(&format!("text {}", n % 300), usize::MAX).unwrap())
            .collect();
        assert_eq!(ids.iter().max(), Some(&299));
        assert_eq!(ids[17], ids[317]);
        assert_eq!(texts.get(ids[17]), "text 17");
        assert_eq!(texts.find("text 299"), Some(299));
        assert_eq!(texts.find("text 300"), None);
    }

    #[test]
    fn a_new_text_beyond_the_limit_is_refused_and_an_old_one_is_not() {
        let mut texts = Texts::default();
        assert_eq!(texts.intern("abc", 4), Some(0));
        assert_eq!(texts.intern("de", 4), None);
        assert_eq!(texts.intern("abc", 4), Some(0));
    }

    #[test]
    fn sets_are_held_once_and_the_empty_one_is_a_set() {
        let mut sets = Sets::default();
        assert_eq!(sets.find(&[]), None);
        let empty = sets.intern(&[]).unwrap();
        let one = sets.intern(&[(1, 2)]).unwrap();
        assert_eq!(sets.intern(&[]), Some(empty));
        assert_ne!(empty, one);
        assert_eq!(sets.get(one), [(1, 2)]);
        assert_eq!(sets.get(empty), []);
    }
}
