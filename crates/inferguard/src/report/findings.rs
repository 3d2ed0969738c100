//! What the metrics alone say is wrong: series that should be there, failures that were
//! counted, releases and modes that do not fit.

use coverage_model::{Claim, Coverage, Evidence, FamilyRow, Mode, Source, Status};
use serde::Serialize;

use super::parts::{Options, Releases};
use crate::lanes::{LaneRows, agree};
use crate::measures::Measures;
use lmcache_http::Body;

/// Something that is wrong, or that an operator should know.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Stable code.
    pub code: String,
    /// Older codes of the same finding.
    pub aliases: Vec<String>,
    /// `critical`, `warning` or `info`.
    pub severity: String,
    /// `cause`, `symptom` or `gap`.
    pub kind: String,
    /// Cause class, where the finding names one.
    pub cause: Option<String>,
    /// How it is known.
    pub claim: Claim,
    /// How sure, from 0 to 1.
    pub confidence: f64,
    /// One line.
    pub title: String,
    /// What it was read from.
    pub evidence: Vec<Source>,
    /// What to do next.
    pub action: String,
    /// Codes of findings that this one explains.
    pub explains: Vec<String>,
    /// Whether it may be shown to a customer as it stands.
    pub customer_safe: bool,
}

/// A question that the evidence could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct NotEvaluable {
    /// Stable code.
    pub code: String,
    /// Why not.
    pub why: String,
    /// What would settle it.
    pub would_settle: Vec<String>,
}

/// A counted failure: signal, code, severity, title, action.
struct Counted {
    signals: &'static [&'static str],
    code: &'static str,
    severity: &'static str,
    title: &'static str,
    action: &'static str,
}

const COUNTED: &[Counted] = &[
    Counted {
        signals: &["mp.event_bus.dropped_events"],
        code: "lmcache_mp_eventbus_loss",
        severity: "critical",
        title: "LMCache's event bus dropped events: counters, traces and lookup hashes are incomplete",
        action: "Raise --event-bus-queue-size (or lower the event rate) and restart; until then trust none of this server's other counters.",
    },
    Counted {
        signals: &["mp.event_bus.subscriber_exceptions"],
        code: "lmcache_mp_eventbus_subscriber_exceptions",
        severity: "warning",
        title: "A subscriber of LMCache's event bus raised exceptions: what it counts is incomplete",
        action: "Read the server's log for the traceback that names the subscriber.",
    },
    Counted {
        signals: &["mp.l1.allocation_failure", "mp.l1.read_failure"],
        code: "lmcache_mp_l1_failures",
        severity: "critical",
        title: "L1 allocations or reads fail: chunks are not stored, or not served although a lookup found them",
        action: "Compare lmcache_mp_l1_usage_ratio with the eviction watermark; give L1 more room (--l1-size-gb) or find out what keeps chunks locked (GET /status).",
    },
    Counted {
        signals: &["mp.l2.prefetch_failure"],
        code: "lmcache_mp_l2_failures",
        severity: "critical",
        title: "Chunks found in L2 fail to load into L1",
        action: "Look at the label reason: l1_oom asks for a larger L1, not_found for the adapter's own log.",
    },
    Counted {
        signals: &["mp.timeouts"],
        code: "lmcache_mp_timeouts",
        severity: "warning",
        title: "Requests timed out in the LMCache server",
        action: "Look at the label exception_type and at the server's log around that time.",
    },
    Counted {
        signals: &[
            "blend.retrieve.failures",
            "blend.store.pre_computed_failures",
            "blend.store.final_failures",
            "blend.lookup.no_gpu_context_errors",
        ],
        code: "lmcache_cacheblend_failures",
        severity: "critical",
        title: "CacheBlend operations fail",
        action: "Check that the engine has registered its KV caches (GET /status) before it asks, and read the server's log.",
    },
];

/// Everything that metrics alone show to be wrong.
pub(crate) fn find(
    evidence: &Evidence,
    coverage: &Coverage,
    releases: &Releases,
    options: &Options,
    lanes: &LaneRows,
) -> Vec<Finding> {
    let mut out = Vec::new();
    for counted in COUNTED {
        let sources: Vec<Source> = evidence
            .targets
            .iter()
            .flat_map(|t| {
                counted.signals.iter().filter(|s| t.nonzero(s)).filter_map(|s| t.signals.get(s))
            })
            .filter_map(|o| o.source.clone())
            .collect();
        if !sources.is_empty() {
            out.push(finding(
                counted.code,
                counted.severity,
                "symptom",
                counted.title,
                counted.action,
                sources,
            ));
        }
    }
    for (prefix, code) in [
        ("lmcache_mp", "lmcache_mp_family_missing"),
        ("lmcache_cacheblend", "lmcache_cacheblend_family_missing"),
        ("lmcache_embedded", "lmcache_embedded_family_missing"),
        ("vllm", "vllm_family_missing"),
        ("sglang", "sglang_family_missing"),
    ] {
        let gone: Vec<&FamilyRow> = coverage
            .families
            .iter()
            .filter(|f| f.surface.starts_with(prefix) && f.status == Status::Missing)
            .collect();
        if gone.is_empty() {
            continue;
        }
        let names: Vec<&str> = gone.iter().map(|f| f.family.as_str()).collect();
        let sources = gone
            .iter()
            .map(|f| Source::new(format!("{}/{}", f.surface, f.family), f.because.clone()))
            .collect();
        out.push(finding(
            code,
            "warning",
            "gap",
            &format!("Series that this release should show are not there: {}", names.join(", ")),
            "Check whether a scrape configuration or exporter between the process and this page drops them; \
             otherwise ask the product's authors with this report.",
            sources,
        ));
    }
    for (product, row) in
        [("LMCache", &releases.lmcache), ("vLLM", &releases.vllm), ("SGLang", &releases.sglang)]
    {
        for what in row.iter().flat_map(|r| &r.contradictions) {
            let source = Source::new(product, what.clone());
            out.push(finding(
                "release_contradiction",
                "warning",
                "gap",
                &format!("What was seen of {product} does not fit one release"),
                "Check which package each process really runs (GET /version, pip freeze); two releases side by side \
                 are a cause of their own.",
                vec![source],
            ));
        }
    }
    if let Some(expected) = options.expect_mode
        && expected != coverage.mode.mode
    {
        let (severity, title) = if coverage.mode.mode == Mode::Unknown {
            (
                "warning",
                format!(
                    "Expected mode {} is not proven: {}",
                    expected.name(),
                    coverage.mode.because
                ),
            )
        } else {
            (
                "warning",
                format!("Expected mode {}, found {}", expected.name(), coverage.mode.mode.name()),
            )
        };
        out.push(finding(
            "lmcache_mode_mismatch",
            severity,
            "gap",
            &title,
            "Check that the page belongs to the process that you mean, and how the engine is launched.",
            coverage.mode.evidence.clone(),
        ));
    }
    if options.mp.metrics_off() {
        out.push(finding(
            "lmcache_mp_observability_disabled",
            "warning",
            "gap",
            "LMCache's metrics are declared to be switched off",
            "Start the server without --disable-metrics and --disable-observability.",
            vec![Source::new(
                "command line",
                "--mp-metrics-disabled or --mp-observability-disabled",
            )],
        ));
    }
    for found in agree::disagreements(lanes) {
        out.push(finding(
            "evidence_lanes_disagree",
            "warning",
            "gap",
            &format!("What was launched, logged and answered do not fit: {}", found.what),
            "Check that all artifacts are of one run; if they are, the process does not run with what it was given, \
             and what it answers itself (GET /config, its log) counts.",
            found.said,
        ));
    }
    traces(lanes, &mut out);
    answers(lanes, &mut out);
    tracebacks(lanes, &mut out);
    let order = |s: &str| ["critical", "warning", "info"].iter().position(|x| *x == s);
    out.sort_by_key(|f| order(&f.severity));
    out
}

/// Answers in which a server says itself that something is not healthy. A green health check
/// beside a dead thread does not outweigh it.
fn answers(lanes: &LaneRows, out: &mut Vec<Finding>) {
    for row in &lanes.http {
        for (name, endpoint) in
            row.evidence.endpoints.iter().filter(|(_, e)| e.status == "unhealthy")
        {
            let mut sources = Vec::new();
            if let Body::Status(status) = &endpoint.body {
                for (parts, what) in [
                    (&status.dead_threads, "thread_alive is false"),
                    (&status.unhealthy_parts, "is_healthy is false"),
                ] {
                    for part in parts.iter().take(4) {
                        sources.push(Source {
                            value: Some(part.clone()),
                            ..Source::new(endpoint.source.clone(), what)
                        });
                    }
                }
            }
            if sources.is_empty() {
                sources.push(Source::new(endpoint.source.clone(), format!("/{name}")));
            }
            let dead = matches!(&endpoint.body, Body::Status(s) if !s.dead_threads.is_empty());
            out.push(finding(
                &format!("lmcache_http_{name}_unhealthy"),
                if dead { "critical" } else { "warning" },
                "symptom",
                if dead {
                    "A thread of the LMCache server is dead, whatever its health check says"
                } else {
                    "The LMCache server answers that a part of it is not healthy"
                },
                "Look for the thread's traceback in the server's log, restart the server, and watch GET /status \
                 (is_healthy, thread_alive), not GET /healthcheck.",
                sources,
            ));
        }
    }
}

/// Tracebacks in the log of a process. What they mean is not judged here.
fn tracebacks(lanes: &LaneRows, out: &mut Vec<Finding>) {
    let sources: Vec<Source> = lanes
        .logs
        .iter()
        .flat_map(|row| {
            row.evidence.tracebacks.iter().take(3).map(|t| Source {
                artifact: row.path.clone(),
                line: Some(t.first_line),
                what: t.last_line.clone(),
                value: Some(format!("{} times", t.count)),
            })
        })
        .collect();
    if sources.is_empty() {
        return;
    }
    out.push(finding(
        "lmcache_log_tracebacks",
        "warning",
        "symptom",
        "The logs hold tracebacks: something failed that no counter need show",
        "Read the log at the lines named; the innermost frame says which part failed.",
        sources,
    ));
}

/// Traces and replays that are damaged or failed. What a whole trace shows of its server is a
/// matter of its own.
fn traces(lanes: &LaneRows, out: &mut Vec<Finding>) {
    let source = |path: &str, what: &str, offset: Option<u64>| {
        let mut source = Source::new(path, what);
        source.value = offset.map(|at| format!("at byte {at}"));
        source
    };
    let (mut unreadable, mut damaged) = (Vec::new(), Vec::new());
    for row in &lanes.traces {
        if !row.evidence.parse_error.is_empty() {
            unreadable.push(source(&row.path, &row.evidence.parse_error, None));
        }
        for issue in row.evidence.summary.iter().flat_map(|s| s.issues.first.iter()).take(3) {
            damaged.push(source(&row.path, &issue.message, Some(issue.offset)));
        }
    }
    if !unreadable.is_empty() {
        out.push(finding(
            "lmcache_trace_file_parse_failure",
            "warning",
            "gap",
            "A file that was given as a trace is none that can be read",
            "Check that the file is what the server wrote to --trace-output, copied whole and in binary; \
             inferguard trace check FILE says more.",
            unreadable,
        ));
    }
    if !damaged.is_empty() {
        out.push(finding(
            "lmcache_trace_damaged",
            "warning",
            "symptom",
            "The trace recording is cut off or damaged: what came after is not in it, while the server went on",
            "Check the disk and the file size limit of the server (its log has the WARNING), then restart the server to \
             record again: a recording that failed does not resume.",
            damaged,
        ));
    }
    if let Some(replay) = lanes.replay.as_ref().filter(|r| r.failed_rows > 0) {
        let mut source = Source::new("trace replay", "calls that failed");
        source.value = Some(format!("{} of {}", replay.failed_rows, replay.rows_seen));
        out.push(finding(
            "lmcache_trace_replay_failure",
            "warning",
            "symptom",
            "Calls of a replayed trace failed or were skipped",
            "Replay with the LMCache release that recorded the trace (inferguard trace info names it) and with room for \
             its keys in L1.",
            vec![source],
        ));
    }
}

fn finding(
    code: &str,
    severity: &str,
    kind: &str,
    title: &str,
    action: &str,
    evidence: Vec<Source>,
) -> Finding {
    Finding {
        code: code.to_owned(),
        aliases: vec![],
        severity: severity.to_owned(),
        kind: kind.to_owned(),
        cause: None,
        claim: Claim::Measured,
        confidence: 1.0,
        title: title.to_owned(),
        evidence,
        action: action.to_owned(),
        explains: vec![],
        customer_safe: true,
    }
}

/// Questions that these artifacts leave open.
pub(crate) fn not_evaluable(
    evidence: &Evidence,
    coverage: &Coverage,
    measures: &[(String, Measures)],
) -> Vec<NotEvaluable> {
    let mut out = Vec::new();
    let mut add = |code: &str, why: String, settle: &[&str]| {
        let would_settle = settle.iter().map(|s| (*s).to_owned()).collect();
        out.push(NotEvaluable { code: code.to_owned(), why, would_settle });
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
