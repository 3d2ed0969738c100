#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::string_slice))]

mod collect;
mod contract;
mod durations;
mod evidence;
mod frame;
mod issue;
mod json;
mod metrics;
mod proto;
mod reader;
mod requests;
mod span;
mod split;
mod tree;

pub use collect::{MAX_ATTRIBUTES, MAX_DISTINCT, MAX_NAMES, MAX_ORIGINS, MAX_WORDS};
pub use contract::{SpanAttribute, SpanContract, SpanKind, SpanRule, Treat};
pub use durations::{DurationStats, EXACT, SKETCH_ERROR};
pub use evidence::{
    AttributeStats, Flags, Group, Instance, NameStats, Numbers, SCHEMA, Sampling, SpanEvidence,
    SpanReleases, Summary,
};
pub use issue::{Issue, IssueKind, MAX_ISSUES};
pub use metrics::{
    MAX_PAGES, MetricsFile, MetricsReader, Names, Page, metrics_to_exposition, prometheus_name,
    read_metrics,
};
pub use reader::{SpanReader, read_spans};
pub use requests::{MAX_REQUESTS, RequestSpans};
pub use split::MAX_RECORD;
pub use tree::{MAX_TREE_SPANS, Part, SLOWEST, SlowRoot, Trees};
