//! From what was read to what is wrong: the evidence is laid before the rules of
//! [`diagnosis_rules`], and the questions that it leaves open are listed beside their answers.

use std::collections::{BTreeMap, BTreeSet};

use coverage_model::bridge::Bridge;
use coverage_model::{Coverage, Evidence, Mode};
use diagnosis_rules::{Declared, Lane, Printed, Target, View};
use lmcache_http::{Body, HttpEvidence};
use lmcache_logs::LogEvidence;
use lmcache_prom::Timeline;
use lmcache_prom::contract::{Catalog, Product};

use super::parts::{Options, ReleaseRow, Releases};
use crate::lanes::LaneRows;
use crate::measures::Measures;
use crate::packet::Artifact;

pub use diagnosis_rules::{Finding, NotEvaluable, SilentRules};

/// Everything that was read and judged before the rules are asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Known<'a> {
    pub(crate) catalog: &'a Catalog,
    pub(crate) evidence: &'a Evidence,
    /// Those of the evidence's targets, in their order.
    pub(crate) timelines: &'a [Timeline],
    /// Paths of pages by the ids in the timelines.
    pub(crate) paths: &'a [String],
    pub(crate) artifacts: &'a [Artifact],
    pub(crate) coverage: &'a Coverage,
    pub(crate) bridge: &'a Bridge,
    pub(crate) releases: &'a Releases,
    pub(crate) options: &'a Options,
    pub(crate) lanes: &'a LaneRows,
}

/// Lays out everything that was read.
pub(crate) fn view(known: Known<'_>) -> View<'_> {
    let Known {
        catalog,
        evidence,
        timelines,
        paths,
        artifacts,
        coverage,
        bridge,
        releases,
        options,
        lanes,
    } = known;
    let products = [
        (Product::Lmcache, "LMCache", &releases.lmcache),
        (Product::Vllm, "vLLM", &releases.vllm),
        (Product::Sglang, "SGLang", &releases.sglang),
    ];
    let range = |row: &ReleaseRow| {
        let parse = |text: &Option<String>| text.as_deref().and_then(|t| t.parse().ok());
        (parse(&row.min), parse(&row.max))
    };
    let logs: Vec<Lane<'_, LogEvidence>> =
        lanes.logs.iter().map(|r| Lane { path: &r.path, evidence: &r.evidence }).collect();
    let http: Vec<Lane<'_, HttpEvidence>> =
        lanes.http.iter().map(|r| Lane { path: &r.path, evidence: &r.evidence }).collect();
    View {
        catalog,
        targets: evidence
            .targets
            .iter()
            .zip(timelines)
            .map(|(target, timeline)| Target::new(catalog, &target.role, timeline, paths))
            .collect(),
        printed: Printed::of(&logs, &http),
        logs,
        launch: lanes.launch.as_ref(),
        salts: salts(timelines, &http),
        http,
        spans: lanes.spans.iter().map(|r| Lane { path: &r.path, evidence: &r.evidence }).collect(),
        traces: lanes
            .traces
            .iter()
            .map(|r| Lane { path: &r.path, evidence: &r.evidence })
            .collect(),
        replay: lanes.replay.as_ref(),
        hashes: lanes.lookup_hashes.as_ref(),
        sizing: None,
        coverage,
        bridge,
        facts: evidence,
        releases: products
            .iter()
            .filter_map(|(product, _, row)| Some((*product, range(row.as_ref()?))))
            .collect::<BTreeMap<_, _>>(),
        contradictions: products
            .iter()
            .flat_map(|(_, name, row)| {
                row.iter().flat_map(|r| &r.contradictions).map(|what| (*name, what.clone()))
            })
            .collect(),
        declared: Declared {
            metrics_off: options.mp.metrics_off(),
            expect_mode: options.expect_mode,
            unreachable: unreachable(artifacts),
            tracing: options.mp.tracing_enabled == Some(true),
            trace_recording: options.mp.trace_recording_enabled == Some(true),
        },
    }
}

/// The salts of the pages by the names that answers have for them, where answers list quotas.
fn salts(timelines: &[Timeline], http: &[Lane<'_, HttpEvidence>]) -> BTreeMap<String, String> {
    let mut endpoints = http.iter().flat_map(|row| row.evidence.endpoints.values());
    let lists = endpoints.any(|e| matches!(&e.body, Body::Quota(quota) if !quota.salts.is_empty()));
    let Some(redactor) = lists.then(crate::packet::report_redactor).flatten() else {
        return BTreeMap::new();
    };
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    for captured in timelines.iter().flat_map(Timeline::scrapes) {
        for name in captured.scrape.sample_names() {
            for series in captured.scrape.series(name) {
                seen.extend(series.labels().filter(|(n, _)| *n == "cache_salt").map(|(_, v)| v));
            }
        }
    }
    seen.into_iter()
        .filter(|salt| !salt.is_empty())
        .map(|salt| (lmcache_http::salt_placeholder(salt, &redactor), salt.to_owned()))
        .collect()
}

/// Endpoints that were named and could not be read.
fn unreachable(artifacts: &[Artifact]) -> Vec<(String, String)> {
    artifacts
        .iter()
        .filter(|a| a.path.contains("://"))
        .filter_map(|a| {
            let issue = a.issues.iter().find(|i| i.code == "not_fetched")?;
            Some((a.path.clone(), issue.message.clone()))
        })
        .collect()
}

/// Questions that these artifacts leave open.
pub(crate) fn not_evaluable(
    evidence: &Evidence,
    coverage: &Coverage,
    measures: &[(String, Measures)],
) -> Vec<NotEvaluable> {
    let mut out = Vec::new();
    let mut add = |code: &str, why: String, settle: &[&str]| {
        out.push(NotEvaluable::new(code, why, settle));
    };
    for target in evidence.targets.iter().filter(|t| t.is_silent() && t.process_series) {
        add(
            "page_without_lmcache_metrics",
            format!("{}: {}", target.role, coverage_model::SILENT_PAGE),
            &["the answer of GET /config or /status", "the launch line", "the server's log"],
        );
    }
    for (role, why) in &coverage.excerpts {
        add(
            "page_is_an_excerpt",
            format!("{role}: {why}"),
            &["the whole page as the process serves it (curl URL/metrics), unfiltered"],
        );
    }
    let silent = evidence.targets.iter().any(|t| t.is_silent() && t.process_series);
    if coverage.mode.mode == Mode::Unknown && !silent {
        add(
            "mode_unknown",
            coverage.mode.because.clone(),
            &["LMCache's own metrics page", "the engine's launch line", "the engine's log"],
        );
    }
    for (role, numbers) in measures {
        if numbers.scrapes.len() == 1 {
            add(
                "rates",
                format!(
                    "{role}: one scrape only, so no rate and no hit rate of a window can be given"
                ),
                &["a second scrape of the same process, some seconds later"],
            );
        }
    }
    let mp = evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with("mp.")));
    let engine = evidence.has("vllm.prompt_tokens")
        || evidence
            .targets
            .iter()
            .any(|t| t.signals.keys().any(|s| s.starts_with("sglang.") || s.starts_with("vllm.")));
    if mp && !engine {
        add(
            "engine_side",
            "no engine's page was given: whether an engine uses what LMCache holds cannot be told"
                .into(),
            &["the engine's metrics page of the same time"],
        );
    }
    if !mp && engine && coverage.mode.mode == Mode::Mp {
        add(
            "server_side",
            "the LMCache server's own page was not given or is empty".into(),
            &["GET /metrics of the LMCache server"],
        );
    }
    out
}
