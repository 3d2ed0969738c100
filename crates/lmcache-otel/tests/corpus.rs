//! The committed fixtures: spans as protobuf and as JSON agree; metrics are read by lmcache-prom.
//! And what the fuzzer found worth keeping.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "common/property.rs"]
mod property;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use evidence_redact::{Redactor, Salt};
use lmcache_otel::{
    Names, Page, SpanEvidence, metrics_to_exposition, prometheus_name, read_metrics, read_spans,
};
use lmcache_prom::Scrape;
use lmcache_prom::contract::{Catalog, Form, SeriesType};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;

fn fixture(name: &str) -> Vec<u8> {
    let path: PathBuf =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets").join(name);
    std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn spans(file: &[u8]) -> SpanEvidence {
    let mut evidence = read_spans(file, &Redactor::new(Salt::new(*b"corpus")).unwrap());
    evidence.bytes = 0;
    evidence
}

/// Messages of a file with varint lengths.
fn messages(mut file: &[u8]) -> Vec<ExportTraceServiceRequest> {
    let mut out = Vec::new();
    while !file.is_empty() {
        out.push(ExportTraceServiceRequest::decode_length_delimited(&mut file).unwrap());
    }
    out
}

#[test]
fn every_form_of_a_file_says_the_same() {
    let varint = fixture("lmcache-0.5.6-cacheblend/spans.otlp.pb");
    let messages = messages(&varint);
    let want = spans(&varint);
    assert_eq!(want.parse_errors, [""; 0]);
    assert!(want.cacheblend_span_count > 100 && want.cacheblend_point_span_count > 10);
    assert!(want.request_span_count > 10 && want.foreign_span_count == 0);
    assert_eq!(want.unknown_names, [""; 0]);
    assert_eq!(want.trees.unexpected.len(), 0, "{:?}", want.trees.unexpected);
    assert_eq!(want.releases.from.as_deref(), Some("0.5.5"));

    let fixed: Vec<u8> = messages
        .iter()
        .flat_map(|m| {
            [&u32::try_from(m.encoded_len()).unwrap().to_be_bytes()[..], &m.encode_to_vec()]
                .concat()
        })
        .collect();
    assert_eq!(spans(&fixed), want);

    // The generated reader and ours, on the generated writer's JSON.
    let json = |message: &ExportTraceServiceRequest| {
        serde_json::to_string(&TracesData { resource_spans: message.resource_spans.clone() })
            .unwrap()
    };
    let lines: Vec<String> = messages.iter().map(json).collect();
    for (line, message) in lines.iter().zip(&messages) {
        let back: TracesData = serde_json::from_str(line).unwrap();
        assert_eq!(back.resource_spans, message.resource_spans);
    }
    assert_eq!(spans(lines.join("\n").as_bytes()), want);
    assert_eq!(spans(format!("[{}]", lines.join(",\n")).as_bytes()), want);
    let pretty: Vec<String> = lines
        .iter()
        .map(|l| {
            serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(l).unwrap())
                .unwrap()
        })
        .collect();
    assert_eq!(spans(pretty.join("\n").as_bytes()), want);

    // One message of everything.
    let all = ExportTraceServiceRequest {
        resource_spans: messages.iter().flat_map(|m| m.resource_spans.clone()).collect(),
    };
    let mut one = spans(&all.encode_to_vec());
    assert_eq!(one.records, 1);
    one.records = want.records;
    assert_eq!(one, want);
}

#[test]
fn spans_and_metrics_are_told_apart() {
    let (spans_file, metrics_file) = (
        fixture("lmcache-0.5.6-cacheblend/spans.otlp.pb"),
        fixture("lmcache-0.5.6-cacheblend/metrics.otlp.pb"),
    );
    let evidence = spans(&metrics_file);
    assert_eq!((evidence.span_count, evidence.issue_count), (0, 0));
    assert!(evidence.metric_records >= 2);
    let metrics = read_metrics(&spans_file, Names::Otel);
    assert_eq!((metrics.pages.len(), metrics.issue_count), (0, 0));
    assert!(metrics.span_records > 0);
}

#[test]
fn a_torn_protobuf_file_keeps_what_is_whole() {
    let file = fixture("lmcache-0.5.6-cacheblend/spans.otlp.pb");
    let evidence = spans(&file[..file.len() - 10]);
    assert!(evidence.span_count > 0 && evidence.issue_count == 1, "{:?}", evidence.parse_errors);
}

#[test]
fn metrics_are_pages_that_the_contract_knows() {
    let json = fixture("lmcache-0.5.6-cacheblend/metrics.otlp.jsonl");
    let proto = fixture("lmcache-0.5.6-cacheblend/metrics.otlp.pb");
    let catalog = Catalog::new();
    for names in [Names::Otel, Names::Prometheus] {
        let (from_json, from_proto) = (read_metrics(&json, names), read_metrics(&proto, names));
        assert_eq!(from_json.issue_count + from_proto.issue_count, 0);
        for (json, proto) in from_json.pages.iter().zip(&from_proto.pages) {
            for (json, proto) in json.text.lines().zip(proto.text.lines()) {
                assert_eq!(json, proto);
            }
        }
        // Only text has lines.
        let placed = |page: &Page| Page { line: 0, ..page.clone() };
        assert!(from_json.pages.iter().map(placed).eq(from_proto.pages.iter().map(placed)));
        assert!(from_json.pages.iter().zip(1..).all(|(page, line)| page.line == line));
        assert!(from_json.pages.len() >= 2);
        for page in &from_json.pages {
            assert!(page.time_unix_ns > page.start_unix_ns && page.points > 20);
            let scrape = Scrape::parse(page.text.as_bytes()).unwrap();
            assert!(scrape.issues().is_empty(), "{:?}", scrape.issues());
            let mut known = 0;
            for sample in page.text.lines().filter(|l| !l.starts_with('#')) {
                let name = sample.trim_start_matches(['{', '"']);
                let name = name.split(['"', '{', ' ']).next().unwrap();
                if !name.starts_with("lmcache") {
                    continue;
                }
                let named = catalog.name(name).unwrap_or_else(|| panic!("{name}"));
                let form = if names == Names::Otel { Form::Otel } else { Form::Exposed };
                assert_eq!(named.form, form, "{name}");
                known += 1;
            }
            assert!(known > 50, "{known}");
        }
    }
    assert_eq!(
        metrics_to_exposition(&json),
        read_metrics(&json, Names::Otel).pages.last().unwrap().text
    );
}

#[test]
fn the_naming_rule_gives_the_names_of_the_contract() {
    let catalog = Catalog::new();
    let mut wrong = BTreeSet::new();
    let mut checked = 0;
    for spelling in catalog.spellings().filter(|s| !s.otel.is_empty()) {
        let name =
            prometheus_name(spelling.otel, spelling.unit, spelling.kind == SeriesType::Counter);
        checked += 1;
        if name != spelling.name {
            wrong.insert(format!(
                "{} {} -> {name}, not {}",
                spelling.otel, spelling.unit, spelling.name
            ));
        }
    }
    assert!(checked > 100);
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_fuzzers_corpus_is_replayed() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/otlp");
    let mut replayed = 0;
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let data = std::fs::read(entry.path()).unwrap();
        let (piece, file) = data.split_first().unwrap();
        property::holds_for(file, usize::from(*piece));
        replayed += 1;
    }
    assert!(replayed >= 8);
}
