//! Coverage gaps: what an operator can act on, each with how to close it.
//!
//! A family that is not there for want of an event, a feature or a release is no gap. What is
//! one: a series that provably should be there; a page that was not given although something
//! shows its process; what is switched off; what waits for traffic; and what the user declared
//! to be configured and no series shows.

use coverage_model::{FactKind, FamilyRow, Mode, RequiredWhen, SignalRow, Status};
use lmcache_prom::contract::Product;
use serde::Serialize;

use super::CoverageOptions;
use crate::report::check::{Judged, Traffic};

/// How a gap is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClosedBy {
    /// Give the page or the file.
    Supply,
    /// A flag of the launch.
    Flag,
    /// An environment variable.
    Environment,
    /// A newer release.
    Version,
    /// Requests.
    Traffic,
    /// A scrape that takes the whole page.
    Scrape,
}

/// One gap.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CoverageGap {
    /// Group of rows.
    pub surface: String,
    /// Family; `*` for a whole surface.
    pub family: String,
    /// What is known of it.
    pub status: Status,
    /// When it has to be there.
    pub required_when: RequiredWhen,
    /// Signals that it is about, where not all of the family.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signals: Vec<String>,
    /// Why it is a gap.
    pub because: String,
    /// What closes it.
    pub closed_by: ClosedBy,
    /// How.
    pub close: String,
}

const WHOLE_PAGE: &str = "scrape the process itself (curl URL/metrics > FILE) and see whether a scrape configuration, \
     a filter or an exporter in between drops the series";

/// All gaps, in the order of the families.
pub(super) fn find(judged: &Judged, options: &CoverageOptions) -> Vec<CoverageGap> {
    let mut out = Vec::new();
    let families = &judged.coverage.families;
    for row in families {
        missing(row, &mut out);
    }
    excerpts(judged, &mut out);
    dropped(judged, &mut out);
    unsupplied(judged, options, &mut out);
    disabled(families, &mut out);
    idle(judged, &mut out);
    declared(judged, options, &mut out);
    older(families, &mut out);
    out
}

fn gap(row: &FamilyRow, closed_by: ClosedBy, close: &str) -> CoverageGap {
    CoverageGap {
        surface: row.surface.clone(),
        family: row.family.clone(),
        status: row.status,
        required_when: row.required_when,
        signals: vec![],
        because: row.because.clone(),
        closed_by,
        close: close.to_owned(),
    }
}

fn missing(row: &FamilyRow, out: &mut Vec<CoverageGap>) {
    let gone: Vec<&SignalRow> =
        row.signals.iter().filter(|s| s.status == Status::Missing).collect();
    if row.status != Status::Missing && gone.is_empty() {
        return;
    }
    let names = gone.iter().filter_map(|s| s.expected.last()).cloned().collect();
    let because = match (row.status, gone.first()) {
        (Status::Missing, _) | (_, None) => row.because.clone(),
        (_, Some(signal)) => signal.because.clone(),
    };
    out.push(CoverageGap {
        status: Status::Missing,
        signals: names,
        because,
        ..gap(row, ClosedBy::Scrape, WHOLE_PAGE)
    });
}

fn whole(surface: &str, status: Status, because: String, by: ClosedBy, close: &str) -> CoverageGap {
    CoverageGap {
        surface: surface.to_owned(),
        family: "*".to_owned(),
        status,
        required_when: RequiredWhen::Always,
        signals: vec![],
        because,
        closed_by: by,
        close: close.to_owned(),
    }
}

fn excerpts(judged: &Judged, out: &mut Vec<CoverageGap>) {
    for (role, why) in &judged.coverage.excerpts {
        let surface = judged
            .targets
            .iter()
            .find(|t| t.role == *role)
            .and_then(|t| t.is.first().cloned())
            .unwrap_or_else(|| role.clone());
        out.push(whole(
            &surface,
            Status::Unknown,
            format!("{role}: {why}"),
            ClosedBy::Scrape,
            "give the whole page as the process serves it (curl URL/metrics), unfiltered",
        ));
    }
}

fn dropped(judged: &Judged, out: &mut Vec<CoverageGap>) {
    let signal = "mp.event_bus.dropped_events";
    if let Some(target) = judged.evidence.targets.iter().find(|t| t.nonzero(signal)) {
        let value = target
            .signals
            .get(signal)
            .and_then(|o| o.source.as_ref()?.value.clone())
            .unwrap_or_default();
        out.push(whole(
            "lmcache_mp",
            Status::Unknown,
            format!(
                "{}: the event bus dropped {value} events; what they would have counted is lost",
                target.role
            ),
            ClosedBy::Flag,
            "start the LMCache server with a larger --event-bus-queue-size",
        ));
    }
}

/// Pages of processes that something shows and nothing was given of.
fn unsupplied(judged: &Judged, options: &CoverageOptions, out: &mut Vec<CoverageGap>) {
    let evidence = &judged.evidence;
    let shows = |prefix: &str| {
        evidence.targets.iter().any(|t| t.signals.keys().any(|s| s.starts_with(prefix)))
    };
    let mode = judged.coverage.mode.mode;
    let expected = options.base.expect_mode;
    let disabled = evidence.fact(&FactKind::MetricsDisabled).is_some()
        || evidence.fact(&FactKind::OtlpOnly).is_some();
    let unreachable = judged.lanes.logs.iter().any(|row| {
        ["mp_connector.unreachable", "mp_connector.no_answer"]
            .iter()
            .any(|id| row.evidence.event(id).is_some())
    }) && evidence.fact(&FactKind::MpServer).is_none();
    let mp = mode == Mode::Mp || expected == Some(Mode::Mp);
    if mp && !shows("mp.") && !shows("blend.") && !disabled {
        out.push(whole(
            "lmcache_mp",
            Status::Unknown,
            if mode == Mode::Mp {
                format!("a multiprocess server is behind the engine ({}), and its page was not given", judged.coverage.mode.because)
            } else {
                "a multiprocess server is expected, and no page of one was given".to_owned()
            },
            ClosedBy::Supply,
            if unreachable {
                "start `lmcache server` at the address that the engine is given, then curl \
                 http://SERVER:8080/metrics > lmcache.prom and add --lmcache-metrics-file lmcache.prom"
            } else {
            "curl http://SERVER:8080/metrics > lmcache.prom (the port is --http-port of `lmcache server`), then add \
             --lmcache-metrics-file lmcache.prom"
            },
        ));
    }
    let embedded = mode == Mode::Embedded || expected == Some(Mode::Embedded);
    if embedded && !shows("embedded.") {
        out.push(whole(
            "lmcache_embedded",
            Status::Unknown,
            if mode == Mode::Embedded {
                format!("LMCache runs inside the engine ({}), and no page shows its series", judged.coverage.mode.because)
            } else {
                "LMCache inside the engine is expected, and no page shows its series".to_owned()
            },
            ClosedBy::Environment,
            "set PROMETHEUS_MULTIPROC_DIR to an empty directory before the engine starts, or start LMCache's internal \
             API server (LMCACHE_INTERNAL_API_SERVER_ENABLED=true) and scrape its /metrics",
        ));
    }
    for (product, prefix, surface, file) in [
        (Product::Vllm, "vllm.", "vllm", "vllm.prom"),
        (Product::Sglang, "sglang.", "sglang", "sglang.prom"),
    ] {
        let named = options.expected_engine == Some(product);
        let runs = evidence.fact(&FactKind::Engine(product)).is_some();
        if shows(prefix) || !(named || runs) {
            continue;
        }
        let because = if named {
            format!("{surface} is expected, and no page of it was given")
        } else {
            format!("{surface} runs by its log or launch line, and no page of it was given")
        };
        let flag = if product == Product::Sglang { " (SGLang needs --enable-metrics)" } else { "" };
        let first = if not_started(judged) {
            "get the engine to start (its log says why it did not), then "
        } else {
            ""
        };
        out.push(whole(
            surface,
            Status::Unknown,
            because,
            ClosedBy::Supply,
            &format!("{first}curl http://ENGINE:PORT/metrics > {file}{flag}, and add --engine-metrics-file {file}"),
        ));
    }
}

fn disabled(families: &[FamilyRow], out: &mut Vec<CoverageGap>) {
    let mut surfaces: Vec<&str> = Vec::new();
    for row in families.iter().filter(|f| f.status == Status::Disabled) {
        if surfaces.contains(&row.surface.as_str()) {
            continue;
        }
        surfaces.push(&row.surface);
        let otlp = row.because.contains("OTLP");
        let (by, close) = if otlp {
            (
                ClosedBy::Supply,
                "give what the OTLP collector received (--lmcache-otel-evidence-file), or start the server without \
                 --otlp-endpoint",
            )
        } else {
            (
                ClosedBy::Flag,
                "start the server without --disable-metrics and --disable-observability",
            )
        };
        out.push(whole(&row.surface, Status::Disabled, row.because.clone(), by, close));
    }
}

/// Processes that have done nothing yet.
fn idle(judged: &Judged, out: &mut Vec<CoverageGap>) {
    let works = |kind: &str| {
        judged.targets.iter().any(|t| {
            t.is.iter().any(|w| w == kind) && matches!(t.traffic, Traffic::Flowing | Traffic::Past)
        })
    };
    let engine_works = works("vllm") || works("sglang");
    for target in judged.targets.iter().filter(|t| t.traffic == Traffic::Idle) {
        let is = |kind: &str| target.is.iter().any(|w| w == kind);
        // A coordinator counts no work of a server, and of the pages of one embedded engine the
        // scheduler's and the workers' count different things.
        // A page without the series that would count prompts says nothing of them.
        let counts = |signal: &str| {
            judged.evidence.targets.iter().any(|t| t.role == target.role && t.has(signal))
        };
        if (is("vllm") && !counts("vllm.prompt_tokens"))
            || (is("sglang") && !counts("sglang.num_running_reqs"))
        {
            continue;
        }
        if is("lmcache_coordinator") || is("lmcache_embedded") && works("lmcache_embedded") {
            continue;
        }
        let server = is("lmcache_mp") || is("lmcache_cacheblend");
        let surface =
            target.is.iter().find(|w| *w != "lmcache_mp_connector").cloned().unwrap_or_default();
        let (by, close) = if server && engine_works {
            (
                ClosedBy::Flag,
                "the engine's traffic does not reach it: start vLLM with --kv-transfer-config \
                 '{\"kv_connector\":\"LMCacheMPConnector\",\"kv_role\":\"kv_both\"}', SGLang with --enable-lmcache and \
                 --lmcache-config-file",
            )
        } else if not_started(judged) {
            (ClosedBy::Traffic, "get the engine to start: its log says why it did not")
        } else {
            (ClosedBy::Traffic, "send requests, some of them twice, and scrape again")
        };
        out.push(whole(
            &surface,
            Status::NotEmitted,
            format!("{}: {}", target.role, target.traffic_because),
            by,
            close,
        ));
    }
}

/// An engine failed to start, and none serves.
fn not_started(judged: &Judged) -> bool {
    judged.evidence.fact(&FactKind::StartFailed).is_some()
        && judged.evidence.fact(&FactKind::Started).is_none()
}

/// What the user declared to be configured, and no series shows.
fn declared(judged: &Judged, options: &CoverageOptions, out: &mut Vec<CoverageGap>) {
    let families = &judged.coverage.families;
    let seen = |signal: &str| judged.evidence.nonzero(signal);
    let row = |surface: &str, family: &str| {
        families.iter().find(|f| f.surface == surface && f.family == family)
    };
    let vllm = judged.evidence.has("vllm.prompt_tokens");
    let external = options.external_cache_configured || options.disaggregated;
    if external && vllm && !seen("vllm.external_prefix_cache_queries") {
        for family in ["external_prefix_cache", "prompt_tokens_by_source"] {
            out.extend(row("vllm", family).map(|row| CoverageGap {
                because: "an external cache is declared, and the engine never asked one: its external counters exist at zero without any connector".into(),
                ..gap(row, ClosedBy::Flag, "start vLLM with --kv-transfer-config naming the connector, and send prompts")
            }));
        }
    }
    let offloads = judged.evidence.targets.iter().any(|t| {
        t.signals
            .keys()
            .any(|s| s.starts_with("vllm.kv_offload_") || s.starts_with("vllm.simple_kv_offload_"))
    });
    if options.cpu_offload_configured && vllm && !offloads {
        out.extend(row("vllm", "cpu_offload").map(|row| CoverageGap {
            status: Status::NotEmitted,
            because: "CPU offload is declared, and no series of it is there".into(),
            ..gap(row, ClosedBy::Flag, "start vLLM with --kv-offloading-size N, and send more prompts than the GPU's cache holds")
        }));
    }
    if options.base.l2_configured {
        for row in families.iter().filter(|f| {
            f.surface == "lmcache_mp"
                && f.required_when == RequiredWhen::L2Configured
                && f.family == "l2_counters"
                && f.status == Status::NotEmitted
        }) {
            out.push(gap(
                row,
                ClosedBy::Traffic,
                "send prompts until L1 stores to L2; see that the server was started with --l2-adapter (GET /status lists its adapters)",
            ));
        }
    }
}

/// Families that a newer release of the same product has, where an always needed one is asked for.
fn older(families: &[FamilyRow], out: &mut Vec<CoverageGap>) {
    for row in families {
        let lookups = row.surface == "lmcache_mp" && row.family == "lookup_tokens";
        if lookups && row.status == Status::NotApplicable && row.because.contains("it came with") {
            out.push(gap(
                row,
                ClosedBy::Version,
                "upgrade LMCache: without this family no hit rate can be given",
            ));
        }
    }
}
