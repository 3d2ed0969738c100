//! `inferguard trace` as a user calls it.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{Read as _, Write as _};
use std::process::Stdio;

use common::{command, root, run, run_with};

const TRACE: &str = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay/trace.lct";

fn bytes() -> Vec<u8> {
    std::fs::read(root().join(TRACE)).unwrap()
}

#[test]
fn info_counts_what_the_labels_count() {
    let report = run(&["trace", "info", TRACE, "--json"]).json();
    let file = &report["files"][0];
    let truth = std::fs::read_to_string(root().join(TRACE).with_file_name("truth.json")).unwrap();
    let truth: serde_json::Value = serde_json::from_str(&truth).unwrap();
    assert_eq!(file["record_count"], truth["facts"]["lct_records"]);
    assert_eq!(file["claim_status"], "measured");
    assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
    for op in file["summary"]["ops"].as_array().unwrap() {
        let label =
            &truth["facts"]["lct"]["trace.lct"]["operations"][op["qualname"].as_str().unwrap()];
        assert_eq!(&op["count"], label, "{op}");
    }
    let bare = run(&["trace", "info", TRACE, "--no-hash", "--json"]).json();
    assert_eq!(bare["files"][0]["sha256"], "");
}

#[test]
fn a_pipe_standard_input_and_gzip_give_what_the_file_gives() {
    let plain = run(&["trace", "info", TRACE, "--json"]).json()["files"][0]["summary"].clone();
    let piped = run_with(&["trace", "info", "-", "--json"], &bytes()).json();
    assert_eq!(piped["files"][0]["summary"], plain);
    assert_eq!(
        piped["files"][0]["sha256"],
        run(&["trace", "info", TRACE, "--json"]).json()["files"][0]["sha256"]
    );
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(&bytes()).unwrap();
    let zipped = run_with(&["trace", "info", "-", "--json"], &gz.finish().unwrap()).json();
    assert_eq!(zipped["files"][0]["summary"], plain);
}

#[cfg(unix)]
#[test]
fn a_fifo_is_read_to_its_end() {
    let dir = tempfile::tempdir().unwrap();
    let fifo = dir.path().join("trace.fifo");
    assert!(std::process::Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let writer = {
        let fifo = fifo.clone();
        std::thread::spawn(move || std::fs::write(fifo, bytes()).unwrap())
    };
    let report = run(&["trace", "info", fifo.to_str().unwrap(), "--json"]).json();
    writer.join().unwrap();
    let plain = run(&["trace", "info", TRACE, "--json"]).json();
    assert_eq!(report["files"][0]["summary"], plain["files"][0]["summary"]);
}

/// The reader waits for bytes that never come; the first signal makes it report what it has.
#[cfg(unix)]
#[test]
fn an_interrupt_prints_what_was_read_marked_partial() {
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = command(&["trace", "info", "-", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let data = bytes();
        // More than a pipe holds: once this is through, the command listens and reads.
        assert!(data.len() > 65_536);
        stdin.write_all(&data).unwrap();
        stdin.flush().unwrap();
        let id = child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().unwrap().success());
        let mut out = String::new();
        child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        drop(stdin);
        let report: serde_json::Value = serde_json::from_str(&out).unwrap();
        let file = &report["files"][0];
        assert_eq!(file["partial"], true, "{file}");
        assert_eq!(file["sha256"], "", "half a file has no digest");
        if let Some(summary) = file["summary"].as_object() {
            assert_eq!(summary["end"]["kind"], "stopped");
            assert!(summary["issues"]["first"].as_array().unwrap().is_empty());
        }
    }
}

#[test]
fn check_tells_sound_from_torn_by_its_exit_code() {
    let dir = tempfile::tempdir().unwrap();
    let torn = dir.path().join("torn.lct");
    let data = bytes();
    std::fs::write(&torn, &data[..data.len() - 7]).unwrap();
    assert_eq!(run(&["trace", "check", TRACE]).code, Some(0));
    let found = run(&["trace", "check", torn.to_str().unwrap(), "--json"]);
    assert_eq!(found.code, Some(1));
    let report = found.json();
    assert_eq!(report["sound"], false);
    assert_eq!(report["files"][0]["observations"][0]["code"], "torn_body");
    assert!(report["files"][0]["observations"][0]["offset"].as_u64().unwrap() > 0);
    // One of two is enough.
    assert_eq!(run(&["trace", "check", TRACE, torn.to_str().unwrap()]).code, Some(1));
}

#[test]
fn what_is_no_trace_is_named_and_costs_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let text = dir.path().join("notes.txt");
    std::fs::write(&text, "hello").unwrap();
    let text = text.to_str().unwrap();
    for (path, why) in
        [(text, "not an LMCache trace"), ("/no/such", "no such file"), ("/", "directory")]
    {
        let alone = run(&["trace", "info", path]);
        assert_eq!(alone.code, Some(3), "{path}");
        assert!(alone.stderr.contains(path) && alone.stderr.contains(why), "{}", alone.stderr);
        let beside = run(&["trace", "info", path, TRACE, "--json"]);
        assert_eq!(beside.code, Some(0));
        assert_eq!(beside.json()["files"][1]["error"], serde_json::Value::Null);
    }
    assert_eq!(run(&["trace", "info"]).code, Some(2));
    assert_eq!(run(&["trace", "info", TRACE, TRACE, "--evidence", "x"]).code, Some(2));
}

#[test]
fn records_are_rows_with_salted_keys() {
    let rows = run(&["trace", "records", TRACE, "--op", "finish_write", "--salt", "s"]);
    let lines: Vec<serde_json::Value> =
        rows.stdout.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(lines.len(), 24);
    assert!(lines.iter().all(|l| l["op"] == "finish_write"));
    let key = |n: usize| lines[n]["keys"][0].as_str().unwrap().to_owned();
    assert_eq!(key(0).len(), 12);
    // With a salt of its own each run gives other names; with one salt they stay.
    let again = run(&["trace", "records", TRACE, "--op", "finish_write", "--salt", "s"]);
    assert_eq!(again.stdout, rows.stdout);
    let random = run(&["trace", "records", TRACE, "--op", "finish_write", "--limit", "1"]);
    assert!(!random.stdout.contains(&key(0)));
    let raw =
        run(&["trace", "records", TRACE, "--op", "finish_write", "--limit", "1", "--raw-keys"]);
    let raw: serde_json::Value = serde_json::from_str(raw.stdout.trim()).unwrap();
    assert!(raw["keys"][0].as_str().unwrap().len() > 12);
}

#[test]
fn bounds_on_time_cut_by_either_clock() {
    let all = run(&["trace", "records", TRACE]);
    let times: Vec<(f64, f64)> = all
        .stdout
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap())
        .map(|r| (r["t_mono"].as_f64().unwrap(), r["t_wall"].as_f64().unwrap()))
        .collect();
    let (mono, wall) = times[times.len() / 2];
    let count = |args: &[&str]| {
        run(&[&["trace", "records", TRACE][..], args].concat()).stdout.lines().count()
    };
    let since = count(&["--since", &mono.to_string()]);
    let until = count(&["--until", &mono.to_string()]);
    assert_eq!(since + until, times.len());
    assert_eq!(since, times.iter().filter(|t| t.0 >= mono).count());
    // Between two records, because JSON readers may round the last digit.
    let before = times[times.len() / 2 - 1].1;
    let middle = f64::midpoint(before, wall);
    let at = format!("@{middle}");
    assert_eq!(count(&["--since", &at]), times.iter().filter(|t| t.1 >= middle).count());
    assert_eq!(run(&["trace", "records", TRACE, "--since", "soon"]).code, Some(2));
}

#[test]
fn an_export_is_whole_or_not_there() {
    let dir = tempfile::tempdir().unwrap();
    let to = |name: &str| dir.path().join(name).to_str().unwrap().to_owned();
    let csv = to("t.csv");
    let done = run(&["trace", "export", TRACE, "--format", "csv", "-o", &csv]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let mut table = csv::Reader::from_path(&csv).unwrap();
    assert_eq!(table.headers().unwrap().get(4), Some("op"));
    assert_eq!(table.records().map(Result::unwrap).count(), 143);
    let parquet = to("t.parquet");
    let args = ["trace", "export", TRACE, "--format", "parquet", "--table", "keys", "-o", &parquet];
    assert_eq!(run(&args).code, Some(0));
    let file = std::fs::read(&parquet).unwrap();
    assert!(file.starts_with(b"PAR1") && file.ends_with(b"PAR1"));
    // No trace, no output; no directory, no output.
    let none = to("none.csv");
    assert_eq!(run(&["trace", "export", "/no/such", "--format", "csv", "-o", &none]).code, Some(3));
    let far = to("no/dir/t.csv");
    assert_eq!(run(&["trace", "export", TRACE, "--format", "csv", "-o", &far]).code, Some(4));
    let left: Vec<String> = std::fs::read_dir(dir.path())
        .unwrap()
        .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(left.len(), 2, "{left:?}");
}

#[test]
fn reuse_gives_a_curve_that_ends_at_all_reuse() {
    let report = run(&["trace", "reuse", TRACE, "--json"]).json();
    let reuse = &report["reuse"];
    assert_eq!(reuse["exact"], true);
    let references = reuse["references"].as_f64().unwrap();
    let cold = reuse["cold"].as_f64().unwrap();
    let last = reuse["lru_curve"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(last["hits"].as_f64().unwrap(), references - cold);
    let screen = run(&["trace", "reuse", TRACE]);
    assert!(
        screen.stdout.contains("LRU") && screen.stdout.lines().all(|l| l.chars().count() <= 80)
    );
}

#[test]
fn one_replay_is_counted_once_and_its_digest_is_judged() {
    let csv = "qualname,count,errors,mean_ms,p50_ms,p90_ms,p99_ms,min_ms,max_ms\n\
               m.finish_write,2,0,0.150000,0.200000,0.200000,0.200000,0.100000,0.200000\n";
    let rows = "{\"qualname\": \"m.finish_write\", \"latency_ms\": 0.1, \"failed\": false}\n\
                {\"qualname\": \"m.finish_write\", \"latency_ms\": 0.2, \"failed\": false}\n";
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("ops.csv"), csv).unwrap();
    std::fs::write(dir.path().join("rows.jsonl"), rows).unwrap();
    std::fs::write(dir.path().join("other.json"), "{\"a\": 1}").unwrap();
    let path = dir.path().to_str().unwrap();
    let report = run(&["trace", "replay-summary", path, "--json"]).json();
    assert_eq!(report["runs"], 1);
    assert_eq!(report["rows_seen"], 2);
    assert_eq!(report["passed_over"].as_array().unwrap().len(), 1);
    assert_eq!(report["verdicts"][0]["meaning"], serde_json::Value::Null);
    let empty = tempfile::tempdir().unwrap();
    assert_eq!(run(&["trace", "replay-summary", empty.path().to_str().unwrap()]).code, Some(3));
}

#[test]
fn evidence_that_was_written_is_taken_in_again() {
    let dir = tempfile::tempdir().unwrap();
    let evidence = dir.path().join("lmcache_trace_evidence.json");
    let evidence = evidence.to_str().unwrap();
    assert_eq!(run(&["trace", "info", TRACE, "--evidence", evidence]).code, Some(0));
    for file in [TRACE, evidence] {
        let report =
            run(&["lmcache-compat", "--lmcache-trace-evidence-file", file, "--json"]).json();
        assert_eq!(report["detected_mode"], "mp", "{file}");
        assert_eq!(report["lmcache_trace_evidence"]["record_count"], 143);
        let row = report["families"]
            .as_array()
            .unwrap()
            .iter()
            .find(|f| f["surface"] == "lmcache_trace_recording")
            .unwrap();
        assert_eq!((&row["family"], &row["status"]), (&"storage_lct".into(), &"populated".into()));
        assert_eq!(report["releases"]["lmcache"]["min"], "0.5.6");
    }
}

#[test]
fn a_torn_trace_is_a_finding_of_check() {
    let dir = tempfile::tempdir().unwrap();
    let data = bytes();
    std::fs::write(dir.path().join("trace.lct"), &data[..data.len() - 7]).unwrap();
    let report = run(&["check", dir.path().to_str().unwrap(), "--json"]).json();
    assert_eq!(report["answer"], "something_wrong");
    assert_eq!(report["findings"][0]["code"], "lmcache_trace_damaged");
    assert!(report["findings"][0]["evidence"][0]["value"].as_str().unwrap().contains("byte"));
}
