//! Gauges over time.

use super::{Timeline, matches};

/// The values of one sample name on one page.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Spread {
    /// The least value of its series.
    pub min: f64,
    /// The greatest value of its series.
    pub max: f64,
    /// The sum over its series; means nothing for ratios.
    pub sum: f64,
    /// How many series there are.
    pub series: usize,
}

/// The values of one sample name over a timeline.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct Track {
    /// One entry for each scrape, in order; `None` where the name is absent.
    pub scrapes: Vec<Option<Spread>>,
}

impl Track {
    /// The least value of any series at any time.
    pub fn min(&self) -> Option<f64> {
        self.scrapes.iter().flatten().map(|spread| spread.min).reduce(f64::min)
    }

    /// The greatest value of any series at any time.
    pub fn max(&self) -> Option<f64> {
        self.scrapes.iter().flatten().map(|spread| spread.max).reduce(f64::max)
    }

    /// The values on the last page; `None` if the name is absent there.
    pub fn last(&self) -> Option<Spread> {
        self.scrapes.last().copied().flatten()
    }

    /// The values on the last page that has the name.
    pub fn last_seen(&self) -> Option<Spread> {
        self.scrapes.iter().rev().flatten().next().copied()
    }
}

impl Timeline {
    /// The values of the series of this name with these labels, scrape by scrape; NaN left out.
    /// An empty label value asks for an absent label.
    ///
    /// ```
    /// use lmcache_prom::{Captured, Scrape, Timeline};
    /// let timeline = Timeline::from_scrapes(vec![
    ///     Captured::new(0, None, Scrape::parse(b"usage{t=\"a\"} 0.5\nusage{t=\"b\"} 0.9\n")?),
    ///     Captured::new(1, None, Scrape::parse(b"usage{t=\"a\"} 0.2\n")?),
    /// ]);
    /// let track = timeline.track("usage", &[]);
    /// assert_eq!((track.min(), track.max()), (Some(0.2), Some(0.9)));
    /// assert_eq!(track.last().unwrap().series, 1);
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn track(&self, sample_name: &str, labels: &[(&str, &str)]) -> Track {
        let scrapes = self.scrapes().iter().map(|captured| {
            captured
                .scrape
                .series(sample_name)
                .filter(|series| matches(series, labels))
                .map(|series| series.value())
                .filter(|value| !value.is_nan())
                .map(|value| Spread { min: value, max: value, sum: value, series: 1 })
                .reduce(|a, b| Spread {
                    min: a.min.min(b.min),
                    max: a.max.max(b.max),
                    sum: a.sum + b.sum,
                    series: a.series + b.series,
                })
        });
        Track { scrapes: scrapes.collect() }
    }
}
