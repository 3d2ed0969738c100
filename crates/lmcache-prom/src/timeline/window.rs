//! Windows between neighbouring scrapes, and restarts.

use super::Captured;
use super::order::start_time;
use crate::scrape::{Scrape, Series};

/// The interval between two neighbouring scrapes.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Window {
    /// Place of the earlier scrape in [`Timeline::scrapes`](super::Timeline::scrapes).
    pub from: usize,
    /// Place of the later scrape.
    pub to: usize,
    /// Its length, if both times are known and in this order.
    pub seconds: Option<f64>,
    /// Why the two scrapes are of two processes, if they are. Then only what the later process
    /// did since its start is known: increases count from 0.
    pub restart: Option<Restart>,
    /// The number of the later scrape's process, counted from 0.
    pub process: usize,
}

/// What proves that the process of the later scrape is another one.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Restart {
    /// `process_start_time_seconds` changed.
    StartTimeChanged {
        /// Start of the earlier process, in seconds since the Unix epoch.
        from: f64,
        /// Start of the later process.
        to: f64,
    },
    /// Counters fell, and no start time on both pages says that it is one process. (Where the
    /// start time says so, a counter that falls was reset by itself:
    /// [`Increase::reset`](super::Increase::reset).)
    CountersFell {
        /// How many series fell.
        series: usize,
    },
}

pub(super) fn between(scrapes: &[Captured]) -> Vec<Window> {
    let mut process = 0;
    let pairs = scrapes.windows(2).enumerate();
    pairs
        .filter_map(|(at, pair)| match pair {
            [from, to] => {
                let restart = restart(&from.scrape, &to.scrape);
                process += usize::from(restart.is_some());
                let seconds = from.time.zip(to.time).map(|(from, to)| to - from);
                let seconds = seconds.filter(|seconds| *seconds >= 0.0);
                Some(Window { from: at, to: at + 1, seconds, restart, process })
            }
            _ => None,
        })
        .collect()
}

fn restart(from: &Scrape, to: &Scrape) -> Option<Restart> {
    match (start_time(from), start_time(to)) {
        (Some(a), Some(b)) if a != b => Some(Restart::StartTimeChanged { from: a, to: b }),
        (Some(_), Some(_)) => None,
        _ => {
            let fell = from.all_series().filter(Series::counts).filter(|series| {
                series.find_in(to).is_some_and(|later| later.value() < series.value())
            });
            let series = fell.count();
            (series > 0).then_some(Restart::CountersFell { series })
        }
    }
}
