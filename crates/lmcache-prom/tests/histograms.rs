//! Histograms and summaries: consistency, quantiles as Prometheus computes them, merging.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::format_push_string, clippy::format_collect)]
#![allow(clippy::items_after_statements, clippy::default_trait_access)]

use lmcache_prom::histogram::{HistogramFault, MergeError, Quantile};
use lmcache_prom::{Histogram, Scrape};

/// A page of one histogram `h` from its buckets, sum and count.
fn page(labels: &str, buckets: &[(&str, f64)], sum: Option<f64>, count: Option<f64>) -> String {
    use std::fmt::Write;
    let mut text = String::new();
    for (le, value) in buckets {
        let _ = writeln!(text, "h_bucket{{{labels}le=\"{le}\"}} {value}");
    }
    if let Some(sum) = sum {
        let _ = writeln!(text, "h_sum{{{labels}}} {sum}");
    }
    if let Some(count) = count {
        let _ = writeln!(text, "h_count{{{labels}}} {count}");
    }
    text
}

fn one(buckets: &[(&str, f64)], sum: Option<f64>, count: Option<f64>) -> Histogram {
    let text = page("", buckets, sum, count);
    let mut all = Scrape::parse(text.as_bytes()).unwrap().histograms("h");
    assert_eq!(all.len(), 1);
    all.remove(0)
}

const PLAIN: &[(&str, f64)] = &[("1", 2.0), ("5", 6.0), ("10", 6.0), ("+Inf", 8.0)];

#[test]
fn a_consistent_histogram_has_no_faults() {
    let histogram = one(PLAIN, Some(40.0), Some(8.0));
    assert_eq!(histogram.faults(), []);
    assert_eq!(
        (histogram.sum(), histogram.count(), histogram.mean()),
        (Some(40.0), Some(8.0), Some(5.0))
    );
    assert_eq!(
        histogram.buckets().iter().map(|b| b.le).collect::<Vec<_>>(),
        [1.0, 5.0, 10.0, f64::INFINITY]
    );
}

#[test]
fn faults() {
    use HistogramFault::*;
    let faults = |buckets: &[(&str, f64)], sum, count| one(buckets, sum, count).faults().to_vec();
    assert_eq!(faults(&[("1", 2.0)], Some(1.0), Some(2.0)), [MissingInf]);
    assert_eq!(faults(PLAIN, None, Some(8.0)), [MissingSum]);
    assert_eq!(faults(PLAIN, Some(1.0), None), [MissingCount]);
    assert_eq!(faults(PLAIN, Some(1.0), Some(9.0)), [InfIsNotCount { inf: 8.0, count: 9.0 }]);
    assert_eq!(faults(&[], Some(1.0), Some(9.0)), [MissingBuckets]);
    assert_eq!(
        faults(&[("1", 3.0), ("5", 2.0), ("+Inf", 3.0)], Some(1.0), Some(3.0)),
        [NotMonotone { le: 5.0 }]
    );
    assert_eq!(
        faults(&[("1", f64::NAN), ("+Inf", 3.0)], Some(1.0), Some(3.0)),
        [NotMonotone { le: 1.0 }]
    );
    assert_eq!(
        faults(&[("1", 3.0), ("1.0", 2.0), ("+Inf", 3.0)], Some(1.0), Some(3.0)),
        [RepeatedBound { le: 1.0 }]
    );
    assert_eq!(
        faults(&[("low", 3.0), ("+Inf", 3.0)], Some(1.0), Some(3.0)),
        [BadBound { line: 1 }]
    );
}

#[test]
fn buckets_in_any_order() {
    let shuffled =
        one(&[("+Inf", 8.0), ("5", 6.0), ("10", 6.0), ("1", 2.0)], Some(40.0), Some(8.0));
    assert_eq!(shuffled, one(PLAIN, Some(40.0), Some(8.0)));
}

#[test]
fn quantiles() {
    let histogram = one(PLAIN, Some(40.0), Some(8.0));
    for (q, value, lower, upper) in [
        (0.0, 0.0, 0.0, 1.0),
        (0.125, 0.5, 0.0, 1.0),
        (0.25, 1.0, 0.0, 1.0),
        (0.5, 3.0, 1.0, 5.0),
        (0.75, 5.0, 1.0, 5.0),
        // Above all finite bounds: the last finite one, as Prometheus answers.
        (0.9, 10.0, 10.0, f64::INFINITY),
        (1.0, 10.0, 10.0, f64::INFINITY),
    ] {
        assert_eq!(histogram.quantile(q), Some(Quantile { value, lower, upper }), "{q}");
    }
    for q in [-0.1, 1.1, f64::NAN] {
        assert_eq!(histogram.quantile(q), None);
    }
}

#[test]
fn quantiles_at_the_edges() {
    // A first bucket that ends at or below zero has no lower bound.
    let low = one(&[("0.0", 3.0), ("5", 4.0), ("+Inf", 4.0)], Some(1.0), Some(4.0));
    assert_eq!(
        low.quantile(0.5),
        Some(Quantile { value: 0.0, lower: f64::NEG_INFINITY, upper: 0.0 })
    );
    // Nothing observed; no +Inf; one bucket.
    assert_eq!(one(&[("1", 0.0), ("+Inf", 0.0)], Some(0.0), Some(0.0)).quantile(0.5), None);
    assert_eq!(one(&[("1", 1.0), ("2", 1.0)], Some(0.0), Some(1.0)).quantile(0.5), None);
    assert_eq!(one(&[("+Inf", 3.0)], Some(0.0), Some(3.0)).quantile(0.5), None);
    // A bucket that falls counts as the one below it.
    let dented = one(&[("1", 4.0), ("5", 2.0), ("10", 8.0), ("+Inf", 8.0)], Some(1.0), Some(8.0));
    assert_eq!(dented.quantile(0.75), Some(Quantile { value: 7.5, lower: 5.0, upper: 10.0 }));
}

#[test]
fn means() {
    assert_eq!(one(&[("+Inf", 0.0)], Some(0.0), Some(0.0)).mean(), None);
    assert_eq!(one(&[("+Inf", 4.0)], Some(6.0), None).mean(), Some(1.5));
    assert_eq!(one(&[("+Inf", 4.0)], None, Some(4.0)).mean(), None);
}

#[test]
fn one_histogram_for_each_label_set() {
    let text = page("m=\"a\",", PLAIN, Some(40.0), Some(8.0))
        + &page("m=\"b\",", PLAIN, Some(8.0), Some(8.0));
    let all = Scrape::parse(text.as_bytes()).unwrap().histograms("h");
    let found: Vec<_> = all.iter().map(|h| (h.label("m"), h.mean(), h.faults().len())).collect();
    assert_eq!(found, [(Some("a"), Some(5.0), 0), (Some("b"), Some(1.0), 0)]);

    let sum = Histogram::merge(&all).unwrap().unwrap();
    assert_eq!((sum.count(), sum.mean(), sum.labels().len()), (Some(16.0), Some(3.0), 0));
    assert_eq!(sum.quantile(0.5), all[0].quantile(0.5));
    assert_eq!(Histogram::merge(&all[..1]).unwrap().unwrap(), all[0]);
    assert_eq!(Histogram::merge([]), Ok(None));
}

#[test]
fn only_equal_bounds_merge() {
    let a = one(PLAIN, Some(1.0), Some(8.0));
    let b = one(&[("1", 1.0), ("+Inf", 1.0)], Some(1.0), Some(1.0));
    assert_eq!(Histogram::merge([&a, &b]), Err(MergeError::BoundsDiffer));
    assert_eq!(a.since(&b), Err(MergeError::BoundsDiffer));
}

#[test]
fn what_was_observed_since() {
    let before = one(PLAIN, Some(40.0), Some(8.0));
    let after =
        one(&[("1", 2.0), ("5", 10.0), ("10", 10.0), ("+Inf", 12.0)], Some(52.0), Some(12.0));
    let grown = after.since(&before).unwrap();
    assert_eq!((grown.count(), grown.mean(), grown.faults().len()), (Some(4.0), Some(3.0), 0));
    assert_eq!(grown.quantile(0.5), Some(Quantile { value: 3.0, lower: 1.0, upper: 5.0 }));
    assert_eq!(before.since(&after), Err(MergeError::Fell));
}

#[test]
fn summaries() {
    let scrape = Scrape::parse(
        b"# TYPE s summary\ns{m=\"a\",quantile=\"0.9\"} 3\ns{m=\"a\",quantile=\"0.5\"} NaN\n\
          s{m=\"a\"} 9\ns_sum{m=\"a\"} 6\ns_count{m=\"a\"} 4\ns_count{m=\"b\"} 0\n",
    )
    .unwrap();
    let all = scrape.summaries("s");
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].labels, [("m".to_owned(), "a".to_owned())]);
    assert_eq!(all[0].quantiles[1], (0.9, 3.0));
    assert!(all[0].quantiles[0].1.is_nan());
    assert_eq!((all[0].mean(), all[1].mean()), (Some(1.5), None));
}
