//! `inferguard check`: everything at once, on one screen.

use std::collections::BTreeMap;
use std::sync::Arc;

use coverage_model::bridge::{Bridge, bridge};
use coverage_model::{Claim, Coverage, Evidence, Fact, FactKind, FamilyRow, Mode, Source, assess};
use diagnosis_rules::{Diagnosis, InForce, diagnose};
use lmcache_logs::lookup_hash::LookupHashEvidence;
use lmcache_prom::contract::{Catalog, Product};
use lmcache_prom::{Captured, Timeline};
use lmcache_trace::ReplayEvidence;
use serde::Serialize;

use super::findings::{Finding, Known, NotEvaluable, SilentRules, not_evaluable, view};
use super::parts::{
    ArchitectureRow, Options, Releases, Rules, Tool, declare, narrow_by_facts, releases,
};
use crate::lanes::{self, HttpRow, LaneRows, LaunchRow, LogRow, SpanRow, TraceRow};
use crate::measures::{self, Measures};
use crate::observe;
use crate::packet::{Artifact, Export, InputIssue, Packet, Page};
use crate::roles;
use crate::sizing::{Deployment, Sized};

/// The three answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Something is wrong.
    SomethingWrong,
    /// Nothing is wrong in what was seen; the report says what was not.
    NothingWrongInWhatWasSeen,
    /// Nothing was seen that could be right or wrong.
    NothingSeen,
}

/// Whether a process did anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Traffic {
    /// Counters of work grew between scrapes.
    Flowing,
    /// Work was counted, but not between the scrapes that were given.
    Past,
    /// The process runs and counts no work at all.
    Idle,
    /// The page does not tell.
    Unknown,
}

/// What ends `check` with exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckFailOn {
    /// Nothing.
    Never,
    /// A critical finding.
    Critical,
    /// A warning or worse.
    Warning,
    /// Whatever the answer calls wrong: any finding but remarks.
    Any,
    /// Any finding, remarks too.
    Info,
}

impl CheckFailOn {
    /// Whether a report breaches it.
    pub fn breached(self, report: &CheckReport) -> bool {
        let any = |severities: &[&str]| {
            report.findings.iter().any(|f| severities.contains(&f.severity.as_str()))
        };
        match self {
            Self::Never => false,
            Self::Critical => any(&["critical"]),
            Self::Warning => any(&["critical", "warning"]),
            Self::Any => report.answer == Answer::SomethingWrong,
            Self::Info => !report.findings.is_empty(),
        }
    }
}

/// One process (over its restarts) and its numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct TargetRow {
    /// Role.
    pub role: String,
    /// What it is: `lmcache_mp`, `lmcache_cacheblend`, `lmcache_embedded`, `lmcache_coordinator`, `vllm`, `sglang`, `silent`.
    pub is: Vec<String>,
    /// Whether it did anything.
    pub traffic: Traffic,
    /// Why that is said.
    pub traffic_because: String,
    /// Names of known products that no examined release has.
    pub unknown_names: Vec<String>,
    /// Numbers.
    #[serde(flatten)]
    pub measures: Measures,
}

/// The report of `inferguard check`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CheckReport {
    /// `inferguard/check/v1`.
    pub schema: String,
    /// The tool.
    pub tool: Tool,
    /// One of three answers.
    pub answer: Answer,
    /// The answer as a sentence.
    pub summary: String,
    /// Everything that was named or found.
    pub inputs: Vec<Artifact>,
    /// Which mode runs.
    pub mode: Mode,
    /// How the mode is known.
    pub mode_claim: Claim,
    /// Why it is said.
    pub mode_because: String,
    /// Architecture labels.
    pub architecture: ArchitectureRow,
    /// Releases by product.
    pub releases: Releases,
    /// Processes and their numbers.
    pub targets: Vec<TargetRow>,
    /// Traces that were read.
    pub traces: Vec<TraceRow>,
    /// What LMCache's trace tools wrote, where it was given.
    pub trace_replay: Option<ReplayEvidence>,
    /// Logs that were read.
    pub logs: Vec<LogRow>,
    /// Spans, file by file.
    pub spans: Vec<SpanRow>,
    /// Processes as they were launched.
    pub processes: Vec<LaunchRow>,
    /// Answers of HTTP APIs, a row a server.
    pub http: Vec<HttpRow>,
    /// Lookup hashes that were read.
    pub lookup_hashes: Option<LookupHashEvidence>,
    /// Coverage, a row a family.
    pub families: Vec<FamilyRow>,
    /// The engine's claims beside LMCache's counts.
    pub bridge: Bridge,
    /// What of the rules' configuration is in force, where it sets anything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub configuration: Option<InForce>,
    /// What is wrong, the likeliest root cause first.
    pub findings: Vec<Finding>,
    /// What could not be told.
    pub not_evaluable: Vec<NotEvaluable>,
    /// Rules that were asked and found nothing.
    pub silent_rules: SilentRules,
}

/// What both `check` and `lmcache-compat` are made from.
pub(crate) struct Judged {
    pub(crate) evidence: Evidence,
    pub(crate) coverage: Coverage,
    pub(crate) bridge: Bridge,
    pub(crate) timelines: Vec<Timeline>,
    pub(crate) releases: Releases,
    pub(crate) findings: Vec<Finding>,
    pub(crate) not_evaluable: Vec<NotEvaluable>,
    pub(crate) silent_rules: SilentRules,
    pub(crate) targets: Vec<TargetRow>,
    pub(crate) lanes: LaneRows,
    pub(crate) sized: Option<Sized>,
}

/// What is said of OTLP exports of a server whose Prometheus pages are there too.
const SECOND_FEED: &str = "this server's Prometheus pages are here too: its numbers are theirs";

/// One process (over its restarts) by its pages.
pub(crate) struct Pages {
    pub(crate) role: String,
    pub(crate) timeline: Timeline,
    /// By the id of a scrape: its artifact, and its place in it where that holds several.
    from: BTreeMap<usize, (usize, Option<Export>)>,
}

/// The pages of each process over time; moves them out of the packet and writes the roles into its
/// artifacts. The second value says what each scrape is called, by its id.
pub(crate) fn by_process(catalog: &Catalog, packet: &mut Packet) -> (Vec<Pages>, Vec<String>) {
    // A GPU exporter's page is no target: its silence about the cache means nothing.
    let artifacts = &mut packet.artifacts;
    packet.pages.retain(|page| {
        let gpu = roles::is_gpu_exporter(&page.scrape);
        if let Some(artifact) = artifacts.get_mut(page.artifact).filter(|_| gpu) {
            artifact.role = Some("gpu".to_owned());
        }
        !gpu
    });
    let groups = roles::group(catalog, &packet.pages);
    let mut slots: Vec<_> = std::mem::take(&mut packet.pages).into_iter().map(Some).collect();
    // A file of exports holds many pages: scrapes are told by their page.
    let names: Vec<String> = slots
        .iter()
        .map(|page: &Option<Page>| {
            let page = page.as_ref();
            let artifact = page.and_then(|p| packet.artifacts.get(p.artifact));
            let path = artifact.map(|a| a.path.clone()).unwrap_or_default();
            match page.and_then(|p| p.export?.line) {
                Some(line) => format!("{path}:{line}"),
                None => path,
            }
        })
        .collect();
    let mut out = Vec::new();
    for (role, members) in groups {
        let pages: Vec<(usize, Page)> =
            members.into_iter().filter_map(|m| Some((m, slots.get_mut(m)?.take()?))).collect();
        for (_, page) in &pages {
            if let Some(artifact) = packet.artifacts.get_mut(page.artifact) {
                artifact.role = Some(role.clone());
            }
        }
        let (pages, left) = roles::one_feed(catalog, pages);
        for artifact in left {
            if let Some(artifact) = packet.artifacts.get_mut(artifact) {
                artifact.issues.push(InputIssue::whole("second_feed", SECOND_FEED));
            }
        }
        let mut from = BTreeMap::new();
        let mut captured = Vec::new();
        for (id, page) in pages {
            let time = match page.export {
                Some(export) => export.at,
                None => packet.artifacts.get(page.artifact).and_then(|a| a.captured_at),
            };
            from.insert(id, (page.artifact, page.export));
            captured.push(Captured { id, time, scrape: Arc::new(page.scrape) });
        }
        out.push(Pages { role, timeline: Timeline::from_scrapes(captured), from });
    }
    (out, names)
}

/// Judges a packet; moves its pages out and writes the roles into its artifacts.
pub(crate) fn judge(catalog: &Catalog, packet: &mut Packet, options: &Options) -> Judged {
    let paths: Vec<String> = packet.artifacts.iter().map(|a| a.path.clone()).collect();
    let mut evidence = Evidence { facts: options.facts(), ..Evidence::default() };
    if let Some(declared) = options.release
        && catalog.releases(Product::Lmcache).last().is_some_and(|newest| declared > *newest)
    {
        evidence.facts.push(Fact {
            kind: FactKind::Release(Product::Lmcache, declared),
            claim: Claim::Inferred,
            source: Source::new("command line", "--release"),
        });
    }
    let mut measured: Vec<(String, Measures)> = Vec::new();
    let (processes, page_paths) = by_process(catalog, packet);
    let mut timelines: Vec<Timeline> = Vec::new();
    for Pages { role, timeline, from } in processes {
        let place = |id: usize| from.get(&id).copied();
        let scrapes: Vec<observe::Sight<'_>> = timeline
            .scrapes()
            .iter()
            .map(|c| observe::Sight {
                path: place(c.id).and_then(|(a, _)| paths.get(a)).map_or("", String::as_str),
                export: place(c.id).and_then(|(_, export)| export),
                scrape: &c.scrape,
            })
            .collect();
        evidence.targets.push(observe::target(catalog, &role, &scrapes));
        measured.push((role, measures::take(catalog, &timeline, &page_paths)));
        timelines.push(timeline);
    }
    let mut lanes: BTreeMap<&'static str, usize> = BTreeMap::new();
    for lane in packet.artifacts.iter().filter_map(|a| a.kind.lane()) {
        *lanes.entry(lane).or_default() += 1;
    }
    for (lane, count) in lanes {
        evidence.facts.push(Fact {
            kind: FactKind::Lane(lane, count),
            claim: Claim::NotProven,
            source: Source::new("packet", lane),
        });
    }
    let rows = lanes::join(std::mem::take(&mut packet.lanes), &paths, &mut evidence);
    narrow_by_facts(catalog, &mut evidence);
    declare(catalog, &mut evidence, options.release);
    let coverage = assess(catalog, &evidence);
    let bridge = bridge(&crate::bridge::input(
        catalog,
        &evidence,
        &timelines,
        &page_paths,
        &rows,
        options.costs,
        &options.before,
    ));
    let releases = releases(catalog, &evidence, options.release);
    let mut view = view(Known {
        catalog,
        evidence: &evidence,
        timelines: &timelines,
        paths: &page_paths,
        artifacts: &packet.artifacts,
        coverage: &coverage,
        bridge: &bridge,
        releases: &releases,
        options,
        lanes: &rows,
    });
    let sized = packet.lookups.take().and_then(|gathered| {
        let deployment = Deployment::of(&view, &gathered.files, &gathered.trace_starts);
        Sized::new(gathered, deployment, options.chunks)
    });
    let sizing = sized.as_ref().filter(|_| options.rules == Rules::Asked).map(Sized::evidence);
    view.sizing = sizing.as_ref();
    let diagnosis = match options.rules {
        Rules::Asked => diagnose(&view, &options.settings),
        Rules::Skipped => Diagnosis::default(),
    };
    drop(view);
    let findings = diagnosis.findings;
    let mut not_evaluable = not_evaluable(&evidence, &coverage, &measured);
    not_evaluable.splice(0..0, super::times::apart(&rows.logs));
    not_evaluable.extend(diagnosis.not_evaluable);
    let targets = evidence
        .targets
        .iter()
        .zip(measured)
        .map(|(target, (role, measures))| {
            let (traffic, traffic_because) = traffic(catalog, target, &measures);
            TargetRow {
                role,
                is: what_it_is(catalog, target),
                traffic,
                traffic_because,
                unknown_names: target.unknown_names.iter().cloned().collect(),
                measures,
            }
        })
        .collect();
    Judged {
        evidence,
        coverage,
        bridge,
        timelines,
        releases,
        findings,
        not_evaluable,
        silent_rules: diagnosis.silent,
        targets,
        lanes: rows,
        sized,
    }
}

fn what_it_is(catalog: &Catalog, target: &coverage_model::Target) -> Vec<String> {
    use lmcache_prom::contract::Component;
    let mut words: Vec<&str> = Vec::new();
    for component in target.components(catalog) {
        words.push(match component {
            Component::Mp => "lmcache_mp",
            Component::Blend => "lmcache_cacheblend",
            Component::Coordinator => "lmcache_coordinator",
            Component::Embedded => "lmcache_embedded",
            Component::Controller => "lmcache_controller",
            Component::Connector => "lmcache_mp_connector",
            _ if target.signals.keys().any(|s| s.starts_with("sglang.")) => "sglang",
            _ => "vllm",
        });
    }
    if words.is_empty() {
        words.push(if target.unknown_names.is_empty() { "silent" } else { "unknown" });
    }
    words.into_iter().map(str::to_owned).collect()
}

/// Signals that count work, by their ids.
const WORK: &[&str] = &[
    "mp.lookup.requested_tokens",
    "mp.lookup.requests",
    "mp.lookup.early_exit",
    "mp.l1.write",
    "mp.l1.read",
    "mp.transfer.submitted_stores",
    "mp.transfer.submitted_retrieves",
    "mp.storage_manager.read_requests",
    "mp.storage_manager.write_requests",
    "blend.lookup.requests",
    "embedded.num_lookup_requests",
    "embedded.num_store_requests",
    "embedded.num_retrieve_requests",
    "vllm.prompt_tokens",
    "vllm.request_success",
    "sglang.prompt_tokens",
    "sglang.num_requests",
];

fn traffic(
    catalog: &Catalog,
    target: &coverage_model::Target,
    measures: &Measures,
) -> (Traffic, String) {
    let is_work = |name: &str| catalog.name(name).is_some_and(|n| WORK.contains(&n.signal()));
    let mut grown: BTreeMap<&str, f64> = BTreeMap::new();
    for window in &measures.windows {
        for (name, value) in window.increases.iter().filter(|(n, _)| is_work(n)) {
            *grown.entry(name).or_default() += value;
        }
    }
    let rank = |name: &str| {
        let signal = catalog.name(name).map_or("", |n| n.signal());
        WORK.iter().position(|w| *w == signal).unwrap_or(WORK.len())
    };
    if let Some((name, value)) = grown.iter().min_by_key(|(name, _)| rank(name)) {
        return (Traffic::Flowing, format!("{name} grew by {}", observe::number(*value)));
    }
    if let Some(signal) = WORK.iter().find(|s| target.nonzero(s)) {
        let name = target
            .signals
            .get(signal)
            .and_then(|o| o.names.iter().next())
            .map_or(*signal, String::as_str);
        let total = measures.totals.get(name).copied().unwrap_or_default();
        return (Traffic::Past, format!("{name} stands at {}", observe::number(total)));
    }
    let lmcache = target.signals.keys().any(|s| s.starts_with("mp.") || s.starts_with("embedded."));
    let engine = target.signals.keys().any(|s| s.starts_with("vllm.") || s.starts_with("sglang."));
    if lmcache {
        (Traffic::Idle, "no lookup, store or retrieve was ever counted".into())
    } else if engine {
        (Traffic::Idle, "no prompt was ever counted".into())
    } else {
        (Traffic::Unknown, "the page carries no series that count work".into())
    }
}

/// Makes the report. The packet's pages are used up.
pub fn check(catalog: &Catalog, mut packet: Packet, options: &Options) -> CheckReport {
    let judged = judge(catalog, &mut packet, options);
    let (answer, summary) = answer(&judged);
    let summary = match judged.silent_rules.silenced.len() {
        0 => summary,
        1 => format!("{summary} One rule is silenced by the configuration."),
        n => format!("{summary} {n} rules are silenced by the configuration."),
    };
    let architecture = ArchitectureRow {
        headline: judged.coverage.architecture.headline.clone(),
        labels: judged.coverage.architecture.labels.clone(),
    };
    CheckReport {
        schema: "inferguard/check/v1".into(),
        tool: Tool::this(),
        answer,
        summary,
        inputs: packet.artifacts,
        mode: judged.coverage.mode.mode,
        mode_claim: judged.coverage.mode.claim,
        mode_because: judged.coverage.mode.because,
        architecture,
        releases: judged.releases,
        targets: judged.targets,
        traces: judged.lanes.traces,
        trace_replay: judged.lanes.replay,
        logs: judged.lanes.logs,
        spans: judged.lanes.spans,
        processes: judged.lanes.processes,
        http: judged.lanes.http,
        lookup_hashes: judged.lanes.lookup_hashes,
        families: judged.coverage.families,
        bridge: judged.bridge,
        configuration: options.settings.in_force(),
        findings: judged.findings,
        not_evaluable: judged.not_evaluable,
        silent_rules: judged.silent_rules,
    }
}

fn answer(judged: &Judged) -> (Answer, String) {
    let count = |keep: &dyn Fn(&&Finding) -> bool| judged.findings.iter().filter(keep).count();
    let wrong = count(&|f| f.severity != "info" && f.explained_by.is_empty());
    let follow = count(&|f| f.severity != "info" && !f.explained_by.is_empty());
    let remarks = count(&|f| f.severity == "info");
    if wrong + follow > 0 {
        let mut parts = Vec::new();
        for (n, one, more) in [
            (wrong, "finding", "findings"),
            (follow, "that follows", "that follow"),
            (remarks, "remark", "remarks"),
        ] {
            if n > 0 {
                parts.push(format!("{n} {}", if n == 1 { one } else { more }));
            }
        }
        let last = parts.pop().unwrap_or_default();
        let all = if parts.is_empty() { last } else { format!("{} and {last}", parts.join(", ")) };
        return (Answer::SomethingWrong, format!("{all}, see below."));
    }
    let told = |t: &TargetRow| matches!(t.traffic, Traffic::Flowing | Traffic::Past);
    let lmcache = |t: &TargetRow| t.is.iter().any(|w| w.starts_with("lmcache"));
    if judged.targets.iter().any(|t| told(t) && lmcache(t)) {
        (
            Answer::NothingWrongInWhatWasSeen,
            match judged.not_evaluable.len() {
                0 => "No rule found anything wrong.".into(),
                1 => "No rule found anything wrong; one question stays open for want of evidence."
                    .into(),
                n => format!(
                    "No rule found anything wrong; {n} questions stay open for want of evidence."
                ),
            },
        )
    } else if judged.targets.iter().any(told) {
        (
            Answer::NothingSeen,
            "The engine works; nothing of LMCache was seen at work, so nothing is said of its health.".into(),
        )
    } else if judged.targets.iter().any(|t| t.traffic == Traffic::Idle) {
        (
            Answer::NothingSeen,
            "The process answers and is idle: nothing has happened yet that could be right or wrong.".into(),
        )
    } else {
        (Answer::NothingSeen, "Nothing was seen that could be judged.".into())
    }
}
