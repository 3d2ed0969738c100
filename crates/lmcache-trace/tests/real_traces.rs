//! Real traces of two releases, against figures that LMCache itself and its server's
//! metrics gave for them.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{STORAGE, fixture, trace};
use lmcache_trace::replay::collect;
use lmcache_trace::{
    EndKind, Grade, Hooks, InfoOptions, Op, ReuseOptions, ReuseView, Step, StreamReader,
    TraceSummary, check, reuse, summarize,
};

fn summary(name: &str) -> TraceSummary {
    summarize(&trace(name)[..], &InfoOptions::default(), Hooks::default()).unwrap()
}

fn count(summary: &TraceSummary, op: Op) -> u64 {
    summary.op_count(op.qualname())
}

#[test]
fn every_trace_decodes_completely() {
    for name in STORAGE {
        let data = trace(name);
        let summary = summary(name);
        assert_eq!(summary.unknown, [], "{name}");
        assert_eq!(summary.bytes, data.len() as u64, "{name}");
        assert_eq!(summary.issues.total(), u64::from(name.ends_with("I-disk-full")), "{name}");
        let release = &summary.release;
        let want = match (summary.records, &name[..5]) {
            (0, _) => (None, None),
            (_, "0.4.6") => (Some("0.4.4"), Some("0.4.6")),
            _ => (Some("0.5.6"), None),
        };
        assert_eq!((release.min.as_deref(), release.max.as_deref()), want, "{name}");
        assert!(!release.contradictory);
        assert!(summary.clocks.max_step_s.is_none_or(|step| step < 0.01), "{name}");
    }
}

/// Operations as `reserve_write`, `finish_write`, `submit_prefetch_task`, read entered,
/// read left, `finish_read_prefetched`; the trace's hand-counted figures.
#[test]
fn counts_by_operation() {
    let table: [(&str, [u64; 6]); 9] = [
        ("0.4.6-A-l1-prefix-replay", [24, 24, 48, 47, 47, 47]),
        ("0.4.6-C-l2-fs", [6, 6, 24, 18, 18, 18]),
        ("0.5.6-A-l1-prefix-replay", [24, 24, 48, 0, 0, 47]),
        ("0.5.6-B-lifecycle-eviction", [160, 103, 178, 0, 0, 18]),
        ("0.5.6-C-l2-fs", [6, 6, 24, 0, 0, 18]),
        ("0.5.6-D-otlp", [12, 12, 32, 4, 4, 29]),
        ("0.5.6-F-isolatedlru-l1-dead", [80, 40, 80, 0, 0, 0]),
        ("0.5.6-G-eventbus-drops", [0, 24, 5, 0, 0, 4]),
        ("0.5.6-H-cacheblend", [6, 6, 53, 10, 10, 16]),
    ];
    for (name, want) in table {
        let summary = summary(name);
        let ops = [
            Op::ReserveWrite,
            Op::FinishWrite,
            Op::SubmitPrefetchTask,
            Op::ReadEnter,
            Op::ReadExit,
            Op::FinishReadPrefetched,
        ];
        assert_eq!(ops.map(|op| count(&summary, op)), want, "{name}");
    }
}

/// Keys reserved and never finished equal the server's count of allocation failures.
#[test]
fn unfinished_writes_are_the_allocation_failures() {
    // Trace, reserve calls, finish calls, lmcache_mp_l1_allocation_failure_chunks_total.
    let table = [
        ("0.4.6-B-lifecycle-eviction", 160, 125, 140),
        ("0.5.6-B-lifecycle-eviction", 160, 103, 228),
        ("0.5.6-F-isolatedlru-l1-dead", 80, 40, 160),
        ("0.4.6-F-salt-quota", 38, 38, 0),
        ("0.5.6-F-salt-quota", 38, 38, 0),
        ("0.5.6-A-l1-prefix-replay", 24, 24, 0),
    ];
    for (name, reserved, finished, failures) in table {
        let summary = summary(name);
        let pairing = summary.pairing.as_ref().unwrap();
        assert!(pairing.is_exact(), "{name}");
        let writes = &pairing.writes;
        assert_eq!(
            (writes.opening_calls, writes.closing_calls, writes.unclosed_keys),
            (reserved, finished, failures),
            "{name}"
        );
        let defect = check(&summary)
            .into_iter()
            .find(|o| o.code == "writes_never_finished" && o.grade == Grade::Defect);
        assert_eq!(defect.is_some(), failures > 0, "{name}");
    }
}

/// Prefetches of keys that had been written and evicted since: 20 calls of four keys,
/// which the server counted as 80 chunks wanted again after their eviction.
#[test]
fn prefetches_of_evicted_keys() {
    let prefetches = summary("0.5.6-B-lifecycle-eviction").pairing.unwrap().prefetches;
    assert_eq!(prefetches.answered_calls, 18);
    assert_eq!(prefetches.unanswered_although_written, 20);
    assert_eq!(prefetches.unanswered_written_keys, 80);
    assert_eq!(
        prefetches.calls,
        prefetches.answered_calls
            + prefetches.expected_misses
            + prefetches.unanswered_although_written
            + prefetches.superseded_calls
            + prefetches.unlocked_calls
    );
}

#[test]
fn lost_events_and_failed_stores() {
    let lost = summary("0.5.6-G-eventbus-drops").pairing.unwrap();
    assert!(lost.finished_unreserved_keys > 0);
    // A key stored again, whose second reservation was lost, looks finished twice.
    assert!(lost.double_finished_keys > 0);
    let failed = summary("0.4.6-A-stores-fail").pairing.unwrap().writes;
    assert_eq!((failed.opening_calls, failed.closing_calls), (48, 0));
    assert_eq!(failed.unclosed_calls, 48);
}

/// Reuse as the server measured it: `lmcache_mp_real_reuse_gap_objects` (count, sum) and
/// the sum of `..._seconds`, at a sample rate of 1.
#[test]
fn reuse_equals_the_servers_metric() {
    let table = [
        ("0.4.6-A-l1-prefix-replay", 142.0, 1400.0, 347.386_552),
        ("0.5.6-A-l1-prefix-replay", 142.0, 1400.0, 232.317_659),
        ("0.4.6-B-lifecycle-eviction", 72.0, 1728.0, 299.999_182),
        ("0.5.6-B-lifecycle-eviction", 72.0, 1728.0, 267.457_685),
    ];
    for (name, count, objects, seconds) in table {
        let options = ReuseOptions::default().with_view(ReuseView::Served);
        let report = reuse(&trace(name)[..], &options, Hooks::default()).unwrap();
        assert!(report.exact);
        assert_eq!(report.gap_touches.count, count, "{name}");
        assert_eq!(report.gap_touches.sum, objects, "{name}");
        // The server reads its clock when the call is done, the trace when it begins.
        assert!((report.gap_seconds.sum - seconds).abs() < 0.01, "{name}");
        assert!(report.gap_distinct.sum <= objects);
        assert_eq!(report.lru_curve.last().unwrap().hits, count);
    }
}

#[test]
fn torn_killed_and_empty_ends() {
    let full = summary("0.5.6-I-disk-full");
    assert_eq!(full.records, 79);
    assert_eq!(full.issues.first.len(), 1);
    assert_eq!(full.issues.first[0].offset, 59_818);
    assert_eq!(full.issues.first[0].code, "torn_body");
    assert_eq!(full.end.kind, EndKind::Torn);
    let hung = summary("0.5.6-I-hung");
    assert_eq!(hung.end.kind, EndKind::NoCloseMark);
    assert!(hung.end.meaning.contains("no clean close"));
    for name in ["0.4.6-G-no-observability", "0.5.6-G-no-observability"] {
        assert_eq!(summary(name).end.kind, EndKind::HeaderOnly);
    }
}

#[test]
fn layouts_models_ranks() {
    let summary = summary("0.5.6-B-lifecycle-eviction");
    assert_eq!(summary.layouts.len(), 1);
    assert_eq!(summary.layouts[0].bytes_per_chunk, Some(2 * 4 * 256 * 32 * 2));
    assert_eq!(summary.layouts[0].tensors[0].shape, [2, 4, 256, 32]);
    assert_eq!(summary.models[0].name, "test-model");
    assert_eq!(summary.ranks[0].world_size, Some(1));
    assert_eq!(summary.keys.distinct.count, 560);
}

/// The same figures as `lmcache trace info` printed.
#[test]
fn trace_info_of_lmcache_agrees() {
    let pairs = [
        ("0.4.6-trace_info.txt", "0.4.6-A-l1-prefix-replay"),
        ("0.5.6-trace_info.txt", "0.5.6-A-l1-prefix-replay"),
        ("0.5.6-I-disk-full-trace_info.txt", "0.5.6-I-disk-full"),
        ("0.5.6-events_trace_info.txt", "0.5.6-E-events"),
    ];
    for (text, name) in pairs {
        let bytes = fixture(&format!("replay/{text}"));
        let info = collect([(text, &bytes[..])]).infos.remove(0);
        let summary = summary(name);
        assert_eq!(Some(summary.records), info.total_records, "{name}");
        assert_eq!(info.ops.len(), summary.ops.len());
        for op in &summary.ops {
            assert_eq!(info.ops.get(&op.qualname), Some(&op.count), "{name} {}", op.short);
        }
        assert_eq!(
            format!("{:.3}", summary.duration_s()),
            format!("{:.3}", info.duration_s.unwrap())
        );
        assert_eq!(Some(&summary.header.sm_config_digest), info.sm_config_digest.as_ref());
        assert_eq!(info.torn_at, summary.issues.first.first().map(|issue| issue.offset));
    }
}

#[test]
fn cache_events() {
    let summary = summary("0.5.6-E-events");
    assert_eq!(summary.end.kind, EndKind::Closed);
    assert_eq!(summary.release.declared.as_deref(), Some("0.5.6"));
    assert_eq!(summary.unknown, []);
    assert!(summary.pairing.is_none());
    let events = summary.events.unwrap();
    assert_eq!(events.store_bytes, 55_574_528);
    assert_eq!(events.entries_with_tokens, 424);
    assert_eq!(events.instances.len(), 1);
    assert_eq!((events.instances[0].restarts, events.instances[0].missing_batches), (0, 0));
    let rows: Vec<(String, u64, u64)> = events
        .batches
        .iter()
        .map(|row| {
            (format!("{}/{}/{}", row.event_type, row.tier, row.backend), row.batches, row.entries)
        })
        .collect();
    let counts =
        |kind: &str| rows.iter().filter(|r| r.0.starts_with(kind)).map(|r| r.2).sum::<u64>();
    assert_eq!((counts("access"), counts("delete"), counts("store")), (360, 102, 424));
    assert_eq!(rows[0], ("access/l1/".to_owned(), 62, rows[0].2));
    assert_eq!(rows.iter().map(|row| row.1).sum::<u64>(), 190);
}

#[test]
fn token_ids_are_only_had_when_asked_for() {
    struct First(Vec<i64>);
    impl<'a> lmcache_trace::ArgSink<'a> for First {
        fn entry(&mut self, entry: lmcache_trace::CacheEntry<'a>) {
            if self.0.is_empty() && entry.tokens > 0 {
                self.0 = entry.raw_token_ids().collect();
                assert_eq!(self.0.len() as u64, entry.tokens);
                let text = format!("{entry:?}");
                assert!(!text.contains(&self.0[0].to_string()), "{text}");
            }
        }
    }
    let data = trace("0.5.6-E-events");
    let mut sink = First(Vec::new());
    for step in lmcache_trace::SliceReader::new(&data).unwrap() {
        if let Step::Record(record) = step {
            record.decode(&mut sink).unwrap();
            assert!(!format!("{record:?}").contains("token"));
        }
    }
    assert_eq!(sink.0.len(), 256);
}

#[test]
fn slice_and_stream_see_the_same() {
    for name in STORAGE {
        let data = trace(name);
        let slice: Vec<String> = lmcache_trace::SliceReader::new(&data)
            .unwrap()
            .map(|step| format!("{step:?}"))
            .collect();
        let mut reader = StreamReader::new(&data[..]).unwrap();
        let mut stream = Vec::new();
        while let Some(step) = reader.next_step() {
            stream.push(format!("{step:?}"));
        }
        assert_eq!(slice, stream, "{name}");
    }
}

#[test]
fn a_summary_survives_json() {
    let summary = summary("0.5.6-B-lifecycle-eviction");
    let text = serde_json::to_string(&summary).unwrap();
    let back: TraceSummary = serde_json::from_str(&text).unwrap();
    assert_eq!((back.records, back.bytes, &back.end), (459, summary.bytes, &summary.end));
    assert_eq!(back.pairing.unwrap().writes.unclosed_keys, 228);
    // The configuration may tell of the host: it is not in a report.
    assert!(!text.contains("eviction_policy"));
}
