//! Report types: one value, several renderings.
//!
//! A report holds no wall-clock time and no machine state: the same packet gives the same
//! bytes.

mod cacheblend;
mod capacity;
mod catalog;
mod check;
mod compat;
mod coverage;
mod explain;
mod findings;
mod misses;
mod numbers;
mod parts;
mod rule_config;
mod times;

pub use cacheblend::{
    BlendLifecycle, BlendMetrics, BlendRatios, BlendSerde, CacheblendReport, cacheblend,
};
pub use capacity::{
    By, CapacityOptions, CapacityReport, Current, GroupRow, Point, Saves, SizeRow, TargetSize,
    WorkingRow, capacity, capacity_csv,
};
pub use catalog::{
    CatalogDiff, CatalogEntry, CatalogList, CatalogShow, DriftReport, DriftRow, diff, drift, list,
    show,
};
pub use check::{Answer, CheckFailOn, CheckReport, TargetRow, Traffic, check};
pub use compat::{CompatReport, FailOn, Failure, SurfaceRow, compat};
pub use coverage::{
    BackendRow, BackendStatus, CapabilityRow, ClosedBy, ConnectorRow, CoverageConfig,
    CoverageFailOn, CoverageGap, CoverageObserved, CoverageOptions, CoverageReport, Currency,
    Direction, EmbeddedTransfer, KvCacheOffload, MpTransfer, ProcessEdge, ProcessGraph,
    ProcessNode, QUESTIONS, Question, SupportLevel, UpstreamQuestion, VllmNativeOffload, coverage,
    questions_document,
};
pub use diagnosis_rules::{InForce, Settings};
pub use explain::{
    ExampleRow, ExplainReport, NeedRow, RuleRow, ThresholdRow, explain, explain_all,
};
pub use findings::{Finding, NotEvaluable, SilentRules};
pub use misses::{
    FamilyRow, MissesOptions, MissesReport, NoMisses, ReasonRow, RequestRow, misses, misses_csv,
};
pub use numbers::{CacheblendSummary, L2Summary};
pub use parts::{
    ArchitectureRow, DecidedBy, MpDeclared, NewerThanCatalog, Options, ReleaseRow, Releases, Rules,
    Tool, request_times,
};
pub use rule_config::{RuleConfigError, rule_config};
