//! `metrics_summary.json`: a run in numbers.

use std::collections::{BTreeMap, BTreeSet};

use lmcache_prom::Timeline;
use serde::Serialize;
use serde_json::Value;

use super::fields::{GROUPS, RATIOS};
use super::gpu::{GPU_GROUPS, GpuRow, KNOWN};
use super::rows::{EngineRow, Told};
use super::stats::{FieldKind, FieldStats, growth};
use crate::report::TargetRow;

/// One group over all samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupSummary {
    /// Every field in the last sample that has it; `usage_fraction` in its largest.
    #[serde(flatten)]
    pub values: BTreeMap<String, Value>,
    /// Every numeric field over the samples.
    pub stats: BTreeMap<String, FieldStats>,
    /// GPU groups: the same GPU by GPU.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub per_gpu: BTreeMap<String, BTreeMap<String, FieldStats>>,
    /// Names that the fields were read from.
    pub source_metrics: Vec<String>,
    /// `measured`, `inferred` or `not_proven`.
    pub claim_status: String,
}

/// A sample that did not come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct FailedSample {
    /// Its number.
    pub sequence: u32,
    /// `connect_error`, `timeout`, `http_500`, `not_a_metrics_page`, `empty_page`, `missed_slot`, ...
    pub scrape_error: String,
    /// In words.
    pub message: String,
}

/// One endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SourceSummary {
    /// `engine`, `lmcache` or `dcgm`.
    pub source: String,
    /// URL without credentials.
    pub url: String,
    /// Samples that were planned.
    pub planned_samples: u32,
    /// Samples that came.
    pub sample_count: u32,
    /// Those that did not, and why. Samples after an interruption are not among them.
    pub failed_samples: Vec<FailedSample>,
}

/// The summary of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MetricsSummary {
    /// `inferguard-metrics-summary/v1`.
    pub schema_version: String,
    /// Engine that the user named.
    pub engine: String,
    /// From the first to the last answer.
    pub duration_seconds: f64,
    /// Time between two samples.
    pub interval_seconds: f64,
    /// Samples of the engine that were planned.
    pub planned_samples: u32,
    /// Samples of the engine that came.
    pub sample_count: u32,
    /// Samples of the engine that did not come.
    pub failed_sample_count: u32,
    /// Rows of GPUs.
    pub dcgm_sample_count: usize,
    /// The run was interrupted.
    pub partial: bool,
    /// When the run ended.
    pub generated_at: String,
    /// Labels of the run.
    pub labels: BTreeMap<String, String>,
    /// Endpoints.
    pub sources: Vec<SourceSummary>,
    /// Processes: windows with rates of what grew, ratios, restarts; gauges and histograms.
    pub targets: Vec<TargetRow>,
    /// The groups by their names.
    #[serde(flatten)]
    pub groups: BTreeMap<String, GroupSummary>,
}

impl MetricsSummary {
    /// A number of a group's statistics.
    pub fn stat(&self, group: &str, field: &str) -> Option<&FieldStats> {
        self.groups.get(group)?.stats.get(field)
    }
}

/// Fields whose largest value stands for the run, and not their last.
const LARGEST: &[(&str, &str)] = &[("kv_cache", "usage_fraction")];

/// One field while samples come in.
#[derive(Debug, Clone)]
struct Series {
    kind: FieldKind,
    values: Vec<f64>,
    /// Names of the last sample that has it, their label, and the timeline that holds them.
    names: Vec<String>,
    label: Option<(&'static str, &'static str)>,
    timeline: usize,
}

#[derive(Debug, Clone, Default)]
struct Group {
    series: BTreeMap<String, Series>,
    values: BTreeMap<String, Value>,
    per_gpu: BTreeMap<String, BTreeMap<String, Series>>,
    source_metrics: BTreeSet<String>,
    claims: BTreeSet<String>,
}

/// Groups while samples come in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Groups {
    groups: BTreeMap<&'static str, Group>,
}

impl Groups {
    /// Takes in the rows of a sample. `timelines` says which timeline each of its pages is in.
    pub(crate) fn add(&mut self, rows: &[(EngineRow, Vec<Told<'_>>)], timelines: &[usize]) {
        for (row, told) in rows {
            let Some(name) = GROUPS.iter().find(|g| **g == row.group) else { continue };
            let group = self.groups.entry(name).or_default();
            group.values.extend(row.normalized.clone());
            group.source_metrics.extend(row.source_metrics.iter().cloned());
            if !told.is_empty() {
                group.claims.insert(row.claim_status.clone());
            }
            for one in told {
                let series = group.series.entry(one.field.clone()).or_insert_with(|| Series {
                    kind: one.kind,
                    values: vec![],
                    names: vec![],
                    label: None,
                    timeline: 0,
                });
                series.values.push(one.value);
                series.names = one.names.iter().map(|n| (*n).to_owned()).collect();
                series.label = one.label;
                series.timeline = timelines.get(one.page).copied().unwrap_or_default();
            }
        }
    }

    /// Takes in the rows of a GPU exporter.
    pub(crate) fn add_gpus(&mut self, rows: &[GpuRow]) {
        for row in rows {
            let gpu = row.gpu_uuid.clone().or_else(|| row.gpu_index.clone());
            for known in KNOWN {
                let Some(value) = row.metrics.get(known.name) else { continue };
                let group = self.groups.entry(known.group).or_default();
                let new = || Series {
                    kind: known.kind,
                    values: vec![],
                    names: vec![],
                    label: None,
                    timeline: 0,
                };
                group.claims.insert("measured".into());
                group.source_metrics.insert(known.name.to_owned());
                group.values.insert(known.name.to_owned(), Value::from(*value));
                group.series.entry(known.name.to_owned()).or_insert_with(new).values.push(*value);
                if let Some(gpu) = &gpu {
                    let own = group.per_gpu.entry(gpu.clone()).or_default();
                    own.entry(known.name.to_owned()).or_insert_with(new).values.push(*value);
                }
            }
        }
    }
}

/// The groups in the summary's form: all of them, those without a number as not proven.
pub(crate) fn group_summaries(
    mut groups: Groups,
    timelines: &[Timeline],
) -> BTreeMap<String, GroupSummary> {
    GROUPS
        .iter()
        .chain(GPU_GROUPS)
        .map(|name| {
            let group = groups.groups.remove(name).unwrap_or_default();
            ((*name).to_owned(), summary(name, group, timelines))
        })
        .collect()
}

fn summary(name: &str, group: Group, timelines: &[Timeline]) -> GroupSummary {
    let mut stats: BTreeMap<String, FieldStats> = BTreeMap::new();
    for (field, series) in &group.series {
        let Some(mut stat) = FieldStats::of(series.kind, &series.values) else { continue };
        if let Some(timeline) = timelines.get(series.timeline) {
            of_run(&mut stat, series, timeline);
        }
        stats.insert(field.clone(), stat);
    }
    for ratio in RATIOS.iter().filter(|r| r.group == name) {
        let grown = |field: &str| stats.get(field).and_then(|s| s.increase);
        let run = grown(ratio.part)
            .zip(grown(ratio.whole))
            .and_then(|(part, whole)| (whole > 0.0).then(|| part / whole));
        if let Some(stat) = stats.get_mut(ratio.name).filter(|s| s.ratio_of_run.is_none()) {
            stat.ratio_of_run = run;
        }
    }
    let mut values = group.values;
    for (_, field) in LARGEST.iter().filter(|(of, _)| *of == name) {
        if let Some(stat) = stats.get(*field) {
            values.insert((*field).to_owned(), Value::from(stat.max));
        }
    }
    if let Some(stat) = stats.get("DCGM_FI_DEV_FB_USED").filter(|_| name == "hbm") {
        values.insert("max_mib".into(), Value::from(stat.max));
    }
    let per_gpu = group
        .per_gpu
        .into_iter()
        .map(|(gpu, fields)| {
            let of =
                |(field, s): (String, Series)| Some((field, FieldStats::of(s.kind, &s.values)?));
            (gpu, fields.into_iter().filter_map(of).collect())
        })
        .collect();
    let claim_status = ["inferred", "measured"]
        .into_iter()
        .find(|claim| group.claims.contains(*claim))
        .unwrap_or("not_proven");
    GroupSummary {
        values,
        stats,
        per_gpu,
        source_metrics: group.source_metrics.into_iter().collect(),
        claim_status: claim_status.into(),
    }
}

/// What of a number was counted in the run alone.
fn of_run(stat: &mut FieldStats, series: &Series, timeline: &Timeline) {
    let growth = |name: &String| growth(timeline, name, series.label);
    match (series.kind, series.names.as_slice()) {
        (FieldKind::Counter, [name, ..]) => {
            let Some(grown) = growth(name) else { return };
            stat.increase = Some(grown.value);
            stat.resets = Some(grown.resets);
            stat.rate_per_second =
                grown.seconds.filter(|s| *s > 0.0).map(|seconds| grown.value / seconds);
        }
        (FieldKind::Mean, [sum, count, ..]) => {
            let (Some(sum), Some(count)) = (growth(sum), growth(count)) else { return };
            stat.increase = Some(count.value);
            stat.resets = Some(count.resets);
            stat.mean_of_run = (count.value > 0.0).then(|| sum.value / count.value);
        }
        _ => {}
    }
}
