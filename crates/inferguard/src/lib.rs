//! InferGuard: the evidence of an LMCache deployment in, a judgement with its proof out.
//!
//! Three steps: [`open`] what an operator saved (or collect it, feature `client`), judge it with a
//! function of [`report`] ([`check`] does everything at once), and [`render`] the judgement, which is
//! plain data and serialises to the JSON that the command prints.
//!
//! ```
//! use inferguard::render::{self, RenderOptions};
//! use inferguard::{Answer, Catalog, Input, Limits, Options, check, open};
//!
//! let page = b"lmcache_mp_l1_usage_ratio 0\nlmcache_mp_l1_memory_usage_bytes 0\n".to_vec();
//! let input = Input::Fetched { url: "http://localhost/metrics".into(), file: None, role: None, body: Ok(page), at: None };
//! let packet = open(&[input], &Limits::default());
//! let report = check(&Catalog::new(), packet, &Options::default());
//! assert_eq!(report.architecture.headline, "lmcache_mp_server");
//! // An idle server is not called healthy.
//! assert_eq!(report.answer, Answer::NothingSeen);
//! println!("{}", render::check(&report, &RenderOptions::default()));
//! ```
//!
//! # What to use for what
//!
//! | to | use |
//! |---|---|
//! | check files, directories, answers | [`open`], [`check`] |
//! | judge mode and families of a server against a policy | [`report::compat`], [`report::coverage`] |
//! | know what a finding means | [`report::explain`] |
//! | size the cache, explain misses | [`report::capacity`], [`report::misses`] |
//! | read `.lct` traces of any size | [`trace`] |
//! | diagnose a job directory | [`bottleneck`] |
//! | collect from running servers (feature `client`) | `collect`, `fetch` |
//! | print a report as text, Markdown or SVG | [`render`] |
//!
//! # Should I be using this crate?
//!
//! Take it for packets and reports. It depends on all parsers and does I/O; who needs one format
//! or one judgement takes the crate that holds it, which does none.
//!
#![doc = include_str!("which_crate.md")]
//!
//! What reports and options carry of these crates' types are those crates' own: a breaking release
//! of such a crate is a breaking release of this one.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `client` | no | `collect` and `fetch`: bounded GETs to servers that the user names |
//! | `parquet` | no | trace rows as Parquet |
//! | `schema` | no | JSON Schema of the report types |

#![forbid(unsafe_code)]
#![deny(missing_docs)]

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
mod stamp;
pub mod trace;

pub use coverage_model::bridge::Bridge;
pub use coverage_model::{Claim, Mode, Source, Status};
pub use diagnosis_rules::{Kind, RuledOut, Severity, SilentRules, ThresholdUsed};
pub use lanes::{HttpRow, Lanes, LaunchRow, LogRow, SpanRow, TraceRow};
pub use lmcache_prom::contract::{Catalog, Product, Release};
pub use measures::{
    GaugeRow, HistogramRow, Measures, ProcessRow, QuantileRow, RatioRow, RatioSplit, ScrapeRow,
    WindowRow,
};
pub use packet::{Artifact, ArtifactKind, Input, InputIssue, Limits, Packet, open};
pub use render::RenderOptions;
pub use report::{Answer, CheckReport, Finding, NotEvaluable, Options, Settings, check};

/// The example of the README, compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
