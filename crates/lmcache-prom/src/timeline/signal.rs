//! How much a signal grew, under whatever name its pages spell it.

use super::{Increase, Timeline, Window};
use crate::contract::{Catalog, Part, SeriesType};
use crate::scrape::Scrape;

impl Timeline {
    /// How much the counter of a signal grew in a window, under whatever name the two pages spell
    /// it: those of their releases, and the forms in which exporters rewrite them. Between pages of
    /// two names the process is another one, so what the later page shows was counted from 0.
    ///
    /// `None` if neither page has the signal as a counter; a gauge is asked for by
    /// [`track`](Self::track), a histogram by [`histograms`](Self::histograms).
    ///
    /// ```
    /// use lmcache_prom::contract::Catalog;
    /// use lmcache_prom::{Captured, Scrape, Timeline};
    ///
    /// let timeline = Timeline::from_scrapes(vec![
    ///     Captured::new(0, Some(0.0), Scrape::parse(b"lmcache_mp_l1_evicted_keys_total 7\n")?),
    ///     Captured::new(1, Some(9.0), Scrape::parse(b"lmcache_mp_l1_evicted_keys_total 9\n")?),
    ///     // The server was upgraded, and its counter has another name now.
    ///     Captured::new(2, Some(20.0), Scrape::parse(b"lmcache_mp_l1_evicted_chunks_total 4\n")?),
    /// ]);
    /// let catalog = Catalog::new();
    /// let grown: Vec<Option<f64>> = timeline
    ///     .windows()
    ///     .iter()
    ///     .map(|window| timeline.increase_of(&catalog, window, "mp.l1.evictions"))
    ///     .map(|increase| increase.map(|increase| increase.value))
    ///     .collect();
    /// assert_eq!(grown, [Some(2.0), Some(4.0)]);
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn increase_of(
        &self,
        catalog: &Catalog,
        window: &Window,
        signal: &str,
    ) -> Option<Increase> {
        let (from, to) = self.pair(window)?;
        let name = spelled(catalog, to, signal).or_else(|| spelled(catalog, from, signal))?;
        self.increase(window, name, &[])
    }
}

/// The name under which a page has a signal's value; of several the newest spelling.
fn spelled<'s>(catalog: &Catalog, page: &'s Scrape, signal: &str) -> Option<&'s str> {
    page.sample_names()
        .filter_map(|name| {
            let named = catalog.name(name)?;
            let newest = named
                .spellings
                .iter()
                .filter(|s| s.signal == signal && s.kind == SeriesType::Counter)
                .map(|s| s.from)
                .max();
            newest.filter(|_| named.part == Part::Value).map(|from| (from, name))
        })
        .max()
        .map(|(_, name)| name)
}
