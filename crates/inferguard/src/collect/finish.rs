//! The end of a packet: what its files say is written beside them, then the manifest; then it takes its place.

use std::collections::BTreeMap;

use lmcache_http::Skipped;
use lmcache_prom::contract::Catalog;

use super::Ended;
use super::draft::Draft;
use super::lmcache::skipped;
use super::manifest::{CompatSummary, Entry, PacketManifest, ScrapeError};
use super::request::{Collected, LmcacheRequest};
use crate::lanes::TraceRow;
use crate::packet::{Input, Limits, open};
use crate::report::{CompatReport, Tool, compat};

/// Reads the packet as it is, writes evidence, report and manifest, and puts it in its place.
pub(super) fn finish(
    mut draft: Draft,
    request: &LmcacheRequest,
    partial: bool,
) -> Result<Collected, Ended> {
    draft.put_times().map_err(Ended::Write)?;
    let staging = draft.place.staging().to_owned();
    let packet = open(&[Input::Path(staging.clone())], &Limits::default());
    let usable = packet.is_usable();
    let report = compat(&Catalog::new(), packet, &request.options);
    // Paths are those in the packet, wherever it will be moved to.
    let prefix = format!("{}/", staging.display());
    let mut reports = evidence(&report, request);
    let whole = serde_json::to_value(&report).map_err(|e| Ended::Write(e.into()))?;
    reports.push(("lmcache_compat_report", "lmcache_compat_report.json", whole));
    for (name, file, mut value) in reports {
        without(&mut value, &prefix, "");
        // The answers of a server are told by their directory, which may be the packet itself.
        without(&mut value, prefix.trim_end_matches('/'), ".");
        draft.write_json(name, file, &value).map_err(Ended::Write)?;
    }
    let manifest = manifest(&draft, skipped(request), &report, partial);
    draft.put_manifest(&manifest).map_err(Ended::Write)?;
    draft.place.keep().map_err(Ended::Place)?;
    Ok(Collected { manifest, report, usable })
}

/// Puts another text in the place of a prefix, in every text.
pub(super) fn without(value: &mut serde_json::Value, prefix: &str, by: &str) {
    match value {
        serde_json::Value::String(text) if text.contains(prefix) => {
            *text = text.replace(prefix, by);
        }
        serde_json::Value::Array(items) => items.iter_mut().for_each(|v| without(v, prefix, by)),
        serde_json::Value::Object(map) => map.values_mut().for_each(|v| without(v, prefix, by)),
        _ => {}
    }
}

/// The evidence files, by their established names.
fn evidence(
    report: &CompatReport,
    request: &LmcacheRequest,
) -> Vec<(&'static str, &'static str, serde_json::Value)> {
    let mut out = Vec::new();
    let mut put = |name, file, value: Result<serde_json::Value, serde_json::Error>| {
        if let Ok(value) = value {
            out.push((name, file, value));
        }
    };
    if let Some(TraceRow { evidence, .. }) = &report.lmcache_trace_evidence {
        put(
            "lmcache_trace_evidence",
            "lmcache_trace_evidence.json",
            serde_json::to_value(evidence),
        );
    }
    if let Some(row) = &report.lmcache_http_evidence {
        let mut evidence = row.evidence.clone();
        evidence.skipped_endpoints = skipped(request);
        put("lmcache_http_evidence", "lmcache_http_evidence.json", serde_json::to_value(&evidence));
    }
    if let Some(row) = &report.lmcache_log_evidence {
        put(
            "lmcache_log_evidence",
            "lmcache_log_evidence.json",
            serde_json::to_value(&row.evidence),
        );
    }
    if let Some(row) = &report.lmcache_otel_evidence {
        put(
            "lmcache_otel_evidence",
            "lmcache_otel_evidence.json",
            serde_json::to_value(&row.evidence),
        );
    }
    if let Some(evidence) = &report.lmcache_lookup_hash_evidence {
        put(
            "lmcache_lookup_hash_evidence",
            "lmcache_lookup_hash_evidence.json",
            serde_json::to_value(evidence),
        );
    }
    if let Some(evidence) = &report.lmcache_cacheblend_boundary_evidence {
        put(
            "lmcache_cacheblend_boundary_evidence",
            "lmcache_cacheblend_boundary_evidence.json",
            Ok(evidence.clone()),
        );
    }
    if let Some(evidence) = &report.lmcache_trace_replay_evidence {
        put(
            "lmcache_trace_replay_evidence",
            "lmcache_trace_replay_evidence.json",
            serde_json::to_value(evidence),
        );
    }
    out
}

/// The manifest of a draft.
pub(super) fn manifest(
    draft: &Draft,
    skipped_endpoints: Vec<Skipped>,
    report: &CompatReport,
    partial: bool,
) -> PacketManifest {
    let named = |pick: &dyn Fn(&Entry) -> Option<String>| -> BTreeMap<String, String> {
        let mut out: BTreeMap<String, String> = BTreeMap::new();
        for entry in &draft.entries {
            let name = match &entry.role {
                Some(role) => format!("{role}/{}", entry.name),
                None => entry.name.clone(),
            };
            // Of several scrapes the last stands.
            if let Some(value) = pick(entry) {
                out.insert(name, value);
            }
        }
        out
    };
    let measured = report.observed.total_series > 0;
    PacketManifest {
        schema_version: PacketManifest::SCHEMA.into(),
        tool: Tool::this(),
        generated_at: jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        claim_status: if measured { "measured" } else { "not_proven" }.into(),
        partial,
        unredacted: draft.cleaner.is_off(),
        expect_mode: report.expect_mode.clone(),
        detected_mode: report.detected_mode.name().into(),
        l2_configured: report.l2_configured,
        sources: named(&|e| (e.kind != "report").then(|| e.source.clone())),
        artifacts: named(&|e| e.file.clone()),
        files: draft.entries.clone(),
        scrape_errors: draft
            .entries
            .iter()
            .filter(|e| e.is_error())
            .map(|e| ScrapeError {
                source_name: e.name.clone(),
                source: e.source.clone(),
                error: e.error.clone().unwrap_or_default(),
            })
            .collect(),
        skipped_endpoints,
        compat_summary: CompatSummary::of(report),
    }
}
