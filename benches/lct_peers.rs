//! Ways to read a `.lct` trace, each counting records and object keys.

use std::borrow::Cow;
use std::hint::black_box;

use lmcache_trace::{ArgSink, ObjectKey, SliceReader, Step, StreamReader};
use rmpv::{Value, ValueRef};
use serde::Deserialize;
use serde::de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor};
use sha2::{Digest, Sha256};

/// What a reading counted; every way must count the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records.
    pub records: u64,
    /// Object keys; 0 for ways that do not look at them.
    pub keys: u64,
}

/// A way to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// This project's slice reader, every field of every key.
    Slice,
    /// This project's stream reader, every field of every key.
    Stream,
    /// This project's slice reader, heads of records only.
    Heads,
    /// `rmpv::Value`, owned.
    RmpvOwned,
    /// `rmpv::ValueRef`, borrowed.
    RmpvRef,
    /// `rmp-serde`, with a visitor that counts keys.
    RmpSerde,
    /// `sha2`: the ceiling of a command that hashes on one thread.
    Sha256,
    /// A copy in blocks of 256 KiB: the ceiling of memory.
    Memcpy,
}

impl Way {
    /// All of them.
    pub const ALL: [Way; 8] = [
        Way::Slice,
        Way::Stream,
        Way::Heads,
        Way::RmpvOwned,
        Way::RmpvRef,
        Way::RmpSerde,
        Way::Sha256,
        Way::Memcpy,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Way::Slice => "slice reader, every key",
            Way::Stream => "stream reader, every key",
            Way::Heads => "slice reader, heads only",
            Way::RmpvOwned => "rmpv owned",
            Way::RmpvRef => "rmpv borrowed",
            Way::RmpSerde => "rmp-serde, counting keys",
            Way::Sha256 => "SHA-256 alone",
            Way::Memcpy => "memcpy",
        }
    }

    /// Whether it counts keys.
    pub fn counts_keys(self) -> bool {
        !matches!(self, Way::Heads | Way::Sha256 | Way::Memcpy)
    }

    /// Reads a trace in this way.
    pub fn read(self, data: &[u8]) -> Result<Counts, Box<dyn std::error::Error>> {
        match self {
            Way::Slice => {
                let mut totals = Totals::default();
                for step in SliceReader::new(data)? {
                    totals.step(&step)?;
                }
                Ok(totals.finish())
            }
            Way::Stream => {
                let mut totals = Totals::default();
                let mut reader = StreamReader::new(data)?;
                while let Some(step) = reader.next_step() {
                    totals.step(&step)?;
                }
                Ok(totals.finish())
            }
            Way::Heads => {
                let records = SliceReader::new(data)?.count() as u64;
                Ok(Counts { records, keys: 0 })
            }
            Way::RmpvOwned => frames(data, |body| {
                let value = rmpv::decode::read_value(&mut &body[..])?;
                Ok(owned_keys(&value))
            }),
            Way::RmpvRef => frames(data, |body| {
                let value = rmpv::decode::read_value_ref(&mut &body[..])?;
                Ok(borrowed_keys(&value))
            }),
            Way::RmpSerde => frames(data, |body| {
                let mut keys = 0;
                let mut decoder = rmp_serde::Deserializer::from_read_ref(body);
                CountKeys(&mut keys).deserialize(&mut decoder)?;
                Ok(keys)
            }),
            Way::Sha256 => {
                black_box(Sha256::digest(data));
                Ok(Counts::default())
            }
            Way::Memcpy => {
                let mut block = vec![0_u8; 256 << 10];
                for part in data.chunks(block.len()) {
                    if let Some(place) = block.get_mut(..part.len()) {
                        place.copy_from_slice(part);
                    }
                    black_box(&block);
                }
                Ok(Counts::default())
            }
        }
    }
}

#[derive(Default)]
struct Totals {
    counts: Counts,
    check: u64,
}

impl<'a> ArgSink<'a> for Totals {
    #[inline]
    fn key(&mut self, key: ObjectKey<'a>) {
        self.counts.keys += 1;
        let head = key.chunk_hash.first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
        let name = key.model_name.len() as u64;
        self.check = self.check.wrapping_add(head ^ key.kv_rank ^ key.object_group_id ^ name);
    }
}

impl Totals {
    #[inline]
    fn step(&mut self, step: &Step<'_>) -> Result<(), Box<dyn std::error::Error>> {
        match step {
            Step::Record(record) => {
                self.counts.records += 1;
                record.decode(self)?;
                Ok(())
            }
            Step::Issue(issue) => Err((*issue).into()),
        }
    }

    fn finish(self) -> Counts {
        black_box(self.check);
        self.counts
    }
}

/// Every frame but the first.
fn frames(
    data: &[u8],
    mut keys: impl FnMut(&[u8]) -> Result<u64, Box<dyn std::error::Error>>,
) -> Result<Counts, Box<dyn std::error::Error>> {
    let mut counts = Counts::default();
    let mut rest = data;
    let mut is_header = true;
    while let Some((prefix, tail)) = rest.split_first_chunk::<4>() {
        let len = usize::try_from(u32::from_be_bytes(*prefix))?;
        let (body, next) = tail.split_at_checked(len).ok_or("a torn frame")?;
        if !std::mem::take(&mut is_header) {
            counts.records += 1;
            counts.keys += keys(body)?;
        }
        rest = next;
    }
    Ok(counts)
}

fn owned_keys(value: &Value) -> u64 {
    match value {
        Value::Array(items) => items.iter().map(owned_keys).sum(),
        Value::Map(pairs) => {
            let tag = pairs.first().and_then(|(_, tag)| tag.as_str());
            if tag == Some("ObjectKey") {
                1
            } else {
                pairs.iter().map(|(_, value)| owned_keys(value)).sum()
            }
        }
        _ => 0,
    }
}

fn borrowed_keys(value: &ValueRef<'_>) -> u64 {
    match value {
        ValueRef::Array(items) => items.iter().map(borrowed_keys).sum(),
        ValueRef::Map(pairs) => {
            let is_key = pairs.first().is_some_and(
                |(_, tag)| matches!(tag, ValueRef::String(tag) if tag.as_str() == Some("ObjectKey")),
            );
            if is_key { 1 } else { pairs.iter().map(|(_, value)| borrowed_keys(value)).sum() }
        }
        _ => 0,
    }
}

/// A serde visitor that walks any value and counts the object keys in it.
struct CountKeys<'k>(&'k mut u64);

impl<'de> DeserializeSeed<'de> for CountKeys<'_> {
    type Value = bool;

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<bool, D::Error> {
        from.deserialize_any(self)
    }
}

/// Whether a value is the text `ObjectKey` is what each visit answers.
impl<'de> Visitor<'de> for CountKeys<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("anything")
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        Ok(text == "ObjectKey")
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<bool, A::Error> {
        while items.next_element_seed(CountKeys(self.0))?.is_some() {}
        Ok(false)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut pairs: A) -> Result<bool, A::Error> {
        #[derive(Deserialize)]
        struct Name<'a>(#[serde(borrow)] Cow<'a, str>);
        let mut is_key = false;
        while let Some(Name(name)) = pairs.next_key()? {
            if is_key {
                pairs.next_value::<IgnoredAny>()?;
            } else {
                let tag = pairs.next_value_seed(CountKeys(self.0))?;
                is_key = tag && name == "__t__";
            }
        }
        *self.0 += u64::from(is_key);
        Ok(false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_ways_count_the_same() {
        let data = crate::lct_data::seed().unwrap();
        for way in Way::ALL.into_iter().filter(|way| way.counts_keys()) {
            assert_eq!(way.read(&data).unwrap(), Counts { records: 143, keys: 434 }, "{way:?}");
        }
        assert_eq!(Way::Heads.read(&data).unwrap().records, 143);
    }
}
