//! The `.lct` reader beside its peers, on two data sets, each by bytes, by records and
//! by keys. Wall clock: use the ratios of one run. `lct session` measures CPU time and
//! instructions.
#![allow(missing_docs, clippy::unwrap_used)]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inferguard_benches::lct_data::{Shape, generate, seed};
use inferguard_benches::lct_peers::Way;

fn read(c: &mut Criterion) {
    let seed = seed().unwrap();
    for shape in [Shape::Short, Shape::ManyKeys] {
        let mut data = Vec::new();
        let done = generate(&seed, shape, 16 << 20, &mut data).unwrap();
        let units = [
            ("bytes", Throughput::Bytes(done.bytes)),
            ("records", Throughput::Elements(done.records)),
            ("keys", Throughput::Elements(done.keys)),
        ];
        for (unit, throughput) in units {
            let mut group = c.benchmark_group(format!("lct/{}/{unit}", shape.name()));
            group.throughput(throughput);
            group.sample_size(10);
            for way in Way::ALL {
                // Records and keys a second make sense for what looks at them.
                if unit == "bytes" || matches!(way, Way::Slice | Way::Stream) {
                    group.bench_function(way.name(), |b| b.iter(|| way.read(&data).unwrap()));
                }
            }
            group.finish();
        }
    }
}

criterion_group!(benches, read);
criterion_main!(benches);
