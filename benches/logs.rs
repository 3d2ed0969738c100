//! The log reader beside a copy of the bytes and a count of line ends, log by log.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use lmcache_logs::{LogOptions, LogReader};
use std::hint::black_box;

/// Logs of captured packets: a server with ANSI, an embedded engine, SGLang.
const LOGS: [(&str, &[u8]); 4] = [
    (
        "lmcache-server",
        include_bytes!("../fixtures/packets/lmcache-0.5.6-lifecycle-eviction/server.log"),
    ),
    (
        "vllm-embedded",
        include_bytes!(
            "../fixtures/packets/vllm-0.32.0-lmcache-0.5.6-embedded-shim-seed/vllm/server.log"
        ),
    ),
    ("vllm-mp", include_bytes!("../fixtures/packets/vllm-0.32.0-lmcache-0.5.6-mp/vllm/server.log")),
    (
        "sglang-mp",
        include_bytes!("../fixtures/packets/sglang-0.5.23-lmcache-0.5.6-mp/sglang/server.log"),
    ),
];

/// Repeated to this size, so that start-up of the reader does not count.
const SIZE: usize = 16 << 20;

fn read(bytes: &[u8]) -> usize {
    let mut reader = LogReader::new(LogOptions::default());
    for chunk in bytes.chunks(64 << 10) {
        reader.push(chunk);
    }
    reader.finish().map_or(0, |evidence| evidence.events.len())
}

fn logs(criterion: &mut Criterion) {
    for (name, log) in LOGS {
        let bytes = log.repeat(SIZE.div_ceil(log.len()));
        let mut group = criterion.benchmark_group(format!("logs/{name}"));
        group.throughput(Throughput::Bytes(bytes.len() as u64)).sample_size(10);
        group.bench_with_input(BenchmarkId::from_parameter("read"), &bytes, |b, bytes| {
            b.iter(|| black_box(read(black_box(bytes))));
        });
        group.bench_with_input(BenchmarkId::from_parameter("line-count"), &bytes, |b, bytes| {
            b.iter(|| black_box(memchr::memchr_iter(b'\n', black_box(bytes)).count()));
        });
        let mut to = vec![0; bytes.len()];
        group.bench_with_input(BenchmarkId::from_parameter("memcpy"), &bytes, |b, bytes| {
            b.iter(|| to.copy_from_slice(black_box(bytes)));
        });
        group.finish();
    }
}

criterion_group!(benches, logs);
criterion_main!(benches);
