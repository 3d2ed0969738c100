//! One scrape, owned and compact: every string and label set once, 20 bytes a series.

mod build;
mod symbols;

use std::collections::BTreeMap;
use std::io::Read;

use crate::text::{Issue, LineReader, MetricKind, NotExposition, ReadError};
use symbols::{LabelSets, SetId, Symbol, Symbols};

/// Bounds on what a scrape keeps.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Limits {
    /// Most series; what comes after is counted and not kept, and the scrape is partial.
    pub max_series: usize,
    /// Most issues that are listed; all are counted.
    pub max_issues: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_series: 5_000_000, max_issues: 1000 }
    }
}

impl Limits {
    /// The same limits with another number of series.
    #[must_use]
    pub fn with_max_series(mut self, max_series: usize) -> Self {
        self.max_series = max_series;
        self
    }
}

/// The two text formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Dialect {
    /// Prometheus text 0.0.4.
    #[default]
    Prometheus,
    /// OpenMetrics 1.0: it ends with `# EOF`.
    OpenMetrics,
}

/// The samples of one sample name.
#[derive(Debug, Default)]
struct Column {
    sets: Vec<SetId>,
    values: Vec<f64>,
    lines: Vec<u32>,
}

#[derive(Debug, Clone, Default)]
struct Meta {
    kind: Option<MetricKind>,
    help: Option<String>,
    unit: Option<String>,
}

/// One page, parsed and kept.
///
/// A series that stands twice with the same value counts once (LMCache 0.5.0 to 0.5.2 expose
/// `lmcache_mp_l2_adapters` in two blocks); with different values the last one counts, and an
/// issue says so. An empty label value is the same as no such label, except in
/// [`Series::labels`], which shows labels as written.
///
/// ```
/// use lmcache_prom::Scrape;
/// let page = Scrape::parse(b"hits_total{salt=\"a\"} 3\nhits_total{salt=\"\"} 4\n")?;
/// assert_eq!(page.sum("hits_total"), Some(7.0));
/// let salts: Vec<_> = page.series("hits_total").map(|s| s.label("salt")).collect();
/// assert_eq!(salts, [Some("a"), None]);
/// # Ok::<(), lmcache_prom::NotExposition>(())
/// ```
#[derive(Debug, Default)]
pub struct Scrape {
    symbols: Symbols,
    sets: LabelSets,
    /// For each set the number of the same set without empty values.
    canonical: Vec<SetId>,
    names: Vec<Symbol>,
    columns: BTreeMap<Symbol, Column>,
    meta: BTreeMap<String, Meta>,
    issues: Vec<Issue>,
    issue_count: u64,
    lines: u64,
    samples: u64,
    bytes: u64,
    eof: bool,
    partial: bool,
}

impl Scrape {
    /// Parses a page that is in memory.
    ///
    /// # Errors
    ///
    /// When it is not exposition text at all.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotExposition> {
        match Self::read(bytes) {
            Ok(scrape) => Ok(scrape),
            Err(ReadError::NotExposition(e)) => Err(e),
            // A slice cannot fail to be read.
            Err(_) => Err(NotExposition::Binary),
        }
    }

    /// Reads a page from a stream, with default limits.
    ///
    /// # Errors
    ///
    /// When the stream fails, or is not exposition text at all.
    pub fn read<R: Read>(stream: R) -> Result<Self, ReadError> {
        Self::read_with(stream, &Limits::default())
    }

    /// Reads a page from a stream.
    ///
    /// # Errors
    ///
    /// When the stream fails, or is not exposition text at all.
    pub fn read_with<R: Read>(stream: R, limits: &Limits) -> Result<Self, ReadError> {
        let mut builder = build::Builder::new(limits);
        let summary = LineReader::new().read(stream, |event| builder.event(&event))?;
        Ok(builder.finish(&summary))
    }

    /// Problems, the first ones of them.
    pub fn issues(&self) -> &[Issue] {
        &self.issues
    }

    /// Number of problems, also those that are not listed.
    pub fn issue_count(&self) -> u64 {
        self.issue_count
    }

    /// Lines of the page.
    pub fn lines(&self) -> u64 {
        self.lines
    }

    /// Sample lines of the page, repeated ones included.
    pub fn samples(&self) -> u64 {
        self.samples
    }

    /// Bytes of the page.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Whether `# EOF` was seen.
    pub fn saw_eof(&self) -> bool {
        self.eof
    }

    /// Which format it is in.
    pub fn dialect(&self) -> Dialect {
        if self.eof { Dialect::OpenMetrics } else { Dialect::Prometheus }
    }

    /// Whether series were left out because of a limit.
    pub fn partial(&self) -> bool {
        self.partial
    }

    /// Distinct sample names in order of their first appearance.
    pub fn sample_names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(|name| self.symbols.get(*name))
    }

    /// Whether a sample name is on the page.
    pub fn has(&self, sample_name: &str) -> bool {
        self.column(sample_name).is_some()
    }

    fn column(&self, sample_name: &str) -> Option<(Symbol, &Column)> {
        let symbol = self.symbols.find(sample_name)?;
        Some((symbol, self.columns.get(&symbol)?))
    }

    /// Series of a sample name, in order of writing; none for a name that is not there.
    pub fn series(&self, sample_name: &str) -> SeriesIter<'_> {
        let found = self.column(sample_name);
        SeriesIter { scrape: self, name: found.map_or(0, |f| f.0), column: found.map(|f| f.1), next: 0 }
    }

    /// Sum over the label sets of a sample name, NaN left out; `None` when it is not there.
    pub fn sum(&self, sample_name: &str) -> Option<f64> {
        let (_, column) = self.column(sample_name)?;
        Some(column.values.iter().filter(|v| !v.is_nan()).sum())
    }

    /// Number of label sets of a sample name.
    pub fn series_count(&self, sample_name: &str) -> usize {
        self.column(sample_name).map_or(0, |(_, c)| c.values.len())
    }

    /// Families that have a `# TYPE`, `# HELP` or `# UNIT` line, by name.
    pub fn families(&self) -> impl Iterator<Item = Family<'_>> {
        self.meta.iter().map(|(name, meta)| Family { scrape: self, name, meta })
    }

    /// A family by its name.
    pub fn family(&self, name: &str) -> Option<Family<'_>> {
        let (name, meta) = self.meta.get_key_value(name)?;
        Some(Family { scrape: self, name, meta })
    }

    /// Declared type of the family that a sample name belongs to.
    pub fn kind_of(&self, sample_name: &str) -> MetricKind {
        let mut candidates = vec![sample_name];
        for suffix in ["_total", "_bucket", "_sum", "_count", "_created", "_info", "_gsum", "_gcount"] {
            candidates.extend(sample_name.strip_suffix(suffix));
        }
        candidates
            .into_iter()
            .find_map(|name| self.meta.get(name).and_then(|m| m.kind))
            .unwrap_or_default()
    }

    /// The same label set in another scrape: its canonical number there.
    pub(crate) fn translate(&self, other: &Scrape, set: SetId) -> Option<SetId> {
        let canonical = self.canonical_of(set);
        let mut members = Vec::with_capacity(8);
        for pair in self.sets.members(canonical) {
            let (name, value) = self.sets.pair(*pair);
            let name = other.symbols.find(self.symbols.get(name))?;
            let value = other.symbols.find(self.symbols.get(value))?;
            members.push(other.sets.find_pair((name, value))?);
        }
        other.sets.find_set(&members)
    }

    pub(crate) fn canonical_of(&self, set: SetId) -> SetId {
        self.canonical.get(set as usize).copied().unwrap_or(set)
    }

    /// Canonical set and value of each series of a sample name.
    pub(crate) fn rows(&self, sample_name: &str) -> impl Iterator<Item = (SetId, f64)> + '_ {
        let column = self.column(sample_name).map(|(_, c)| c);
        column.into_iter().flat_map(|c| {
            c.sets.iter().map(|s| self.canonical_of(*s)).zip(c.values.iter().copied())
        })
    }

    /// Value of a label in a set, if it is there and not empty.
    pub(crate) fn label_of(&self, set: SetId, label: &str) -> Option<&str> {
        let name = self.symbols.find(label)?;
        let pair = self.sets.members(set).iter().map(|p| self.sets.pair(*p)).find(|(n, _)| *n == name)?;
        Some(self.symbols.get(pair.1)).filter(|v| !v.is_empty())
    }
}

/// A family: what its comment lines say, and its series.
#[derive(Debug, Clone, Copy)]
pub struct Family<'s> {
    scrape: &'s Scrape,
    name: &'s str,
    meta: &'s Meta,
}

impl<'s> Family<'s> {
    /// Name as in the comment lines.
    pub fn name(&self) -> &'s str {
        self.name
    }

    /// Declared type.
    pub fn kind(&self) -> MetricKind {
        self.meta.kind.unwrap_or_default()
    }

    /// Help text, as written.
    pub fn help(&self) -> Option<&'s str> {
        self.meta.help.as_deref()
    }

    /// Unit.
    pub fn unit(&self) -> Option<&'s str> {
        self.meta.unit.as_deref()
    }

    /// Sample names that belong to the family and are on the page. `_created` series are
    /// timestamps and are left out.
    pub fn sample_names(&self) -> Vec<String> {
        let suffixes: &[&str] = match self.kind() {
            MetricKind::Counter => &["_total", ""],
            MetricKind::Histogram => &["_bucket", "_sum", "_count"],
            MetricKind::GaugeHistogram => &["_bucket", "_gsum", "_gcount"],
            MetricKind::Summary => &["", "_sum", "_count"],
            MetricKind::Info => &["_info", ""],
            _ => &[""],
        };
        suffixes
            .iter()
            .map(|suffix| format!("{}{suffix}", self.name))
            .filter(|name| self.scrape.has(name))
            .collect()
    }
}

/// One series: a label set and its value.
#[derive(Debug, Clone, Copy)]
pub struct Series<'s> {
    scrape: &'s Scrape,
    name: Symbol,
    set: SetId,
    value: f64,
    line: u32,
}

impl<'s> Series<'s> {
    /// Sample name.
    pub fn name(&self) -> &'s str {
        self.scrape.symbols.get(self.name)
    }

    /// A label's value; an empty value is no label.
    pub fn label(&self, name: &str) -> Option<&'s str> {
        self.scrape.label_of(self.set, name)
    }

    /// Labels as written, sorted by name; empty values are shown.
    pub fn labels(&self) -> impl Iterator<Item = (&'s str, &'s str)> + use<'s> {
        let scrape = self.scrape;
        scrape.sets.members(self.set).iter().map(|p| {
            let (name, value) = scrape.sets.pair(*p);
            (scrape.symbols.get(name), scrape.symbols.get(value))
        })
    }

    /// Value; may be NaN or infinite.
    pub fn value(&self) -> f64 {
        self.value
    }

    /// Line of the page, counted from 1.
    pub fn line(&self) -> u64 {
        u64::from(self.line)
    }
}

/// Iterator over the series of a sample name.
#[derive(Debug, Clone)]
pub struct SeriesIter<'s> {
    scrape: &'s Scrape,
    name: Symbol,
    column: Option<&'s Column>,
    next: usize,
}

impl<'s> Iterator for SeriesIter<'s> {
    type Item = Series<'s>;

    fn next(&mut self) -> Option<Series<'s>> {
        let column = self.column?;
        let i = self.next;
        let set = *column.sets.get(i)?;
        self.next += 1;
        Some(Series {
            scrape: self.scrape,
            name: self.name,
            set,
            value: column.values.get(i).copied().unwrap_or(f64::NAN),
            line: column.lines.get(i).copied().unwrap_or(0),
        })
    }
}
