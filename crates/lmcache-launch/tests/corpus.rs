//! The captured packets under `fixtures/packets`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lmcache_launch::{Confidence, Evidence, Kind, Product};

fn files(dir: &Path, to: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = std::fs::read_dir(dir).unwrap().flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, to) } else { to.push(path) }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets")
}

#[test]
fn commands_agree_with_their_own_words() {
    let reader = common::reader();
    let mut all = Vec::new();
    files(&root(), &mut all);
    let mut commands = 0;
    for path in all {
        let name = path.display().to_string();
        if !name.ends_with("command.json") {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let (found, evidence) = reader.read_any(&name, &bytes).unwrap();
        assert_eq!((found.kind, found.confidence), (Kind::Command, Confidence::Certain));
        let evidence = evidence.unwrap();
        commands += 1;
        let process = &evidence.launch.processes[0];
        assert_ne!(process.product, Product::Unknown, "{name}");
        let value: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let argv: Vec<&str> =
            value["argv"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        let after = |flag: &str| argv.iter().position(|w| *w == flag).map(|i| argv[i + 1]);
        if let Some(size) = after("--chunk-size") {
            let got = process.setting("chunk_size").unwrap().as_u64();
            assert_eq!(got, size.parse().ok(), "{name}");
        }
        let transfer = after("--kv-transfer-config");
        let transfer: Option<serde_json::Value> =
            transfer.map(|t| serde_json::from_str(t).unwrap());
        let said = transfer.as_ref().and_then(|t| t["kv_connector"].as_str());
        assert_eq!(process.setting("connector").and_then(|s| s.as_str()), said, "{name}");
        let said = transfer.as_ref().and_then(|t| t["kv_role"].as_str());
        assert_eq!(process.setting("kv_role").and_then(|s| s.as_str()), said, "{name}");
        let seed = value["env"]["PYTHONHASHSEED"].as_str();
        match (seed, value.get("env")) {
            (Some(seed), _) => {
                assert_eq!(process.setting("hash_seed").unwrap().value.to_string(), seed);
            }
            (None, Some(_)) => {
                assert_eq!(process.setting("hash_seed").unwrap().as_str(), Some("absent"));
            }
            (None, None) => assert!(process.setting("hash_seed").is_none()),
        }
        for flag in &process.flags {
            assert!(flag.known, "{name}: {}", flag.name);
        }
    }
    assert!(commands >= 10, "{commands}");
}

#[test]
fn other_lanes_are_left_alone() {
    let reader = common::reader();
    let mut all = Vec::new();
    files(&root(), &mut all);
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut evidence = Evidence::default();
    for path in all {
        let name = path.strip_prefix(root()).unwrap().display().to_string();
        let bytes = std::fs::read(&path).unwrap();
        let Some((found, read)) = reader.read_any(&name, &bytes) else { continue };
        let foreign = [".prom", ".log", ".lct", ".pb", "/metrics"];
        assert!(!foreign.iter().any(|f| name.ends_with(f)), "{name}: {found:?}");
        let lmcache = (name.contains("/http/")
            || name.contains("/http_") && !name.ends_with("index.json"))
            || name.contains("lookup");
        assert!(!lmcache || found.confidence == Confidence::Weak, "{name}: {found:?}");
        *kinds.entry(found.kind).or_default() += 1;
        evidence.extend(read.unwrap_or_else(|e| panic!("{name}: {e}")));
    }
    for kind in [
        Kind::Command,
        Kind::Requests,
        Kind::VllmServerInfo,
        Kind::ProbeIndex,
        Kind::CaptureTimeline,
        Kind::EngineAnswer,
    ] {
        assert!(kinds.contains_key(&kind), "{kind}");
    }
    assert!(evidence.environment.requests.iter().all(|r| r.requests > 0 && r.bad_lines == 0));
}
