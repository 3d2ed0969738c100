//! Summaries: quantiles that the exporter computed, with sum and count of one label set.

use crate::scrape::Scrape;
use std::collections::BTreeMap;

/// A summary of one label set. Its quantiles must not be averaged over label sets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct QuantileSummary {
    /// The labels, without `quantile`, in the order of their names.
    pub labels: Vec<(String, String)>,
    /// Quantiles and their values as exposed, in the order of the quantiles; NaN where the
    /// exporter's time window saw nothing.
    pub quantiles: Vec<(f64, f64)>,
    /// The sum of the observations.
    pub sum: Option<f64>,
    /// The number of observations.
    pub count: Option<f64>,
}

impl QuantileSummary {
    /// The mean of the observations; `None` without any.
    pub fn mean(&self) -> Option<f64> {
        let mean = self.sum? / self.count.filter(|count| *count > 0.0)?;
        (!mean.is_nan()).then_some(mean)
    }
}

impl Scrape {
    /// The summaries of a family, one for each label set, in the order of the page. Series
    /// without a quantile between 0 and 1 are left out.
    ///
    /// ```
    /// use lmcache_prom::Scrape;
    /// let scrape = Scrape::parse(b"t{quantile=\"0.5\"} 2\nt_sum 6\nt_count 3\n")?;
    /// let summary = &scrape.summaries("t")[0];
    /// assert_eq!((summary.quantiles[0], summary.mean()), ((0.5, 2.0), Some(2.0)));
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn summaries(&self, family: &str) -> Vec<QuantileSummary> {
        let mut list: Vec<QuantileSummary> = Vec::new();
        let mut place: BTreeMap<u32, usize> = BTreeMap::new();
        for suffix in ["", "_sum", "_count"] {
            for series in self.series(&format!("{family}{suffix}")) {
                let quantile = series.label("quantile").and_then(|q| q.parse::<f64>().ok());
                let quantile = quantile.filter(|q| (0.0..=1.0).contains(q));
                if suffix.is_empty() && quantile.is_none() {
                    continue;
                }
                let at = *place.entry(series.set()).or_insert(list.len());
                if at == list.len() {
                    let labels = series.set_labels();
                    let labels = labels.map(|(n, v)| (n.to_owned(), v.to_owned())).collect();
                    list.push(QuantileSummary { labels, ..QuantileSummary::default() });
                }
                let Some(summary) = list.get_mut(at) else { continue };
                match (suffix, quantile) {
                    ("_sum", _) => summary.sum = Some(series.value()),
                    ("_count", _) => summary.count = Some(series.value()),
                    (_, Some(quantile)) => summary.quantiles.push((quantile, series.value())),
                    (_, None) => {}
                }
            }
        }
        for summary in &mut list {
            summary.quantiles.sort_by(|a, b| a.0.total_cmp(&b.0));
        }
        list
    }
}
