//! Working sets: how many different ones in windows of one length.

use super::WorkingSet;

#[derive(Debug)]
pub(super) struct Window {
    length: f64,
    index: f64,
    count: f64,
    windows: u64,
    sum: f64,
    max: f64,
    max_index: f64,
}

impl Window {
    pub(super) fn new(length: f64) -> Self {
        Window {
            length,
            index: f64::NEG_INFINITY,
            count: 0.0,
            windows: 0,
            sum: 0.0,
            max: 0.0,
            max_index: 0.0,
        }
    }

    /// A touch at `now` of something last touched at `before`.
    pub(super) fn add(&mut self, before: Option<f64>, now: f64, weight: f64) {
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
        self.count = 0.0;
    }

    pub(super) fn finish(mut self) -> WorkingSet {
        self.close();
        let windows = self.windows.max(1) as f64;
        WorkingSet {
            window_s: self.length,
            windows: self.windows,
            mean: self.sum / windows,
            max: self.max,
            max_at_s: self.max_index * self.length,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn different_ones_are_counted_once_a_window() {
        let mut window = Window::new(10.0);
        // (last touch, now): three in the first window, one of them twice; a gap; two.
        for (before, now) in [(None, 0.0), (None, 1.0), (Some(1.0), 2.0), (None, 9.0)] {
            window.add(before, now, 1.0);
        }
        window.add(Some(1.0), 35.0, 1.0);
        window.add(Some(0.0), 36.0, 1.0);
        let set = window.finish();
        assert_eq!((set.windows, set.max, set.max_at_s, set.mean), (2, 3.0, 0.0, 2.5));
    }
}
