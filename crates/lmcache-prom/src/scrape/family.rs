//! Families, and which sample names belong to them.

use super::{FamilyEntry, NONE, Scrape, Series};
use crate::text::MetricKind;

/// A family of a page: declared by `TYPE`, `HELP` or `UNIT`, or one sample name without any.
#[derive(Debug, Clone, Copy)]
pub struct Family<'s> {
    scrape: &'s Scrape,
    entry: &'s FamilyEntry,
    id: u32,
}

impl<'s> Family<'s> {
    pub(super) fn new(scrape: &'s Scrape, id: usize) -> Option<Self> {
        let entry = scrape.families.get(id)?;
        Some(Self { scrape, entry, id: u32::try_from(id).ok()? })
    }

    /// Its name as declared: OpenMetrics leaves the `_total` of a counter off, Prometheus text
    /// does not.
    pub fn name(&self) -> &'s str {
        self.scrape.texts.get(self.entry.name)
    }

    /// Its type; [`MetricKind::Untyped`] if no `TYPE` line gave one.
    pub fn kind(&self) -> MetricKind {
        self.entry.kind
    }

    /// Whether a `TYPE` line gave its type.
    pub fn typed(&self) -> bool {
        self.entry.typed
    }

    /// The text of its first `HELP` line.
    pub fn help(&self) -> Option<&'s str> {
        (self.entry.help != NONE).then(|| self.scrape.texts.get(self.entry.help))
    }

    /// The unit of its first `UNIT` line.
    pub fn unit(&self) -> Option<&'s str> {
        (self.entry.unit != NONE).then(|| self.scrape.texts.get(self.entry.unit))
    }

    /// Its sample names in the order of the page: `x_bucket`, `x_count`, `x_sum` of a histogram.
    pub fn sample_names(&self) -> impl Iterator<Item = &'s str> + use<'s> {
        let scrape = self.scrape;
        self.name_ids()
            .iter()
            .filter_map(|id| scrape.names.get(*id as usize))
            .filter(|name| name.rows > 0)
            .map(|name| scrape.texts.get(name.text))
    }

    /// Its series, each once, sample name by sample name.
    pub fn series(&self) -> impl Iterator<Item = Series<'s>> + use<'s> {
        let scrape = self.scrape;
        self.name_ids()
            .iter()
            .flat_map(|id| scrape.group(*id))
            .filter(|row| !scrape.is_repeat(**row))
            .filter_map(|row| Series::new(scrape, *row))
    }

    fn name_ids(&self) -> &'s [u32] {
        let ids = &self.scrape.names_by_family;
        let family = |id: &u32| self.scrape.names.get(*id as usize).map_or(NONE, |n| n.family);
        let start = ids.partition_point(|id| family(id) < self.id);
        let end = ids.partition_point(|id| family(id) <= self.id);
        ids.get(start..end).unwrap_or_default()
    }
}

/// Suffixes of sample names, and the types whose families have them.
const SUFFIXES: [(&str, &[MetricKind]); 7] = [
    ("_total", &[MetricKind::Counter]),
    ("_bucket", &[MetricKind::Histogram, MetricKind::GaugeHistogram]),
    ("_count", &[MetricKind::Histogram, MetricKind::Summary]),
    ("_sum", &[MetricKind::Histogram, MetricKind::Summary]),
    ("_gcount", &[MetricKind::GaugeHistogram]),
    ("_gsum", &[MetricKind::GaugeHistogram]),
    ("_info", &[MetricKind::Info]),
];

const CREATED: (&str, &[MetricKind]) =
    ("_created", &[MetricKind::Counter, MetricKind::Histogram, MetricKind::Summary]);

/// The declared family of a sample name: the one of that very name, else the one that its
/// suffix leads to.
pub(super) fn resolve(
    name: &str,
    declared: impl Fn(&str) -> Option<(u32, MetricKind)>,
) -> Option<u32> {
    if let Some((id, _)) = declared(name) {
        return Some(id);
    }
    SUFFIXES.iter().chain([&CREATED]).find_map(|(suffix, kinds)| {
        let (id, kind) = declared(name.strip_suffix(suffix)?)?;
        kinds.contains(&kind).then_some(id)
    })
}

/// The sample names that a family of this type and name may have.
pub(super) fn members(kind: MetricKind, name: &str) -> impl Iterator<Item = String> {
    SUFFIXES
        .iter()
        .chain([&CREATED])
        .filter(move |(_, kinds)| kinds.contains(&kind))
        .map(move |(suffix, _)| format!("{name}{suffix}"))
        .chain([name.to_owned()])
}

/// Whether the values of this sample name of such a family are those of a counter.
pub(super) fn counts(kind: MetricKind, name: &str) -> bool {
    match kind {
        MetricKind::Counter => !name.ends_with("_created"),
        MetricKind::Histogram => name.ends_with("_bucket") || name.ends_with("_count"),
        MetricKind::Summary => name.ends_with("_count"),
        _ => false,
    }
}
