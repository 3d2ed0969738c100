//! What the MP server's own labels and series say of its observability.

use std::collections::BTreeSet;

use lmcache_prom::contract::{Catalog, When};
use serde::Serialize;

use super::super::check::Judged;
use super::super::parts::{MpDeclared, Options};
use crate::packet::Packet;

/// What the MP server's own labels and series say of its observability.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MpObservability {
    /// What the user declared of the launch.
    pub config: MpDeclared,
    /// Explicit instance ids.
    pub service_instance_ids: Vec<String>,
    /// Cache salts that occur as label values.
    pub cache_salt_values: Vec<String>,
    /// Their number.
    pub cache_salt_cardinality: usize,
    /// More than 100 of them.
    pub cache_salt_cardinality_risk: bool,
    /// L2 adapters that occur as label values.
    pub l2_names: Vec<String>,
    /// Names of the event bus' own series.
    pub event_bus_metric_names: Vec<String>,
    /// Names of sampled histograms that are there.
    pub sampled_histogram_names: Vec<String>,
}

/// Label values that occur on the pages.
#[derive(Default)]
pub(in crate::report) struct LabelValues {
    salts: BTreeSet<String>,
    l2_names: BTreeSet<String>,
    instances: BTreeSet<String>,
}

/// Label values that the report lists, read before the pages are used up.
pub(in crate::report) fn label_values(packet: &Packet) -> LabelValues {
    let mut out = LabelValues::default();
    for page in &packet.pages {
        for name in page.scrape.sample_names() {
            if name == "target_info" {
                out.instances.extend(
                    page.scrape
                        .series(name)
                        .filter_map(|s| s.label("service_instance_id").map(str::to_owned)),
                );
            }
            if !name.starts_with("lmcache") || name.ends_with("_bucket") {
                continue;
            }
            for series in page.scrape.series(name) {
                for (label, into) in
                    [("cache_salt", &mut out.salts), ("l2_name", &mut out.l2_names)]
                {
                    if let Some(value) = series.label(label)
                        && !into.contains(value)
                    {
                        into.insert(value.to_owned());
                    }
                }
            }
        }
    }
    out
}

/// The row of the report.
pub(super) fn mp_observability(
    catalog: &Catalog,
    judged: &Judged,
    mut labels: LabelValues,
    options: &Options,
) -> MpObservability {
    labels.instances.extend(options.mp.service_instance_id.clone());
    let names = |keep: &dyn Fn(&str) -> bool| -> Vec<String> {
        let found: BTreeSet<String> = judged
            .evidence
            .targets
            .iter()
            .flat_map(|t| t.signals.iter())
            .filter(|(id, _)| keep(id))
            .flat_map(|(_, o)| o.names.iter().cloned())
            .collect();
        found.into_iter().collect()
    };
    let sampled = |id: &str| {
        id.starts_with("mp.")
            && catalog.signal(id).iter().any(|s| matches!(s.when, When::Sampled(_)))
    };
    MpObservability {
        config: options.mp.clone(),
        service_instance_ids: labels.instances.into_iter().collect(),
        cache_salt_cardinality: labels.salts.len(),
        cache_salt_cardinality_risk: labels.salts.len() > 100,
        cache_salt_values: labels.salts.into_iter().collect(),
        l2_names: labels.l2_names.into_iter().collect(),
        event_bus_metric_names: names(&|id| id.starts_with("mp.event_bus.")),
        sampled_histogram_names: names(&sampled),
    }
}
