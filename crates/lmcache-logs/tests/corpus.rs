//! The logs of the captured packets: at most 5 % of LMCache's lines are unknown to the table.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::path::{Path, PathBuf};

use lmcache_logs::lookup_hash::{LookupHashOptions, LookupHashReader};
use lmcache_logs::{LogOptions, read};

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, out);
        } else {
            out.push(path);
        }
    }
}

fn fixtures() -> Vec<PathBuf> {
    let mut out = Vec::new();
    files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets"), &mut out);
    out.sort();
    out
}

#[test]
fn logs_are_known() {
    let (mut lines, mut other, mut logs) = (0, 0, 0);
    for path in fixtures() {
        if path.extension().is_none_or(|e| e != "log") {
            continue;
        }
        logs += 1;
        let evidence = read(std::fs::File::open(&path).unwrap(), LogOptions::default()).unwrap();
        // A command that refuses its flags never starts.
        let started = evidence.coverage.lines > 20;
        assert!(evidence.covers_start() || !started, "{}", path.display());
        if let Some(lmcache) = evidence.coverage.products.get("lmcache") {
            lines += lmcache.lines;
            other += lmcache.other;
        }
        let mp_server = path.parent().and_then(|p| p.file_name()).is_some_and(|dir| {
            let dir = dir.to_string_lossy();
            !["vllm", "sglang", "coordinator"].iter().any(|role| dir.starts_with(role))
        });
        let controller = evidence.event("start.controller_monitor").is_some();
        if mp_server && !controller {
            assert!(evidence.mode_candidates.iter().any(|m| m == "mp"), "{}", path.display());
            assert!(evidence.config_value("chunk_size").is_some(), "{}", path.display());
        }
        let text = serde_json::to_string(&evidence).unwrap();
        let again: lmcache_logs::LogEvidence = serde_json::from_str(&text).unwrap();
        assert!(again.events.keys().eq(evidence.events.keys()));
    }
    assert!(logs > 10 && lines > 1000, "{logs} logs, {lines} lines");
    assert!(other * 20 <= lines, "{other} of {lines} lines are unknown");
}

#[test]
fn lookup_hashes_are_read() {
    let mut seen = 0;
    for path in fixtures() {
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if !name.starts_with("lookup_hashes_") || path.extension().is_none_or(|e| e != "jsonl") {
            continue;
        }
        seen += 1;
        let mut reader = LookupHashReader::new(LookupHashOptions::default());
        reader.push(&std::fs::read(&path).unwrap());
        let evidence = reader.finish();
        assert!(evidence.present && evidence.malformed_rows == 0, "{name}");
        for group in &evidence.groups {
            assert!(group.unique_chunks <= group.chunks && group.repeat_ratio <= 1.0);
        }
    }
    assert!(seen > 0);
}
