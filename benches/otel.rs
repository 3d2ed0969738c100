//! OTLP spans: JSON lines through our own structs beside the generated ones, and protobuf.
//! Compare within one run; the machine's load moves all of them.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use evidence_redact::{Redactor, Salt};
use lmcache_otel::{Names, SpanReader, read_metrics};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use prost::Message;
use std::hint::black_box;

/// Spans of a captured server with CacheBlend, as length-delimited messages.
const SPANS: &[u8] = include_bytes!("../fixtures/packets/lmcache-0.5.6-cacheblend/spans.otlp.pb");
const METRICS: &[u8] =
    include_bytes!("../fixtures/packets/lmcache-0.5.6-cacheblend/metrics.otlp.jsonl");

/// So many copies of the capture, each with trace ids of its own.
const COPIES: u8 = 40;

fn messages() -> Vec<ExportTraceServiceRequest> {
    let mut rest = SPANS;
    let mut out = Vec::new();
    while let Ok(message) = ExportTraceServiceRequest::decode_length_delimited(&mut rest) {
        out.push(message);
    }
    let copy = |copy: u8| {
        let mut all = out.clone();
        let scopes = all.iter_mut().flat_map(|m| &mut m.resource_spans);
        for span in scopes.flat_map(|r| &mut r.scope_spans).flat_map(|s| &mut s.spans) {
            if let Some(byte) = span.trace_id.first_mut() {
                *byte = copy;
            }
        }
        all
    };
    (0..COPIES).flat_map(copy).collect()
}

fn otel(criterion: &mut Criterion) {
    let messages = messages();
    let proto: Vec<u8> =
        messages.iter().flat_map(Message::encode_length_delimited_to_vec).collect();
    let json: Vec<u8> = messages
        .iter()
        .flat_map(|message| {
            let data = TracesData { resource_spans: message.resource_spans.clone() };
            let mut line = serde_json::to_vec(&data).unwrap_or_default();
            line.push(b'\n');
            line
        })
        .collect();
    let Ok(redactor) = Redactor::new(Salt::new(*b"bench")) else { return };
    let read = |file: &[u8]| {
        let mut reader = SpanReader::new();
        reader.push(black_box(file));
        reader.finish(&redactor).span_count
    };
    let generated = |file: &[u8]| {
        black_box(file)
            .split(|byte| *byte == b'\n')
            .filter_map(|line| serde_json::from_slice::<TracesData>(line).ok())
            .map(|data| data.resource_spans.len())
            .sum::<usize>()
    };
    let spans = read(&json);
    for (unit, throughput) in
        [("bytes", Throughput::Bytes(json.len() as u64)), ("spans", Throughput::Elements(spans))]
    {
        let mut group = criterion.benchmark_group(format!("otel/spans-json/{unit}"));
        group.throughput(throughput);
        group.bench_with_input(BenchmarkId::from_parameter("evidence"), &json, |b, file| {
            b.iter(|| read(file));
        });
        group.bench_with_input(BenchmarkId::from_parameter("generated-serde"), &json, |b, file| {
            b.iter(|| generated(file));
        });
        group.finish();
    }
    let mut group = criterion.benchmark_group("otel/spans-proto/bytes");
    group.throughput(Throughput::Bytes(proto.len() as u64));
    group.bench_with_input(BenchmarkId::from_parameter("evidence"), &proto, |b, file| {
        b.iter(|| read(file));
    });
    group.finish();
    let mut group = criterion.benchmark_group("otel/metrics-json/bytes");
    group.throughput(Throughput::Bytes(METRICS.len() as u64));
    group.bench_with_input(BenchmarkId::from_parameter("pages"), METRICS, |b, file| {
        b.iter(|| read_metrics(black_box(file), Names::Otel).pages.len());
    });
    group.finish();
}

criterion_group!(benches, otel);
criterion_main!(benches);
