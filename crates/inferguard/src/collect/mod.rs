//! Collects evidence from servers that run and from files, without changing either.
//!
//! Only GET, only the questions of `lmcache-http`'s tables, only the endpoints that the user named. What is
//! written is redacted first, and appears as a whole or not at all.

mod draft;
mod finish;
mod gather;
mod lmcache;
mod look;
mod manifest;
mod metrics;
mod place;
mod process;
mod redact;
mod request;
mod schedule;
mod timeline;

pub use gather::Attempt;
pub use lmcache::collect_lmcache;
pub use lmcache_http::Skipped;
pub use look::{LookRequest, look};
pub use manifest::{CompatSummary, Entry, PacketManifest, ScrapeError};
pub use metrics::{CollectedMetrics, MetricsProgress, MetricsRequest, collect_metrics};
pub use place::PlaceError;
pub use process::{ProcessError, ProcessFacts};
pub use redact::Replaced;
pub use request::{Collected, LmcacheRequest, NamedFile, NamedUrl, ServerUrl};

/// Why nothing was collected.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// The packet cannot be written there.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// Something in the packet could not be written.
    #[error("{0} could not be written: {1}")]
    Write(String, #[source] std::io::Error),
    /// A fetch cannot even be tried.
    #[error(transparent)]
    Client(#[from] crate::fetch::FetchError),
}

/// Why a packet was not finished.
enum Ended {
    Write(std::io::Error),
    Place(PlaceError),
}
