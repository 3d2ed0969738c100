//! Prometheus and OpenMetrics text, and the metric contract of LMCache, vLLM and SGLang.
//!
//! - [`text`]: the formats as a stream of borrowed events; a bad line is an issue with line,
//!   column and offset, and the next line is read.
//! - [`Scrape`]: one page, owned and compact.
//! - [`Histogram`], [`SummaryMetric`]: typed families, quantiles with their bucket's bounds.
//! - [`Timeline`]: several scrapes of one target; windows, increases, restarts.
//! - [`contract`]: which release exposes which series, under which name, when.
//!
//! The crate opens no file and no socket, keeps no global state and does not panic on any
//! input.

pub mod contract;
mod histogram;
mod scrape;
pub mod text;
mod timeline;

pub use histogram::{Bucket, Histogram, Quantile, SummaryMetric};
pub use scrape::{Dialect, Family, Limits, Scrape, Series, SeriesIter};
pub use text::{Issue, IssueKind, MetricKind, NotExposition, ReadError};
pub use timeline::{Captured, Increase, Restart, Timeline, Window};
