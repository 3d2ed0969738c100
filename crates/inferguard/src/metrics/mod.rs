//! Metrics pages over time, as `collect-metrics` tells them: a row a sample and group with
//! normalised fields, a row a GPU, and a summary.
//!
//! Which series a field is read from is a table (`fields`); where the metric contract knows the
//! series, the table names its signal, so that every release's spelling is found. A field without
//! a series is absent, never zero; a value that is not finite is left out.

mod fields;
mod gpu;
mod page;
mod rows;
mod stats;
mod summary;

pub use gpu::GpuRow;
pub use rows::{EngineRow, PartialResults, RawSampleRow};
pub use stats::{FieldKind, FieldStats};
pub use summary::{FailedSample, GroupSummary, MetricsSummary, SourceSummary};

#[cfg(feature = "client")]
pub(crate) use gpu::{GpuHead, gpu_rows};
#[cfg(feature = "client")]
pub(crate) use page::PageView;
#[cfg(feature = "client")]
pub(crate) use rows::{SampleHead, engine_rows};
#[cfg(feature = "client")]
pub(crate) use summary::{Groups, group_summaries};
