//! Prometheus and OpenMetrics text, read exactly and cheaply.
//!
//! | module | what it holds |
//! |---|---|
//! | [`text`] | the grammar: borrowed events from a slice or a reader, one issue for each bad line |
//! | [`scrape`] | one page, owned and interned: families, series, sums |
//! | [`histogram`], [`summary`] | buckets, sum and count of one label set; quantiles with their bounds |
//! | [`timeline`] | several scrapes of one target: windows, restarts, counter increases |
//! | [`contract`] | which release of LMCache, vLLM and SGLang exposes which series, under which name, when |
//!
//! Nothing here opens a file or a socket, and no input makes it panic. A bad line is an
//! [`Issue`] with its place and cause, and the next line is read; an error says that the whole
//! input is no exposition text.
//!
//! ```
//! use lmcache_prom::Scrape;
//!
//! let page = b"# TYPE lmcache_mp_lookup_hit_tokens_total counter\n\
//!              lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 36352.0\n";
//! let scrape = Scrape::parse(page)?;
//! assert_eq!(scrape.sum("lmcache_mp_lookup_hit_tokens_total"), Some(36352.0));
//! let series = scrape.series("lmcache_mp_lookup_hit_tokens_total").next().unwrap();
//! assert_eq!(series.label("model_name"), Some("m"));
//! assert_eq!(series.label("cache_salt"), None); // an empty label is an absent one
//! # Ok::<(), lmcache_prom::NotExposition>(())
//! ```

#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod contract;
pub mod histogram;
pub mod scrape;
pub mod summary;
pub mod text;
pub mod timeline;

pub use histogram::Histogram;
pub use scrape::{Family, Limits, Scrape, Series};
pub use summary::QuantileSummary;
pub use text::{
    Dialect, Event, Issue, IssueKind, MetricKind, NotExposition, ReadError, Sample, Scratch,
};
pub use timeline::{Captured, Increase, Restart, Timeline, Window};

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
