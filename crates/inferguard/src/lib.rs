//! InferGuard: the evidence of an LMCache deployment in, a judgement with its proof out.
//!
//! The crate opens packets ([`packet`]), judges them ([`report`]) and renders the judgement
//! ([`render`]). It is a facade: the parsers and models behind it are crates of their own.
//!
//! ```
//! use inferguard::packet::{Input, Limits, open};
//! use inferguard::report::{Options, check};
//! use lmcache_prom::contract::Catalog;
//!
//! let page = b"lmcache_mp_l1_usage_ratio 0\nlmcache_mp_l1_memory_usage_bytes 0\n".to_vec();
//! let input = Input::Fetched { url: "http://localhost/metrics".into(), file: None, role: None, body: Ok(page), at: None };
//! let packet = open(&[input], &Limits::default());
//! let report = check(&Catalog::new(), packet, &Options::default());
//! assert_eq!(report.architecture.headline, "lmcache_mp_server");
//! ```

pub mod bottleneck;
mod bridge;
#[cfg(feature = "client")]
pub mod collect;
#[cfg(feature = "client")]
pub mod fetch;
mod lanes;
mod measures;
#[cfg_attr(not(feature = "client"), expect(dead_code, reason = "only collection fills it"))]
pub mod metrics;
mod observe;
pub mod packet;
pub mod render;
pub mod report;
mod roles;
pub mod sizing;
pub mod trace;

pub use lanes::{HttpRow, Lanes, LaunchRow, LogRow, SpanRow, TraceRow};
pub use measures::{
    GaugeRow, HistogramRow, Measures, ProcessRow, QuantileRow, RatioRow, RatioSplit, ScrapeRow,
    WindowRow,
};
