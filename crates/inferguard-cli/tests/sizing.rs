//! `capacity` and `misses` as a user runs them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

/// Packets with lookups, and how far the prediction of their hit tokens may be off in points.
const COUNTED: &[(&str, f64)] = &[
    ("lmcache-0.4.6-l1-prefix-replay", 0.0),
    ("lmcache-0.5.6-l1-prefix-replay", 0.0),
    ("lmcache-0.5.6-lifecycle-eviction", 0.0),
    ("lmcache-0.5.6-l2-fs", 0.0),
];

fn reason(report: &Value, name: &str) -> u64 {
    let rows = report["reasons"].as_array().unwrap();
    rows.iter().find(|r| r["reason"] == name).unwrap()["tokens"].as_u64().unwrap()
}

fn add_up(report: &Value) {
    let sum: u64 =
        report["reasons"].as_array().unwrap().iter().map(|r| r["tokens"].as_u64().unwrap()).sum();
    assert_eq!(Some(sum), report["missed_tokens"].as_u64());
    let hit = report["hit_tokens"].as_u64().unwrap();
    assert_eq!(Some(hit + sum), report["tokens"].as_u64());
}

#[test]
fn what_is_predicted_is_what_the_server_counted() {
    for (name, points) in COUNTED {
        let packet = format!("fixtures/packets/{name}");
        let report = common::run(&["capacity", &packet, "--json"]).json();
        let off = report["current"]["off_by_points"].as_f64().unwrap();
        assert!(off.abs() <= *points, "{name}: off by {off} points");
        let report = common::run(&["misses", &packet, "--json"]).json();
        add_up(&report);
        assert_eq!(report["simulated_hit_tokens"], report["hit_tokens"], "{name}");
    }
}

#[test]
fn screens_are_as_agreed() {
    for command in ["capacity", "misses"] {
        for name in ["lmcache-0.5.6-lifecycle-eviction", "lmcache-0.5.6-l2-fs"] {
            let packet = format!("fixtures/packets/{name}");
            let run = common::run(&[command, &packet]);
            assert_eq!(run.code, Some(0), "{}", run.stderr);
            for line in run.stdout.lines() {
                assert!(line.chars().count() <= 80, "{name}: {line}");
            }
            assert_eq!(run.stdout, common::run(&[command, &packet]).stdout);
            insta::assert_snapshot!(format!("{command}-{name}"), run.stdout);
        }
    }
}

#[test]
fn salts_that_no_lookup_records_are_told() {
    let run = common::run(&["misses", "fixtures/packets/lmcache-0.5.6-salt-quota", "--json"]);
    let report = run.json();
    add_up(&report);
    assert!(reason(&report, "unknown") > 0);
    assert!(report["notes"].to_string().contains("salt"), "{}", report["notes"]);
}

#[test]
fn a_trace_alone_counts_chunks_until_it_is_told_their_tokens() {
    let trace = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay/trace.lct";
    let report = common::run(&["capacity", trace, "--json"]).json();
    assert_eq!(report["token_unit"], "chunks");
    assert_eq!(report["tokens"], 192);
    assert_eq!(report["size_unit"], "bytes");
    let told = common::run(&["capacity", trace, "--chunk-size", "256", "--json"]).json();
    let log = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay/lookup";
    let same = common::run(&["capacity", log, "--json"]).json();
    assert_eq!(told["curve"], same["curve"], "both lanes record the same lookups");
    assert_eq!(told["source"], "trace");
}

#[test]
fn pictures_and_tables_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (svg, csv) = (dir.path().join("c.svg"), dir.path().join("c.csv"));
    let packet = "fixtures/packets/lmcache-0.5.6-lifecycle-eviction";
    let run = common::run(&[
        "capacity",
        packet,
        "--svg",
        svg.to_str().unwrap(),
        "--csv",
        csv.to_str().unwrap(),
        "--sizes",
        "8MiB,0.25GiB",
        "--target-hit-rate",
        "0.9",
        "--prefill-tokens-per-second",
        "1000",
        "--price-per-hour",
        "36",
        "--json",
    ]);
    let report = run.json();
    assert_eq!(report["sizes"][1]["bytes"], 1 << 28);
    assert_eq!(report["target"]["bytes"], Value::Null, "the bound is below the target");
    // 38,912 hit tokens at 1,000 a second, at one cent a second.
    assert_eq!(report["sizes"][1]["saves"]["prefill_seconds"], 38.912);
    assert!((report["sizes"][1]["saves"]["money"].as_f64().unwrap() - 0.38912).abs() < 1e-9);
    let picture = std::fs::read_to_string(&svg).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"));
    assert!(!picture.contains("NaN") && !picture.contains("inf"));
    let table = std::fs::read(&csv).unwrap();
    let mut rows = csv::Reader::from_reader(&table[..]);
    assert_eq!(rows.headers().unwrap().len(), 6);
    let hits: Vec<u64> = rows.records().map(|r| r.unwrap()[1].parse().unwrap()).collect();
    assert!(hits.is_sorted() && hits.last() == Some(&38_912));
    let out = dir.path().join("no/such/dir.svg");
    let run = common::run(&["capacity", packet, "--svg", out.to_str().unwrap()]);
    assert_eq!(run.code, Some(4));
}

fn row(at: f64, model: &str, parts: &[&str], tokens: usize) -> String {
    let mut chain = String::new();
    let hashes: Vec<String> = parts
        .iter()
        .map(|part| {
            chain.push_str(part);
            format!("\"0x{chain}\"")
        })
        .collect();
    format!(
        r#"{{"timestamp":{at},"request_id":"r{at}","model_name":"{model}","chunk_size":16,"seq_len":{tokens},"dtypes":["torch.float16"],"shapes":[[4,16]],"chunk_hashes":[{}]}}"#,
        hashes.join(",")
    ) + "\n"
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

#[test]
fn files_of_several_servers_are_merged_by_time_and_gzip_is_read() {
    let dir = tempfile::tempdir().unwrap();
    // Server b asks at 2 and 4, server a at 1 and 3; b's file is gzip.
    let a = row(1.0, "m", &["a", "b"], 40) + &row(3.0, "m", &["a", "b", "c"], 48);
    let b = row(2.0, "m", &["a", "x"], 32) + "not json\n" + &row(4.0, "n", &["a", "b"], 32);
    write(&dir.path().join("a/lookup_hashes_20261124_000000_000000.jsonl"), &a);
    let path = dir.path().join("b/lookup_hashes_20261124_000000_000000.jsonl.gz");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let mut gzip = flate2::write::GzEncoder::new(
        std::fs::File::create(path).unwrap(),
        flate2::Compression::default(),
    );
    gzip.write_all(b.as_bytes()).unwrap();
    gzip.finish().unwrap();
    let dir = dir.path().to_str().unwrap();
    let report = common::run(&["capacity", dir, "--by", "model", "--json"]).json();
    assert_eq!(report["lookups"], 4);
    assert_eq!(report["tokens"], 40 + 48 + 32 + 32);
    // At 2 one chunk is known, at 3 two; model n shares nothing with m.
    assert_eq!(report["bound"]["hit_tokens"], 3 * 16);
    assert_eq!(report["distinct_chunks"], 6);
    let groups = report["groups"].as_array().unwrap();
    assert_eq!(groups.len(), 2);
    assert_eq!((&groups[0]["name"], &groups[1]["bound_tokens"]), (&"m".into(), &0.into()));
    let report = common::run(&["misses", dir, "--json"]).json();
    add_up(&report);
    assert_eq!(reason(&report, "tail"), 8);
    assert_eq!(reason(&report, "diverged"), 16);
    assert_eq!(reason(&report, "cold"), 2 * 16 + 16 + 2 * 16);
    assert!(!serde_json::to_string(&report).unwrap().contains("0xa"), "hashes are salted");
}

#[test]
fn a_new_file_of_a_server_that_was_not_full_is_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let name = |n: u32| dir.path().join(format!("lookup_hashes_20261124_00000{n}_00000{n}.jsonl"));
    write(&name(0), &(row(1.0, "m", &["a", "b"], 32) + &row(2.0, "m", &["a", "b"], 32)));
    write(&name(1), &(row(90.0, "m", &["a", "b"], 32) + &row(91.0, "m", &["a", "b"], 32)));
    let report = common::run(&["misses", dir.path().to_str().unwrap(), "--json"]).json();
    add_up(&report);
    assert_eq!(reason(&report, "cleared"), 32);
    assert_eq!(reason(&report, "cold"), 32);
    assert_eq!(report["hit_tokens"], 64);
    // The user may know of one more.
    let args = ["misses", dir.path().to_str().unwrap(), "--cleared-at", "1.5", "--json"];
    assert_eq!(reason(&common::run(&args).json(), "cleared"), 64);
}

#[test]
fn a_cache_that_is_too_small_misses_for_its_size() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = String::new();
    for i in 0..200 {
        let part = format!("p{}", i % 20);
        log.push_str(&row(f64::from(i) * 2.0, "m", &[&part, "q"], 32));
    }
    let path = dir.path().join("lookup_hashes_20261124_000000_000000.jsonl");
    write(&path, &log);
    // 40 chunks of 128 bytes in turn; room for 20.
    let args = ["misses", path.to_str().unwrap(), "--current-size", "2560", "--json"];
    let report = common::run(&args).json();
    add_up(&report);
    let missed = report["missed_tokens"].as_f64().unwrap();
    assert!((reason(&report, "capacity") as f64 / missed - 0.9).abs() < 0.01);
    assert_eq!(reason(&report, "cold"), 40 * 16);
}

#[test]
fn nothing_to_read_is_an_error_and_names_what_is_needed() {
    let dir = tempfile::tempdir().unwrap();
    write(&dir.path().join("notes.txt"), "nothing here\n");
    for command in ["capacity", "misses"] {
        let run = common::run(&[command, dir.path().to_str().unwrap()]);
        assert_eq!(run.code, Some(3));
        assert!(run.stderr.contains("--lookup-hash-log-dir"), "{}", run.stderr);
        assert_eq!(common::run(&[command, "no/such/file"]).code, Some(3));
        assert_eq!(common::run(&[command]).code, Some(2));
    }
    assert_eq!(common::run(&["capacity", "x", "--sizes", "8apples"]).code, Some(2));
    assert_eq!(common::run(&["capacity", "x", "--target-hit-rate", "80"]).code, Some(2));
}

#[test]
fn less_memory_is_a_sample_and_misses_refuse_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut log = String::new();
    for i in 0..4000 {
        let part = format!("{:x}", i * 7919 % 1500);
        log.push_str(&row(f64::from(i), "m", &[&part, "1", "2", "3"], 64));
    }
    let path = dir.path().join("lookup_hashes_20261124_000000_000000.jsonl");
    write(&path, &log);
    let path = path.to_str().unwrap();
    let whole = common::run(&["capacity", path, "--json"]).json();
    assert_eq!(whole["exact"], true);
    let part = common::run(&["capacity", path, "--memory", "100kB", "--json"]).json();
    assert_eq!(part["exact"], false);
    assert_eq!(part["tokens"], whole["tokens"]);
    let rate = |r: &Value| r["bound"]["hit_rate"].as_f64().unwrap();
    assert!((rate(&part) - rate(&whole)).abs() < 0.1, "{} {}", rate(&part), rate(&whole));
    let run = common::run(&["misses", path, "--memory", "100kB"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("--memory"), "{}", run.stderr);
}
