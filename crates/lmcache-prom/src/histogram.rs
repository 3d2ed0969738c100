//! Histograms and summaries: buckets, consistency, quantiles.

use std::collections::BTreeMap;

use crate::scrape::Scrape;
use crate::text::{Issue, IssueKind, MetricKind};

/// One bucket: everything up to its bound.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// Upper bound, inclusive; `+Inf` in the last one.
    pub le: f64,
    /// Observations up to the bound.
    pub cumulative: f64,
}

/// A quantile, and the bucket in which it was interpolated: the true value lies between the
/// bounds and nothing more is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Interpolated value, in the family's unit.
    pub value: f64,
    /// Lower bound of the bucket.
    pub lower: f64,
    /// Upper bound of the bucket; infinite in the last one.
    pub upper: f64,
}

/// A histogram of one label set, or of several added up.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// Buckets by rising bound.
    pub buckets: Vec<Bucket>,
    /// Sum of the observations; NaN when the page has none.
    pub sum: f64,
    /// Number of observations.
    pub count: f64,
}

impl Histogram {
    /// The histograms of a family, one a label set (without `le`), in order of the labels.
    pub fn all(scrape: &Scrape, base: &str) -> Vec<(Vec<(String, String)>, Self)> {
        let key = |s: &crate::scrape::Series<'_>| -> Vec<(String, String)> {
            s.labels()
                .filter(|(n, v)| *n != "le" && !v.is_empty())
                .map(|(n, v)| (n.to_owned(), v.to_owned()))
                .collect()
        };
        let mut found: BTreeMap<Vec<(String, String)>, Self> = BTreeMap::new();
        let blank = || Self { buckets: vec![], sum: f64::NAN, count: f64::NAN };
        for s in scrape.series(&format!("{base}_bucket")) {
            let Some(le) = s.label("le").and_then(|v| v.parse().ok()) else { continue };
            found.entry(key(&s)).or_insert_with(blank).buckets.push(Bucket { le, cumulative: s.value() });
        }
        for s in scrape.series(&format!("{base}_sum")) {
            found.entry(key(&s)).or_insert_with(blank).sum = s.value();
        }
        for s in scrape.series(&format!("{base}_count")) {
            found.entry(key(&s)).or_insert_with(blank).count = s.value();
        }
        for one in found.values_mut() {
            one.buckets.sort_by(|a, b| a.le.total_cmp(&b.le));
            if one.count.is_nan() {
                one.count = one.buckets.last().map_or(0.0, |b| b.cumulative);
            }
        }
        found.into_iter().collect()
    }

    /// All label sets of a family added up; `None` when there are none or their bounds differ.
    pub fn merged(scrape: &Scrape, base: &str) -> Option<Self> {
        let mut all = Self::all(scrape, base).into_iter().map(|(_, h)| h);
        let mut total = all.next()?;
        for one in all {
            let same = one.buckets.len() == total.buckets.len()
                && one.buckets.iter().zip(&total.buckets).all(|(a, b)| a.le == b.le);
            if !same {
                return None;
            }
            for (into, from) in total.buckets.iter_mut().zip(&one.buckets) {
                into.cumulative += from.cumulative;
            }
            total.sum += one.sum;
            total.count += one.count;
        }
        Some(total)
    }

    /// `sum / count`; `None` without observations.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0.0 && self.sum.is_finite()).then(|| self.sum / self.count)
    }

    /// A quantile by Prometheus' linear interpolation within its bucket.
    ///
    /// As in Prometheus: the lowest bucket is taken to begin at 0 when its bound is positive,
    /// and a quantile in the `+Inf` bucket gives the highest finite bound. `None` for `q`
    /// outside 0 to 1, for an empty histogram and for buckets that do not rise.
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        if !(0.0..=1.0).contains(&q) || self.buckets.len() < 2 {
            return None;
        }
        let last = self.buckets.last()?;
        let total = last.cumulative;
        if !last.le.is_infinite() || !(total > 0.0) {
            return None;
        }
        if self.buckets.windows(2).any(|w| !(w[1].cumulative >= w[0].cumulative)) {
            return None;
        }
        let rank = q * total;
        let at = self.buckets.iter().position(|b| b.cumulative >= rank)?;
        let bucket = self.buckets[at];
        let before = at.checked_sub(1).map(|i| self.buckets[i]);
        if bucket.le.is_infinite() {
            let lower = before?.le;
            return Some(Quantile { value: lower, lower, upper: f64::INFINITY });
        }
        let (lower, under) = match before {
            Some(b) => (b.le, b.cumulative),
            None if bucket.le > 0.0 => (0.0, 0.0),
            None => {
                return Some(Quantile { value: bucket.le, lower: f64::NEG_INFINITY, upper: bucket.le });
            }
        };
        let width = bucket.cumulative - under;
        let share = if width > 0.0 { (rank - under) / width } else { 0.0 };
        let value = lower + (bucket.le - lower) * share;
        Some(Quantile { value, lower, upper: bucket.le })
    }
}

/// A summary of one label set.
#[derive(Debug, Clone, PartialEq)]
pub struct SummaryMetric {
    /// Quantile (0 to 1) and its value, by rising quantile.
    pub quantiles: Vec<(f64, f64)>,
    /// Sum of the observations.
    pub sum: f64,
    /// Number of observations.
    pub count: f64,
}

impl SummaryMetric {
    /// The summary of a family whose label sets are not told apart; `None` when it is not there
    /// or stands for more than one label set, since quantiles cannot be added.
    pub fn only(scrape: &Scrape, base: &str) -> Option<Self> {
        if scrape.series_count(&format!("{base}_count")) != 1 {
            return None;
        }
        let mut quantiles: Vec<(f64, f64)> = scrape
            .series(base)
            .filter_map(|s| Some((s.label("quantile")?.parse().ok()?, s.value())))
            .collect();
        quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
        Some(Self {
            quantiles,
            sum: scrape.sum(&format!("{base}_sum"))?,
            count: scrape.sum(&format!("{base}_count"))?,
        })
    }
}

/// Histograms of a page that contradict themselves.
pub(crate) fn inconsistencies(scrape: &Scrape) -> Vec<Issue> {
    let mut out = Vec::new();
    let bases: Vec<&str> = scrape
        .families()
        .filter(|f| f.kind() == MetricKind::Histogram)
        .map(|f| f.name())
        .collect();
    for base in bases {
        let bucket_name = format!("{base}_bucket");
        let Some(first) = scrape.series(&bucket_name).next() else { continue };
        let line = first.line();
        let mut say = |kind| out.push(Issue { kind, line, column: 1, offset: 0 });
        if scrape.series(&bucket_name).any(|s| s.label("le").is_none_or(|v| v.parse::<f64>().is_err())) {
            say(IssueKind::BadBucket);
        }
        // A page with very many label sets is checked by its sums only: the cost stays linear.
        if scrape.series_count(&bucket_name) > 200_000 {
            continue;
        }
        for (_, one) in Histogram::all(scrape, base) {
            let Some(last) = one.buckets.last() else { continue };
            if one.buckets.windows(2).any(|w| w[1].cumulative < w[0].cumulative) {
                say(IssueKind::BucketsNotCumulative);
            }
            if !last.le.is_infinite() {
                say(IssueKind::MissingInfBucket);
            } else if last.cumulative != one.count {
                say(IssueKind::CountMismatch);
            }
        }
    }
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn histogram(buckets: &[(f64, f64)]) -> Histogram {
        let count = buckets.last().map_or(0.0, |b| b.1);
        let buckets = buckets.iter().map(|(le, cumulative)| Bucket { le: *le, cumulative: *cumulative });
        Histogram { buckets: buckets.collect(), sum: 1.0, count }
    }

    #[test]
    fn quantiles_interpolate_as_prometheus_does() {
        let h = histogram(&[(1.0, 2.0), (2.0, 6.0), (4.0, 10.0), (f64::INFINITY, 10.0)]);
        for (q, want) in [(0.0, 0.0), (0.1, 0.5), (0.2, 1.0), (0.4, 1.5), (0.8, 3.0), (1.0, 4.0)] {
            let got = h.quantile(q).unwrap();
            assert!((got.value - want).abs() < 1e-12, "q {q}: {got:?}");
            assert!(got.lower <= got.value && got.value <= got.upper);
        }
        let tail = histogram(&[(1.0, 1.0), (f64::INFINITY, 10.0)]);
        let got = tail.quantile(0.99).unwrap();
        assert_eq!((got.value, got.lower, got.upper), (1.0, 1.0, f64::INFINITY));
    }

    #[test]
    fn what_cannot_be_told_is_not_told() {
        assert!(histogram(&[]).quantile(0.5).is_none());
        assert!(histogram(&[(1.0, 0.0), (f64::INFINITY, 0.0)]).quantile(0.5).is_none());
        assert!(histogram(&[(1.0, 5.0), (f64::INFINITY, 3.0)]).quantile(0.5).is_none());
        assert!(histogram(&[(1.0, 5.0), (2.0, 6.0)]).quantile(0.5).is_none());
        assert!(histogram(&[(1.0, 1.0), (f64::INFINITY, 1.0)]).quantile(1.5).is_none());
    }
}
