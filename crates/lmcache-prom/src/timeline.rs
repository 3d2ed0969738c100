//! Several scrapes of one target: order, windows, increases.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use crate::scrape::Scrape;
use crate::text::MetricKind;

/// A scrape and what is known of its capture.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The caller's number for it.
    pub id: usize,
    /// Time of capture in seconds since 1970, where known.
    pub time: Option<f64>,
    /// The page.
    pub scrape: Arc<Scrape>,
}

/// Why the process behind a page is another one than before.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Restart {
    /// `process_start_time_seconds` changed.
    StartTime {
        /// Before.
        from: f64,
        /// After.
        to: f64,
    },
    /// The page has no start time, and a counter fell.
    CounterFell {
        /// Sum over the counter families that fell, before.
        from: f64,
        /// After.
        to: f64,
    },
}

impl fmt::Display for Restart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StartTime { from, to } => {
                write!(f, "process_start_time_seconds went from {from} to {to}")
            }
            Self::CounterFell { from, to } => write!(f, "a counter fell from {from} to {to}"),
        }
    }
}

/// The interval between two scrapes that follow each other.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    /// Index of the first scrape in [`Timeline::scrapes`].
    pub from: usize,
    /// Index of the second.
    pub to: usize,
    /// Length in seconds, where both times are known.
    pub seconds: Option<f64>,
    /// Set when the process is another one at the end: increases then count from its start.
    pub restart: Option<Restart>,
}

/// How far a counter grew over a window, over all its label sets.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Increase {
    /// The growth.
    pub value: f64,
    /// Label sets at the end of the window.
    pub series: usize,
    /// Label sets that came within the window; they count from 0.
    pub appeared: usize,
    /// Label sets that went within the window.
    pub vanished: usize,
    /// Some label set fell, and counts from 0.
    pub reset: bool,
}

/// Scrapes of one target in order of time.
///
/// ```
/// use std::sync::Arc;
/// use lmcache_prom::{Captured, Scrape, Timeline};
/// let page = |text: &str| Arc::new(Scrape::parse(text.as_bytes()).unwrap());
/// let timeline = Timeline::from_scrapes(vec![
///     Captured { id: 0, time: Some(0.0), scrape: page("process_start_time_seconds 9\n") },
///     Captured { id: 1, time: Some(5.0), scrape: page("hits_total 3\nprocess_start_time_seconds 9\n") },
/// ]);
/// let windows = timeline.windows();
/// // A counter that appears within one process counts from 0.
/// assert_eq!(timeline.increase(&windows[0], "hits_total", &[]).unwrap().value, 3.0);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    scrapes: Vec<Captured>,
}

impl Timeline {
    /// Puts scrapes of one target in order.
    ///
    /// The pages themselves decide where they can: the start of the process, then the CPU time
    /// that it has used, which only grows. The time of capture and the given order decide the
    /// rest.
    pub fn from_scrapes(mut scrapes: Vec<Captured>) -> Self {
        let one = |c: &Captured, name: &str| c.scrape.series(name).next().map(|s| s.value());
        let started = |c: &Captured| one(c, "process_start_time_seconds");
        if scrapes.iter().all(|c| started(c).is_some()) {
            scrapes.sort_by(|a, b| {
                let start = started(a).unwrap_or(0.0).total_cmp(&started(b).unwrap_or(0.0));
                let cpu = |c: &Captured| one(c, "process_cpu_seconds_total").unwrap_or(0.0);
                start.then(cpu(a).total_cmp(&cpu(b))).then(by_time(a, b))
            });
        } else {
            scrapes.sort_by(by_time);
        }
        Self { scrapes }
    }

    /// The scrapes in order of time.
    pub fn scrapes(&self) -> &[Captured] {
        &self.scrapes
    }

    /// The intervals between them.
    pub fn windows(&self) -> Vec<Window> {
        self.scrapes
            .windows(2)
            .enumerate()
            .map(|(from, pair)| Window {
                from,
                to: from + 1,
                seconds: pair[0].time.zip(pair[1].time).map(|(a, b)| b - a).filter(|s| *s >= 0.0),
                restart: restart(&pair[0].scrape, &pair[1].scrape),
            })
            .collect()
    }

    fn ends(&self, window: &Window) -> Option<(&Scrape, &Scrape)> {
        Some((&*self.scrapes.get(window.from)?.scrape, &*self.scrapes.get(window.to)?.scrape))
    }

    /// How far a counter grew over a window, over the label sets that have all of `labels`;
    /// `None` when neither end has it.
    pub fn increase(&self, window: &Window, name: &str, labels: &[(&str, &str)]) -> Option<Increase> {
        let mut groups = self.grouped(window, name, |scrape, set| {
            labels
                .iter()
                .all(|(label, value)| scrape.label_of(set, label).unwrap_or_default() == *value)
                .then(String::new)
        })?;
        groups.remove("").or(Some(Increase::default()))
    }

    /// The same, split by the values of a label; `""` stands for series without it.
    pub fn increase_by(&self, window: &Window, name: &str, label: &str) -> BTreeMap<String, Increase> {
        self.grouped(window, name, |scrape, set| {
            Some(scrape.label_of(set, label).unwrap_or_default().to_owned())
        })
        .unwrap_or_default()
    }

    fn grouped(
        &self,
        window: &Window,
        name: &str,
        group: impl Fn(&Scrape, u32) -> Option<String>,
    ) -> Option<BTreeMap<String, Increase>> {
        let (from, to) = self.ends(window)?;
        if !from.has(name) && !to.has(name) {
            return None;
        }
        let same_process = window.restart.is_none();
        let mut before: HashMap<u32, f64> = HashMap::new();
        if same_process {
            before.extend(from.rows(name));
        }
        let mut out: BTreeMap<String, Increase> = BTreeMap::new();
        for (set, value) in to.rows(name) {
            let old = to.translate(from, set).and_then(|twin| before.remove(&twin));
            let Some(key) = group(to, set) else { continue };
            let into = out.entry(key).or_default();
            into.series += 1;
            if value.is_nan() {
                continue;
            }
            match old.filter(|v| !v.is_nan()) {
                Some(old) if value >= old => into.value += value - old,
                Some(_) => {
                    into.reset = true;
                    into.value += value;
                }
                None => {
                    into.appeared += 1;
                    into.value += value;
                }
            }
        }
        // The order of what is left does not matter: only its number counts.
        #[expect(clippy::iter_over_hash_type, reason = "counts only")]
        for set in before.keys() {
            if let Some(key) = group(from, *set) {
                out.entry(key).or_default().vanished += 1;
            }
        }
        Some(out)
    }
}

fn by_time(a: &Captured, b: &Captured) -> std::cmp::Ordering {
    match (a.time, b.time) {
        (Some(x), Some(y)) => x.total_cmp(&y).then(a.id.cmp(&b.id)),
        _ => a.id.cmp(&b.id),
    }
}

fn restart(from: &Scrape, to: &Scrape) -> Option<Restart> {
    let start = |s: &Scrape| s.series("process_start_time_seconds").next().map(|x| x.value());
    match (start(from), start(to)) {
        (Some(a), Some(b)) => (a != b).then_some(Restart::StartTime { from: a, to: b }),
        _ => {
            let mut fell = (0.0, 0.0);
            for name in to.sample_names().filter(|n| n.ends_with("_total")) {
                if to.kind_of(name) != MetricKind::Counter {
                    continue;
                }
                if let (Some(a), Some(b)) = (from.sum(name), to.sum(name))
                    && b < a
                {
                    fell = (fell.0 + a, fell.1 + b);
                }
            }
            (fell.0 > 0.0).then_some(Restart::CounterFell { from: fell.0, to: fell.1 })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeline(pages: &[&str]) -> Timeline {
        let scrapes = pages.iter().enumerate().map(|(id, text)| Captured {
            id,
            time: None,
            scrape: Arc::new(Scrape::parse(text.as_bytes()).unwrap()),
        });
        Timeline::from_scrapes(scrapes.collect())
    }

    #[test]
    fn the_pages_decide_their_order() {
        let t = timeline(&[
            "process_start_time_seconds 20\nprocess_cpu_seconds_total 1\n",
            "process_start_time_seconds 10\nprocess_cpu_seconds_total 7\n",
            "process_start_time_seconds 10\nprocess_cpu_seconds_total 3\n",
        ]);
        assert_eq!(t.scrapes().iter().map(|c| c.id).collect::<Vec<_>>(), [2, 1, 0]);
        let restarts: Vec<bool> = t.windows().iter().map(|w| w.restart.is_some()).collect();
        assert_eq!(restarts, [false, true]);
    }

    #[test]
    fn a_series_whose_empty_label_comes_and_goes_is_one_series() {
        let t = timeline(&[
            "x_total{l1_tag=\"d\"} 5\nprocess_start_time_seconds 1\n",
            "x_total{cache_salt=\"\",l1_tag=\"d\"} 8\nx_total{cache_salt=\"a\",l1_tag=\"d\"} 2\nprocess_start_time_seconds 1\n",
        ]);
        let w = &t.windows()[0];
        let all = t.increase(w, "x_total", &[]).unwrap();
        assert_eq!((all.value, all.appeared, all.vanished), (5.0, 1, 0));
        let by = t.increase_by(w, "x_total", "cache_salt");
        assert_eq!(by[""].value, 3.0);
        assert_eq!(by["a"].value, 2.0);
        assert_eq!(t.increase(w, "x_total", &[("cache_salt", "a")]).unwrap().value, 2.0);
        assert!(t.increase(w, "y_total", &[]).is_none());
    }

    #[test]
    fn after_a_restart_counters_count_from_zero() {
        let t = timeline(&[
            "# TYPE x counter\nx_total 100\nprocess_start_time_seconds 1\n",
            "# TYPE x counter\nx_total 7\nprocess_start_time_seconds 2\n",
        ]);
        let w = &t.windows()[0];
        assert!(matches!(w.restart, Some(Restart::StartTime { .. })));
        assert_eq!(t.increase(w, "x_total", &[]).unwrap().value, 7.0);
        let t = timeline(&["# TYPE x counter\nx_total 100\n", "# TYPE x counter\nx_total 7\n"]);
        assert!(matches!(t.windows()[0].restart, Some(Restart::CounterFell { .. })));
    }

    #[test]
    fn one_series_that_falls_in_a_living_process_is_a_reset_of_its_own() {
        let t = timeline(&[
            "x_total{a=\"1\"} 100\nx_total{a=\"2\"} 5\nprocess_start_time_seconds 1\n",
            "x_total{a=\"1\"} 3\nx_total{a=\"2\"} 9\nprocess_start_time_seconds 1\n",
        ]);
        let i = t.increase(&t.windows()[0], "x_total", &[]).unwrap();
        assert_eq!((i.value, i.reset), (7.0, true));
    }
}
