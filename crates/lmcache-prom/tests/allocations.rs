//! What parsing costs in memory. The counts are those of this thread.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

use allocation_counter::measure;
use lmcache_prom::text::{Event, MAX_LINE, Scratch, StreamParser, parse_slice};
use lmcache_prom::{Limits, Scrape};

const PAGE: &str = include_str!("data/lmcache-0.5.6.prom");

/// The samples of the page, `times` over, each time with another label value.
fn grown(times: usize) -> String {
    let mut text = String::new();
    for replica in 0..times {
        for line in PAGE.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.rsplit_once(' ').unwrap();
            match name.strip_suffix('}') {
                Some(name) => text += &format!("{name},replica=\"r{replica}\"}} {value}\n"),
                None => text += &format!("{name}{{replica=\"r{replica}\"}} {value}\n"),
            }
        }
    }
    text
}

#[test]
fn the_slice_parser_allocates_the_same_for_any_number_of_samples() {
    let parse = |text: &str| {
        let mut samples = 0;
        let used = measure(|| {
            let mut scratch = Scratch::default();
            parse_slice(text.as_bytes(), &mut scratch, |event| {
                if let Event::Sample(sample) = event {
                    samples += 1;
                    assert!(sample.labels().len() > 0);
                }
            })
            .unwrap();
        });
        (samples, used.count_total, used.bytes_max)
    };
    let (few, allocations, peak) = parse(&grown(1));
    let (many, allocations_of_many, peak_of_many) = parse(&grown(200));
    assert_eq!(many, 200 * few);
    assert_eq!(allocations_of_many, allocations);
    assert_eq!(peak_of_many, peak);
    assert!(allocations < 10 && peak < 4096, "{allocations} allocations, {peak} bytes");
}

#[test]
fn the_stream_parser_holds_one_line() {
    let text = grown(50);
    let feed = |text: &str| {
        measure(|| {
            let mut parser = StreamParser::default();
            for chunk in text.as_bytes().chunks(100) {
                parser.feed(chunk, |_| {});
            }
            parser.finish(|_| {}).unwrap();
        })
    };
    let used = feed(&text);
    assert!(used.bytes_max < 4096, "{used:?}");
    // Growing with the input would show.
    assert_eq!(feed(&grown(100)).count_total, used.count_total);
}

#[test]
fn a_line_without_end_is_not_held() {
    let chunk = vec![b'x'; 1 << 16];
    let used = measure(|| {
        let mut parser = StreamParser::default();
        for _ in 0..1024 {
            parser.feed(&chunk, |_| {});
        }
        assert!(parser.finish(|_| {}).is_err());
    });
    assert!(used.bytes_max <= 3 * MAX_LINE as u64, "{used:?}");
}

/// A page costs less than 80 bytes a series while it is read, its buckets sharing one label set.
#[test]
fn a_page_is_compact() {
    let text = grown(300);
    let mut series = 0;
    let used = measure(|| {
        let scrape = Scrape::read(text.as_bytes()).unwrap();
        series = scrape.series_count() as u64;
    });
    assert!(series > 50_000);
    assert!(used.bytes_max < 80 * series, "{} bytes for {series} series", used.bytes_max);
}

/// The bound holds for a page whose series share nothing, too.
#[test]
fn limits_bound_the_memory_of_any_page() {
    let mut text = String::new();
    for n in 0..100_000 {
        text += &format!("name_{n}{{label_{n}=\"value {n}\"}} {n}\n");
    }
    let limits = Limits { max_series: 1000, max_text_bytes: 100_000 };
    let used = measure(|| {
        let scrape = Scrape::read_with(text.as_bytes(), &limits).unwrap();
        assert!(scrape.partial());
        assert!(scrape.series_count() <= 1000);
    });
    assert!(used.bytes_max < 1 << 20, "{used:?}");
}
