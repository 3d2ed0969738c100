//! No panic on any bytes; the place of the cuts does not matter; nothing secret leaves.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use lmcache_logs::lookup_hash::{LookupHashOptions, LookupHashReader};
use lmcache_logs::{LogEvidence, LogOptions, LogReader, read};
use proptest::prelude::*;

fn whole(bytes: &[u8], opts: &LogOptions) -> LogEvidence {
    let mut reader = LogReader::new(opts.clone());
    reader.push(bytes);
    reader.finish().unwrap()
}

/// Lines that resemble logs, so that the grammars are reached.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        "[2026-11-24 03:04:05,123] LMCache INFO: Stored 5 tokens in 0.1 seconds (a.py:1:lmcache.x)",
        "\x1b[32;20m[2026-11-24 03:04:05,123] LMCache ERROR:\x1b[0m Failed \x1b[3m(a.py:1:b)\x1b[0m",
        "(EngineCore_DP0 pid=1) INFO 11-24 03:04:05 [x.py:1] Engine 000: Avg prompt throughput: 1.0 tokens/s, ",
        "(A pid=2) ERROR 11-24 03:04:05 [x.py:1] Traceback (most recent call last):",
        "  File \"x.py\", line 1, in f",
        "ValueError: bad",
        "[2026-11-24 03:04:05 TP0] server_args=ServerArgs(a='b', c={'d': [1, 2",
        "INFO:     1.2.3.4:5 - \"GET /a/12?x=1 HTTP/1.1\" 200 OK",
        "{\"log\":\"INFO:     x\\n\",\"stream\":\"stderr\"}",
        "2026-11-24T03:04:05.1Z stderr F LMCache",
        "Creating LMCacheEngine with config: {'a': {'b': {'c': {'d': {'e': 1}}}}}",
    ]);
    prop_oneof![
        known.clone().prop_map(|s| s.as_bytes().to_vec()),
        (known, any::<prop::sample::Index>(), prop::collection::vec(any::<u8>(), 0..8)).prop_map(
            |(s, at, junk)| {
                let mut bytes = s.as_bytes().to_vec();
                let at = at.index(bytes.len());
                bytes.splice(at..at, junk);
                bytes
            }
        ),
        prop::collection::vec(any::<u8>(), 0..60),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn cuts_do_not_matter(lines in prop::collection::vec(line(), 0..24), step in 1_usize..90, max_line in prop::sample::select(vec![20_usize, 100, 65_536])) {
        let bytes = lines.join(&b'\n');
        let opts = LogOptions { max_line, ..LogOptions::default() };
        let one = whole(&bytes, &opts);
        let mut reader = LogReader::new(opts);
        for chunk in bytes.chunks(step) {
            reader.push(chunk);
        }
        prop_assert_eq!(reader.finish().unwrap(), one);
    }

    #[test]
    fn lookup_rows_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), step in 1_usize..50) {
        let mut reader = LookupHashReader::new(LookupHashOptions::default());
        for chunk in bytes.chunks(step) {
            reader.push(chunk);
        }
        reader.next_file();
        let _ = reader.finish();
    }
}

#[test]
fn secrets_do_not_leave() {
    let planted = [
        "hunter2hunter2",
        "hf_abcdefghijklmnopqrstuvwxyzABCDEFGH",
        "10.20.30.40",
        "bc7a5f80c787ffacb0e3aed4d29e96c2f8b4b9aa",
        "tenant-blue",
    ];
    let log = format!(
        "Creating LMCacheEngine with config: {{'remote_url': 'redis://u:{0}@{2}:6379', 'extra_config': {{'api_key': '{1}'}}}}\n\
         [2026-11-24 03:04:05,123] LMCache INFO: Creating LMCacheEngine with config: {{'remote_url': 'redis://u:{0}@{2}:6379', 'extra_config': {{'api_key': '{1}'}}}} (a.py:1:lmcache.x)\n\
         [2026-11-24 03:04:06,123] LMCache INFO: Computed NONE_HASH={3} using hash function (a.py:1:lmcache.x)\n\
         [2026-11-24 03:04:06,123] LMCache INFO: cache_salt={4} over quota (bytes=5, limit=4, watermark=0.5); evicting ratio=0.2. (a.py:1:lmcache.x)\n\
         [2026-11-24 03:04:06,123] LMCache ERROR: never seen line with password={0} at {2} (a.py:1:lmcache.x)\n\
         (EngineCore pid=4) INFO 11-24 03:04:05 [u.py:1] non-default args: {{'api_key': ['{1}'], 'model': 'm'}}\n\
         INFO:     {2}:5 - \"GET /v1/x?key={1} HTTP/1.1\" 200 OK\n\
         Traceback (most recent call last):\n  File \"a.py\", line 1, in f\nValueError: no route to {2} with token={1}\n",
        planted[0], planted[1], planted[2], planted[3], planted[4]
    );
    let evidence = read(log.as_bytes(), LogOptions::default()).unwrap();
    let json = serde_json::to_string_pretty(&evidence).unwrap();
    for secret in planted {
        assert!(!json.contains(secret), "{secret} left:\n{json}");
    }
    assert_eq!(evidence.count("hash.none_hash"), 1);
    assert_eq!(evidence.count("mp.quota.evicting"), 1);
}

#[test]
fn lookup_hashes_are_counted_and_forgotten() {
    let row = |id: &str, hashes: &[&str], tokens: u64| {
        format!(
            "{{\"timestamp\":1.5,\"request_id\":\"{id}\",\"model_name\":\"m\",\"chunk_size\":4,\"seq_len\":{tokens},\"dtypes\":[\"f16\"],\"shapes\":[[1,2]],\"chunk_hashes\":{hashes:?}}}\n"
        )
    };
    let mut reader = LookupHashReader::new(LookupHashOptions::default());
    reader.push(row("a", &["0xaaaa", "0xbbbb"], 9).as_bytes());
    reader.push(b"{broken\n");
    reader.next_file();
    reader.push(row("b", &["0xaaaa", "0xcccc", "0xdddd"], 12).as_bytes());
    reader.push(row("c", &[], 3).as_bytes());
    let evidence = reader.finish();
    let group = &evidence.groups[0];
    assert_eq!((group.rows, group.tokens, group.chunks, group.unique_chunks), (3, 24, 5, 4));
    assert_eq!((group.repeated_prefix_chunks, group.rows_with_repeat), (1, 1));
    assert_eq!((group.rows_without_chunk, group.tail_tokens, group.unique_heads), (1, 4, 1));
    assert_eq!(evidence.repeat_ratio(), Some(0.2));
    assert_eq!((evidence.malformed_rows, evidence.parse_errors[0].line), (1, 2));
    assert_eq!((evidence.file_count, evidence.chunk_hash_count.max), (2, 3));
    let json = serde_json::to_string(&evidence).unwrap();
    assert!(!json.contains("0x"), "{json}");
}
