//! Classic histograms: cumulative buckets, sum and count of one label set.

use crate::scrape::Scrape;
use std::collections::BTreeMap;

/// A histogram of one label set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {
    labels: Vec<(String, String)>,
    buckets: Vec<Bucket>,
    sum: Option<f64>,
    count: Option<f64>,
    faults: Vec<HistogramFault>,
}

/// A bucket: how many observations were at most `le`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bucket {
    /// The upper bound, inclusive; `+Inf` for the last one.
    pub le: f64,
    /// Observations up to the bound, those of lower buckets included.
    pub cumulative: f64,
}

/// What is inconsistent in a histogram. Its numbers are kept as they are.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HistogramFault {
    /// The bucket `+Inf` is missing.
    #[error("the bucket +Inf is missing")]
    MissingInf,
    /// There is no `_count`.
    #[error("there is no _count")]
    MissingCount,
    /// There is no `_sum`.
    #[error("there is no _sum")]
    MissingSum,
    /// There are no buckets at all.
    #[error("there are no buckets")]
    MissingBuckets,
    /// A bucket has no bound or one that is not a number.
    #[error("line {line}: the bucket's bound is not a number")]
    BadBound {
        /// The bucket's line.
        line: u64,
    },
    /// Two buckets have the same bound in different spellings; the first counts.
    #[error("two buckets have the bound {le}")]
    RepeatedBound {
        /// The bound.
        le: f64,
    },
    /// A bucket holds less than the one below it, or is not a number.
    #[error("the bucket up to {le} holds less than the one below it")]
    NotMonotone {
        /// The bound of the smaller bucket.
        le: f64,
    },
    /// The bucket `+Inf` and `_count` differ.
    #[error("the bucket +Inf holds {inf}, _count says {count}")]
    InfIsNotCount {
        /// The value of the bucket `+Inf`.
        inf: f64,
        /// The value of `_count`.
        count: f64,
    },
}

/// A quantile, and how coarse it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Prometheus' estimate: linear inside the bucket; the last finite bound where the
    /// observation lies above it.
    pub value: f64,
    /// Lower bound of the bucket; 0 for a first bucket with a positive bound, as Prometheus
    /// assumes, and `-Inf` for a first bucket without one.
    pub lower: f64,
    /// Upper bound of the bucket; `+Inf` where the observation lies above all finite bounds.
    pub upper: f64,
}

/// Two histograms do not fit together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MergeError {
    /// Their buckets have different bounds.
    #[error("the histograms have different bucket bounds")]
    BoundsDiffer,
    /// The later one holds less than the earlier one: another process, or a reset.
    #[error("the later histogram holds less than the earlier one")]
    Fell,
}

impl Scrape {
    /// The histograms of a family, one for each label set, in the order of the page. Works by
    /// sample names (`x_bucket`, `x_sum`, `x_count`; `x_gsum`, `x_gcount`), declared or not.
    ///
    /// ```
    /// use lmcache_prom::Scrape;
    /// let scrape = Scrape::parse(
    ///     b"t_bucket{le=\"1\"} 2\nt_bucket{le=\"5\"} 4\nt_bucket{le=\"+Inf\"} 4\nt_sum 6\nt_count 4\n",
    /// )?;
    /// let histogram = &scrape.histograms("t")[0];
    /// assert!(histogram.faults().is_empty());
    /// assert_eq!(histogram.mean(), Some(1.5));
    /// let p75 = histogram.quantile(0.75).unwrap();
    /// assert_eq!((p75.value, p75.lower, p75.upper), (3.0, 1.0, 5.0));
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn histograms(&self, family: &str) -> Vec<Histogram> {
        let mut list: Vec<Histogram> = Vec::new();
        let mut place: BTreeMap<u32, usize> = BTreeMap::new();
        for suffix in ["_bucket", "_sum", "_count", "_gsum", "_gcount"] {
            for series in self.series(&format!("{family}{suffix}")) {
                let at = *place.entry(series.set()).or_insert(list.len());
                if at == list.len() {
                    let labels = series.set_labels();
                    let labels = labels.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                    list.push(Histogram { labels, ..Histogram::default() });
                }
                let Some(histogram) = list.get_mut(at) else { continue };
                let value = series.value();
                match suffix {
                    "_bucket" => match series.le().and_then(|le| le.parse::<f64>().ok()) {
                        Some(le) if !le.is_nan() => {
                            histogram.buckets.push(Bucket { le, cumulative: value });
                        }
                        _ => {
                            let line = series.line();
                            histogram.faults.push(HistogramFault::BadBound { line });
                        }
                    },
                    "_sum" | "_gsum" => histogram.sum = Some(value),
                    _ => histogram.count = Some(value),
                }
            }
        }
        list.iter_mut().for_each(Histogram::check);
        list
    }
}

impl Histogram {
    /// The labels, without `le`, in the order of their names.
    pub fn labels(&self) -> &[(String, String)] {
        &self.labels
    }

    /// The value of a label; `None` if it is absent or empty.
    pub fn label(&self, name: &str) -> Option<&str> {
        self.labels.iter().find(|(label, _)| label == name).map(|(_, value)| value.as_str())
    }

    /// The buckets in the order of their bounds.
    pub fn buckets(&self) -> &[Bucket] {
        &self.buckets
    }

    /// The sum of the observations.
    pub fn sum(&self) -> Option<f64> {
        self.sum
    }

    /// The number of observations: `_count`, or the bucket `+Inf` where that is missing.
    pub fn count(&self) -> Option<f64> {
        self.count.or_else(|| self.infinite())
    }

    /// What is inconsistent.
    pub fn faults(&self) -> &[HistogramFault] {
        &self.faults
    }

    /// The mean of the observations; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        let mean = self.sum? / self.count().filter(|count| *count > 0.0)?;
        (!mean.is_nan()).then_some(mean)
    }

    /// The quantile, `0 <= q <= 1`, by Prometheus' interpolation. `None` without observations,
    /// without a bucket `+Inf`, with fewer than two buckets, or for another `q`.
    ///
    /// Where a bucket holds less than one below it, the larger number is used, as Prometheus
    /// does.
    pub fn quantile(&self, q: f64) -> Option<Quantile> {
        if !(0.0..=1.0).contains(&q) || self.buckets.len() < 2 {
            return None;
        }
        let total = self.infinite_running()?;
        if total.is_nan() || total <= 0.0 {
            return None;
        }
        let rank = q * total;
        let last_finite = self.buckets.iter().rev().find(|b| b.le.is_finite())?.le;
        // Lower bound and running count of the bucket before; `None` before the first one.
        let mut before: Option<(f64, f64)> = None;
        for bucket in &self.buckets {
            let below = before.map_or(0.0, |(_, count)| count);
            let running = bucket.cumulative.max(below);
            if bucket.le == f64::INFINITY {
                let (value, lower) = (last_finite, last_finite);
                return Some(Quantile { value, lower, upper: f64::INFINITY });
            }
            if running >= rank {
                let upper = bucket.le;
                let lower = match before {
                    Some((le, _)) => le,
                    None if upper > 0.0 => 0.0,
                    None => {
                        return Some(Quantile { value: upper, lower: f64::NEG_INFINITY, upper });
                    }
                };
                let inside = running - below;
                let share = if inside > 0.0 { (rank - below) / inside } else { 0.0 };
                return Some(Quantile { value: lower + (upper - lower) * share, lower, upper });
            }
            before = Some((bucket.le, running));
        }
        None
    }

    /// The sum of several histograms with the same bounds, such as those of all models.
    /// Labels are kept where all agree.
    pub fn merge<'h>(
        histograms: impl IntoIterator<Item = &'h Histogram>,
    ) -> Result<Option<Histogram>, MergeError> {
        let mut all = histograms.into_iter();
        let Some(first) = all.next() else { return Ok(None) };
        let mut merged = first.clone();
        for other in all {
            merged.same_bounds(other)?;
            for (bucket, more) in merged.buckets.iter_mut().zip(&other.buckets) {
                bucket.cumulative += more.cumulative;
            }
            merged.sum = merged.sum.zip(other.sum).map(|(a, b)| a + b);
            merged.count = merged.count.zip(other.count).map(|(a, b)| a + b);
            merged.labels.retain(|label| other.labels.contains(label));
        }
        merged.check();
        Ok(Some(merged))
    }

    /// What was observed since an earlier scrape of the same process.
    pub fn since(&self, earlier: &Histogram) -> Result<Histogram, MergeError> {
        self.same_bounds(earlier)?;
        let mut grown = self.clone();
        for (bucket, less) in grown.buckets.iter_mut().zip(&earlier.buckets) {
            bucket.cumulative -= less.cumulative;
            if bucket.cumulative < 0.0 {
                return Err(MergeError::Fell);
            }
        }
        grown.sum = self.sum.zip(earlier.sum).map(|(a, b)| a - b);
        grown.count = self.count.zip(earlier.count).map(|(a, b)| a - b);
        if grown.count.is_some_and(|count| count < 0.0) {
            return Err(MergeError::Fell);
        }
        grown.check();
        Ok(grown)
    }

    fn same_bounds(&self, other: &Histogram) -> Result<(), MergeError> {
        let equal = self.buckets.len() == other.buckets.len()
            && self.buckets.iter().zip(&other.buckets).all(|(a, b)| a.le == b.le);
        if equal { Ok(()) } else { Err(MergeError::BoundsDiffer) }
    }

    fn infinite(&self) -> Option<f64> {
        self.buckets.last().filter(|bucket| bucket.le == f64::INFINITY).map(|b| b.cumulative)
    }

    /// The bucket `+Inf`, or what a bucket below it holds if that is more.
    fn infinite_running(&self) -> Option<f64> {
        self.infinite()?;
        self.buckets.iter().map(|bucket| bucket.cumulative).reduce(f64::max)
    }

    /// Puts the buckets in order and notes what is inconsistent.
    fn check(&mut self) {
        self.faults.retain(|fault| matches!(fault, HistogramFault::BadBound { .. }));
        self.buckets.sort_by(|a, b| a.le.total_cmp(&b.le));
        let mut faults = Vec::new();
        self.buckets.dedup_by(|b, a| {
            let same = a.le == b.le;
            if same {
                faults.push(HistogramFault::RepeatedBound { le: a.le });
            }
            same
        });
        let mut below = f64::NEG_INFINITY;
        for bucket in &self.buckets {
            if bucket.cumulative.is_nan() || bucket.cumulative < below {
                faults.push(HistogramFault::NotMonotone { le: bucket.le });
            }
            below = below.max(bucket.cumulative);
        }
        if self.buckets.is_empty() {
            faults.push(HistogramFault::MissingBuckets);
        } else if self.infinite().is_none() {
            faults.push(HistogramFault::MissingInf);
        }
        match (self.infinite(), self.count) {
            (_, None) => faults.push(HistogramFault::MissingCount),
            (Some(inf), Some(count)) if inf != count => {
                faults.push(HistogramFault::InfIsNotCount { inf, count });
            }
            _ => {}
        }
        if self.sum.is_none() {
            faults.push(HistogramFault::MissingSum);
        }
        self.faults.extend(faults);
    }
}
