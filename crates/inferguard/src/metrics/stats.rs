//! Numbers of one field over the samples of a run.

use lmcache_prom::{Timeline, Window};
use serde::Serialize;

use super::page::finite;

/// What a field's number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum FieldKind {
    /// A state: it may go either way.
    Gauge,
    /// A total since the process began: only its `increase` tells of the run.
    Counter,
    /// The mean of all observations since the process began.
    Mean,
    /// A ratio of two totals since the process began.
    Ratio,
}

/// A field over the samples that have it. Of a counter, `min` to `max` describe its totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FieldStats {
    /// What the number is.
    pub kind: FieldKind,
    /// Samples that have it.
    pub count: usize,
    /// In the first of them.
    pub first: f64,
    /// In the last of them.
    pub last: f64,
    /// Smallest.
    pub min: f64,
    /// Mean over samples.
    pub mean: f64,
    /// Median, linear between samples.
    pub p50: f64,
    /// 95th percentile.
    pub p95: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Largest.
    pub max: f64,
    /// Counters: how much they grew over the run; after a reset, from 0. Means: observations of
    /// the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub increase: Option<f64>,
    /// Counters: increase a second, where the times of all samples are known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rate_per_second: Option<f64>,
    /// Counters and means: windows in which a series fell or the process was restarted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resets: Option<usize>,
    /// Means: the mean of the observations of the run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_of_run: Option<f64>,
    /// Ratios: the ratio of what was counted in the run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio_of_run: Option<f64>,
}

impl FieldStats {
    /// Over these values, in order of time; `None` without any.
    pub(super) fn of(kind: FieldKind, values: &[f64]) -> Option<Self> {
        let mut sorted: Vec<f64> = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            kind,
            count: values.len(),
            first: *values.first()?,
            last: *values.last()?,
            min: *sorted.first()?,
            mean: values.iter().map(|v| v / values.len() as f64).sum(),
            p50: quantile(&sorted, 0.5)?,
            p95: quantile(&sorted, 0.95)?,
            p99: quantile(&sorted, 0.99)?,
            max: *sorted.last()?,
            increase: None,
            rate_per_second: None,
            resets: None,
            mean_of_run: None,
            ratio_of_run: None,
        })
    }
}

/// The quantile of sorted values, linear between its neighbours.
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    let place = q * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= q <= 1")]
    let below = place.floor() as usize;
    let (a, b) = (*sorted.get(below)?, *sorted.get((below + 1).min(last))?);
    Some(a + (b - a) * (place - below as f64))
}

/// How much the series of a name grew over all windows of a timeline.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Growth {
    pub(super) value: f64,
    /// Length of the windows; `None` where one has no times.
    pub(super) seconds: Option<f64>,
    pub(super) resets: usize,
}

/// `None` where no window has the name.
pub(super) fn growth(
    timeline: &Timeline,
    name: &str,
    label: Option<(&str, &str)>,
) -> Option<Growth> {
    let labels: Vec<(&str, &str)> = label.into_iter().collect();
    let increases =
        timeline.windows().iter().filter_map(|w| Some((w, timeline.increase(w, name, &labels)?)));
    let mut out = Growth { seconds: Some(0.0), ..Growth::default() };
    let mut windows = 0usize;
    for (window, increase) in increases {
        windows += 1;
        out.value += increase.value;
        out.resets += usize::from(increase.reset);
        out.seconds = out.seconds.zip(span(window)).map(|(a, b)| a + b);
    }
    (windows > 0 && out.value.is_finite()).then_some(out)
}

fn span(window: &Window) -> Option<f64> {
    window.seconds.and_then(finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_between_samples_and_nothing_gives_nothing() {
        let stats = FieldStats::of(FieldKind::Gauge, &[3.0, 1.0, 2.0]).unwrap();
        assert_eq!((stats.first, stats.last, stats.min, stats.max), (3.0, 2.0, 1.0, 3.0));
        assert_eq!((stats.p50, stats.mean), (2.0, 2.0));
        assert!((stats.p95 - 2.9).abs() < 1e-12);
        assert_eq!(FieldStats::of(FieldKind::Gauge, &[]), None);
        let one = FieldStats::of(FieldKind::Gauge, &[7.0]).unwrap();
        assert_eq!((one.p50, one.p99), (7.0, 7.0));
    }
}
