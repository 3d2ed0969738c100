//! Renderings of the reports. Each takes a report value and gives text; nothing is printed
//! here. Style is ANSI escape codes: whoever prints strips them where they do not belong.

mod bottleneck;
mod bridge;
mod brief;
mod cacheblend;
mod catalog;
mod check;
mod compat;
mod configuration;
mod coverage;
mod coverage_markdown;
mod explain;
mod families;
mod findings;
mod inputs;
mod markdown;
mod note;
mod plot;
mod records;
mod running;
mod sizing;
mod spans;
mod text;
mod trace;
mod trace_more;
mod windows;
mod worth;

pub use bottleneck::{BOTTLENECK_TITLE, bottleneck, bottleneck_markdown};
pub use cacheblend::cacheblend;
pub use catalog::{catalog_diff, catalog_list, catalog_show, drift};
pub use check::check;
pub use compat::compat;
pub use coverage::coverage;
pub use coverage_markdown::coverage_markdown;
pub use explain::{explain, explain_index, explain_list, explain_page};
pub use markdown::markdown_prose;
pub use note::note;
pub use plot::capacity_svg;
pub(crate) use running::span as release_span;
pub(crate) use sizing::loss;
pub use sizing::{capacity, misses};
pub(crate) use text::plural;
pub(crate) use text::short_path;
pub use trace::{trace_check, trace_info};
pub use trace_more::{replay_summary, trace_reuse};
