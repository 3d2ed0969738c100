//! `capacity` and `misses` as a user runs them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod common;

use std::collections::{HashMap, HashSet};
use std::io::Write as _;
use std::path::Path;

use serde_json::Value;

/// Packets with lookups, and how far the prediction of their hit tokens may be off in points.
const COUNTED: &[(&str, f64)] = &[
    ("lmcache-0.4.6-l1-prefix-replay", 0.0),
    ("lmcache-0.5.6-l1-prefix-replay", 0.0),
    ("lmcache-0.5.6-lifecycle-eviction", 0.0),
    ("lmcache-0.5.6-l2-fs", 0.0),
    // Three live runs of one load with L1s of several sizes (`cargo xtask live-lab --capacity`).
    ("lmcache-0.5.6-l1-32mib", 0.3),
    ("lmcache-0.5.6-l1-64mib", 0.0),
    ("lmcache-0.5.6-l1-128mib", 0.0),
];

/// Packets whose prediction is further off than 2 points, and the reason that tells all of it.
const EXPLAINED: &[(&str, &str)] = &[
    ("lmcache-0.5.6-l2-prefetch-oom", "load_failed"),
    ("lmcache-0.5.6-l2-store-fails", "store_failed"),
    // Quotas evict from L2, which is simulated without a limit.
    ("lmcache-0.5.6-salt-quota", "capacity"),
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
        assert_eq!(report["hit_tokens"], report["counted"]["hit_tokens"].as_f64().unwrap() as u64);
        let unknown = reason(&report, "unknown") as f64 / report["tokens"].as_f64().unwrap();
        assert!(unknown * 100.0 <= *points, "{name}: {unknown}");
    }
}

#[test]
fn what_is_far_off_has_its_reason() {
    for (name, why) in EXPLAINED {
        let packet = format!("fixtures/packets/{name}");
        let report = common::run(&["capacity", &packet, "--json"]).json();
        let off = report["current"]["off_by_points"].as_f64().unwrap();
        assert!(off > 2.0, "{name}: off by {off} points");
        let report = common::run(&["misses", &packet, "--json"]).json();
        add_up(&report);
        let simulated = report["simulated_hit_tokens"].as_u64().unwrap();
        let hit = report["hit_tokens"].as_u64().unwrap();
        assert_eq!(reason(&report, why), simulated - hit, "{name}");
        assert_eq!(reason(&report, "unknown"), 0, "{name}");
        assert_eq!(Some(hit as f64), report["counted"]["hit_tokens"].as_f64(), "{name}");
    }
}

/// What a packet's own files say of its missed tokens, by nothing but counting: tokens of chunks
/// that the tenant never asked for before, of chunks that it did and that were missed, and tails.
fn by_hand(packet: &Path) -> [u64; 3] {
    let lines = |path: &Path| -> Vec<Value> {
        let text = std::fs::read_to_string(path).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let told: HashMap<String, Value> = lines(&packet.join("requests.jsonl"))
        .into_iter()
        .map(|row| (row["request_id"].as_str().unwrap().to_owned(), row))
        .collect();
    let mut files: Vec<_> =
        std::fs::read_dir(packet.join("lookup")).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    let mut seen: HashSet<String> = HashSet::new();
    let mut sums = [0; 3];
    for row in files.iter().flat_map(|file| lines(file)) {
        let request = &told[row["request_id"].as_str().unwrap()];
        let salt = request["cache_salt"].as_str().unwrap();
        let hits = usize::try_from(request["hit_chunks"].as_u64().unwrap()).unwrap();
        let size = row["chunk_size"].as_u64().unwrap();
        let chain = row["chunk_hashes"].as_array().unwrap();
        for (at, hash) in chain.iter().enumerate() {
            let new = seen.insert(format!("{} {salt} {hash}", row["model_name"]));
            if at >= hits {
                sums[usize::from(!new)] += size;
            }
        }
        sums[2] += row["seq_len"].as_u64().unwrap() - size * chain.len() as u64;
    }
    sums
}

#[test]
fn reasons_are_those_that_the_packets_files_show() {
    for (name, asked_before) in [
        ("lmcache-0.5.6-l1-prefix-replay", "capacity"),
        ("lmcache-0.5.6-lifecycle-eviction", "capacity"),
        ("lmcache-0.5.6-l2-fs", "capacity"),
        ("lmcache-0.5.6-l2-prefetch-oom", "load_failed"),
        ("lmcache-0.5.6-l2-store-fails", "store_failed"),
        ("lmcache-0.5.6-salt-quota", "capacity"),
        ("lmcache-0.5.6-isolated-lru-l1-dead", "capacity"),
        ("lmcache-0.5.6-l1-32mib", "capacity"),
        ("lmcache-0.5.6-l1-64mib", "capacity"),
        ("lmcache-0.5.6-l1-128mib", "capacity"),
    ] {
        let packet = format!("fixtures/packets/{name}");
        let [never, before, tail] = by_hand(&common::root().join(&packet));
        let report = common::run(&["misses", &packet, "--json"]).json();
        add_up(&report);
        assert_eq!(reason(&report, "cold") + reason(&report, "diverged"), never, "{name}");
        let others =
            ["capacity", "cleared", "prefix_gap", "load_failed", "store_failed", "unknown"];
        let missed = report["missed_tokens"].as_f64().unwrap();
        let all: u64 = others.iter().map(|other| reason(&report, other)).sum();
        assert_eq!(all, before, "{name}");
        // The share that has another reason, or none that is told, is below a point.
        let off = (before - reason(&report, asked_before)) as f64 / missed;
        assert!(off < 0.01, "{name}: {off}");
        assert_eq!(reason(&report, "tail") + reason(&report, "below_chunk"), tail, "{name}");
    }
}

#[test]
fn salts_come_from_the_log_of_requests() {
    let packet = "fixtures/packets/lmcache-0.5.6-salt-quota";
    let report = common::run(&["capacity", packet, "--by", "salt", "--json"]).json();
    let groups = report["groups"].as_array().unwrap();
    // Three tenants with a salt and one without.
    assert_eq!(groups.len(), 4, "{groups:?}");
    let tokens = |key: &str| groups.iter().map(|g| g[key].as_u64().unwrap()).sum::<u64>();
    assert_eq!(Some(tokens("tokens")), report["tokens"].as_u64());
    assert_eq!(Some(tokens("bound_tokens")), report["bound"]["hit_tokens"].as_u64());
    assert!(groups.iter().any(|g| g["name"] == "(empty)"));
    let salts =
        std::fs::read_to_string(common::root().join(packet).join("requests.jsonl")).unwrap();
    let salt = salts.split("\"cache_salt\": \"").nth(1).unwrap().split('"').next().unwrap();
    assert!(!salt.is_empty() && !serde_json::to_string(&report["groups"]).unwrap().contains(salt));
    // Each tenant asks twice for the same: what two ask for is not shared.
    assert_eq!(report["bound"]["hit_tokens"].as_u64(), report["tokens"].as_u64().map(|n| n / 2));
}

#[test]
fn the_slowest_requests_are_those_of_the_log() {
    let packet = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay";
    let text = std::fs::read_to_string(common::root().join(packet).join("requests.jsonl")).unwrap();
    let most = text
        .lines()
        .map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            ["lookup_ms", "retrieve_ms", "store_ms"].iter().filter_map(|k| row[*k].as_f64()).sum()
        })
        .fold(0.0, f64::max);
    let report = common::run(&["misses", packet, "--json"]).json();
    assert_eq!(report["latency"], "cache_calls");
    assert_eq!(report["timed_lookups"], report["lookups"]);
    let slowest = report["slowest"].as_array().unwrap();
    assert!((slowest[0]["seconds"].as_f64().unwrap() - most / 1000.0).abs() < 1e-9);
    assert!(slowest.windows(2).all(|w| w[0]["seconds"].as_f64() >= w[1]["seconds"].as_f64()));
    // A first token is what a user waits for: where it is told it is the measure.
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("lookup_hashes_20261124_000000_000000.jsonl");
    write(&path, &(row(1.0, "m", &["a", "b"], 40) + &row(2.0, "m", &["a", "b"], 40)));
    let requests = concat!(
        r#"{"request_id":"r1","ttft_ms":120,"e2e_s":9,"prompt_tokens":40}"#,
        "\n",
        r#"{"request_id":"r2","ttft_ms":150,"e2e_s":3,"prompt_tokens":40}"#,
        "\n"
    );
    write(&dir.path().join("requests.jsonl"), requests);
    let report = common::run(&["misses", dir.path().to_str().unwrap(), "--json"]).json();
    assert_eq!(report["latency"], "ttft", "{report}");
    assert_eq!(report["slowest"][0]["seconds"], 0.15);
    assert_eq!(report["slowest"][0]["hit_tokens"], 32);
    assert_eq!(report["measured_lookups"], 0, "an engine's log does not tell LMCache's hits");
    let run = common::run(&["misses", dir.path().to_str().unwrap()]);
    assert!(run.stdout.contains("SLOWEST") && run.stdout.contains("0.150 s"), "{}", run.stdout);
    // Without such a log the report says that nothing tells.
    let run = common::run(&["misses", path.to_str().unwrap()]);
    assert!(!run.stdout.contains("SLOWEST"), "{}", run.stdout);
    assert!(run.stdout.contains("nothing tells how long a request took"), "{}", run.stdout);
}

#[test]
fn spans_tell_latencies_and_hits_too() {
    let dir = tempfile::tempdir().unwrap();
    let packet = common::root().join("fixtures/packets/lmcache-0.5.6-otlp-only");
    for entry in std::fs::read_dir(packet.join("lookup")).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), dir.path().join(entry.file_name())).unwrap();
    }
    std::fs::copy(packet.join("spans.otlp.jsonl"), dir.path().join("spans.otlp.jsonl")).unwrap();
    let report = common::run(&["misses", dir.path().to_str().unwrap(), "--json"]).json();
    add_up(&report);
    assert_eq!(report["latency"], "in_server");
    assert_eq!(report["measured_lookups"], report["lookups"]);
    let whole = common::run(&["misses", packet.to_str().unwrap(), "--json"]).json();
    assert_eq!(report["hit_tokens"], whole["counted"]["hit_tokens"].as_f64().unwrap() as u64);
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
fn salts_that_nothing_records_are_told() {
    let packet = "fixtures/packets/lmcache-0.5.6-salt-quota";
    let page = format!("{packet}/lmcache-4.prom");
    let run = common::run(&["misses", &format!("{packet}/lookup"), &page, "--json"]);
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
    // Without a limit a chunk is missed once: n different ones are counted by a sample with the
    // variance (one_in - 1) * n. 4.5 standard deviations.
    let n = whole["distinct_chunks"].as_f64().unwrap();
    let one_in = part["one_in"].as_f64().unwrap();
    let bound = 4.5 * 16.0 * ((one_in - 1.0) * n).sqrt() / whole["tokens"].as_f64().unwrap();
    let off = (rate(&part) - rate(&whole)).abs();
    assert!(off <= bound, "one in {one_in}: off by {off}, {bound} at most");
    let run = common::run(&["misses", path, "--memory", "100kB"]);
    assert_eq!(run.code, Some(3));
    assert!(run.stderr.contains("--memory"), "{}", run.stderr);
}
