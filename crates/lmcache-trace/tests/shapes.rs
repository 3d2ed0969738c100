//! The argument shapes of every release that records traces, and what they tell about
//! the release. Made to order where no recorded trace of a release is at hand.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{header, keys, map, record, tagged};
use lmcache_trace::{Args, PrefetchForm, ReleaseHint, SliceReader, Step, TraceSummary, summarize};
use rmpv::Value;

fn summary(data: &[u8]) -> TraceSummary {
    summarize(data, &lmcache_trace::InfoOptions::default(), lmcache_trace::Hooks::default())
        .unwrap()
}

fn layout() -> Value {
    let shape = tagged("torch.Size", Value::Array(vec![2.into(), 16.into(), 64.into()]));
    let dtype = tagged("torch.dtype", "torch.bfloat16".into());
    tagged(
        "MemoryLayoutDesc",
        map(&[("shapes", Value::Array(vec![shape])), ("dtypes", Value::Array(vec![dtype]))]),
    )
}

fn bare_keys() -> Value {
    // Keys of before 0.4.7.
    let key = map(&[
        ("chunk_hash", Value::Binary(vec![9; 32])),
        ("model_name", "m".into()),
        ("kv_rank", 1.into()),
    ]);
    Value::Array(vec![tagged("ObjectKey", key)])
}

fn one(args: &[(&str, Value)]) -> (Vec<u8>, TraceSummary) {
    let data = [header(), record(0.0, "submit_prefetch_task", map(args))].concat();
    let summary = summary(&data);
    assert_eq!(summary.unknown, []);
    assert_eq!(summary.issues.total(), 0);
    (data, summary)
}

fn release(hint: &ReleaseHint) -> (Option<&str>, Option<&str>) {
    (hint.min.as_deref(), hint.max.as_deref())
}

fn args_of(data: &[u8], check: impl Fn(Args<'_>)) {
    let Some(Step::Record(record)) = SliceReader::new(data).unwrap().next() else { panic!() };
    check(record.decode(&mut ()).unwrap());
}

#[test]
fn prefetch_of_0_4_4() {
    let (data, summary) = one(&[
        ("keys", bare_keys()),
        ("layout_desc", layout()),
        ("extra_count", 1.into()),
        ("external_request_id", "r1".into()),
    ]);
    assert_eq!(release(&summary.release), (Some("0.4.4"), Some("0.4.6")));
    assert_eq!(summary.layouts[0].bytes_per_chunk, Some(2 * 16 * 64 * 2));
    args_of(&data, |args| {
        assert_eq!((args.keys, args.groups, args.readers), (1, 1, Some(2)));
        assert_eq!(args.external_request_id, Some("r1"));
        assert_eq!(args.prefetch_form, Some(PrefetchForm::Flat));
    });
}

#[test]
fn prefetch_of_0_4_7_0_5_0_and_0_5_1() {
    let trim = tagged("TrimPolicy", "PREFIX".into());
    let mut args = vec![
        ("keys", keys(0..3)),
        ("layout_desc", layout()),
        ("extra_count", 0.into()),
        ("external_request_id", "".into()),
        ("policy", trim),
    ];
    assert_eq!(release(&one(&args).1.release), (Some("0.4.7"), Some("0.4.7")));
    args.push(("skip_l2", false.into()));
    assert_eq!(release(&one(&args).1.release), (Some("0.5.0"), Some("0.5.0")));
    args.push(("attn_desc", tagged("AttnWindowDesc", Value::Array(vec![Value::from(-1)]))));
    args.push(("mode", tagged("PrefetchMode", "LOCK".into())));
    let (data, summary) = one(&args);
    assert_eq!(release(&summary.release), (Some("0.5.1"), Some("0.5.2")));
    args_of(&data, |args| {
        assert_eq!((args.policy, args.lock_mode), (Some("PREFIX"), Some("LOCK")));
        assert_eq!(args.skip_l2, Some(false));
    });
}

#[test]
fn prefetch_of_0_5_3_and_0_5_5() {
    for (count, want) in
        [("extra_count", ("0.5.3", "0.5.4")), ("num_kv_readers", ("0.5.5", "0.5.5"))]
    {
        let window = map(&[("num_chunks_in_sw", Value::Array(vec![])), ("world_size", 1.into())]);
        let layouts = Value::Map(vec![(0.into(), layout()), (1.into(), layout())]);
        let spec = map(&[
            ("keys", tagged("tuple", keys(0..4))),
            (count, 1.into()),
            ("policy", tagged("TrimPolicy", "SUFFIX".into())),
            ("attn_desc", tagged("AttnWindowDesc", window)),
            ("group_layout_descs", layouts),
            ("mode", tagged("PrefetchMode", "LOCK".into())),
        ]);
        let (data, summary) = one(&[
            ("spec", tagged("PrefetchRequestSpec", spec)),
            ("external_request_id", "r".into()),
            ("skip_l2", true.into()),
        ]);
        assert_eq!(release(&summary.release), (Some(want.0), Some(want.1)));
        assert_eq!(summary.layouts[0].calls, 2);
        assert_eq!(summary.calls.skip_l2, 1);
        args_of(&data, |args| {
            assert_eq!(args.prefetch_form, Some(PrefetchForm::RequestSpec));
            assert_eq!((args.keys, args.policy), (4, Some("SUFFIX")));
        });
    }
}

#[test]
fn several_groups_and_ranks_are_chunks() {
    let row = |group: u64, rank: u64| {
        let keys: Vec<Value> = (0..5_u8)
            .map(|n| {
                tagged(
                    "ObjectKey",
                    map(&[
                        ("chunk_hash", Value::Binary(vec![n; 32])),
                        ("model_name", "m".into()),
                        ("kv_rank", rank.into()),
                        ("object_group_id", group.into()),
                    ]),
                )
            })
            .collect();
        tagged(
            "GroupedObjectKeys",
            map(&[
                ("keys", Value::Array(keys)),
                ("object_group_id", group.into()),
                ("layout_desc", layout()),
                ("sliding_window_size", Value::from(-1)),
            ]),
        )
    };
    let rows = Value::Array(vec![row(0, 1), row(0, 2), row(1, 1), row(1, 2)]);
    let spec = map(&[
        ("key_groups", rows),
        ("num_kv_readers", 1.into()),
        ("fetching_policy", "prefix".into()),
        ("lock_mode", tagged("PrefetchLockMode", "NO_LOCK".into())),
    ]);
    let (data, summary) = one(&[("spec", tagged("PrefetchTaskSpec", spec))]);
    assert_eq!(release(&summary.release), (Some("0.5.6"), None));
    assert_eq!((summary.ops[0].keys.sum, summary.ops[0].chunks.sum), (20, 5));
    assert_eq!((summary.ranks.len(), summary.groups.len()), (2, 2));
    assert_eq!(summary.keys.distinct.count, 20);
    assert_eq!(summary.pairing.as_ref().unwrap().prefetches.unlocked_calls, 1);
    args_of(&data, |args| assert_eq!((args.groups, args.keys), (4, 20)));
    // Chunks are followed once for all their parts.
    let options = lmcache_trace::ReuseOptions::default();
    let report =
        lmcache_trace::reuse(&data[..], &options, lmcache_trace::Hooks::default()).unwrap();
    assert_eq!((report.references, report.distinct), (5, 5.0));
}

#[test]
fn shapes_of_two_releases_in_one_file() {
    let data = [
        header(),
        record(0.0, "finish_write", map(&[("keys", bare_keys())])),
        record(
            0.0,
            "finish_read_prefetched",
            map(&[("keys", bare_keys()), ("read_locks", 2.into())]),
        ),
    ]
    .concat();
    let hint = summary(&data).release;
    assert!(hint.contradictory && hint.min.is_none());
    assert_eq!(hint.decided_by.len(), 2);
}

/// Writes that overlap, repeat and fail.
#[test]
fn pairing_by_hand() {
    let call = |t: f64, method: &str, range: std::ops::Range<u8>| {
        record(t, method, map(&[("keys", keys(range))]))
    };
    let data = [
        header(),
        call(0.0, "reserve_write", 0..4),
        call(1.0, "finish_write", 0..4),
        // Two of four find room; the others are asked for again.
        call(2.0, "reserve_write", 4..8),
        call(3.0, "finish_write", 4..6),
        call(4.0, "reserve_write", 6..8),
        call(5.0, "finish_write", 6..8),
        // What is there already is not written again.
        call(6.0, "reserve_write", 0..2),
        // Twice, and out of nothing.
        call(7.0, "finish_write", 4..5),
        call(8.0, "finish_write", 90..93),
        call(9.0, "read_prefetched_results.__enter__", 0..2),
        call(9.5, "read_prefetched_results.__exit__", 1..3),
        call(9.6, "finish_read_prefetched", 50..52),
    ]
    .concat();
    let pairing = summary(&data).pairing.unwrap();
    let writes = &pairing.writes;
    assert_eq!((writes.opening_calls, writes.closing_calls), (4, 5));
    assert_eq!((writes.opened_keys, writes.closed_keys, writes.superseded_keys), (12, 8, 2));
    assert_eq!((writes.closed_calls, writes.partly_closed_calls, writes.unclosed_calls), (3, 0, 1));
    assert_eq!((writes.unclosed_keys, writes.unclosed_keys_written_before), (4, 2));
    assert_eq!(writes.oldest_unclosed_s, Some(7.6));
    assert_eq!(pairing.double_finished_keys, 1);
    assert_eq!(pairing.finished_unreserved_keys, 3);
    assert_eq!((pairing.reads.unclosed_calls, pairing.reads.partly_closed_calls), (0, 1));
    assert_eq!(pairing.exited_unentered_keys, 1);
    assert_eq!(pairing.released_unprefetched_keys, 2);
}

/// Beyond its memory, pairing says that it has forgotten, and blames no call for it.
#[test]
fn pairing_beyond_its_memory() {
    let mut data = header();
    let key = |n: u32| {
        let mut hash = vec![0; 32];
        hash[..4].copy_from_slice(&n.to_be_bytes());
        tagged(
            "ObjectKey",
            map(&[
                ("chunk_hash", Value::Binary(hash)),
                ("model_name", "m".into()),
                ("kv_rank", 0.into()),
                ("object_group_id", 0.into()),
            ]),
        )
    };
    for n in 0..5_000_u32 {
        let list = Value::Array(vec![key(2 * n), key(2 * n + 1)]);
        for method in ["submit_prefetch_task", "reserve_write", "finish_write"] {
            data.extend(record(f64::from(n), method, map(&[("keys", list.clone())])));
        }
    }
    let options = lmcache_trace::InfoOptions::default().with_memory(16 << 10);
    let summary = summarize(&data[..], &options, lmcache_trace::Hooks::default()).unwrap();
    let pairing = summary.pairing.unwrap();
    assert!(!pairing.is_exact());
    assert!(pairing.forgotten_keys > 5_000);
    assert_eq!(pairing.writes.closed_keys, 10_000);
    assert_eq!(pairing.writes.unclosed_calls, 0);
    assert_eq!(pairing.finished_unreserved_keys + pairing.double_finished_keys, 0);
    assert!(!summary.keys.distinct.exact);
    let off = summary.keys.distinct.count as f64 / 10_000.0 - 1.0;
    assert!(off.abs() < 0.04, "{off}");
}
