//! How much counters grew.

use super::{Timeline, Window, matches};
use crate::histogram::Histogram;
use crate::scrape::Series;
use std::collections::BTreeMap;

/// How much the series of one name grew.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub struct Increase {
    /// The sum of what its series grew by.
    pub value: f64,
    /// How many series went into it (of several windows: the most of one).
    pub series: usize,
    /// How many of them are not on the earlier page. They count from 0: OpenTelemetry counters
    /// appear with their first event.
    pub appeared: usize,
    /// How many series of the earlier page are gone. What they grew by is not known.
    pub vanished: usize,
    /// How many series could not be counted: new ones where the earlier page was cut, so that
    /// their absence proves nothing, and values that are NaN.
    pub unproven: usize,
    /// Whether a series fell or the window holds a restart: then only what was counted since
    /// is in `value`.
    pub reset: bool,
}

impl Increase {
    /// This as a part of `whole`, such as hits of lookups: a ratio of the same window. `None` where
    /// it says nothing: `whole` did not grow (0 of 0 is no rate of 0), or series of either could not
    /// be counted.
    pub fn ratio_to(&self, whole: &Increase) -> Option<f64> {
        let counted = self.unproven == 0 && whole.unproven == 0;
        (counted && whole.value > 0.0).then(|| self.value / whole.value)
    }

    fn add(&mut self, other: &Increase) {
        self.value += other.value;
        self.series = self.series.max(other.series);
        self.appeared += other.appeared;
        self.vanished += other.vanished;
        self.unproven += other.unproven;
        self.reset |= other.reset;
    }
}

impl Timeline {
    /// How much the series of this name with these labels grew in a window;
    /// [`increase_of`](Self::increase_of) takes a signal instead of a name. An empty label value asks for an absent label; `&[]` for all series.
    ///
    /// `None` if no such series is on either page, or if it is a
    /// [creation time](crate::Scrape::created_of).
    pub fn increase(
        &self,
        window: &Window,
        sample_name: &str,
        labels: &[(&str, &str)],
    ) -> Option<Increase> {
        self.increase_where(window, sample_name, |series| matches(series, labels))
    }

    /// How much the series of this name that `keep` accepts grew in a window.
    pub fn increase_where(
        &self,
        window: &Window,
        sample_name: &str,
        keep: impl Fn(&Series<'_>) -> bool,
    ) -> Option<Increase> {
        let mut all = self.grouped(window, sample_name, |series| keep(series).then_some(""))?;
        all.remove("")
    }

    /// How much the series of this name grew in a window, split by the value of a label; `""`
    /// stands for those without it.
    pub fn increase_by(
        &self,
        window: &Window,
        sample_name: &str,
        label: &str,
    ) -> BTreeMap<String, Increase> {
        let all =
            self.grouped(window, sample_name, |series| Some(series.label(label).unwrap_or("")));
        all.unwrap_or_default().into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// How much the series of this name with these labels grew over all windows, those with a
    /// restart included (there from 0). What the first scrape already showed is not in it.
    pub fn total_increase(&self, sample_name: &str, labels: &[(&str, &str)]) -> Option<Increase> {
        self.add_up(self.windows(), sample_name, labels)
    }

    /// [`total_increase`](Self::total_increase) of one process, counted from 0. For a process
    /// that was first seen after a restart, what it did before its first scrape is in it.
    pub fn process_increase(
        &self,
        process: usize,
        sample_name: &str,
        labels: &[(&str, &str)],
    ) -> Option<Increase> {
        let windows = self.windows().iter().filter(|window| window.process == process);
        self.add_up(windows, sample_name, labels)
    }

    /// What the series of this name with these labels counted in all processes, the time before
    /// the first scrape included: the first scrape's sum and the
    /// [`total_increase`](Self::total_increase).
    pub fn lifetime(&self, sample_name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let first = self.scrapes().first()?;
        let sum = first
            .scrape
            .series(sample_name)
            .filter(|series| matches(series, labels) && !series.is_created())
            .map(|series| series.value())
            .filter(|value| !value.is_nan())
            .reduce(|a, b| a + b);
        let grown = self.total_increase(sample_name, labels).map(|increase| increase.value);
        match (sum, grown) {
            (None, None) => None,
            (a, b) => Some(a.unwrap_or(0.0) + b.unwrap_or(0.0)),
        }
    }

    /// The histograms of a family as observed in a window, one for each label set of the later
    /// page with these labels. After a restart, and for a label set that appeared, they count
    /// from 0; those that fell, changed their bounds, or appeared after a cut page are left
    /// out.
    pub fn histograms(
        &self,
        window: &Window,
        family: &str,
        labels: &[(&str, &str)],
    ) -> Vec<Histogram> {
        let Some((from, to)) = self.pair(window) else { return Vec::new() };
        let earlier: BTreeMap<Vec<(String, String)>, Histogram> = if window.restart.is_some() {
            BTreeMap::new()
        } else {
            from.histograms(family).into_iter().map(|h| (h.labels().to_vec(), h)).collect()
        };
        let unproven = window.restart.is_none() && from.cut();
        to.histograms(family)
            .into_iter()
            .filter(|h| labels.iter().all(|(name, value)| h.label(name).unwrap_or("") == *value))
            .filter_map(|later| match earlier.get(later.labels()) {
                Some(before) => later.since(before).ok(),
                None => (!unproven).then_some(later),
            })
            .collect()
    }

    fn add_up<'w>(
        &self,
        windows: impl IntoIterator<Item = &'w Window>,
        sample_name: &str,
        labels: &[(&str, &str)],
    ) -> Option<Increase> {
        windows.into_iter().filter_map(|window| self.increase(window, sample_name, labels)).reduce(
            |mut sum, next| {
                sum.add(&next);
                sum
            },
        )
    }

    /// Increases by the key that `key` gives; series without one are left out.
    fn grouped<'t>(
        &'t self,
        window: &Window,
        sample_name: &str,
        key: impl Fn(&Series<'t>) -> Option<&'t str>,
    ) -> Option<BTreeMap<&'t str, Increase>> {
        let (from, to) = self.pair(window)?;
        if from.created_of(sample_name).or(to.created_of(sample_name)).is_some() {
            return None;
        }
        let mut all: BTreeMap<&str, Increase> = BTreeMap::new();
        for series in to.series(sample_name) {
            let Some(key) = key(&series) else { continue };
            let increase = all.entry(key).or_default();
            let value = series.value();
            if value.is_nan() {
                increase.unproven += 1;
                continue;
            }
            if window.restart.is_some() {
                increase.reset = true;
                increase.series += 1;
                increase.value += value;
                continue;
            }
            match series.find_in(from).map(|before| before.value()) {
                Some(before) if before.is_nan() => increase.unproven += 1,
                Some(before) => {
                    increase.series += 1;
                    increase.reset |= value < before;
                    increase.value += if value < before { value } else { value - before };
                }
                None if from.cut() => increase.unproven += 1,
                None => {
                    increase.series += 1;
                    increase.appeared += 1;
                    increase.value += value;
                }
            }
        }
        for series in from.series(sample_name) {
            let Some(key) = key(&series) else { continue };
            let increase = all.entry(key).or_default();
            increase.reset |= window.restart.is_some();
            increase.vanished += usize::from(series.find_in(to).is_none());
        }
        Some(all)
    }
}
