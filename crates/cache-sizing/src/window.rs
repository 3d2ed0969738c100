//! Working sets: how much different is touched in windows of one length.

use serde::Serialize;

/// Different ones in windows of one length.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WorkingSet {
    /// Length of a window in seconds.
    pub window_s: f64,
    /// Windows with at least one touch.
    pub windows: u64,
    /// Weight of the different ones in a window, on average over these.
    pub mean: f64,
    /// Weight of the different ones in the fullest window.
    pub max: f64,
    /// When the fullest window begins.
    pub max_at_s: f64,
}

/// Follows windows of one length.
#[derive(Debug)]
pub struct Working {
    length: f64,
    index: f64,
    count: f64,
    windows: u64,
    sum: f64,
    max: f64,
    max_index: f64,
    series: Option<Vec<WorkingSeries>>,
}

/// One window of a series.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorkingSeries {
    /// When it begins.
    pub at_s: f64,
    /// Bytes of the different chunks that were asked for in it.
    pub bytes: f64,
}

/// Windows that a series keeps.
const SERIES: usize = 4096;

impl Working {
    /// Windows of this length, in seconds.
    pub fn new(length: f64) -> Self {
        Working {
            length,
            index: f64::NEG_INFINITY,
            count: 0.0,
            windows: 0,
            sum: 0.0,
            max: 0.0,
            max_index: 0.0,
            series: None,
        }
    }

    /// Keeps every window, up to 4,096.
    #[must_use]
    pub fn with_series(mut self) -> Self {
        self.series = Some(Vec::new());
        self
    }

    /// A touch at `now` of something last touched at `before`. Time must not go back.
    #[inline]
    pub fn add(&mut self, before: Option<f64>, now: f64, weight: f64) {
        let index = (now / self.length).floor();
        if index > self.index {
            self.close();
            self.index = index;
            self.windows += 1;
        }
        if before.is_none_or(|before| (before / self.length).floor() < self.index) {
            self.count += weight;
        }
    }

    fn close(&mut self) {
        self.sum += self.count;
        if self.count > self.max {
            self.max = self.count;
            self.max_index = self.index;
        }
        if let Some(series) = &mut self.series
            && self.index.is_finite()
            && series.len() < SERIES
        {
            series.push(WorkingSeries { at_s: self.index * self.length, bytes: self.count });
        }
        self.count = 0.0;
    }

    /// The sums, and the series where it was kept.
    pub fn finish(mut self) -> (WorkingSet, Vec<WorkingSeries>) {
        self.close();
        let windows = self.windows.max(1) as f64;
        let sums = WorkingSet {
            window_s: self.length,
            windows: self.windows,
            mean: self.sum / windows,
            max: self.max,
            max_at_s: self.max_index * self.length,
        };
        (sums, self.series.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_ones_are_counted_once_a_window() {
        let mut window = Working::new(10.0).with_series();
        // (last touch, now): three in the first window, one of them twice; a gap; two.
        for (before, now) in [(None, 0.0), (None, 1.0), (Some(1.0), 2.0), (None, 9.0)] {
            window.add(before, now, 1.0);
        }
        window.add(Some(1.0), 35.0, 1.0);
        window.add(Some(0.0), 36.0, 1.0);
        let (set, series) = window.finish();
        assert_eq!((set.windows, set.max, set.max_at_s, set.mean), (2, 3.0, 0.0, 2.5));
        assert_eq!(series.iter().map(|w| w.bytes).collect::<Vec<_>>(), [3.0, 2.0]);
    }
}
