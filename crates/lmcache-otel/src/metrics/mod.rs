//! OTLP metrics as scrapes: each export of a server is one page of exposition text, which
//! `lmcache-prom` reads as any other.

mod data;
mod json;
mod page;
mod proto;

use serde::{Deserialize, Serialize};

use crate::issue::{Issue, IssueKind, Issues};
use crate::span::Origin;
use crate::split::{Outcome, Sink, Splitter};

use data::Metric;
pub use page::prometheus_name;

/// At most this many pages of a file; later ones are counted.
pub const MAX_PAGES: usize = 10_000;

/// How metrics are named on a page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Names {
    /// As the instruments are: `lmcache_mp.l1_read`, quoted as UTF-8 names are. It stays visible
    /// that the page came by OTLP.
    #[default]
    Otel,
    /// As Prometheus would show them: `lmcache_mp_l1_read_chunks_total`.
    Prometheus,
}

/// One export of one server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// `service.instance.id`, as sent.
    pub instance_id: Option<String>,
    /// `service.name`, as sent.
    pub service_name: Option<String>,
    /// Latest time of a point, nanoseconds since 1970.
    pub time_unix_ns: u64,
    /// Earliest begin of a sum or histogram: not before the server's own begin.
    pub start_unix_ns: u64,
    /// Line of the export in the file, from 1; 0 in a binary file.
    pub line: u64,
    /// Metrics.
    pub metrics: u64,
    /// Points.
    pub points: u64,
    /// The page. It holds label values as they were sent: redact it as a scrape before it leaves.
    pub text: String,
}

/// What a file of metrics holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetricsFile {
    /// Pages in the order of the file.
    pub pages: Vec<Page>,
    /// Pages left out beyond [`MAX_PAGES`].
    pub pages_left_out: u64,
    /// Exports that hold spans.
    pub span_records: u64,
    /// What could not be read; at most 100.
    pub issues: Vec<Issue>,
    /// How many there were.
    pub issue_count: u64,
}

/// Reads metrics in pieces of any size.
#[derive(Debug, Clone, Default)]
pub struct MetricsReader {
    splitter: Splitter,
    state: State,
}

#[derive(Debug, Clone, Default)]
struct State {
    names: Names,
    file: MetricsFile,
    issues: Issues,
}

impl MetricsReader {
    /// A reader of one file.
    pub fn new(names: Names) -> Self {
        let state = State { names, ..State::default() };
        Self { splitter: Splitter::default(), state }
    }

    /// Takes the next bytes of the file.
    pub fn push(&mut self, bytes: &[u8]) {
        self.splitter.push(bytes, &mut self.state);
    }

    /// What the file holds.
    pub fn finish(mut self) -> MetricsFile {
        self.splitter.finish(&mut self.state);
        let State { mut file, issues, .. } = self.state;
        file.issues = issues.kept;
        file.issue_count = issues.count;
        file
    }
}

impl State {
    fn take(&mut self, origin: &Origin, metrics: &[Metric], line: u64, offset: u64) {
        if self.file.pages.len() >= MAX_PAGES {
            self.file.pages_left_out += 1;
            return;
        }
        if metrics.iter().any(|m| m.is_delta) {
            let message = "increments (delta temporality) stand as they are, of unknown type";
            self.issues.push(IssueKind::Lenient, line, offset, message);
        }
        let page = page::page(origin, metrics, self.names);
        self.file.pages.push(Page { line, ..page });
    }
}

impl Sink for State {
    fn record(&mut self, record: &[u8], line: u64, offset: u64, may_continue: bool) -> Outcome {
        json::record(record, line, offset, may_continue, self)
    }
    fn binary(&mut self, file: &[u8]) {
        proto::read(file, self);
    }
    fn issues(&mut self) -> &mut Issues {
        &mut self.issues
    }
}

/// Reads a whole file of metrics: a collector's JSON lines, OTLP/JSON objects or lists, protobuf.
///
/// ```
/// use lmcache_otel::{Names, read_metrics};
/// let file = br#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"lmcache_mp.l1_read",
///   "unit":"chunks","sum":{"isMonotonic":true,"aggregationTemporality":2,"dataPoints":[
///     {"timeUnixNano":"2000000","asInt":"18"}]}}]}]}]}"#;
/// let page = &read_metrics(file, Names::Otel).pages[0];
/// assert!(page.text.contains("{\"lmcache_mp.l1_read\"} 18 2\n"));
/// let page = &read_metrics(file, Names::Prometheus).pages[0];
/// assert!(page.text.contains("lmcache_mp_l1_read_chunks_total 18 2\n"));
/// ```
pub fn read_metrics(file: &[u8], names: Names) -> MetricsFile {
    let mut reader = MetricsReader::new(names);
    reader.push(file);
    reader.finish()
}

/// The last page of a file, as one scrape; empty if there is none. For several servers in one
/// file use [`read_metrics`]: one target each.
pub fn metrics_to_exposition(file: &[u8]) -> String {
    let mut pages = read_metrics(file, Names::Otel).pages;
    pages.pop().map(|page| page.text).unwrap_or_default()
}
