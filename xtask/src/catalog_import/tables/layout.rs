//! Which tables hold the contract of a product, and which of their cells mean what: data.

use super::spans::Span;
use crate::catalog_import::facts::Kind;

/// How a row tells its releases.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Releases {
    /// Two columns, and what stands for "still there".
    Columns(usize, usize, &'static str),
    /// One column `FROM..TO`, nothing behind the dots for "still there".
    Dotted(usize),
}

/// One table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    /// Product whose releases it tells.
    pub(crate) product: &'static str,
    /// What its rows are about.
    pub(crate) kind: Kind,
    /// Where it is.
    pub(crate) path: &'static str,
    /// What divides its cells.
    pub(crate) delimiter: char,
    /// First name in the line that names its columns.
    pub(crate) head: Option<&'static str>,
    /// Columns that together are the key, joined by blanks.
    pub(crate) key: &'static [usize],
    /// Column that has to begin with the product, where a table has rows of several.
    pub(crate) owner: Option<usize>,
    /// How a row tells its releases.
    pub(crate) releases: Releases,
    /// Column with a list of labels, attributes or arguments; marks behind the releases.
    pub(crate) labels: Option<(usize, bool)>,
    /// Whether a name that the package has and the table has not is written.
    pub(crate) whole: bool,
}

const METRICS: Layout = Layout {
    product: "lmcache",
    kind: Kind::Metric,
    path: "crates/lmcache-prom/contract/lmcache-mp.csv",
    delimiter: '|',
    head: Some("signal"),
    key: &[1],
    owner: None,
    releases: Releases::Columns(5, 6, "-"),
    labels: Some((9, false)),
    whole: true,
};

/// All tables that an import continues.
pub(crate) const LAYOUTS: &[Layout] = &[
    METRICS,
    Layout { path: "crates/lmcache-prom/contract/lmcache-embedded.csv", ..METRICS },
    Layout { product: "vllm", path: "crates/lmcache-prom/contract/vllm.csv", ..METRICS },
    Layout { product: "sglang", path: "crates/lmcache-prom/contract/sglang.csv", ..METRICS },
    Layout {
        kind: Kind::Route,
        path: "crates/lmcache-http/contract/routes.csv",
        head: Some("component"),
        key: &[0, 1, 2],
        releases: Releases::Columns(3, 4, "-"),
        labels: None,
        ..METRICS
    },
    Layout {
        kind: Kind::Span,
        path: "crates/lmcache-otel/contract/spans.csv",
        head: Some("span"),
        key: &[0],
        releases: Releases::Columns(4, 5, "-"),
        labels: Some((6, true)),
        ..METRICS
    },
    Layout {
        kind: Kind::TracedCall,
        path: "crates/lmcache-trace/contract/calls.csv",
        head: Some("call"),
        key: &[0],
        releases: Releases::Columns(1, 2, "-"),
        labels: Some((3, false)),
        ..METRICS
    },
    Layout {
        kind: Kind::Codec,
        path: "crates/lmcache-trace/contract/codecs.csv",
        head: Some("tag"),
        key: &[0],
        releases: Releases::Columns(1, 2, "-"),
        labels: None,
        ..METRICS
    },
    Layout {
        kind: Kind::ConfigKey,
        path: "crates/lmcache-launch/tables/known_keys.tsv",
        delimiter: '\t',
        head: None,
        key: &[0],
        releases: Releases::Columns(1, 2, ""),
        labels: None,
        ..METRICS
    },
    LOGS,
    Layout { product: "vllm", ..LOGS },
    Layout { product: "sglang", ..LOGS },
    Layout {
        product: "vllm",
        kind: Kind::Connector,
        path: "crates/lmcache-launch/tables/connectors.tsv",
        delimiter: '\t',
        head: None,
        key: &[1],
        owner: Some(0),
        releases: Releases::Columns(3, 4, ""),
        labels: None,
        whole: true,
    },
];

const LOGS: Layout = Layout {
    product: "lmcache",
    kind: Kind::Log,
    path: "crates/lmcache-logs/tables/events.tsv",
    delimiter: '\t',
    head: None,
    key: &[5],
    owner: Some(3),
    releases: Releases::Dotted(4),
    labels: None,
    whole: false,
};

/// A cell of a row; nothing where it ends before.
pub(crate) fn cell(row: &[String], at: usize) -> &str {
    row.get(at).map_or("", String::as_str)
}

impl Layout {
    /// The key of a row.
    pub(crate) fn key_of(&self, row: &[String]) -> String {
        self.key.iter().map(|at| cell(row, *at)).collect::<Vec<_>>().join(" ")
    }

    /// The releases of a row; none where it has none or belongs to another product.
    pub(crate) fn span(&self, row: &[String]) -> Option<Span> {
        if let Some(owner) = self.owner
            && cell(row, owner).split(',').next() != Some(self.product)
        {
            return None;
        }
        let (from, to) = match self.releases {
            Releases::Columns(from, to, _) => (cell(row, from), cell(row, to)),
            Releases::Dotted(at) => cell(row, at).split_once("..")?,
        };
        Some(Span { from: Some(from.parse().ok()?), to: to.parse().ok() })
    }

    /// Sets the last release of a row; none: still there.
    pub(crate) fn set_to(&self, row: &mut [String], to: Option<&str>) {
        match self.releases {
            Releases::Columns(_, at, open) => {
                if let Some(cell) = row.get_mut(at) {
                    to.unwrap_or(open).clone_into(cell);
                }
            }
            Releases::Dotted(at) => {
                if let Some(cell) = row.get_mut(at) {
                    let from = cell.split_once("..").map_or(cell.as_str(), |(from, _)| from);
                    *cell = format!("{from}..{}", to.unwrap_or_default());
                }
            }
        }
    }
}
