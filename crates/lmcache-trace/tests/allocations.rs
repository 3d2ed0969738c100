//! Reading allocates nothing for each record, and a summary a bounded number of times.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use allocation_counter::measure;
use common::trace;
use lmcache_trace::{Hooks, InfoOptions, SliceReader, Step, StreamReader, summarize};

/// A trace with its records `rounds` times.
fn repeated(name: &str, rounds: usize) -> Vec<u8> {
    let data = trace(name);
    let head = usize::try_from(SliceReader::new(&data).unwrap().header().frame_bytes).unwrap();
    let mut out = data[..head].to_vec();
    for _ in 0..rounds {
        out.extend_from_slice(&data[head..]);
    }
    out
}

fn typed(data: &[u8]) -> (u64, u64) {
    let (mut records, mut keys) = (0, 0);
    for step in SliceReader::new(data).unwrap() {
        let Step::Record(record) = step else { panic!("{step:?}") };
        records += 1;
        record.for_each_key(|_| keys += 1).unwrap();
    }
    (records, keys)
}

#[test]
fn a_typed_read_allocates_for_the_header_alone() {
    for name in ["0.4.6-A-l1-prefix-replay", "0.5.6-D-otlp"] {
        let (once, hundred) = (repeated(name, 1), repeated(name, 100));
        let (mut a, mut b) = ((0, 0), (0, 0));
        let few = measure(|| a = typed(&once));
        let many = measure(|| b = typed(&hundred));
        assert_eq!((a.0 * 100, a.1 * 100), b);
        assert_eq!(few.count_total, many.count_total, "{name}");
        assert!(many.count_total < 16, "{}", many.count_total);
    }
}

#[test]
fn cache_events_allocate_nothing_either() {
    let (once, many) = (repeated("0.5.6-E-events", 1), repeated("0.5.6-E-events", 20));
    let few = measure(|| {
        typed(&once);
    });
    let more = measure(|| {
        typed(&many);
    });
    assert_eq!(few.count_total, more.count_total);
}

#[test]
fn a_stream_holds_one_buffer() {
    let data = repeated("0.5.6-A-l1-prefix-replay", 100);
    let read = measure(|| {
        let mut reader = StreamReader::new(&data[..]).unwrap();
        while let Some(step) = reader.next_step() {
            let Step::Record(record) = step else { panic!() };
            record.decode(&mut ()).unwrap();
        }
    });
    assert!(read.count_total < 16, "{}", read.count_total);
    assert!(read.bytes_max < 300 << 10, "{}", read.bytes_max);
}

#[test]
fn a_summary_allocates_a_bounded_number_of_times() {
    let count = |rounds| {
        let data = repeated("0.5.6-B-lifecycle-eviction", rounds);
        measure(|| {
            summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
        })
    };
    let (few, many) = (count(10), count(100));
    // The same keys again: what grows is the ring of open calls, by doubling.
    assert!(many.count_total < few.count_total + 40, "{} {}", few.count_total, many.count_total);
    assert!(many.bytes_max < 8 << 20, "{}", many.bytes_max);
}
