//! What a log states.

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_logs::LogEvidence;
use lmcache_prom::contract::Product;

use super::{LogRow, Statements};

/// Events that only a multiprocess server writes.
const SERVER: &[&str] = &[
    "mp.http_starting",
    "mp.http_ready",
    "mp.listening",
    "mp.running",
    "mp.worker_registered",
    "mp.store",
    "mp.prefetch_done",
];
/// Events that only LMCache inside an engine writes.
const EMBEDDED: &[&str] = &[
    "embedded.create",
    "embedded.instance",
    "embedded.config",
    "embedded.store",
    "embedded.retrieve",
];
/// Events that only a client of a multiprocess server writes.
const CLIENT: &[&str] = &[
    "mp_connector.created",
    "mp_connector.class",
    "mp_connector.geometry",
    "mp_connector.unreachable",
    "mp_connector.unhealthy",
    "sglang_connector.mp_init",
    "sglang_connector.mp_heartbeat",
    "sglang.lmcache_config_missing",
];
/// Events whose line names the connector class that wrote it.
const NAMING: &[(&str, &str)] = &[
    ("sglang_connector.mp_init", "UnifiedLMCacheMPConnector"),
    ("vllm.nixl_init", "NixlConnector"),
    ("vllm.nixl_mismatch", "NixlConnector"),
    ("vllm.nixl_failed", "NixlConnector"),
];
/// Events that tell of an L2 adapter.
const L2: &[&str] = &["mp.l2.fs_init", "mp.l2.attach", "mp.l2.added", "mp.l2.store_failed"];
/// Events with which an engine ends that did not come up.
const FAILED: &[&str] = &[
    "vllm.engine_failed",
    "vllm.engine_dead",
    "connector.unsupported",
    "sglang.scheduler_exception",
    "vllm.worker_exception",
];
/// Events of an engine that serves.
const SERVES: &[&str] = &["vllm.stats", "sglang.ready", "sglang.prefill", "uvicorn.complete"];

pub(super) fn state(row: &LogRow, out: &mut Statements) {
    let log = &row.evidence;
    out.readings.push(reading(row));
    let mut fact = |kind, source: Source| {
        out.facts.push(Fact { kind, claim: Claim::Inferred, source });
    };
    for (product, name) in
        [(Product::Vllm, "vllm"), (Product::Lmcache, "lmcache"), (Product::Sglang, "sglang")]
    {
        for release in log.versions.get(name).into_iter().flatten() {
            if let Ok(release) = release.parse() {
                let source = Source::new(row.path.clone(), format!("the log names {name}"));
                fact(FactKind::Release(product, release), source);
            }
        }
        let own = format!("{name}.");
        let wrote = log.events.keys().any(|id| id.starts_with(&own));
        if product != Product::Lmcache && wrote {
            let source = Source::new(row.path.clone(), format!("lines of {name}"));
            fact(FactKind::Engine(product), source);
        }
    }
    for (ids, kind) in [
        (SERVER, FactKind::Mode(Mode::Mp)),
        (CLIENT, FactKind::Mode(Mode::Mp)),
        (SERVER, FactKind::MpServer),
        (L2, FactKind::Feature("l2")),
        (&["mp.obs.otlp"][..], FactKind::OtlpOnly),
    ] {
        if let Some(source) = first_of(row, ids) {
            fact(kind, source);
        }
    }
    let serves = first_of(row, SERVES);
    let is_engine = log.any("vllm.") || log.any("sglang.");
    match (serves, first_of(row, FAILED)) {
        (Some(source), _) if is_engine => fact(FactKind::Started, source),
        (None, Some(source)) => fact(FactKind::StartFailed, source),
        _ => {}
    }
    let connectors: Vec<&String> = log.connectors.iter().filter(|c| is_class(c)).collect();
    for name in &connectors {
        fact(FactKind::Connector((*name).clone()), connector_source(row, name));
    }
    for (id, name) in NAMING {
        if let Some(source) =
            first_of(row, &[*id]).filter(|_| !connectors.iter().any(|c| c == name))
        {
            fact(
                FactKind::Connector((*name).to_owned()),
                Source { value: Some((*name).to_owned()), ..source },
            );
        }
    }
    for (ids, builtin) in [
        (&["mp_connector.class"][..], false),
        (&["mp_connector.class_builtin", "mp_connector.class_forced"], true),
    ] {
        if let Some(source) = first_of(row, ids) {
            fact(FactKind::BuiltinConnector(builtin), source);
        }
    }
    let mp = connectors.iter().any(|c| c.contains("LMCacheMP"))
        || first_of(row, SERVER).or_else(|| first_of(row, CLIENT)).is_some();
    let embedded = first_of(row, EMBEDDED);
    if let Some(source) = embedded.clone().filter(|_| !mp) {
        fact(FactKind::Mode(Mode::Embedded), source);
    }
    // An engine that started and was asked for no connector runs without one.
    let start = first_of(row, &["vllm.api_version", "vllm.engine_init"]);
    if let Some(source) = start
        && log.covers_start()
        && connectors.is_empty()
        && !mp
        && embedded.is_none()
        && log.setting("kv_transfer_config").is_none()
    {
        let what = "the engine's start, which names no KV connector".to_owned();
        fact(FactKind::NoConnector, Source { what, value: None, ..source });
    }
    let setting = |name: &str| log.setting(name).and_then(|s| s.last());
    let enabled = |name: &str| {
        setting(name).filter(|s| s.value.eq_ignore_ascii_case("true")).map(|s| Source {
            line: Some(s.line),
            ..Source::new(row.path.clone(), format!("{name}=True"))
        })
    };
    if let Some(source) = enabled("enable_blending") {
        fact(FactKind::EmbeddedBlend, source);
    }
    if let Some(source) = enabled("enable_lmcache") {
        fact(FactKind::SglangLmcache, source);
    }
    if let Some(source) = enabled("enable_hierarchical_cache") {
        fact(FactKind::Hicache, source);
    }
    for role in ["prefill", "decode"] {
        if let Some(found) = setting("disaggregation_mode").filter(|s| s.value == role) {
            let source = Source {
                line: Some(found.line),
                ..Source::new(row.path.clone(), format!("disaggregation_mode={role}"))
            };
            fact(FactKind::PdRole(role), source);
        }
    }
}

/// A class name, and not the rest of a program's text.
fn is_class(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_uppercase())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

fn connector_source(row: &LogRow, name: &str) -> Source {
    let told = |e: &&lmcache_logs::EventStat| e.texts.values().any(|t| t.values.contains_key(name));
    let mut source = Source::new(row.path.clone(), "connector");
    source.line = row.evidence.events.values().find(told).map(|e| e.first_line);
    source.value = Some(name.to_owned());
    source
}

/// The first line of the first of these events.
fn first_of(row: &LogRow, ids: &[&str]) -> Option<Source> {
    let event = ids.iter().find_map(|id| row.evidence.event(id))?;
    Some(Source {
        artifact: row.path.clone(),
        line: Some(event.example.line),
        what: event.example.text.clone(),
        value: None,
    })
}

fn reading(row: &LogRow) -> LaneReading {
    let log: &LogEvidence = &row.evidence;
    let known = log.events.len() as u64;
    let (status, because) = if known > 0 {
        let start = if log.covers_start() { "from its start" } else { "not from its start" };
        (Status::Populated, format!("{} holds {} lines, {start}", row.path, log.line_count))
    } else if log.line_count == 0 {
        (Status::Zero, format!("{} is empty", row.path))
    } else {
        (
            Status::Unknown,
            format!("{} holds no line of LMCache, vLLM or SGLang that is known", row.path),
        )
    };
    LaneReading {
        surface: "lmcache_logs",
        family: "lifecycle_logs",
        status,
        seen: log.events.keys().cloned().collect(),
        series: known,
        nonzero: known,
        because,
    }
}
