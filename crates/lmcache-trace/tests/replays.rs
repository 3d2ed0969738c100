//! Outputs of LMCache's own trace tools, of two releases.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{fixture, trace};
use lmcache_trace::replay::{DigestMeaning, ReplayKind, ReplayReport, collect};
use lmcache_trace::{ReplayEvidence, SliceReader};

fn report(names: &[&str]) -> ReplayReport {
    let files: Vec<(&str, Vec<u8>)> =
        names.iter().map(|name| (*name, fixture(&format!("replay/{name}")))).collect();
    collect(files.iter().map(|(name, bytes)| (*name, &bytes[..])))
}

#[test]
fn four_files_of_one_run_are_one_run() {
    for version in ["0.4.6", "0.5.6"] {
        let names: Vec<String> = [
            "trace_replay_ops.csv",
            "trace_replay_summary.json",
            "replay.jsonl",
            "trace_replay.txt",
        ]
        .iter()
        .map(|name| format!("{version}-{name}"))
        .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let all = report(&names);
        assert_eq!(all.issues, []);
        assert_eq!(all.runs.len(), 1, "{version}");
        assert_eq!(all.runs[0].kinds.len(), 4);
        // In whatever order they come.
        let mut other = names.clone();
        other.reverse();
        assert_eq!(report(&other).runs[0].ops, all.runs[0].ops);
        assert_eq!(report(&other).runs[0].files, all.runs[0].files);
        let evidence = ReplayEvidence::new(all);
        assert_eq!(evidence.source_kind, "directory");
        let calls: u64 = evidence.op_counts.values().sum();
        assert_eq!(calls, if version == "0.4.6" { 237 } else { 143 });
        assert_eq!(evidence.rows_seen, calls);
        assert_eq!(evidence.failed_rows, 0);
    }
}

#[test]
fn figures_are_those_of_the_files() {
    let run = report(&["0.5.6-trace_replay_ops.csv", "0.5.6-replay.jsonl"]).runs.remove(0);
    let json = report(&["0.5.6-trace_replay_summary.json"]).runs.remove(0);
    for (name, op) in &run.ops {
        let want = json.ops[name];
        assert_eq!(op.count, want.count, "{name}");
        for (ours, theirs) in [
            (op.mean_ms, want.mean_ms),
            (op.p50_ms, want.p50_ms),
            (op.p90_ms, want.p90_ms),
            (op.p99_ms, want.p99_ms),
            (op.min_ms, want.min_ms),
            (op.max_ms, want.max_ms),
        ] {
            assert!((ours.unwrap() - theirs.unwrap()).abs() < 1e-9, "{name}: {ours:?} {theirs:?}");
        }
    }
    let evidence = ReplayEvidence::new(report(&["0.5.6-trace_replay_summary.json"]));
    let name = "lmcache.v1.distributed.storage_manager.StorageManager.finish_write";
    assert_eq!(evidence.latency_ms[name].avg.map(|ms| (ms * 1e6).round()), Some(129_503.0));
    assert_eq!(evidence.latency_ms[name].count, 24);
    assert!((evidence.duration_s.unwrap() - 23.75).abs() < 0.01);
}

#[test]
fn the_text_tells_what_the_files_do_not() {
    let run = report(&["0.5.6-trace_replay.txt"]).runs.remove(0);
    assert_eq!(run.records_total, Some(143));
    assert_eq!(
        (run.records_replayed, run.records_skipped, run.records_failed),
        (Some(143), Some(0), Some(0))
    );
    assert_eq!(run.duration_s, Some(23.75));
    assert_eq!(run.trace.as_deref(), Some("trace.lct"));
    let digest = run.digest.unwrap();
    let data = trace("0.5.6-A-l1-prefix-replay");
    let header = SliceReader::new(&data).unwrap().header().clone();
    assert_eq!(digest.meaning(&header), DigestMeaning::OtherConfiguration);
    let old = trace("0.4.6-A-l1-prefix-replay");
    let other = SliceReader::new(&old).unwrap().header().clone();
    assert_eq!(digest.meaning(&other), DigestMeaning::OtherTrace);
    let same = report(&["0.4.6-trace_replay.txt"]).runs.remove(0).digest.unwrap();
    assert_eq!(same.meaning(&other), DigestMeaning::SameConfiguration);
}

#[test]
fn a_mismatch_with_an_l2_adapter_proves_nothing() {
    let data = trace("0.5.6-C-l2-fs");
    let header = SliceReader::new(&data).unwrap().header().clone();
    let mut digest = report(&["0.5.6-trace_replay.txt"]).runs.remove(0).digest.unwrap();
    digest.recorded = header.sm_config_digest[..8].to_owned();
    assert_eq!(digest.meaning(&header), DigestMeaning::CannotTell);
}

#[test]
fn a_second_run_is_a_second_run() {
    let all = report(&[
        "0.5.6-trace_replay.txt",
        "0.5.6-second-trace_replay.txt",
        "0.5.6-trace_replay_ops.csv",
    ]);
    assert_eq!(all.runs.len(), 2);
    let with_csv = all.runs.iter().find(|run| run.kinds.contains(&ReplayKind::OpsCsv)).unwrap();
    assert!(with_csv.files.contains(&"0.5.6-trace_replay.txt".to_owned()), "{:?}", with_csv.files);
    let evidence = ReplayEvidence::new(all);
    assert_eq!(evidence.op_counts.values().sum::<u64>(), 2 * 143);
}

#[test]
fn trace_info_of_bad_files() {
    for version in ["0.4.6", "0.5.6"] {
        let torn = report(&[&format!("{version}-trace_info_truncated.txt")]).infos.remove(0);
        let at = if version == "0.4.6" { 77_605 } else { 59_782 };
        assert_eq!(torn.torn_at, Some(at));
        let garbage = report(&[&format!("{version}-trace_info_garbage.txt")]).infos.remove(0);
        assert!(garbage.error.unwrap().contains("truncated frame body"));
        assert_eq!(garbage.total_records, None);
        let empty = report(&[&format!("{version}-trace_info_empty.txt")]).infos.remove(0);
        assert!(empty.error.unwrap().contains("unexpected EOF"));
    }
    let evidence = ReplayEvidence::new(report(&["0.5.6-trace_info.txt"]));
    assert_eq!(evidence.source_kind, "trace_info");
    assert_eq!(evidence.duration_s, Some(23.737));
    assert_eq!(evidence.replay_info["total_records"], 143);
}

#[test]
fn nothing_and_nonsense() {
    let evidence = ReplayEvidence::new(collect([]));
    assert!(!evidence.present);
    let bad = collect([
        ("a", &b"\xff\xfe\x00"[..]),
        ("b", b""),
        ("c.json", b"{\"ops\": 3}"),
        ("d.json", b"{\"ops\": "),
        ("e.txt", b"Trace Replay Result"),
    ]);
    assert_eq!(bad.issues.len(), 4, "{:?}", bad.issues);
    let evidence = ReplayEvidence::new(bad);
    assert!(evidence.parse_errors[0].contains("no output of LMCache's trace tools"));
    assert!(evidence.parse_errors.iter().any(|error| error.contains("line 1, column")));
}
