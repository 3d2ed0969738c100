//! Resident keys in lists of recency, and keys that are only remembered.

use crate::ids::IdMap;

const NONE: u32 = u32::MAX;

#[derive(Debug, Clone, Copy)]
struct Node {
    id: u64,
    bytes: u64,
    list: u32,
    group: u32,
    before: u32,
    after: u32,
}

#[derive(Debug, Clone, Copy)]
struct Ends {
    /// The one to be evicted first.
    oldest: u32,
    newest: u32,
    len: usize,
    bytes: u64,
}

impl Default for Ends {
    fn default() -> Self {
        Ends { oldest: NONE, newest: NONE, len: 0, bytes: 0 }
    }
}

/// Keys, each in one list.
#[derive(Debug, Clone, Default)]
pub(super) struct Lists {
    nodes: Vec<Node>,
    free: Vec<u32>,
    index: IdMap<u32>,
    ends: Vec<Ends>,
}

/// A key as it is listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Key {
    pub(super) id: u64,
    pub(super) bytes: u64,
    pub(super) list: u32,
    pub(super) group: u32,
}

impl Lists {
    fn node(&self, at: u32) -> Option<&Node> {
        self.nodes.get(at as usize)
    }

    fn ends(&mut self, list: u32) -> Option<&mut Ends> {
        let at = list as usize;
        if at >= self.ends.len() {
            self.ends.resize(at + 1, Ends::default());
        }
        self.ends.get_mut(at)
    }

    pub(super) fn get(&self, id: u64) -> Option<Key> {
        let node = self.node(*self.index.get(&id)?)?;
        Some(Key { id, bytes: node.bytes, list: node.list, group: node.group })
    }

    pub(super) fn len(&self, list: u32) -> usize {
        self.ends.get(list as usize).map_or(0, |l| l.len)
    }

    pub(super) fn bytes(&self, list: u32) -> u64 {
        self.ends.get(list as usize).map_or(0, |l| l.bytes)
    }

    pub(super) fn lists(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// Puts a key at the newest end of a list, wherever it was before.
    pub(super) fn put(&mut self, key: Key) {
        self.remove(key.id);
        let at = self.free.pop().unwrap_or_else(|| u32::try_from(self.nodes.len()).unwrap_or(NONE));
        let newest = self.ends(key.list).map_or(NONE, |l| l.newest);
        let node = Node {
            id: key.id,
            bytes: key.bytes,
            list: key.list,
            group: key.group,
            before: newest,
            after: NONE,
        };
        match self.nodes.get_mut(at as usize) {
            Some(slot) => *slot = node,
            None => self.nodes.push(node),
        }
        if let Some(previous) = self.nodes.get_mut(newest as usize) {
            previous.after = at;
        }
        if let Some(ends) = self.ends(key.list) {
            ends.newest = at;
            if ends.oldest == NONE {
                ends.oldest = at;
            }
            ends.len += 1;
            ends.bytes = ends.bytes.saturating_add(key.bytes);
        }
        self.index.insert(key.id, at);
    }

    /// Moves a key to the newest end of its list.
    pub(super) fn renew(&mut self, id: u64) {
        if let Some(key) = self.get(id) {
            self.put(key);
        }
    }

    pub(super) fn remove(&mut self, id: u64) -> Option<Key> {
        let at = self.index.remove(&id)?;
        let node = *self.node(at)?;
        if let Some(before) = self.nodes.get_mut(node.before as usize) {
            before.after = node.after;
        }
        if let Some(after) = self.nodes.get_mut(node.after as usize) {
            after.before = node.before;
        }
        if let Some(ends) = self.ends(node.list) {
            if ends.oldest == at {
                ends.oldest = node.after;
            }
            if ends.newest == at {
                ends.newest = node.before;
            }
            ends.len = ends.len.saturating_sub(1);
            ends.bytes = ends.bytes.saturating_sub(node.bytes);
        }
        self.free.push(at);
        Some(Key { id, bytes: node.bytes, list: node.list, group: node.group })
    }

    /// The key to be evicted first.
    pub(super) fn oldest(&self, list: u32) -> Option<Key> {
        let node = self.node(self.ends.get(list as usize)?.oldest)?;
        Some(Key { id: node.id, bytes: node.bytes, list: node.list, group: node.group })
    }

    /// All keys of a list, the oldest first.
    pub(super) fn iter(&self, list: u32) -> impl Iterator<Item = u64> + '_ {
        let mut at = self.ends.get(list as usize).map_or(NONE, |l| l.oldest);
        std::iter::from_fn(move || {
            let node = self.node(at)?;
            at = node.after;
            Some(node.id)
        })
    }
}
