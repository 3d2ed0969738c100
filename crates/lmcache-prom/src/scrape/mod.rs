//! One page of metrics, owned and compact.
//!
//! Texts and label sets are held once and named by 32-bit ids; the bucket bound `le` and the
//! `quantile` of a summary are kept beside the label set, so that all buckets of one histogram
//! share one set. A series costs 32 bytes besides.
//!
//! Rules that hold everywhere here:
//!
//! * **An empty label value is an absent label**, as Prometheus has it: `{a=""}` and `{}` are
//!   one series. Which names came with an empty value is still told by [`Scrape::empty_labels`].
//! * **A series that stands twice on a page counts once**: its first appearance counts, as in
//!   Prometheus' own ingestion; later ones are issues and are listed by [`Scrape::repeats`].
//!   (LMCache 0.5.0 to 0.5.2 expose the gauge `lmcache_mp_l2_adapters` twice, once for each of
//!   two controllers.)
//! * **A `_created` series is a time, never a value**: see [`Scrape::created_of`].
//! * **NaN** is kept as a value and left out of sums.

mod build;
mod family;
mod intern;
mod series;

pub use family::Family;
pub use series::{LabelIter, Series};

use crate::text::{
    Dialect, ExemplarValue, Issue, MetricKind, NotExposition, ReadError, Scratch, Summary,
    Timestamp, parse_reader, parse_slice,
};
use build::Builder;
use intern::{IdTable, Sets, Texts};
use std::collections::{BTreeMap, BTreeSet};
use std::hash::RandomState;
use std::io::Read;

/// No id.
const NONE: u32 = u32::MAX;
/// Ids stay below this, so that an edge has a bit to spare.
const MAX_ID: u32 = 1 << 31;
/// The bit of an edge that says that it is a `quantile` and not an `le`.
const QUANTILE: u32 = 1 << 31;

/// How much of a page is kept. What is left out is said by an issue and by
/// [`Scrape::partial`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most samples that are kept. Default: 2,000,000 (about 90 MB).
    pub max_series: usize,
    /// Most bytes of distinct text (names, label values, help). Default: 256 MiB.
    pub max_text_bytes: usize,
}

impl Limits {
    fn series(&self) -> usize {
        self.max_series.min(MAX_ID as usize - 1)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_series: 2_000_000, max_text_bytes: 256 << 20 }
    }
}

/// One page of metrics. See the [module](self) for the rules.
#[derive(Debug, Clone)]
pub struct Scrape {
    texts: Texts,
    sets: Sets,
    names: Vec<NameEntry>,
    families: Vec<FamilyEntry>,
    rows: Vec<Row>,
    /// Row ids grouped by name; the group of a name starts at `starts` of its id.
    by_name: Vec<u32>,
    starts: Vec<u32>,
    /// Name ids grouped by family.
    names_by_family: Vec<u32>,
    name_of: BTreeMap<u32, u32>,
    family_of: BTreeMap<u32, u32>,
    row_table: IdTable,
    row_keys: RandomState,
    /// Rows that repeat an earlier one, ascending.
    repeats: Vec<u32>,
    timestamps: Vec<(u32, Timestamp)>,
    exemplars: Vec<Exemplar>,
    empty_labels: BTreeSet<(u32, u32)>,
    issues: Vec<Issue>,
    issue_count: u64,
    lost_lines: u64,
    partial: bool,
    dialect: Dialect,
    summary: Summary,
}

/// A sample name.
#[derive(Debug, Clone, Copy)]
struct NameEntry {
    text: u32,
    family: u32,
    /// Whether its values are those of a counter.
    counts: bool,
    rows: u32,
}

/// A family: declared, or made for a sample name without one.
#[derive(Debug, Clone, Copy)]
struct FamilyEntry {
    name: u32,
    kind: MetricKind,
    typed: bool,
    help: u32,
    unit: u32,
    /// Rows that came before it.
    order: usize,
}

/// A sample.
#[derive(Debug, Clone, Copy)]
struct Row {
    name: u32,
    set: u32,
    edge: u32,
    line: u32,
    value: f64,
}

#[derive(Debug, Clone, Copy)]
struct Exemplar {
    row: u32,
    set: u32,
    value: ExemplarValue,
}

impl Default for Scrape {
    /// A page without anything.
    fn default() -> Self {
        Self {
            texts: Texts::default(),
            sets: Sets::default(),
            names: Vec::new(),
            families: Vec::new(),
            rows: Vec::new(),
            by_name: Vec::new(),
            starts: Vec::new(),
            names_by_family: Vec::new(),
            name_of: BTreeMap::new(),
            family_of: BTreeMap::new(),
            row_table: IdTable::default(),
            row_keys: RandomState::new(),
            repeats: Vec::new(),
            timestamps: Vec::new(),
            exemplars: Vec::new(),
            empty_labels: BTreeSet::new(),
            issues: Vec::new(),
            issue_count: 0,
            lost_lines: 0,
            partial: false,
            dialect: Dialect::Prometheus,
            summary: Summary::default(),
        }
    }
}

impl Scrape {
    /// Reads a page in memory, with the default [`Limits`].
    ///
    /// ```
    /// use lmcache_prom::{NotExposition, Scrape};
    ///
    /// let scrape = Scrape::parse(b"up 1\nnonsense\nup{job=\"a\"} 0\n")?;
    /// assert_eq!(scrape.series("up").count(), 2);
    /// assert_eq!(scrape.issues()[0].to_string(), "line 2, column 9 (byte 13): a value was expected");
    ///
    /// assert_eq!(Scrape::parse(b"<html>").unwrap_err(), NotExposition::Html);
    /// # Ok::<(), NotExposition>(())
    /// ```
    pub fn parse(bytes: &[u8]) -> Result<Self, NotExposition> {
        Self::parse_with(bytes, &Limits::default())
    }

    /// Reads a page in memory.
    pub fn parse_with(bytes: &[u8], limits: &Limits) -> Result<Self, NotExposition> {
        let mut builder = Builder::new(limits);
        let summary = parse_slice(bytes, &mut Scratch::default(), |event| builder.take(event))?;
        Ok(builder.finish(summary))
    }

    /// Reads a page from a reader, with the default [`Limits`]. The text itself is never held.
    pub fn read<R: Read>(reader: R) -> Result<Self, ReadError> {
        Self::read_with(reader, &Limits::default())
    }

    /// Reads a page from a reader.
    pub fn read_with<R: Read>(reader: R, limits: &Limits) -> Result<Self, ReadError> {
        let mut builder = Builder::new(limits);
        let summary = parse_reader(reader, |event| builder.take(event))?;
        Ok(builder.finish(summary))
    }

    /// The first 1,000 issues, in the order of the page.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// How many issues there are, exactly.
    pub fn issue_count(&self) -> u64 {
        self.issue_count
    }

    /// How many lines could not be read.
    pub fn lost_lines(&self) -> u64 {
        self.lost_lines
    }

    /// Lines of the page.
    pub fn lines(&self) -> u64 {
        self.summary.lines
    }

    /// Samples of the page, repeated ones and those beyond a limit included.
    pub fn samples(&self) -> u64 {
        self.summary.samples
    }

    /// Distinct series that are kept.
    pub fn series_count(&self) -> usize {
        self.rows.len() - self.repeats.len()
    }

    /// Bytes of the page.
    pub fn bytes(&self) -> u64 {
        self.summary.bytes
    }

    /// Whether `# EOF` was seen.
    pub fn saw_eof(&self) -> bool {
        self.summary.eof
    }

    /// The format that the page is written in: OpenMetrics if something was seen that only it
    /// has (`# EOF`, `# UNIT`, one of its types, an exemplar, a counter declared without its
    /// `_total`), else Prometheus text.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Whether a limit cut the page.
    pub fn partial(&self) -> bool {
        self.partial
    }

    /// Whether the last line was cut.
    pub fn torn(&self) -> bool {
        self.summary.torn
    }

    /// Whether the absence of a series proves anything: not for a page that was cut by a limit
    /// or whose end is missing.
    pub fn cut(&self) -> bool {
        self.partial || self.summary.torn
    }

    /// Distinct sample names in the order of their first appearance.
    pub fn sample_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().filter(|name| name.rows > 0).map(|name| self.texts.get(name.text))
    }

    /// Families in the order of their first appearance. A family that is declared and has no
    /// sample is one of them.
    pub fn families(&self) -> impl Iterator<Item = Family<'_>> {
        (0..self.families.len()).filter_map(|id| Family::new(self, id))
    }

    /// A family by its declared name, or by its sample name where it is not declared.
    pub fn family(&self, name: &str) -> Option<Family<'_>> {
        let id = *self.family_of.get(&self.texts.find(name)?)?;
        Family::new(self, id as usize)
    }

    /// The family that a sample name belongs to.
    pub fn family_of(&self, sample_name: &str) -> Option<Family<'_>> {
        let entry = self.names.get(self.name_id(sample_name)? as usize)?;
        Family::new(self, entry.family as usize)
    }

    /// Whether there is a sample of this name.
    pub fn has(&self, sample_name: &str) -> bool {
        self.name_id(sample_name).is_some_and(|id| !self.group(id).is_empty())
    }

    /// The series of a sample name in the order of the page, each once.
    pub fn series(&self, sample_name: &str) -> impl Iterator<Item = Series<'_>> {
        let group = self.name_id(sample_name).map_or(&[][..], |id| self.group(id));
        group.iter().filter(|row| !self.is_repeat(**row)).filter_map(|row| Series::new(self, *row))
    }

    /// All series in the order of the page, each once.
    pub fn all_series(&self) -> impl Iterator<Item = Series<'_>> {
        (0..u32::try_from(self.rows.len()).unwrap_or(NONE))
            .filter(|row| !self.is_repeat(*row))
            .filter_map(|row| Series::new(self, row))
    }

    /// Samples that repeat a series of this page, in the order of the page. They count nowhere
    /// else.
    pub fn repeats(&self) -> impl Iterator<Item = Series<'_>> {
        self.repeats.iter().filter_map(|row| Series::new(self, *row))
    }

    /// The series with this name and exactly these labels, if there is one. Empty values count
    /// as absent; the order does not matter.
    ///
    /// ```
    /// use lmcache_prom::Scrape;
    /// let scrape = Scrape::parse(b"a_bucket{le=\"1\",x=\"y\"} 4\n")?;
    /// let series = scrape.find("a_bucket", [("x", "y"), ("le", "1"), ("z", "")]).unwrap();
    /// assert_eq!(series.value(), 4.0);
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn find<'l>(
        &self,
        sample_name: &str,
        labels: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> Option<Series<'_>> {
        let name = self.name_id(sample_name)?;
        let mut pairs = Vec::new();
        let (mut le, mut quantile) = (None, None);
        for (label, value) in labels.into_iter().filter(|(_, value)| !value.is_empty()) {
            let pair = (self.texts.find(label)?, self.texts.find(value)?);
            match label {
                "le" => le = Some(pair),
                "quantile" => quantile = Some(pair),
                _ => pairs.push(pair),
            }
        }
        let edge = match (le, quantile) {
            (Some((_, value)), other) => {
                pairs.extend(other);
                value
            }
            (None, Some((_, value))) => value | QUANTILE,
            (None, None) => NONE,
        };
        pairs.sort_by(|a, b| self.texts.get(a.0).cmp(self.texts.get(b.0)));
        let set = self.sets.find(&pairs)?;
        Series::new(self, self.find_row(name, set, edge)?)
    }

    /// The sum over all series of a sample name, repeats and NaN left out. `None` if there is
    /// no such series or none with a number.
    pub fn sum(&self, sample_name: &str) -> Option<f64> {
        self.series(sample_name)
            .map(|s| s.value())
            .filter(|v| !v.is_nan())
            .fold(None, |sum, v| Some(sum.unwrap_or(0.0) + v))
    }

    /// The names of labels that this sample name carries with an empty value on some line.
    pub fn empty_labels(&self, sample_name: &str) -> impl Iterator<Item = &str> {
        let name = self.name_id(sample_name).unwrap_or(NONE);
        self.empty_labels.range((name, 0)..=(name, NONE)).map(|(_, label)| self.texts.get(*label))
    }

    /// Of which metric a `_created` series is the creation time: `x` for `x_created`, if `x` or
    /// `x_total` is a counter, histogram or summary of this page. Such a series is a Unix time
    /// in seconds, never a value. (Python's client exposes it in Prometheus text as a gauge of
    /// its own.)
    ///
    /// ```
    /// use lmcache_prom::Scrape;
    /// let scrape = Scrape::parse(
    ///     b"# TYPE a_total counter\na_total 3\n# TYPE a_created gauge\na_created 1.79e9\n",
    /// )?;
    /// assert_eq!(scrape.created_of("a_created"), Some("a"));
    /// assert_eq!(scrape.created_of("a_total"), None);
    /// # Ok::<(), lmcache_prom::NotExposition>(())
    /// ```
    pub fn created_of<'n>(&self, sample_name: &'n str) -> Option<&'n str> {
        let base = sample_name.strip_suffix("_created")?;
        if self.family_of(sample_name).is_some_and(|f| {
            f.name() == sample_name && !matches!(f.kind(), MetricKind::Gauge | MetricKind::Untyped)
        }) {
            return None;
        }
        let kind = |name: &str| self.family(name).map(|family| family.kind());
        let declared = matches!(
            kind(base),
            Some(MetricKind::Counter | MetricKind::Histogram | MetricKind::Summary)
        );
        let spelled = ["_total", "_count", "_bucket"].iter().any(|suffix| {
            let name = format!("{base}{suffix}");
            self.has(&name) || kind(&name) == Some(MetricKind::Counter)
        });
        (declared || spelled).then_some(base)
    }

    fn name_id(&self, name: &str) -> Option<u32> {
        self.name_of.get(&self.texts.find(name)?).copied()
    }

    /// The rows of a name.
    fn group(&self, name: u32) -> &[u32] {
        let (Some(start), Some(entry)) =
            (self.starts.get(name as usize), self.names.get(name as usize))
        else {
            return &[];
        };
        let start = *start as usize;
        self.by_name.get(start..start + entry.rows as usize).unwrap_or_default()
    }

    fn is_repeat(&self, row: u32) -> bool {
        !self.repeats.is_empty() && self.repeats.binary_search(&row).is_ok()
    }
}
