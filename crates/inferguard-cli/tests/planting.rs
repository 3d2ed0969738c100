//! Plants what must not leave in every kind of artifact that `collect-lmcache` takes, and
//! searches the whole packet for it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
#[path = "../../evidence-redact/tests/common/mod.rs"]
mod plants;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use common::{PAGE, run};
use evidence_redact::Kind;
use plants::{Plant, by_name, by_shape, places};

/// All planted values in all places of one kind of text, a place a line.
fn lines(kind: Kind, all: &[Plant]) -> String {
    let mut out = String::new();
    for plant in all {
        for text in places(kind, plant.key, &plant.value) {
            let _ = writeln!(out, "{}", text.trim_end_matches('\n'));
        }
    }
    out
}

/// One JSON object with all planted values.
fn object(all: &[Plant]) -> String {
    let nested: Vec<serde_json::Value> =
        all.iter().map(|p| serde_json::json!({p.key: p.value})).collect();
    serde_json::json!({"chunk_size": 256, "is_healthy": true, "extra_config": nested}).to_string()
}

fn placeholder() -> regex::Regex {
    regex::Regex::new("redacted-[a-z-]+-[0-9a-f]{12}").unwrap()
}

fn leaks(dir: &Path, all: &[Plant], out: &mut Vec<String>) {
    for item in fs::read_dir(dir).unwrap() {
        let path = item.unwrap().path();
        if path.is_dir() {
            leaks(&path, all, out);
            continue;
        }
        let bytes = fs::read(&path).unwrap();
        // A placeholder may hold a short needle by chance (`redacted-host-a...`).
        let text = String::from_utf8_lossy(&bytes);
        let text = placeholder().replace_all(&text, "");
        // Shorter ones also stand in words that may stay (`lm-a` in `--vllm-api-key`).
        for needle in all.iter().flat_map(|p| &p.needles).filter(|n| n.len() > 4) {
            if text.contains(needle.as_str()) {
                out.push(format!("{}: {needle}", path.display()));
            }
        }
    }
}

#[test]
fn no_planted_value_is_in_the_packet() {
    let all: Vec<Plant> = by_shape().into_iter().chain(by_name()).collect();
    assert!(all.len() > 60);
    let dir = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| -> String {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let log = "[2026-11-24 12:00:00,000] LMCache INFO: started (server.py:1:lmcache)\n".to_owned()
        + &lines(Kind::Text, &all);
    let page = PAGE.to_owned() + &lines(Kind::Prometheus, &all);
    let rows = "{\"timestamp\": 1.5, \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 512, \"chunk_hashes\": [\"00ff11ee22dd33cc44bb55aa66997788\"]}\n"
        .to_owned()
        + &lines(Kind::JsonLines, &all);
    let spans = format!(
        "{{\"resourceSpans\":[{{\"scopeSpans\":[{{\"spans\":[{{\"name\":\"mp.store\",\"attributes\":[{}]}}]}}]}}]}}\n",
        all.iter()
            .map(|p| serde_json::json!({"key": p.key, "value": {"stringValue": p.value}})
                .to_string())
            .collect::<Vec<_>>()
            .join(",")
    );
    let conf = object(&all);
    let replay = "Trace file: trace.lct\n  level: storage\n".to_owned() + &lines(Kind::Text, &all);
    let files = [
        ("--lmcache-metrics-file", put("m.prom", &page)),
        ("--engine-metrics-file", put("e.prom", &page.replace("lmcache_mp_l1", "vllm:x"))),
        ("--lmcache-log-file", put("l.log", &log)),
        ("--engine-log-file", put("e.log", &log)),
        ("--lmcache-conf-file", put("conf.json", &conf)),
        ("--lmcache-status-file", put("status.json", &conf)),
        ("--lmcache-health-file", put("health.txt", &lines(Kind::Text, &all))),
        ("--lmcache-otel-file", put("spans.jsonl", &spans)),
        ("--lmcache-lookup-hash-path", put("lookup/lookup_hashes_1.jsonl", &rows)),
        ("--lmcache-trace-replay-output", put("replay/trace_info.txt", &replay)),
        (
            "--lmcache-cacheblend-boundary-evidence-file",
            put("b.jsonl", &lines(Kind::JsonLines, &all)),
        ),
        ("--file", put("notes.txt", &lines(Kind::Text, &all))),
        ("--file", {
            put("saved/deep/er/answer.json", &conf);
            put("saved/pod.yaml", &lines(Kind::Text, &all));
            dir.path().join("saved").display().to_string()
        }),
    ];
    let out = dir.path().join("packet");
    let mut args = vec!["collect-lmcache", "--output-dir", out.to_str().unwrap()];
    for (flag, path) in &files {
        args.extend([*flag, path.as_str()]);
    }
    let done = run(&args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    // Sources outside the packet are named by their paths, which are the user's own.
    let mut found = Vec::new();
    leaks(&out, &all, &mut found);
    found.sort();
    found.dedup();
    assert!(found.is_empty(), "{} leaks\n{}", found.len(), found.join("\n"));
    let hash =
        String::from_utf8_lossy(&fs::read(out.join("lookup_hashes_1.jsonl")).unwrap()).into_owned();
    assert!(hash.contains("redacted-hash-") && !hash.contains("00ff11ee"), "{hash}");
    for taken in ["notes.txt", "saved/deep/er/answer.json", "saved/pod.yaml"] {
        assert!(out.join(taken).is_file(), "{taken}");
    }
    // The plants were really there: without redaction they are, and it says so.
    let loud = dir.path().join("loud");
    args[2] = loud.to_str().unwrap();
    args.push("--no-redact");
    let done = run(&args);
    assert!(done.stderr.contains("WARNING: --no-redact"), "{}", done.stderr);
    let mut found = Vec::new();
    leaks(&loud, &all, &mut found);
    assert!(found.len() > all.len(), "{}", found.len());
}

#[test]
fn token_ids_and_prompts_go_from_every_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("engine.log");
    fs::write(
        &log,
        "INFO Received request cmpl-1: prompt: 'Zanzibar', prompt_token_ids: [151644, 872, 198], lora: None.\n",
    )
    .unwrap();
    let events = common::root().join("fixtures/packets/lmcache-0.5.6-l1-prefix-replay/trace.lct");
    let out = dir.path().join("p");
    let args = [
        "collect-lmcache",
        "--output-dir",
        out.to_str().unwrap(),
        "--engine-log-file",
        log.to_str().unwrap(),
        "--lmcache-trace-file",
        events.to_str().unwrap(),
    ];
    assert_eq!(run(&args).code, Some(0));
    let text = fs::read_to_string(out.join("engine.log")).unwrap();
    assert!(!text.contains("Zanzibar") && !text.contains("151644"), "{text}");
    // The trace is there with other hashes, and counts what it counted.
    let (a, b) = (fs::read(&events).unwrap(), fs::read(out.join("lmcache_trace.lct")).unwrap());
    assert!(a != b && a.len() == b.len());
    let info =
        |path: &str| run(&["trace", "info", path, "--json"]).json()["files"][0]["summary"].clone();
    let copy = out.join("lmcache_trace.lct");
    assert_eq!(info(events.to_str().unwrap())["keys"], info(copy.to_str().unwrap())["keys"]);
}
