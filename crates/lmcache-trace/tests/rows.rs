//! Rows of an export, and the evidence files.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::trace;
use lmcache_trace::{
    ClaimStatus, ExportOptions, Hooks, InfoOptions, RecordFilter, Redaction, Row, SliceReader,
    Table, TraceError, TraceEvidence, csv_head, csv_line, export, summarize,
};

fn salted() -> Redaction {
    Redaction::Salted(b"salt".to_vec())
}

fn rows(name: &str, options: &ExportOptions) -> Vec<Row> {
    let mut rows = Vec::new();
    let done = export(&trace(name)[..], options, Hooks::default(), |row| {
        rows.push(row);
        true
    })
    .unwrap();
    assert_eq!(done.rows, rows.len() as u64);
    rows
}

fn records(name: &str, filter: RecordFilter) -> Vec<u64> {
    rows(name, &ExportOptions::new(salted()).with_filter(filter))
        .iter()
        .map(|row| if let Row::Record(row) = row { row.record } else { panic!() })
        .collect()
}

#[test]
fn filters() {
    let name = "0.5.6-A-l1-prefix-replay";
    let all = records(name, RecordFilter::default());
    assert_eq!(all, (0..143).collect::<Vec<u64>>());
    let mut by_op = RecordFilter::default();
    by_op.ops = vec!["reserve_write".to_owned(), "finish_write".to_owned()];
    assert_eq!(records(name, by_op.clone()).len(), 48);
    by_op.limit = Some(5);
    assert_eq!(records(name, by_op).len(), 5);
    let mut from = RecordFilter::default();
    from.since_s = Some(10.0);
    let mut until = RecordFilter::default();
    until.until_s = Some(10.0);
    let (late, early) = (records(name, from.clone()), records(name, until));
    assert_eq!([early, late.clone()].concat(), all);
    // The same by the wall clock.
    let data = trace(name);
    let start = SliceReader::new(&data).unwrap().header().t_wall_start;
    let mut wall = RecordFilter::default();
    wall.since_wall_s = Some(start + 10.0);
    assert_eq!(records(name, wall), late);
    let mut none = RecordFilter::default();
    none.ops = vec!["no_such_call".to_owned()];
    assert_eq!(none.unknown_ops(), ["no_such_call"]);
    assert_eq!(records(name, none).len(), 0);
}

#[test]
fn a_limit_ends_the_reading() {
    let mut filter = RecordFilter::default();
    filter.limit = Some(3);
    let options = ExportOptions::new(salted()).with_filter(filter);
    let done =
        export(&trace("0.5.6-B-lifecycle-eviction")[..], &options, Hooks::default(), |_| true)
            .unwrap();
    assert_eq!((done.rows, done.walked.records), (3, 3));
    let mut seen = 0;
    let done = export(
        &trace("0.5.6-B-lifecycle-eviction")[..],
        &ExportOptions::new(salted()),
        Hooks::default(),
        |_| {
            seen += 1;
            seen < 2
        },
    )
    .unwrap();
    assert_eq!((seen, done.walked.records), (2, 2));
}

#[test]
fn one_key_has_one_name_in_both_levels_and_never_its_own() {
    // The traces are of different runs: what is compared is redaction, not content.
    let key_rows = |name: &str, redaction: Redaction| {
        rows(name, &ExportOptions::new(redaction).with_table(Table::Keys))
    };
    let raw = key_rows("0.5.6-E-events", Redaction::Raw);
    let short = key_rows("0.5.6-E-events", salted());
    assert_eq!((raw.len(), short.len()), (886, 886));
    for (raw, short) in raw.iter().zip(&short) {
        let (Row::Key(raw), Row::Key(short)) = (raw, short) else { panic!() };
        assert_eq!((raw.key.len(), short.key.len()), (64, 12));
        let bytes: Vec<u8> =
            (0..32).map(|n| u8::from_str_radix(&raw.key[2 * n..2 * n + 2], 16).unwrap()).collect();
        assert_eq!(salted().chunk(&bytes), short.key);
        assert!(!raw.key.contains(&short.key));
    }
    assert_ne!(salted().chunk(&[1; 32]), Redaction::Salted(b"other".to_vec()).chunk(&[1; 32]));
    assert!(!format!("{:?}", salted()).contains("115"), "the salt is not shown");
    let Row::Record(row) =
        rows("0.5.6-A-l1-prefix-replay", &ExportOptions::new(salted())).remove(0)
    else {
        panic!()
    };
    assert_eq!(row.external_request_id.unwrap().len(), 12);
}

#[test]
fn csv_has_as_many_fields_as_its_head_and_ndjson_the_same_names() {
    for (table, name) in [
        (Table::Records, "0.5.6-E-events"),
        (Table::Keys, "0.5.6-E-events"),
        (Table::Records, "0.4.6-D-otlp"),
        (Table::Keys, "0.4.6-D-otlp"),
    ] {
        let head: Vec<&str> = csv_head(table).split(',').collect();
        for row in rows(name, &ExportOptions::new(salted()).with_table(table)) {
            assert_eq!(csv_line(&row).split(',').count(), head.len());
            let json = serde_json::to_value(&row).unwrap();
            let names: Vec<&String> = json.as_object().unwrap().keys().collect();
            assert_eq!(names, head);
        }
    }
}

#[test]
fn evidence_has_the_keys_that_scripts_read() {
    let data = trace("0.5.6-I-disk-full");
    let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
    let evidence = TraceEvidence::new(summary, "00ff", None);
    let json = serde_json::to_value(&evidence).unwrap();
    let names: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    let want = [
        "schema_version",
        "present",
        "claim_status",
        "file_size_bytes",
        "sha256",
        "header",
        "record_count",
        "truncated",
        "storage_calls",
        "first_record",
        "last_record",
        "parse_error",
        "summary",
        "check",
    ];
    assert_eq!(names, want);
    assert_eq!(json["schema_version"], "inferguard-lmcache-trace-evidence/v1");
    assert_eq!(json["claim_status"], "measured");
    assert_eq!(
        (json["record_count"].as_u64(), json["truncated"].as_bool()),
        (Some(79), Some(true))
    );
    assert_eq!(json["storage_calls"]["submit_prefetch_task"], 27);
    assert_eq!(json["header"]["level"], "storage");
    assert!(json["header"].get("sm_config_json").is_none());
    assert_eq!(
        json["first_record"]["t_mono"].as_f64(),
        evidence.first_record.as_ref().unwrap().t_mono
    );
    let back: TraceEvidence = serde_json::from_value(json).unwrap();
    assert_eq!(back.record_count, 79);
    // With the configuration, where it is asked for.
    let header = SliceReader::new(&data).unwrap().header().clone();
    let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
    let full = TraceEvidence::new(summary, "", Some(&header));
    assert!(full.header["sm_config_json"].as_str().unwrap().contains("eviction_policy"));
}

#[test]
fn evidence_of_nothing_and_of_no_trace() {
    let data = trace("0.5.6-G-no-observability");
    let summary = summarize(&data[..], &InfoOptions::default(), Hooks::default()).unwrap();
    let evidence = TraceEvidence::new(summary, "", None);
    assert_eq!(evidence.claim_status, ClaimStatus::NotProven);
    assert!(!evidence.truncated);
    let error = SliceReader::new(b"hello").unwrap_err();
    let evidence = TraceEvidence::unreadable(&error, 5, "");
    assert_eq!(evidence.claim_status, ClaimStatus::ParseFailed);
    assert_eq!(evidence.parse_error, "not an LMCache trace: it is text");
    let torn = TraceEvidence::unreadable(&TraceError::TornHeader { have: 1, want: 2 }, 5, "");
    assert!(torn.truncated);
}

/// Evidence files of the Python tool, which have fewer keys, can be read.
#[test]
fn older_evidence_is_read() {
    let text = r#"{"schema_version":"inferguard-lmcache-trace-evidence/v1","present":true,
        "claim_status":"measured","file_size_bytes":41683,"sha256":"8dce","header":{"type":"header"},
        "record_count":56,"truncated":false,"storage_calls":{"finish_write":8},
        "first_record":{"relative_ts":null,"qualname":"x"},"last_record":null,"parse_error":""}"#;
    let evidence: TraceEvidence = serde_json::from_str(text).unwrap();
    assert_eq!(evidence.storage_calls["finish_write"], 8);
    assert_eq!(evidence.first_record.unwrap().qualname, "x");
}
