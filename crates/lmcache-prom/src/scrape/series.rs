//! One series of a page.

use super::intern::Pair;
use super::{Family, NONE, QUANTILE, Row, Scrape};
use crate::text::ExemplarValue;
use std::fmt;

/// One series of a page: a sample name, its labels, its value.
#[derive(Clone, Copy)]
pub struct Series<'s> {
    scrape: &'s Scrape,
    row: &'s Row,
    id: u32,
}

impl<'s> Series<'s> {
    pub(super) fn new(scrape: &'s Scrape, id: u32) -> Option<Self> {
        Some(Self { scrape, row: scrape.rows.get(id as usize)?, id })
    }

    /// The sample's name.
    pub fn name(&self) -> &'s str {
        self.scrape.names.get(self.row.name as usize).map_or("", |n| self.scrape.texts.get(n.text))
    }

    /// The family that it belongs to.
    pub fn family(&self) -> Option<Family<'s>> {
        let entry = self.scrape.names.get(self.row.name as usize)?;
        Family::new(self.scrape, entry.family as usize)
    }

    /// The value of a label; `None` if it is absent or empty.
    pub fn label(&self, name: &str) -> Option<&'s str> {
        self.labels().find(|(label, _)| *label == name).map(|(_, value)| value)
    }

    /// The labels that have a value, in the order of their names.
    pub fn labels(&self) -> LabelIter<'s> {
        let edge = match self.row.edge {
            NONE => None,
            edge if edge & QUANTILE != 0 => {
                Some(("quantile", self.scrape.texts.get(edge & !QUANTILE)))
            }
            edge => Some(("le", self.scrape.texts.get(edge))),
        };
        LabelIter { scrape: self.scrape, pairs: self.scrape.sets.get(self.row.set).iter(), edge }
    }

    /// The value; may be NaN or infinite.
    pub fn value(&self) -> f64 {
        self.row.value
    }

    /// The timestamp in seconds since the Unix epoch, if the line has one. Exporters rarely
    /// write one; the time of the scrape is not known here.
    pub fn timestamp(&self) -> Option<f64> {
        let list = &self.scrape.timestamps;
        let at = list.binary_search_by_key(&self.id, |(row, _)| *row).ok()?;
        list.get(at).map(|(_, timestamp)| timestamp.seconds(self.scrape.dialect))
    }

    /// The exemplar, if the line has one.
    pub fn exemplar(&self) -> Option<(ExemplarValue, LabelIter<'s>)> {
        let list = &self.scrape.exemplars;
        let at = list.binary_search_by_key(&self.id, |exemplar| exemplar.row).ok()?;
        let exemplar = list.get(at)?;
        let pairs = self.scrape.sets.get(exemplar.set).iter();
        Some((exemplar.value, LabelIter { scrape: self.scrape, pairs, edge: None }))
    }

    /// Its line, counted from 1 (4,294,967,295 for all later ones).
    pub fn line(&self) -> u64 {
        u64::from(self.row.line)
    }

    /// Whether its value is that of a counter, by its family's type: a counter's, a histogram's
    /// bucket or count, a summary's count.
    pub fn counts(&self) -> bool {
        self.scrape.names.get(self.row.name as usize).is_some_and(|name| name.counts)
    }

    /// Whether it only says when another series was created: see [`Scrape::created_of`].
    pub fn is_created(&self) -> bool {
        self.scrape.created_of(self.name()).is_some()
    }

    /// The same series in another scrape of the same target.
    ///
    /// ```
    /// use lmcache_prom::Scrape;
    /// let before = Scrape::parse(b"hits{tag=\"a\"} 3\n")?;
    /// let after = Scrape::parse(b"other 1\nhits{salt=\"\",tag=\"a\"} 5\n")?;
    /// let series = before.series("hits").next().unwrap();
    /// assert_eq!(series.find_in(&after).unwrap().value(), 5.0);
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn find_in<'o>(&self, other: &'o Scrape) -> Option<Series<'o>> {
        let name = other.name_id(self.name())?;
        let text = |id: u32| other.texts.find(self.scrape.texts.get(id));
        let pairs: Option<Vec<Pair>> = self
            .scrape
            .sets
            .get(self.row.set)
            .iter()
            .map(|(name, value)| Some((text(*name)?, text(*value)?)))
            .collect();
        let edge = match self.row.edge {
            NONE => NONE,
            edge if edge & QUANTILE != 0 => text(edge & !QUANTILE)? | QUANTILE,
            edge => text(edge)?,
        };
        Series::new(other, other.find_row(name, other.sets.find(&pairs?)?, edge)?)
    }

    /// What its label set without `le` and `quantile` is called in its scrape: equal for all
    /// series of one histogram or summary.
    pub(crate) fn set(&self) -> u32 {
        self.row.set
    }

    /// The labels without `le` and `quantile`.
    pub(crate) fn set_labels(&self) -> LabelIter<'s> {
        LabelIter { edge: None, ..self.labels() }
    }

    /// The bound of a bucket, as written.
    pub(crate) fn le(&self) -> Option<&'s str> {
        match self.row.edge {
            NONE => None,
            edge if edge & QUANTILE != 0 => None,
            edge => Some(self.scrape.texts.get(edge)),
        }
    }
}

impl fmt::Debug for Series<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl fmt::Display for Series<'_> {
    /// As on a page: name, labels, value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        for (at, (name, value)) in self.labels().enumerate() {
            write!(f, "{}{name}={value:?}", if at == 0 { "{" } else { "," })?;
        }
        let close = if self.labels().next().is_some() { "}" } else { "" };
        write!(f, "{close} {}", self.value())
    }
}

/// Labels in the order of their names.
#[derive(Debug, Clone)]
pub struct LabelIter<'s> {
    scrape: &'s Scrape,
    pairs: std::slice::Iter<'s, Pair>,
    edge: Option<(&'static str, &'s str)>,
}

impl<'s> Iterator for LabelIter<'s> {
    type Item = (&'s str, &'s str);

    fn next(&mut self) -> Option<Self::Item> {
        let texts = &self.scrape.texts;
        let next = self.pairs.as_slice().first();
        if let Some((name, _)) = self.edge
            && next.is_none_or(|pair| texts.get(pair.0) > name)
        {
            return self.edge.take();
        }
        self.pairs.next().map(|(name, value)| (texts.get(*name), texts.get(*value)))
    }
}
