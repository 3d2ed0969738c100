//! Interned strings and label sets: one copy of each, numbered.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

/// Number of an interned string.
pub(super) type Symbol = u32;

/// Strings in one arena.
#[derive(Debug, Default)]
pub(super) struct Symbols {
    text: String,
    ends: Vec<u32>,
    table: HashTable<Symbol>,
    hasher: DefaultHashBuilder,
}

impl Symbols {
    pub(super) fn get(&self, symbol: Symbol) -> &str {
        let i = symbol as usize;
        let end = self.ends.get(i).copied().unwrap_or(0) as usize;
        let start = i.checked_sub(1).and_then(|p| self.ends.get(p)).copied().unwrap_or(0) as usize;
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn find(&self, text: &str) -> Option<Symbol> {
        let hash = self.hasher.hash_one(text);
        self.table.find(hash, |s| self.get(*s) == text).copied()
    }

    /// `None` when the arena is full (4 GiB of distinct text).
    #[inline]
    pub(super) fn intern(&mut self, text: &str) -> Option<Symbol> {
        let hash = self.hasher.hash_one(text);
        if let Some(found) = self.table.find(hash, |s| self.get(*s) == text) {
            return Some(*found);
        }
        let symbol = Symbol::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.text.len() + text.len()).ok()?;
        self.text.push_str(text);
        self.ends.push(end);
        let (ends, arena, hasher) = (&self.ends, &self.text, &self.hasher);
        let at = |s: &Symbol| {
            let i = *s as usize;
            let start = if i == 0 { 0 } else { ends[i - 1] as usize };
            hasher.hash_one(&arena[start..ends[i] as usize])
        };
        self.table.insert_unique(hash, symbol, at);
        Some(symbol)
    }

    pub(super) fn shrink(&mut self) {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Number of an interned pair of label name and value.
pub(super) type Pair = u32;

/// Number of an interned label set.
pub(super) type SetId = u32;

/// Label pairs and sets of pairs.
#[derive(Debug, Default)]
pub(super) struct LabelSets {
    pairs: Vec<(Symbol, Symbol)>,
    pair_table: HashTable<Pair>,
    members: Vec<Pair>,
    ends: Vec<u32>,
    set_table: HashTable<SetId>,
    hasher: DefaultHashBuilder,
}

impl LabelSets {
    pub(super) fn pair(&self, pair: Pair) -> (Symbol, Symbol) {
        self.pairs.get(pair as usize).copied().unwrap_or_default()
    }

    pub(super) fn members(&self, set: SetId) -> &[Pair] {
        let i = set as usize;
        let end = self.ends.get(i).copied().unwrap_or(0) as usize;
        let start = i.checked_sub(1).and_then(|p| self.ends.get(p)).copied().unwrap_or(0) as usize;
        self.members.get(start..end).unwrap_or_default()
    }

    pub(super) fn find_pair(&self, pair: (Symbol, Symbol)) -> Option<Pair> {
        let hash = self.hasher.hash_one(pair);
        self.pair_table.find(hash, |p| self.pair(*p) == pair).copied()
    }

    pub(super) fn find_set(&self, members: &[Pair]) -> Option<SetId> {
        let hash = self.hasher.hash_one(members);
        self.set_table.find(hash, |s| self.members(*s) == members).copied()
    }

    #[inline]
    pub(super) fn intern_pair(&mut self, pair: (Symbol, Symbol)) -> Option<Pair> {
        if let Some(found) = self.find_pair(pair) {
            return Some(found);
        }
        let id = Pair::try_from(self.pairs.len()).ok()?;
        self.pairs.push(pair);
        let (pairs, hasher) = (&self.pairs, &self.hasher);
        let hash = hasher.hash_one(pair);
        self.pair_table.insert_unique(hash, id, |p| hasher.hash_one(pairs[*p as usize]));
        Some(id)
    }

    /// Interns a set; `members` must be in canonical order.
    #[inline]
    pub(super) fn intern_set(&mut self, members: &[Pair]) -> Option<SetId> {
        if let Some(found) = self.find_set(members) {
            return Some(found);
        }
        let id = SetId::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.members.len() + members.len()).ok()?;
        self.members.extend_from_slice(members);
        self.ends.push(end);
        let (all, ends, hasher) = (&self.members, &self.ends, &self.hasher);
        let of = |s: &SetId| {
            let i = *s as usize;
            let start = if i == 0 { 0 } else { ends[i - 1] as usize };
            hasher.hash_one(&all[start..ends[i] as usize])
        };
        self.set_table.insert_unique(hasher.hash_one(members), id, of);
        Some(id)
    }

    pub(super) fn sets(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn shrink(&mut self) {
        self.pairs.shrink_to_fit();
        self.members.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}
