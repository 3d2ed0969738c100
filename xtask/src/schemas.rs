//! `cargo xtask schemas`: a JSON Schema a report, in `docs/schemas/`.

use std::path::Path;

use anyhow::Result;
use inferguard::bottleneck::BottleneckReport;
use inferguard::metrics::{EngineRow, GpuRow, MetricsSummary, PartialResults, RawSampleRow};
use inferguard::report::{
    CacheblendReport, CapacityReport, CatalogDiff, CatalogList, CatalogShow, CheckReport,
    CompatReport, CoverageReport, DriftReport, ExplainReport, MissesReport,
};
use inferguard::trace::{ReplaySummaryReport, TraceCheckReport, TraceInfoReport, TraceReuseReport};
use lmcache_trace::{KeyRow, RecordRow, ReplayEvidence, TraceEvidence};

use crate::generated::{Mode, ensure_contents};

/// Regenerates or checks the schemas.
pub(crate) fn run(root: &Path, mode: Mode) -> Result<()> {
    let all = [
        ("check", schemars::schema_for!(CheckReport)),
        ("lmcache-compat", schemars::schema_for!(CompatReport)),
        ("observability-coverage", schemars::schema_for!(CoverageReport)),
        ("cacheblend-report", schemars::schema_for!(CacheblendReport)),
        ("metrics-summary", schemars::schema_for!(MetricsSummary)),
        ("engine-metrics-timeline-row", schemars::schema_for!(EngineRow)),
        ("gpu-metrics-timeline-row", schemars::schema_for!(GpuRow)),
        ("raw-samples-row", schemars::schema_for!(RawSampleRow)),
        ("partial-results", schemars::schema_for!(PartialResults)),
        ("bottleneck-diagnosis", schemars::schema_for!(BottleneckReport)),
        ("catalog-list", schemars::schema_for!(CatalogList)),
        ("catalog-show", schemars::schema_for!(CatalogShow)),
        ("catalog-diff", schemars::schema_for!(CatalogDiff)),
        ("catalog-drift", schemars::schema_for!(DriftReport)),
        ("explain", schemars::schema_for!(ExplainReport)),
        ("capacity", schemars::schema_for!(CapacityReport)),
        ("misses", schemars::schema_for!(MissesReport)),
        ("trace-info", schemars::schema_for!(TraceInfoReport)),
        ("trace-check", schemars::schema_for!(TraceCheckReport)),
        ("trace-reuse", schemars::schema_for!(TraceReuseReport)),
        ("trace-replay-summary", schemars::schema_for!(ReplaySummaryReport)),
        ("trace-record-row", schemars::schema_for!(RecordRow)),
        ("trace-key-row", schemars::schema_for!(KeyRow)),
        ("lmcache-trace-evidence", schemars::schema_for!(TraceEvidence)),
        ("lmcache-trace-replay-evidence", schemars::schema_for!(ReplayEvidence)),
    ];
    for (name, schema) in all {
        let mut text = serde_json::to_string_pretty(&schema)?;
        text.push('\n');
        let path = root.join("docs/schemas").join(format!("{name}.schema.json"));
        ensure_contents(&path, &text, mode, "cargo xtask schemas")?;
    }
    Ok(())
}
