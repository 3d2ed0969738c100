//! A GPU exporter's page (DCGM): one row a GPU.

use std::collections::BTreeMap;

use lmcache_prom::Scrape;
use serde::Serialize;

use super::page::finite;
use super::stats::FieldKind;

/// A field of DCGM.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    /// Group of the summary.
    pub(super) group: &'static str,
    /// Name on the page.
    pub(super) name: &'static str,
    /// Name that rows carry it by as well.
    pub(super) alias: &'static str,
    /// DCGM's number of the field.
    id: u32,
    pub(super) kind: FieldKind,
    /// Several series of one GPU are parts of one number (links), and not views of it.
    add: bool,
}

const fn k(
    group: &'static str,
    name: &'static str,
    alias: &'static str,
    id: u32,
    kind: FieldKind,
    add: bool,
) -> Known {
    Known { group, name, alias, id, kind, add }
}

use FieldKind::{Counter as C, Gauge as G};

/// Groups of the summary that come from a GPU exporter.
pub(super) const GPU_GROUPS: &[&str] = &["gpu_util", "hbm", "nvlink", "pcie", "power", "xid_ecc"];

#[rustfmt::skip]
pub(super) const KNOWN: &[Known] = &[
    k("gpu_util", "DCGM_FI_DEV_GPU_UTIL", "dcgm_gpu_util", 203, G, false),
    k("gpu_util", "DCGM_FI_PROF_GR_ENGINE_ACTIVE", "dcgm_prof_gr_engine_active", 1001, G, false),
    k("gpu_util", "DCGM_FI_PROF_SM_ACTIVE", "dcgm_prof_sm_active", 1002, G, false),
    k("gpu_util", "DCGM_FI_PROF_PIPE_TENSOR_ACTIVE", "dcgm_prof_pipe_tensor_active", 1004, G, false),
    k("hbm", "DCGM_FI_PROF_DRAM_ACTIVE", "dcgm_prof_dram_active", 1005, G, false),
    k("hbm", "DCGM_FI_DEV_FB_USED", "dcgm_fb_used", 252, G, false),
    k("hbm", "DCGM_FI_DEV_FB_FREE", "dcgm_fb_free", 251, G, false),
    k("nvlink", "DCGM_FI_PROF_NVLINK_TX_BYTES", "dcgm_prof_nvlink_tx_bytes", 1011, G, true),
    k("nvlink", "DCGM_FI_PROF_NVLINK_RX_BYTES", "dcgm_prof_nvlink_rx_bytes", 1012, G, true),
    k("nvlink", "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL", "dcgm_nvlink_bandwidth_total", 449, C, true),
    k("pcie", "DCGM_FI_PROF_PCIE_TX_BYTES", "dcgm_prof_pcie_tx_bytes", 1009, G, false),
    k("pcie", "DCGM_FI_PROF_PCIE_RX_BYTES", "dcgm_prof_pcie_rx_bytes", 1010, G, false),
    k("power", "DCGM_FI_DEV_POWER_USAGE", "dcgm_power_usage", 155, G, false),
    k("xid_ecc", "DCGM_FI_DEV_XID_ERRORS", "dcgm_xid_errors", 230, G, false),
    k("xid_ecc", "DCGM_FI_DEV_ECC_SBE_VOL_TOTAL", "dcgm_ecc_sbe_vol_total", 310, C, false),
    k("xid_ecc", "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL", "dcgm_ecc_dbe_vol_total", 311, C, false),
];

/// A row of `gpu_metrics_timeline.jsonl`: one GPU in one scrape.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GpuRow {
    /// `dcgm-correlated/v1`.
    pub schema_version: String,
    /// Number of the engine's sample that it was taken beside.
    pub sequence: u32,
    /// When it was taken, in seconds since 1970.
    pub timestamp: Option<f64>,
    /// The same, RFC 3339 in UTC.
    pub observed_at: String,
    /// Seconds that it stands for: the time between two scrapes of the exporter.
    pub timestamp_window_seconds: f64,
    /// The GPU; `null` where the page does not name it, and where there is no page.
    pub gpu_uuid: Option<String>,
    /// Its index on the host.
    pub gpu_index: Option<String>,
    /// Fields by the names of the page.
    pub metrics: BTreeMap<String, f64>,
    /// DCGM's numbers of these fields.
    pub field_ids: BTreeMap<String, u32>,
    /// Labels of the run.
    pub labels: BTreeMap<String, String>,
    /// Why the sample is missing; empty where it is not.
    pub scrape_error: String,
    /// The fields by their established names; `null` is "not there".
    #[serde(flatten)]
    pub fields: BTreeMap<String, Option<f64>>,
}

/// When and for what a page was taken.
#[derive(Debug, Clone)]
pub(crate) struct GpuHead<'a> {
    pub(crate) sequence: u32,
    pub(crate) timestamp: Option<f64>,
    pub(crate) observed_at: &'a str,
    pub(crate) window: f64,
    pub(crate) labels: &'a BTreeMap<String, String>,
    pub(crate) scrape_error: &'a str,
}

/// The rows of a page, GPU by GPU; one row without numbers where there is no page.
pub(crate) fn gpu_rows(head: &GpuHead<'_>, page: Option<&Scrape>) -> Vec<GpuRow> {
    let Some(page) = page else { return vec![blank(head)] };
    let mut rows: BTreeMap<(Option<String>, Option<String>), GpuRow> = BTreeMap::new();
    let uuids = uuids(page);
    for known in KNOWN {
        for series in page.series(known.name) {
            let Some(value) = finite(series.value()) else { continue };
            let index = series.label("gpu").map(str::to_owned);
            // Some fields come without the UUID: they are of the GPU that has the same index.
            let uuid = series
                .label("UUID")
                .map(str::to_owned)
                .or_else(|| uuids.get(index.as_deref()?).cloned().flatten());
            let row = rows.entry((uuid.clone(), index.clone())).or_insert_with(|| GpuRow {
                gpu_uuid: uuid,
                gpu_index: index,
                ..blank(head)
            });
            let first = if known.add { 0.0 } else { value };
            let kept = row.metrics.entry(known.name.to_owned()).or_insert(first);
            *kept = if known.add { *kept + value } else { kept.max(value) };
            let kept = *kept;
            row.field_ids.insert(known.name.to_owned(), known.id);
            row.fields.insert(known.alias.to_owned(), Some(kept));
        }
    }
    rows.into_values().collect()
}

fn blank(head: &GpuHead<'_>) -> GpuRow {
    GpuRow {
        schema_version: "dcgm-correlated/v1".into(),
        sequence: head.sequence,
        timestamp: head.timestamp,
        observed_at: head.observed_at.to_owned(),
        timestamp_window_seconds: head.window,
        gpu_uuid: None,
        gpu_index: None,
        metrics: BTreeMap::new(),
        field_ids: BTreeMap::new(),
        labels: head.labels.clone(),
        scrape_error: head.scrape_error.to_owned(),
        fields: KNOWN.iter().map(|k| (k.alias.to_owned(), None)).collect(),
    }
}

/// The UUID of each index, where there is only one.
fn uuids(page: &Scrape) -> BTreeMap<&str, Option<String>> {
    let mut out: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for known in KNOWN {
        for series in page.series(known.name) {
            let (Some(index), Some(uuid)) = (series.label("gpu"), series.label("UUID")) else {
                continue;
            };
            let kept = out.entry(index).or_insert_with(|| Some(uuid.to_owned()));
            if kept.as_deref().is_some_and(|k| k != uuid) {
                *kept = None;
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(page: &str) -> Vec<GpuRow> {
        let labels = BTreeMap::new();
        let head = GpuHead {
            sequence: 0,
            timestamp: Some(1.0),
            observed_at: "t",
            window: 5.0,
            labels: &labels,
            scrape_error: "",
        };
        gpu_rows(&head, Some(&Scrape::parse(page.as_bytes()).unwrap()))
    }

    #[test]
    fn a_field_without_uuid_is_of_the_gpu_with_its_index() {
        let rows = rows(
            "DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",UUID=\"GPU-a\"} 90\n\
             DCGM_FI_DEV_GPU_UTIL{gpu=\"1\",UUID=\"GPU-b\"} 10\n\
             DCGM_FI_DEV_FB_USED{gpu=\"1\"} 5\nDCGM_FI_DEV_POWER_USAGE{gpu=\"0\",UUID=\"GPU-a\"} NaN\n",
        );
        assert_eq!(rows.len(), 2);
        assert_eq!(rows[1].fields["dcgm_fb_used"], Some(5.0));
        assert_eq!(rows[0].fields["dcgm_fb_used"], None);
        assert_eq!(rows[0].fields["dcgm_power_usage"], None);
        assert_eq!(rows[0].field_ids["DCGM_FI_DEV_GPU_UTIL"], 203);
    }

    #[test]
    fn links_are_added_up_and_instances_are_not() {
        let rows = rows(
            "DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL{gpu=\"0\",link=\"0\"} 3\n\
             DCGM_FI_DEV_NVLINK_BANDWIDTH_TOTAL{gpu=\"0\",link=\"1\"} 4\n\
             DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",GPU_I_ID=\"1\"} 30\n\
             DCGM_FI_DEV_GPU_UTIL{gpu=\"0\",GPU_I_ID=\"2\"} 40\n",
        );
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].fields["dcgm_nvlink_bandwidth_total"], Some(7.0));
        assert_eq!(rows[0].fields["dcgm_gpu_util"], Some(40.0));
    }

    #[test]
    fn every_field_is_of_a_group() {
        assert!(KNOWN.iter().all(|k| GPU_GROUPS.contains(&k.group)));
    }
}
