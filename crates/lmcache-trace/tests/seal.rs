//! Copies without hashes say what the originals say.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::Path;

use lmcache_trace::{Hooks, InfoOptions, Op, SealError, SliceReader, Step, seal, summarize};

fn traces() -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets");
    let mut out = Vec::new();
    for packet in std::fs::read_dir(root).unwrap() {
        for file in std::fs::read_dir(packet.unwrap().path()).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|e| e == "lct") {
                out.push((path.display().to_string(), std::fs::read(&path).unwrap()));
            }
        }
    }
    assert!(out.len() >= 4);
    out
}

/// All 32-byte keys of a trace.
fn hashes(data: &[u8]) -> Vec<Vec<u8>> {
    struct Keys(Vec<Vec<u8>>);
    impl<'a> lmcache_trace::ArgSink<'a> for Keys {
        fn key(&mut self, key: lmcache_trace::ObjectKey<'a>) {
            self.0.push(key.chunk_hash.to_vec());
        }
    }
    let mut keys = Keys(vec![]);
    for step in SliceReader::new(data).unwrap() {
        if let Step::Record(record) = step {
            assert_ne!(record.op, Op::Other);
            record.decode(&mut keys).unwrap();
        }
    }
    keys.0
}

#[test]
fn every_figure_stays_and_no_hash_does() {
    for (name, data) in traces() {
        let mut copy = Vec::new();
        let sealed = seal(&data[..], &mut copy, b"salt", str::to_owned).unwrap();
        assert_eq!(copy.len(), data.len(), "{name}");
        let before = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
        let after = summarize(&copy[..], &InfoOptions::default(), Hooks::default()).unwrap();
        assert_eq!(before, after, "{name}");
        let old = hashes(&data);
        assert_eq!(old.len() as u64, sealed.hashes);
        for hash in old.iter().take(50) {
            assert!(!copy.windows(hash.len()).any(|w| w == hash), "{name}");
        }
        // Another salt gives other hashes.
        let mut other = Vec::new();
        seal(&data[..], &mut other, b"pepper", str::to_owned).unwrap();
        assert!(old.is_empty() || copy != other);
    }
}

#[test]
fn a_torn_tail_stays_torn_and_tells_nothing() {
    let (_, data) = traces().into_iter().find(|(_, d)| d.len() > 5000).unwrap();
    let torn = &data[..data.len() - 9];
    let mut copy = Vec::new();
    let sealed = seal(torn, &mut copy, b"salt", str::to_owned).unwrap();
    assert!(sealed.torn_bytes > 0);
    let before = summarize(torn, &InfoOptions::default(), Hooks::default()).unwrap();
    let after = summarize(&copy[..], &InfoOptions::default(), Hooks::default()).unwrap();
    assert_eq!(before, after);
}

#[test]
fn a_rewritten_configuration_is_in_the_copy() {
    let (_, data) = traces().remove(0);
    let mut copy = Vec::new();
    let sealed = seal(&data[..], &mut copy, b"s", |_| "{\"a\":\"redacted\"}".to_owned()).unwrap();
    assert!(sealed.config_changed);
    assert_eq!(SliceReader::new(&copy).unwrap().header().sm_config_json, "{\"a\":\"redacted\"}");
    let records =
        |d: &[u8]| summarize(d, &InfoOptions::default(), Hooks::default()).unwrap().records;
    assert_eq!(records(&copy), records(&data));
}

#[test]
fn what_cannot_be_told_is_refused() {
    let (_, data) = traces().remove(0);
    let mut bad = data.clone();
    let at = usize::try_from(SliceReader::new(&data).unwrap().header().frame_bytes).unwrap();
    bad[at + 4] = 0xc1;
    let refused = seal(&bad[..], &mut Vec::new(), b"s", str::to_owned);
    assert!(
        matches!(refused, Err(SealError::Opaque(offset)) if offset == at as u64),
        "{refused:?}"
    );
    assert!(matches!(
        seal(&b"text"[..], &mut Vec::new(), b"s", str::to_owned),
        Err(SealError::Trace(_) | SealError::Io(_))
    ));
}
