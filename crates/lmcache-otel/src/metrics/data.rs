//! Metrics as both formats give them.

/// A metric and its points.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Metric {
    pub(super) name: String,
    pub(super) unit: String,
    pub(super) kind: Kind,
    pub(super) is_delta: bool,
    pub(super) points: Vec<Point>,
}

/// What a metric is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
    #[default]
    Gauge,
    Counter,
    Histogram,
    Summary,
}

/// One point.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Point {
    pub(super) labels: Vec<(String, String)>,
    pub(super) time: u64,
    pub(super) start: u64,
    pub(super) value: PointValue,
}

/// What a point says.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum PointValue {
    /// Nothing: a gap that the sender marks.
    #[default]
    None,
    Int(i64),
    Double(f64),
    /// Buckets: upper bounds, counts of each (one more than bounds).
    Histogram {
        count: u64,
        sum: Option<f64>,
        bounds: Vec<f64>,
        counts: Vec<u64>,
    },
    /// Quantile and value.
    Summary {
        count: u64,
        sum: f64,
        quantiles: Vec<(f64, f64)>,
    },
}

/// Most buckets of an exponential histogram that are written out.
const MAX_BUCKETS: usize = 1024;

/// An exponential histogram as one with bounds. Negative values stand below zero as one bucket.
pub(super) fn exponential(
    scale: i32,
    zeros: u64,
    offset: i32,
    positive: &[u64],
    negative: &[u64],
) -> (Vec<f64>, Vec<u64>) {
    let base = 2f64.powf(2f64.powi(scale.clamp(-20, 20).saturating_neg()));
    let below: u64 = negative.iter().fold(0, |sum, count| sum.saturating_add(*count));
    let mut bounds = vec![0.0];
    let mut counts = vec![below.saturating_add(zeros)];
    for (index, count) in positive.iter().take(MAX_BUCKETS).enumerate() {
        let exponent = f64::from(offset) + index as f64 + 1.0;
        bounds.push(base.powf(exponent));
        counts.push(*count);
    }
    // What lies beyond the buckets.
    let rest =
        positive.iter().skip(MAX_BUCKETS).fold(0u64, |sum, count| sum.saturating_add(*count));
    counts.push(rest);
    (bounds, counts)
}
