//! The numbers of one process, by signal.

use std::collections::BTreeMap;

use coverage_model::Source;
use lmcache_prom::contract::{Catalog, Part, SeriesType};
use lmcache_prom::{Histogram, Restart, Scrape, Timeline};

/// One process over its scrapes.
#[derive(Debug)]
pub struct Target<'a> {
    /// Role.
    pub role: &'a str,
    /// Its pages in order of time.
    pub timeline: &'a Timeline,
    paths: &'a [String],
    names: BTreeMap<&'static str, Vec<Named<'a>>>,
}

#[derive(Debug)]
struct Named<'a> {
    name: &'a str,
    histogram: bool,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The value, summed over label sets.
    pub value: f64,
    /// Where it stands.
    pub source: Source,
}

/// How much a counter grew.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// By how much.
    pub value: f64,
    /// Between scrapes; else since the process began.
    pub window: bool,
    /// Where its last value stands.
    pub source: Source,
}

/// One series of the last page that has it.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Labels, `le` left out.
    pub labels: BTreeMap<String, String>,
    /// Value.
    pub value: f64,
    /// Where it stands.
    pub source: Source,
}

impl Sample {
    /// A label's value; empty where it is absent.
    pub fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }
}

impl<'a> Target<'a> {
    /// Sorts the pages' names by signal.
    pub fn new(
        catalog: &Catalog,
        role: &'a str,
        timeline: &'a Timeline,
        paths: &'a [String],
    ) -> Self {
        let mut names: BTreeMap<&'static str, Vec<Named<'a>>> = BTreeMap::new();
        for name in timeline.scrapes().iter().flat_map(|c| c.scrape.sample_names()) {
            let Some(known) = catalog.name(name) else { continue };
            let Some(spelling) = known.newest() else { continue };
            let histogram = matches!(spelling.kind, SeriesType::Histogram | SeriesType::Summary);
            let base = match known.part {
                Part::Value => name,
                Part::Count if histogram => name.strip_suffix("_count").unwrap_or(name),
                _ => continue,
            };
            let list = names.entry(spelling.signal).or_default();
            if !list.iter().any(|n| n.name == base) {
                list.push(Named { name: base, histogram });
            }
        }
        Self { role, timeline, paths, names }
    }

    /// Whether it shows a signal.
    pub fn has(&self, signal: &str) -> bool {
        self.names.contains_key(signal)
    }

    /// Whether it shows any signal whose id begins so.
    pub fn any(&self, prefix: &str) -> bool {
        self.names.keys().any(|signal| signal.starts_with(prefix))
    }

    /// Whether there is a window within one process: rates are of it, not of a lifetime.
    pub fn has_window(&self) -> bool {
        self.timeline.windows().iter().any(|w| w.restart.is_none())
    }

    /// Seconds between its first and last scrape, where they are known.
    pub fn seconds(&self) -> Option<f64> {
        let times: Vec<f64> = self.timeline.scrapes().iter().filter_map(|c| c.time).collect();
        Some(times.last()? - times.first()?).filter(|s| *s > 0.0)
    }

    /// Paths of its pages.
    pub fn pages(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.timeline.scrapes().iter().map(|c| self.path(c.id))
    }

    fn path(&self, id: usize) -> &'a str {
        self.paths.get(id).map_or("", String::as_str)
    }

    fn spelled(&self, signal: &str) -> impl Iterator<Item = &Named<'a>> {
        self.names.get(signal).into_iter().flatten()
    }

    /// Names under which its pages show a signal.
    pub fn names(&self, signal: &str) -> impl Iterator<Item = &'a str> + '_ {
        self.names.get(signal).into_iter().flatten().map(|n| n.name)
    }

    /// The last page with one of the signal's series.
    fn last_page(&self, name: &str) -> Option<(&'a str, &Scrape)> {
        let captured = self.timeline.scrapes().iter().rev().find(|c| c.scrape.has(name))?;
        Some((self.path(captured.id), &captured.scrape))
    }

    /// The series of a signal on the last page that has it; of a histogram its counts.
    pub fn series(&self, signal: &str) -> Vec<Sample> {
        let mut out = Vec::new();
        for named in self.spelled(signal) {
            let name = sample_name(named);
            let Some((path, page)) = self.last_page(&name) else { continue };
            out.extend(page.series(&name).map(|series| Sample {
                labels: series.labels().map(|(n, v)| (n.to_owned(), v.to_owned())).collect(),
                value: series.value(),
                source: Source {
                    artifact: path.to_owned(),
                    line: Some(series.line()),
                    what: name.clone(),
                    value: Some(short(series.value())),
                },
            }));
        }
        out
    }

    /// The last value, summed over label sets.
    pub fn last(&self, signal: &str) -> Option<Reading> {
        let samples = self.series(signal);
        let loudest = samples
            .iter()
            .filter(|s| !s.value.is_nan())
            .max_by(|a, b| a.value.abs().total_cmp(&b.value.abs()))?;
        let value = samples.iter().map(|s| s.value).filter(|v| !v.is_nan()).sum();
        let mut source = loudest.source.clone();
        source.value = Some(short(value));
        Some(Reading { value, source })
    }

    /// The last values by a label, summed over the others.
    pub fn last_by(&self, signal: &str, label: &str) -> BTreeMap<String, f64> {
        let mut out = BTreeMap::new();
        for sample in self.series(signal).iter().filter(|s| !s.value.is_nan()) {
            *out.entry(sample.label(label).to_owned()).or_default() += sample.value;
        }
        out
    }

    /// The largest and the smallest value of a gauge over all scrapes and series.
    pub fn extremes(&self, signal: &str) -> Option<(f64, f64)> {
        let tracks: Vec<_> =
            self.spelled(signal).map(|n| self.timeline.track(&sample_name(n), &[])).collect();
        let min = tracks.iter().filter_map(lmcache_prom::timeline::Track::min).reduce(f64::min)?;
        let max = tracks.iter().filter_map(lmcache_prom::timeline::Track::max).reduce(f64::max)?;
        Some((min, max))
    }

    /// How much a counter (or the count of a histogram) grew over its windows, or, with one
    /// scrape only, since the process began.
    pub fn growth(&self, signal: &str) -> Option<Growth> {
        self.growth_where(signal, &[])
    }

    /// [`growth`](Self::growth) of the series with these labels.
    pub fn growth_where(&self, signal: &str, labels: &[(&str, &str)]) -> Option<Growth> {
        let window = self.has_window();
        let value = self
            .spelled(signal)
            .filter_map(|named| self.grown(&sample_name(named), labels))
            .reduce(|a, b| a + b)?;
        let mut last = self.last(signal)?;
        // A page shows what was counted since the start; the finding speaks of the window.
        if window && (last.value - value).abs() > f64::EPSILON {
            last.source.value = last.source.value.map(|shown| format!("{shown} (+{value})"));
        }
        Some(Growth { value, window, source: last.source })
    }

    /// How much a counter grew in each window; 0 in those that hold a restart.
    pub fn windows(&self, signal: &str) -> Vec<f64> {
        self.timeline
            .windows()
            .iter()
            .map(|w| {
                self.spelled(signal)
                    .filter(|_| w.restart.is_none())
                    .filter_map(|n| self.timeline.increase(w, &sample_name(n), &[]))
                    .map(|i| i.value)
                    .sum()
            })
            .collect()
    }

    /// What a counter came to over all processes of this target: its first value and all that it
    /// grew by.
    pub fn total(&self, signal: &str) -> Option<f64> {
        let first = &self.timeline.scrapes().first()?.scrape;
        self.spelled(signal)
            .map(sample_name)
            .map(|name| {
                let before: f64 =
                    first.series(&name).map(|s| s.value()).filter(|v| v.is_finite()).sum();
                let windows = self.timeline.windows().iter();
                let grown = windows.filter_map(|w| self.timeline.increase(w, &name, &[]));
                before + grown.map(|i| i.value).sum::<f64>()
            })
            .reduce(|a, b| a + b)
    }

    /// When its processes began that were started between two scrapes, in seconds since 1970.
    pub fn restarts(&self) -> Vec<f64> {
        let began = |restart: &Restart| match restart {
            Restart::StartTimeChanged { to, .. } => Some(*to),
            _ => None,
        };
        self.timeline.windows().iter().filter_map(|w| began(w.restart.as_ref()?)).collect()
    }

    /// How much a counter grew, by a label.
    pub fn growth_by(&self, signal: &str, label: &str) -> BTreeMap<String, f64> {
        let mut out = BTreeMap::new();
        for value in self.series(signal).iter().map(|s| s.label(label).to_owned()) {
            if !out.contains_key(&value)
                && let Some(grown) = self.growth_where(signal, &[(label, &value)])
            {
                out.insert(value, grown.value);
            }
        }
        out
    }

    /// Whether a page writes this label of a signal with an empty value, which counts as absent.
    pub fn writes_empty(&self, signal: &str, label: &str) -> bool {
        self.spelled(signal).any(|n| {
            let name = sample_name(n);
            let mut pages = self.timeline.scrapes().iter();
            pages.any(|c| c.scrape.empty_labels(&name).any(|l| l == label))
        })
    }

    /// How much a counter (or the count of a histogram) grew in each window: `None` where the
    /// process was restarted in it, or where neither page has the signal.
    pub fn by_window(&self, signal: &str) -> Vec<Option<f64>> {
        self.timeline
            .windows()
            .iter()
            .map(|w| {
                if w.restart.is_some() {
                    return None;
                }
                self.spelled(signal)
                    .filter_map(|n| self.timeline.increase(w, &sample_name(n), &[]))
                    .map(|i| i.value)
                    .reduce(|a, b| a + b)
            })
            .collect()
    }

    /// The value scrape by scrape, summed over label sets; `None` where a page lacks it.
    pub fn by_scrape(&self, signal: &str) -> Vec<Option<f64>> {
        self.timeline
            .scrapes()
            .iter()
            .map(|c| {
                self.spelled(signal)
                    .filter_map(|n| c.scrape.sum(&sample_name(n)))
                    .reduce(|a, b| a + b)
            })
            .collect()
    }

    fn grown(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let whole: Vec<_> =
            self.timeline.windows().iter().filter(|w| w.restart.is_none()).collect();
        if whole.is_empty() {
            return self.timeline.lifetime(name, labels);
        }
        whole
            .into_iter()
            .filter_map(|w| self.timeline.increase(w, name, labels))
            .map(|i| i.value)
            .reduce(|a, b| a + b)
    }

    /// What a histogram observed over its windows, or since the process began; all label sets
    /// together.
    pub fn histogram(&self, signal: &str) -> Option<Histogram> {
        let named = self.spelled(signal).find(|n| n.histogram)?;
        let windows: Vec<_> =
            self.timeline.windows().iter().filter(|w| w.restart.is_none()).collect();
        let mut all: Vec<Histogram> =
            windows.iter().flat_map(|w| self.timeline.histograms(w, named.name, &[])).collect();
        if windows.is_empty() {
            let (_, page) = self.last_page(&sample_name(named))?;
            all = page.histograms(named.name);
        }
        Histogram::merge(&all).ok().flatten()
    }

    /// Mean of a histogram, and of how many observations.
    pub fn mean(&self, signal: &str) -> Option<(f64, f64)> {
        let histogram = self.histogram(signal)?;
        Some((histogram.mean()?, histogram.count()?))
    }
}

fn sample_name(named: &Named<'_>) -> String {
    if named.histogram { format!("{}_count", named.name) } else { named.name.to_owned() }
}

/// A number as people write it.
pub(crate) fn short(value: f64) -> String {
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return format!("{value:.0}");
    }
    let text = if value.abs() >= 100.0 { format!("{value:.1}") } else { format!("{value:.4}") };
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
