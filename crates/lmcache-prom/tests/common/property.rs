//! What holds for every input, of the fuzzer, of its corpus and of the property tests.

use lmcache_prom::text::{Event, Scratch, StreamParser, parse_slice};
use lmcache_prom::{Captured, Scrape, Timeline};

/// Panics where something does not hold.
pub(crate) fn holds(input: &[u8], chunk: usize) {
    let mut whole = Vec::new();
    let mut first = Vec::new();
    let at_once = parse_slice(input, &mut Scratch::default(), |event| {
        whole.push(format!("{event:?}"));
        if let Event::Sample(sample) = event {
            let labels = sample.labels().map(|(n, v)| (n.into_owned(), v.into_owned()));
            first.push((sample.name.to_owned(), labels.collect::<Vec<_>>(), sample.value));
            let place = usize::try_from(sample.offset).ok();
            assert!(place.is_some_and(|place| place < input.len()), "a place outside the input");
        }
    });

    // Chunks of any size give the same events.
    let mut chunked = Vec::new();
    let mut parser = StreamParser::default();
    for piece in input.chunks(chunk.max(1)) {
        parser.feed(piece, |event| chunked.push(format!("{event:?}")));
    }
    let streamed = parser.finish(|event| chunked.push(format!("{event:?}")));
    assert_eq!(whole, chunked, "chunks of {chunk}");
    assert_eq!(at_once, streamed, "chunks of {chunk}");

    let scrape = Scrape::parse(input);
    assert_eq!(scrape.as_ref().err(), at_once.as_ref().err());
    let Ok(scrape) = scrape else { return };
    let count = first.len();
    assert_eq!(scrape.series_count() + scrape.repeats().count(), count);
    assert_eq!(scrape.all_series().count(), scrape.series_count());
    assert_eq!(scrape.families().map(|f| f.series().count()).sum::<usize>(), scrape.series_count());
    for (name, labels, _) in &first {
        assert!(scrape.has(name));
        let labels = labels.iter().map(|(n, v)| (n.as_str(), v.as_str()));
        assert!(scrape.find(name, labels).is_some(), "{name} is lost");
    }
    for family in scrape.families() {
        for histogram in scrape.histograms(family.name()) {
            for q in [0.0, 0.5, 0.99, 1.0] {
                if let Some(quantile) = histogram.quantile(q) {
                    assert!(quantile.lower <= quantile.upper);
                }
            }
        }
        let _ = scrape.summaries(family.name());
    }

    // Nothing grows between a page and itself.
    let names: Vec<String> = scrape.sample_names().map(str::to_owned).collect();
    let page = std::sync::Arc::new(scrape);
    let timeline = Timeline::from_scrapes(vec![
        Captured::new(0, None, page.clone()),
        Captured::new(1, None, page.clone()),
    ]);
    let window = &timeline.windows()[0];
    assert_eq!(window.restart, None);
    for name in &names {
        if let Some(increase) = timeline.increase(window, name, &[]) {
            // Infinity less itself is not a number.
            assert!(increase.value == 0.0 || increase.value.is_nan(), "{name}");
            assert_eq!((increase.appeared, increase.vanished), (0, 0), "{name}");
        }
    }
}
