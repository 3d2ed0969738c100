//! Several scrapes of one target, in order: windows, restarts, increases.
//!
//! A **window** is the interval between two neighbouring scrapes. Rates and ratios belong to
//! windows; a lifetime total mixes warm-up with everything since.
//!
//! ```
//! use lmcache_prom::{Captured, Scrape, Timeline};
//!
//! let page = |hits: u32, asked: u32| {
//!     Scrape::parse(format!("# TYPE h_total counter\nh_total {hits}\nr_total {asked}\n").as_bytes())
//! };
//! let timeline = Timeline::from_scrapes(vec![
//!     Captured::new(0, Some(100.0), page(10, 100)?),
//!     Captured::new(1, Some(160.0), page(60, 150)?),
//! ]);
//! let window = &timeline.windows()[0];
//! let hits = timeline.increase(window, "h_total", &[]).ok_or("no hits")?;
//! let asked = timeline.increase(window, "r_total", &[]).ok_or("no lookups")?;
//! assert_eq!(hits.ratio_to(&asked), Some(1.0)); // the lifetime totals would say 0.4
//! assert_eq!(window.seconds, Some(60.0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod increase;
mod order;
mod signal;
mod track;
mod window;

pub use increase::Increase;
pub use track::{Spread, Track};
pub use window::{Restart, Window};

use crate::scrape::{Scrape, Series};
use std::sync::Arc;

/// A scrape, and what the caller knows of it.
#[derive(Debug, Clone)]
pub struct Captured {
    /// The caller's own number for it, such as its place in a list of files. Decides the order
    /// only where nothing else does.
    pub id: usize,
    /// When it was taken, in seconds since the Unix epoch, if known.
    pub time: Option<f64>,
    /// The page.
    pub scrape: Arc<Scrape>,
}

impl Captured {
    /// A scrape, owned or shared.
    pub fn new(id: usize, time: Option<f64>, scrape: impl Into<Arc<Scrape>>) -> Self {
        Self { id, time, scrape: scrape.into() }
    }
}

/// Several scrapes of one target, in order.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    scrapes: Vec<Captured>,
    windows: Vec<Window>,
}

impl Timeline {
    /// Puts the scrapes in order and looks at each pair of neighbours.
    ///
    /// What the pages say decides the order, then what the caller says:
    ///
    /// 1. `process_start_time_seconds`, if every page has it: an earlier process comes first;
    /// 2. among the pages of one start time (or all pages, where some have none)
    ///    `process_cpu_seconds_total`, if each of them has it and all have one start time: it
    ///    never falls within a process;
    /// 3. [`Captured::time`], if each of them has it;
    /// 4. [`Captured::id`].
    pub fn from_scrapes(mut scrapes: Vec<Captured>) -> Self {
        order::sort(&mut scrapes);
        let windows = window::between(&scrapes);
        Self { scrapes, windows }
    }

    /// The scrapes in order.
    pub fn scrapes(&self) -> &[Captured] {
        &self.scrapes
    }

    /// The [`Captured::id`]s in order.
    pub fn order(&self) -> Vec<usize> {
        self.scrapes.iter().map(|captured| captured.id).collect()
    }

    /// The windows in order, one fewer than there are scrapes.
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    /// How many processes the scrapes saw: one more than there are restarts.
    pub fn processes(&self) -> usize {
        match self.windows.last() {
            Some(window) => window.process + 1,
            None => usize::from(!self.scrapes.is_empty()),
        }
    }

    /// In which scrapes a sample name is present.
    pub fn presence(&self, sample_name: &str) -> Vec<bool> {
        self.scrapes.iter().map(|captured| captured.scrape.has(sample_name)).collect()
    }

    fn pair(&self, window: &Window) -> Option<(&Scrape, &Scrape)> {
        let from = self.scrapes.get(window.from)?;
        let to = self.scrapes.get(window.to)?;
        Some((&from.scrape, &to.scrape))
    }
}

/// Whether a series has these labels; an empty value asks for an absent label.
fn matches(series: &Series<'_>, labels: &[(&str, &str)]) -> bool {
    labels.iter().all(|(name, value)| series.label(name).unwrap_or("") == *value)
}
