//! No bytes panic, and how a log is cut into blocks changes nothing.

#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use lmcache_logs::{LogEvidence, LogReader, Table, lookup_hash::LookupHashReader, settings, split};
use proptest::prelude::*;

thread_local! {
    static TABLE: LazyLock<Table> = LazyLock::new(|| Table::new().unwrap());
}

fn read(blocks: &[&[u8]]) -> LogEvidence {
    TABLE.with(|table| {
        let mut reader = LogReader::new(table);
        blocks.iter().for_each(|b| reader.push(b));
        reader.finish()
    })
}

/// Pieces of real lines, so that random logs reach deep.
const PIECES: &[&str] = &[
    "(EngineCore_DP0 pid=141231) ",
    "[2025-11-24 09:12:09,014] LMCache INFO: ",
    "Stored 4106 out of total 4106 tokens. size: 0.5 gb, cost 35.0 ms, throughput: 14.2 GB/s",
    "Reqid: x, Total tokens 10, LMCache hit tokens: None",
    "Traceback (most recent call last):\n",
    "  File \"a.py\", line 1\n",
    "ValueError: x\n",
    "INFO 11-24 09:12:09 [a.py:1] ",
    "non-default args: {'a': {'b': [1, (2",
    "\u{1b}[32m",
    "\n",
    "(a.py:1:lmcache)",
    "'",
    "\\",
    "server_args=ServerArgs(a=1, b=C(d='e'))",
    "2026-11-24T00:00:00Z stderr F ",
    "{\"log\": \"x\"}",
];

fn log() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        3 => prop::sample::select(PIECES).prop_map(|p| p.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..40),
    ];
    prop::collection::vec(piece, 0..40).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn blocks_change_nothing(bytes in log(), cuts in prop::collection::vec(0..2000_usize, 0..8)) {
        let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
        cuts.sort_unstable();
        let mut blocks: Vec<&[u8]> = Vec::new();
        let mut start = 0;
        for cut in cuts {
            blocks.push(&bytes[start..cut]);
            start = cut;
        }
        blocks.push(&bytes[start..]);
        prop_assert_eq!(read(&[&bytes]), read(&blocks));
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,200}") {
        let _ = split(&text);
        let _ = settings(&text);
    }

    #[test]
    fn no_lookup_log_panics(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        let mut reader = LookupHashReader::new();
        reader.push(&bytes);
        reader.finish();
    }
}

fn logs() -> Vec<PathBuf> {
    fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
        for item in std::fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "log") {
                out.push(path);
            }
        }
    }
    let mut out = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets"), &mut out);
    out
}

/// Of LMCache's lines in the shipped packets at most one in twenty has no row.
#[test]
fn the_shipped_logs_are_known() {
    let (mut lines, mut unknown) = (0, 0);
    let all = logs();
    assert!(all.len() >= 10);
    for path in all {
        let evidence = read(&[&std::fs::read(&path).unwrap()]);
        lines += evidence.other.lmcache_lines;
        unknown += evidence.other.unknown;
        assert_eq!(evidence.coverage.non_utf8_lines, 0, "{}", path.display());
    }
    assert!(lines > 1000 && unknown * 20 <= lines, "{unknown} of {lines}");
}

#[test]
fn a_line_without_end_takes_no_memory() {
    let evidence = TABLE.with(|table| {
        let mut reader = LogReader::new(table);
        reader.push(b"INFO:     Application startup complete.\n");
        for _ in 0..100 {
            reader.push(&[b'x'; 1 << 16]);
        }
        reader.push(b"\nINFO:     Application startup complete.\n");
        reader.finish()
    });
    assert_eq!(evidence.line_count, 3);
    assert_eq!(evidence.count("http.startup"), 2);
    assert_eq!(evidence.coverage.cut_lines, 1);
}

#[test]
fn what_must_not_leave_is_not_in_the_evidence() {
    let log = "[2026-11-24 09:12:09,014] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, \
        'remote_url': 'redis://user:PLANTEDpw@10.20.30.40:6379', 'extra_config': {'s3_secret_key': 'PLANTEDkey7'}} (a.py:1:lmcache.x)\n\
        [2026-11-24 09:12:09,021] LMCache INFO: Initialized NONE_HASH=b'PLANTEDhash' from vLLM (a.py:1:lmcache.x)\n\
        Traceback (most recent call last):\n  File \"/home/planted/x.py\", line 1\nValueError: token sk-proj-PLANTEDaB3dE5gH7jK9mN1pQ2sT4vW6yZ8bC0fDaB3dE5gH7jK9\n";
    let evidence = read(&[log.as_bytes()]);
    let text = serde_json::to_string(&evidence).unwrap();
    assert!(
        !text.contains("PLANTED") && !text.contains("10.20.30.40") && !text.contains("planted"),
        "{text}"
    );
    assert_eq!(evidence.setting("chunk_size"), Some("256"));
    assert_eq!(evidence.tracebacks.len(), 1);
}
