//! Reads a trace that ships with the crate, record by record: calls and the keys in them.
//!
//! ```console
//! $ cargo run --package lmcache-trace --example read_trace
//! ```

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;

use flate2::read::GzDecoder;
use lmcache_trace::{ArgSink, ObjectKey, SliceReader, Step};

const TRACE: &[u8] = include_bytes!("../tests/data/0.5.6-A-l1-prefix-replay.lct.gz");

/// Counts the keys that a call names.
#[derive(Default)]
struct Keys(u64);

impl<'a> ArgSink<'a> for Keys {
    fn key(&mut self, _: ObjectKey<'a>) {
        self.0 += 1;
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut trace = Vec::new();
    std::io::Read::read_to_end(&mut GzDecoder::new(TRACE), &mut trace)?;
    let mut calls: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for step in SliceReader::new(&trace)? {
        match step {
            Step::Record(record) => {
                let mut keys = Keys::default();
                record.decode(&mut keys)?;
                let (records, named) = calls.entry(record.qualname()).or_default();
                *records += 1;
                *named += keys.0;
            }
            Step::Issue(issue) => println!("{issue:?}"),
        }
    }
    for (call, (records, keys)) in calls {
        println!("{records:>6} calls {keys:>6} keys  {call}");
    }
    Ok(())
}
