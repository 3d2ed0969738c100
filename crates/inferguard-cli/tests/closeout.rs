//! The tracker's four commands after a packet was captured, as they are written there: from files
//! beside each other to a packet, and from its evidence files to reports and a diagnosis.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

/// A directory with the artifacts of the tracker's names, from packets that were captured.
fn packet_dir() -> TempDir {
    let dir = TempDir::new().unwrap();
    let packets = common::root().join("fixtures/packets");
    let engine = packets.join("vllm-0.32.0-lmcache-0.5.6-mp");
    let tools = packets.join("lmcache-0.5.6-trace-tools");
    for (from, to) in [
        (engine.join("vllm/metrics/13-replay-after-clear.prom"), "vllm.prom"),
        (engine.join("lmcache/metrics/13-replay-after-clear.prom"), "lmcache.prom"),
        (engine.join("lmcache/http/end/healthcheck"), "lmcache-health.json"),
        (engine.join("lmcache/http/end/status"), "lmcache-status.json"),
        (engine.join("vllm/server.log"), "vllm.log"),
        (engine.join("lmcache/server.log"), "lmcache.log"),
        (tools.join("trace.lct"), "lmcache-trace.lct"),
        (packets.join("lmcache-0.5.6-otlp-only/spans.otlp.jsonl"), "lmcache-otel.jsonl"),
    ] {
        std::fs::copy(&from, dir.path().join(to))
            .unwrap_or_else(|e| panic!("{}: {e}", from.display()));
    }
    copy_all(&tools.join("replay_out"), &dir.path().join("trace-replay"));
    copy_all(&engine.join("lmcache/lookup"), &dir.path().join("lookup-hashes"));
    dir
}

fn copy_all(from: &Path, to: &Path) {
    std::fs::create_dir(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// A command line of the tracker: `$PACKET_DIR` stands for the directory.
fn tracker(dir: &TempDir, line: &str) -> common::Run {
    let line = line.replace("$PACKET_DIR", dir.path().to_str().unwrap()).replace('"', "");
    let words: Vec<&str> = line.split_whitespace().filter(|w| *w != "\\").collect();
    assert_eq!(words[0], "inferguard");
    common::run(&words[1..])
}

/// The four commands, as they are written there; `live-lab` runs the same ones.
const STEPS: &str = include_str!("../../../docs/closeout.txt");

fn step(name: &str) -> &'static str {
    let named = |s: &&str| s.starts_with(&format!("inferguard {name} "));
    STEPS.split("\n\n").find(named).unwrap_or_else(|| panic!("no step {name}"))
}

#[test]
fn the_four_steps() {
    let dir = packet_dir();
    let before = listing(dir.path());
    let collected = tracker(&dir, step("collect-lmcache"));
    assert_eq!(collected.code, Some(0), "{}", collected.stderr);
    let manifest = collected.json();
    assert_eq!(manifest["detected_mode"], "mp");
    assert_eq!(manifest["claim_status"], "measured");
    assert_eq!(manifest["scrape_errors"], Value::Array(vec![]));
    let after: Vec<_> =
        listing(dir.path()).into_iter().filter(|f| !f.starts_with("lmcache-packet")).collect();
    assert_eq!(before, after, "a source was touched");

    let compat = tracker(&dir, step("lmcache-compat"));
    assert_eq!(compat.code, Some(0), "{}{}", compat.stderr, compat.stdout);
    let report = compat.json();
    assert_eq!(report["detected_mode"], "mp");
    assert_eq!(report["detected_architecture"]["label"], "vllm_mp_lmcache");
    for surface in [
        "lmcache_http",
        "lmcache_logs",
        "lmcache_trace_recording",
        "lmcache_trace_replay",
        "lmcache_otel",
        "lmcache_lookup_hash",
    ] {
        assert_ne!(report["surfaces"][surface]["populated"], 0, "{surface}");
    }

    let coverage = tracker(&dir, step("observability-coverage"));
    assert_eq!(coverage.code, Some(0), "{}", coverage.stderr);
    let report = coverage.json();
    assert_eq!(report["detected_engines"], serde_json::json!(["vllm"]));
    assert_eq!(report["detected_lmcache_mode"], "mp");
    assert!(report["kv_cache_offload"].is_object());

    // The packet that was collected is the job.
    let diagnose = step("diagnose-bottleneck").replace("$JOB_DIR", "$PACKET_DIR/lmcache-packet");
    let diagnosed = tracker(&dir, &diagnose);
    assert_eq!(diagnosed.code, Some(0), "{}", diagnosed.stderr);
    let written = dir.path().join("diagnose-bottleneck/bottleneck_diagnosis.json");
    let report: Value = serde_json::from_slice(&std::fs::read(written).unwrap()).unwrap();
    assert_eq!(report["layout"], "packet");
    assert!(report["verdict"].is_string() && report["lmcache_findings"].is_array());
}

fn listing(dir: &Path) -> Vec<String> {
    let (mut out, mut queue) = (Vec::new(), vec![dir.to_path_buf()]);
    while let Some(next) = queue.pop() {
        for entry in std::fs::read_dir(&next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                queue.push(path);
            } else {
                let bytes = std::fs::read(&path).unwrap();
                let name = path.strip_prefix(dir).unwrap().display().to_string();
                out.push(format!("{name} {} {:?}", bytes.len(), bytes.last()));
            }
        }
    }
    out.sort();
    out
}
