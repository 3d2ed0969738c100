//! Exposition text: this parser beside `prometheus-parse` and a mere count of line ends, page by
//! page. Compare within one run; the machine's load moves all of them.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inferguard_benches::prom_data::{PAGES, grow, without_colons};
use lmcache_prom::Scrape;
use lmcache_prom::text::{Event, Scratch, parse_slice};
use std::hint::black_box;

/// The borrowed parser: every sample, every label by name and value.
fn events(text: &str) -> u64 {
    let mut scratch = Scratch::default();
    let mut labels = 0;
    let summary = parse_slice(text.as_bytes(), &mut scratch, |event| {
        if let Event::Sample(sample) = event {
            labels += sample.labels().len();
            black_box(sample.value);
        }
    });
    black_box(labels);
    summary.map_or(0, |summary| summary.samples)
}

fn scrape(text: &str) -> usize {
    Scrape::parse(text.as_bytes()).map_or(0, |scrape| scrape.series_count())
}

fn peer(text: &str) -> usize {
    prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned())))
        .map_or(0, |scrape| scrape.samples.len())
}

/// Whether a sample's name has a colon.
fn colons(text: &str) -> bool {
    let mut samples = text.lines().filter(|line| !line.starts_with('#'));
    samples.any(|line| line.split(['{', ' ']).next().is_some_and(|name| name.contains(':')))
}

fn inputs() -> Vec<(String, String)> {
    let mut inputs: Vec<(String, String)> =
        PAGES.iter().map(|(name, page)| ((*name).to_owned(), (*page).to_owned())).collect();
    for (name, page) in PAGES {
        if page.contains("vllm:") || page.contains("sglang:") {
            inputs.push((format!("{name}-no-colons"), without_colons(page)));
        }
    }
    inputs.push(("lmcache-0.5.6-grown-4MB".to_owned(), grow(PAGES[1].1, 4 << 20)));
    inputs
}

fn prom(criterion: &mut Criterion) {
    for (name, text) in inputs() {
        let samples = events(&text);
        for (unit, throughput) in [
            ("bytes", Throughput::Bytes(text.len() as u64)),
            ("samples", Throughput::Elements(samples)),
        ] {
            let mut group = criterion.benchmark_group(format!("prom/{name}/{unit}"));
            group.throughput(throughput);
            group.bench_with_input(BenchmarkId::from_parameter("events"), &text, |b, text| {
                b.iter(|| events(black_box(text)));
            });
            group.bench_with_input(BenchmarkId::from_parameter("scrape"), &text, |b, text| {
                b.iter(|| scrape(black_box(text)));
            });
            // It leaves out names with colons, so a figure for such a page would mean nothing.
            if !colons(&text) && peer(&text) > 0 {
                let id = BenchmarkId::from_parameter("prometheus-parse");
                group.bench_with_input(id, &text, |b, text| b.iter(|| peer(black_box(text))));
            }
            let id = BenchmarkId::from_parameter("newlines");
            group.bench_with_input(id, &text, |b, text| {
                b.iter(|| memchr::memchr_iter(b'\n', black_box(text).as_bytes()).count());
            });
            group.finish();
        }
    }
}

criterion_group!(benches, prom);
criterion_main!(benches);
