//! Hit-rate curves: exact and sampled, beside a simulation of 30 sizes as LMCache's
//! `cache-simulator sweep` does it.

#![allow(clippy::unwrap_used, missing_docs)]

use std::collections::HashMap;
use std::hint::black_box;

use cache_sizing::{CurveBuilder, CurveOptions, Group, Lookup, MissOptions, MissesBuilder, mix};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

struct Log {
    ids: Vec<u64>,
    rows: Vec<(usize, usize)>,
    group: Group,
}

impl Log {
    /// Prompts of families by a heavy tail, a third of them with a chunk of their own.
    fn new(lookups: u64) -> Self {
        let (mut ids, mut rows, mut state) = (Vec::new(), Vec::new(), 7_u64);
        for i in 0..lookups {
            state = mix(state);
            let u = (state >> 11) as f64 / (1_u64 << 53) as f64;
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let family = (u * u * u * lookups as f64 / 40.0) as u64;
            let start = ids.len();
            let mut chain = mix(family % 7);
            ids.push(chain);
            for k in 0..=(family % 6) {
                chain = mix(chain ^ mix(family * 8 + k));
                ids.push(chain);
            }
            if state.is_multiple_of(3) {
                ids.push(mix(chain ^ i));
            }
            rows.push((start, ids.len()));
        }
        let group = Group { chunk_tokens: 256, chunk_bytes: 1 << 20, ..Group::default() };
        Log { ids, rows, group }
    }

    fn lookups(&self) -> impl Iterator<Item = Lookup<'_>> {
        self.rows.iter().enumerate().map(|(i, &(start, end))| Lookup {
            at: i as f64 * 0.1,
            group: 0,
            tokens: (end - start) as u64 * 256 + 100,
            chain: &self.ids[start..end],
        })
    }

    fn curve(&self, options: CurveOptions) -> u64 {
        let mut builder = CurveBuilder::new(options);
        for lookup in self.lookups() {
            builder.push(&lookup, &self.group);
        }
        builder.finish().bound()
    }
}

/// An LRU cache of one size, in Rust: a generous stand-in for the Python peer.
fn one_size(log: &Log, chunks: usize) -> u64 {
    let mut at: HashMap<u64, u64> = HashMap::new();
    let mut order: std::collections::BTreeMap<u64, u64> = std::collections::BTreeMap::new();
    let (mut clock, mut hits) = (0_u64, 0_u64);
    for lookup in log.lookups() {
        hits += lookup.chain.iter().take_while(|id| at.contains_key(id)).count() as u64;
        for id in lookup.chain {
            clock += 1;
            if let Some(old) = at.insert(*id, clock) {
                order.remove(&old);
            } else if at.len() > chunks
                && let Some((_, gone)) = order.pop_first()
            {
                at.remove(&gone);
            }
            order.insert(clock, *id);
        }
    }
    hits
}

fn curves(c: &mut Criterion) {
    let log = Log::new(1_000_000);
    let mut group = c.benchmark_group("sizing");
    group.sample_size(10);
    group.throughput(Throughput::Elements(log.ids.len() as u64));
    group.bench_function("exact, every size, 1 M lookups", |b| {
        b.iter(|| black_box(log.curve(CurveOptions::default())));
    });
    for one_in in [10, 100] {
        let options = CurveOptions { one_in, memory: 32 << 20, ..CurveOptions::default() };
        group.bench_with_input(BenchmarkId::new("sample, one in", one_in), &options, |b, o| {
            b.iter(|| black_box(log.curve(*o)));
        });
    }
    let fixed = CurveOptions { memory: 1 << 20, ..CurveOptions::default() };
    group.bench_function("sample of a fixed size, 1 MiB", |b| {
        b.iter(|| black_box(log.curve(fixed)));
    });
    group.finish();

    let small = Log::new(100_000);
    let mut group = c.benchmark_group("sizing, 100 k lookups");
    group.sample_size(10);
    group.throughput(Throughput::Elements(small.ids.len() as u64));
    group.bench_function("exact, every size", |b| {
        b.iter(|| black_box(small.curve(CurveOptions::default())));
    });
    group.bench_function("one size, a plain LRU cache", |b| {
        b.iter(|| black_box(one_size(&small, 10_000)));
    });
    group.bench_function("reasons of all misses", |b| {
        b.iter(|| {
            let mut builder = MissesBuilder::new(MissOptions::default());
            for lookup in small.lookups() {
                builder.push(&lookup, &small.group);
            }
            black_box(builder.finish().hit_tokens)
        });
    });
    group.finish();
}

criterion_group!(benches, curves);
criterion_main!(benches);
