//! Facts about the host, the cluster, the scraper and the load.

mod events;
mod facts;
mod gpu;
mod host;
mod kernel;
mod kubectl;
mod metrics_source;
mod node;
mod observed;
mod packages;
mod pods;
mod probes;
mod promql;
mod queries;
mod records;
mod requests;
mod scraper;
mod sockets;
mod workload;

pub use facts::*;
pub use observed::*;
pub use promql::metric_names;
pub use records::{RequestRecord, each_request, request_field};
pub use requests::{Quantiles, RepeatTtft, Repeats, RequestsSummary};

pub(crate) use events::{events_json, events_table};
pub(crate) use gpu::nvidia_smi;
pub(crate) use host::{df, host_line, host_text, limits, meminfo};
pub(crate) use kernel::dmesg;
pub(crate) use kubectl::{describe, get_table};
pub(crate) use metrics_source::{scrape_config, targets};
pub(crate) use node::{node, quantity};
pub(crate) use packages::{line as package_line, packages};
pub(crate) use pods::pods;
pub(crate) use probes::{engine_answer, listing, probe_index, timeline};
pub(crate) use queries::{dashboard, rules};
pub(crate) use requests::{requests_csv, requests_jsonl};
pub(crate) use scraper::prometheus_log;
pub(crate) use sockets::{is_endpoint, sockets};
pub(crate) use workload::{benchmark_text, known_workload_key, workload};
