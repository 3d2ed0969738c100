//! One page, by what its names mean.

use std::collections::BTreeMap;

use lmcache_prom::Scrape;
use lmcache_prom::contract::{Catalog, Component, Part, SeriesType};

use super::fields::{Field, How, Origin};
use super::stats::FieldKind;

/// A page and the names of its signals.
#[derive(Debug)]
pub(crate) struct PageView<'p> {
    pub(super) scrape: &'p Scrape,
    by_signal: BTreeMap<(&'static str, Part), Vec<&'p str>>,
    kinds: BTreeMap<&'p str, SeriesType>,
    /// Names of LMCache's own series.
    pub(super) lmcache: Vec<&'p str>,
    /// Whether a multiprocess server speaks.
    pub(super) mp: bool,
    /// Whether an embedded LMCache speaks.
    pub(super) embedded: bool,
}

/// A field as one page tells it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading<'p> {
    pub(super) value: f64,
    pub(super) kind: FieldKind,
    /// Names that were read: of a mean the sum and the count.
    pub(super) names: Vec<&'p str>,
    /// Label and value that its series have.
    pub(super) label: Option<(&'static str, &'static str)>,
}

impl<'p> PageView<'p> {
    pub(crate) fn new(catalog: &Catalog, scrape: &'p Scrape) -> Self {
        let mut out = Self {
            scrape,
            by_signal: BTreeMap::new(),
            kinds: BTreeMap::new(),
            lmcache: vec![],
            mp: false,
            embedded: false,
        };
        for name in scrape.sample_names() {
            let Some(named) = catalog.name(name) else {
                if name.starts_with("lmcache") && scrape.created_of(name).is_none() {
                    out.lmcache.push(name);
                }
                continue;
            };
            let Some(spelling) = named.newest() else { continue };
            if named.part == Part::Created {
                continue;
            }
            out.by_signal.entry((spelling.signal, named.part)).or_default().push(name);
            out.kinds.insert(name, spelling.kind);
            match spelling.component {
                Component::Engine => continue,
                Component::Mp | Component::Blend => out.mp = true,
                Component::Embedded => out.embedded = true,
                _ => {}
            }
            if named.part != Part::Bucket {
                out.lmcache.push(name);
            }
        }
        out
    }

    /// Whether LMCache speaks on this page.
    pub(crate) fn has_lmcache(&self) -> bool {
        !self.lmcache.is_empty()
    }

    /// Reads a field from the first of its sources that the page has.
    pub(super) fn read(&self, field: &Field) -> Option<Reading<'p>> {
        field.from.iter().find_map(|from| match field.how {
            How::Mean => self.mean(*from),
            how => self.one(*from, how),
        })
    }

    /// The name of a source's sample on the page. Of several spellings of one signal the first
    /// stands: they tell the same.
    fn name(&self, from: Origin, part: Part) -> Option<&'p str> {
        match from {
            Origin::Signal(signal) | Origin::Labelled(signal, ..) => {
                self.by_signal.get(&(signal, part))?.first().copied()
            }
            Origin::Name(base) => {
                let suffix = match part {
                    Part::Sum => "_sum",
                    Part::Count => "_count",
                    _ => "",
                };
                let name = format!("{base}{suffix}");
                self.scrape.sample_names().find(|n| *n == name)
            }
        }
    }

    fn one(&self, from: Origin, how: How) -> Option<Reading<'p>> {
        let name = self.name(from, Part::Value)?;
        let label = match from {
            Origin::Labelled(_, name, value) => Some((name, value)),
            _ => None,
        };
        let value = self.values(name, label).reduce(|a, b| match how {
            How::Max => a.max(b),
            How::Min => a.min(b),
            How::Sum | How::Mean => a + b,
        })?;
        let counter = match self.kinds.get(name) {
            Some(kind) => *kind == SeriesType::Counter,
            None => self.scrape.series(name).any(|s| s.counts()) || name.ends_with("_total"),
        };
        let kind = if counter { FieldKind::Counter } else { FieldKind::Gauge };
        Some(Reading { value: finite(value)?, kind, names: vec![name], label })
    }

    fn mean(&self, from: Origin) -> Option<Reading<'p>> {
        let (sum, count) = (self.name(from, Part::Sum)?, self.name(from, Part::Count)?);
        let total: f64 = self.values(sum, None).reduce(|a, b| a + b)?;
        let observations: f64 = self.values(count, None).reduce(|a, b| a + b)?;
        let value = finite((observations > 0.0).then(|| total / observations)?)?;
        Some(Reading { value, kind: FieldKind::Mean, names: vec![sum, count], label: None })
    }

    /// The finite values of a name.
    fn values(
        &self,
        name: &'p str,
        label: Option<(&'static str, &'static str)>,
    ) -> impl Iterator<Item = f64> + use<'_, 'p> {
        self.scrape
            .series(name)
            .filter(move |s| label.is_none_or(|(name, value)| s.label(name) == Some(value)))
            .map(|s| s.value())
            .filter(|v| v.is_finite())
    }

    /// The sum of a name over its label sets.
    pub(super) fn sum(&self, name: &str) -> Option<f64> {
        let values = self.scrape.series(name).map(|s| s.value()).filter(|v| v.is_finite());
        values.reduce(|a, b| a + b).and_then(finite)
    }

    /// Names that begin so.
    pub(super) fn beginning<'q>(&'q self, prefix: &'q str) -> impl Iterator<Item = &'p str> + 'q {
        self.scrape.sample_names().filter(move |name| {
            name.starts_with(prefix)
                && !name.ends_with("_bucket")
                && self.scrape.created_of(name).is_none()
        })
    }

    /// Values of a label, each once.
    pub(super) fn label_values(&self, label: &str) -> Vec<&'p str> {
        let mut out: Vec<&str> = self.scrape.all_series().filter_map(|s| s.label(label)).collect();
        out.sort_unstable();
        out.dedup();
        out
    }
}

pub(super) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}
