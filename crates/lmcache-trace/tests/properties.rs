//! Properties: agreement with rmpv's owned decoder, slice and stream agree, a cut file
//! gives a prefix, damage never panics.

#![allow(clippy::unwrap_used)]

mod common;

use std::io::{Cursor as IoCursor, Read};

use common::{STORAGE, frame, header, map, qualname, tagged, trace};
use lmcache_trace::{
    Cursor, DecodeErrorKind, Hooks, InfoOptions, ObjectKey, Op, ReuseOptions, SliceReader, Step,
    StreamReader, reuse, summarize,
};
use proptest::prelude::*;
use rmpv::Value;

type Key = (Vec<u8>, String, u64, u64);

/// Every object key within a tree, in order.
fn oracle_keys(value: &Value, out: &mut Vec<Key>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| oracle_keys(item, out)),
        Value::Map(pairs) => {
            let get =
                |name: &str| pairs.iter().find(|(k, _)| k.as_str() == Some(name)).map(|(_, v)| v);
            if get("__t__").and_then(Value::as_str) == Some("ObjectKey") {
                let fields = get("v").unwrap();
                let field = |name: &str| {
                    fields.as_map().unwrap().iter().find(|(k, _)| k.as_str() == Some(name))
                };
                out.push((
                    field("chunk_hash").unwrap().1.as_slice().unwrap().to_vec(),
                    field("model_name").unwrap().1.as_str().unwrap().to_owned(),
                    field("kv_rank").unwrap().1.as_u64().unwrap(),
                    field("object_group_id").map_or(0, |(_, v)| v.as_u64().unwrap()),
                ));
            } else {
                for (_, item) in pairs {
                    oracle_keys(item, out);
                }
            }
        }
        _ => {}
    }
}

fn owned(key: &ObjectKey<'_>) -> Key {
    (key.chunk_hash.to_vec(), key.model_name.to_owned(), key.kv_rank, key.object_group_id)
}

/// Our keys of all records, and rmpv's.
fn both(data: &[u8]) -> (Vec<Key>, Vec<Key>) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for step in SliceReader::new(data).unwrap() {
        let Step::Record(record) = step else { continue };
        record.for_each_key(|key| ours.push(owned(&key))).unwrap();
        let args = rmpv::decode::read_value(&mut IoCursor::new(record.args())).unwrap();
        oracle_keys(&args, &mut theirs);
        // And the borrowed tree is the same tree.
        assert_eq!(record.args_value().unwrap().to_owned(), args);
    }
    (ours, theirs)
}

#[test]
fn keys_of_real_traces_are_rmpvs() {
    let mut total = 0;
    for name in STORAGE {
        let (ours, theirs) = both(&trace(name));
        assert_eq!(ours, theirs, "{name}");
        total += ours.len();
    }
    assert!(total > 10_000);
}

/// Heads of real records as rmpv reads them.
#[test]
fn heads_of_real_traces_are_rmpvs() {
    for name in STORAGE {
        let data = trace(name);
        for step in SliceReader::new(&data).unwrap() {
            let Step::Record(record) = step else { continue };
            let at = usize::try_from(record.offset).unwrap() + 4;
            let value = rmpv::decode::read_value(&mut IoCursor::new(&data[at..])).unwrap();
            let get = |name: &str| {
                let map = value.as_map().unwrap();
                map.iter().find(|(k, _)| k.as_str() == Some(name)).unwrap().1.clone()
            };
            assert_eq!(get("t_mono").as_f64(), Some(record.t_mono));
            assert_eq!(get("t_wall").as_f64(), Some(record.t_wall));
            assert_eq!(get("qualname").as_str(), Some(record.qualname()));
            assert_eq!(Op::named(record.qualname()), Some(record.op));
        }
    }
}

fn any_key() -> impl Strategy<Value = Value> {
    let hash = proptest::collection::vec(any::<u8>(), 0..40);
    let model = "[a-zA-Z0-9/._-]{0,40}";
    let group = proptest::option::of(any::<u32>());
    (hash, model, any::<u64>(), group, any::<u64>()).prop_map(|(hash, model, rank, group, turn)| {
        let mut fields = vec![
            ("chunk_hash", Value::Binary(hash)),
            ("model_name", model.into()),
            ("kv_rank", rank.into()),
        ];
        fields.extend(group.map(|group| ("object_group_id", Value::from(group))));
        let n = fields.len() as u64;
        // One in four in another order of fields than LMCache's.
        if turn % 4 == 0 {
            fields.rotate_left(usize::try_from(turn / 4 % n).unwrap());
        }
        tagged("ObjectKey", map(&fields))
    })
}

fn any_record() -> impl Strategy<Value = Vec<u8>> {
    let keys = proptest::collection::vec(any_key(), 0..12);
    (keys, 0..7_u8, any::<f64>(), any::<bool>()).prop_map(|(keys, shape, t, shuffled)| {
        let list = Value::Array(keys);
        let (method, args) = match shape {
            0 => ("reserve_write", map(&[("keys", list), ("mode", "new".into())])),
            1 => ("finish_write", map(&[("keys", tagged("tuple", list))])),
            2 => ("finish_read_prefetched", map(&[("keys", list), ("read_locks", 1.into())])),
            3 => (
                "submit_prefetch_task",
                map(&[("keys", list), ("policy", tagged("TrimPolicy", "PREFIX".into()))]),
            ),
            4 => {
                let spec =
                    map(&[("keys", list), ("extra_count", 0.into()), ("attn_desc", Value::Nil)]);
                ("submit_prefetch_task", map(&[("spec", tagged("PrefetchRequestSpec", spec))]))
            }
            5 => {
                let group = tagged("GroupedObjectKeys", map(&[("keys", list)]));
                let spec = map(&[("key_groups", Value::Array(vec![group]))]);
                ("submit_prefetch_task", map(&[("spec", tagged("PrefetchTaskSpec", spec))]))
            }
            _ => ("read_prefetched_results.__enter__", map(&[("keys", list)])),
        };
        let mut fields = vec![
            ("type", Value::from("record")),
            ("t_mono", t.into()),
            ("t_wall", 1.into()),
            ("qualname", qualname(method).into()),
            ("args", args),
        ];
        if shuffled {
            fields.reverse();
        }
        frame(&common::pack(&map(&fields)))
    })
}

/// Gives bytes in pieces of these sizes, over and over.
struct Pieces<'a> {
    data: &'a [u8],
    sizes: &'a [usize],
    turn: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let n = size.min(self.data.len()).min(buf.len());
        buf[..n].copy_from_slice(&self.data[..n]);
        self.data = &self.data[n..];
        Ok(n)
    }
}

fn steps_of_slice(data: &[u8]) -> Result<Vec<String>, lmcache_trace::TraceError> {
    Ok(SliceReader::new(data)?.map(|step| format!("{step:?}")).collect())
}

fn steps_of_stream(data: &[u8], sizes: &[usize]) -> Result<Vec<String>, lmcache_trace::TraceError> {
    let mut reader = StreamReader::new(Pieces { data, sizes, turn: 0 })?;
    let mut out = Vec::new();
    while let Some(step) = reader.next_step() {
        out.push(format!("{step:?}"));
    }
    Ok(out)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn keys_are_rmpvs(records in proptest::collection::vec(any_record(), 0..8)) {
        let data = [header(), records.concat()].concat();
        let (ours, theirs) = both(&data);
        prop_assert_eq!(ours, theirs);
        let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
        prop_assert_eq!(summary.records, records.len() as u64);
        prop_assert_eq!(summary.unknown, vec![]);
    }

    #[test]
    fn a_cut_file_gives_a_prefix(
        records in proptest::collection::vec(any_record(), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let head = header();
        let data = [head.clone(), records.concat()].concat();
        let whole = steps_of_slice(&data).unwrap();
        let end = head.len() + cut.index(data.len() - head.len());
        let part = steps_of_slice(&data[..end]).unwrap();
        let sound = part.len() - usize::from(part.last().is_some_and(|s| s.starts_with("Issue")));
        prop_assert!(part.len() - sound <= 1);
        prop_assert_eq!(&part[..sound], &whole[..sound]);
    }

    #[test]
    fn damage_never_panics_and_both_readers_agree(
        records in proptest::collection::vec(any_record(), 1..6),
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..8),
        sizes in proptest::collection::vec(1..400_usize, 1..5),
    ) {
        let mut data = [header(), records.concat()].concat();
        for (at, byte) in damage {
            let at = at.index(data.len());
            data[at] = byte;
        }
        let slice = steps_of_slice(&data);
        prop_assert_eq!(&slice, &steps_of_stream(&data, &sizes));
        if slice.is_ok() {
            let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
            let count = slice.unwrap().iter().filter(|s| s.starts_with("Record")).count();
            prop_assert_eq!(summary.records, count as u64);
            reuse(&data[..], &ReuseOptions::default(), Hooks::default()).unwrap();
        }
    }

    #[test]
    fn any_bytes_after_a_header(
        bytes in proptest::collection::vec(any::<u8>(), 0..600),
        sizes in proptest::collection::vec(1..100_usize, 1..4),
    ) {
        let data = [header(), bytes].concat();
        prop_assert_eq!(steps_of_slice(&data), steps_of_stream(&data, &sizes));
    }

    #[test]
    fn skipping_agrees_with_rmpv(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let mut cursor = Cursor::new(&bytes, 0);
        let ours = cursor.skip().map(<[u8]>::len);
        let mut rest = IoCursor::new(&bytes);
        match (ours, rmpv::decode::read_value(&mut rest)) {
            (Ok(len), Ok(_)) => prop_assert_eq!(len as u64, rest.position()),
            (Err(_), Err(_)) => {}
            // rmpv reads the reserved marker as nil; we refuse it.
            (Err(error), Ok(_)) => prop_assert_eq!(error.kind, DecodeErrorKind::ReservedMarker),
            (Ok(len), Err(error)) => prop_assert!(false, "{} bytes, rmpv: {}", len, error),
        }
    }
}
