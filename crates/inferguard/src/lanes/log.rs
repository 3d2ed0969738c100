//! What a log states.

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_logs::LogEvidence;
use lmcache_prom::contract::Product;

use super::{LogRow, Statements};

/// Lines that only a multiprocess server writes.
const SERVER: &[&str] = &[
    "lmcache.mp_http",
    "lmcache.mp_http_ready",
    "lmcache.mp_listening",
    "lmcache.mp_registered",
    "lmcache.mp_stored",
    "lmcache.mp_prefetched",
    "lmcache.hash_mp",
];
/// Lines that only LMCache inside an engine writes.
const EMBEDDED: &[&str] = &["lmcache.engine_config", "lmcache.engine_instance", "lmcache.stored"];
/// Lines that tell of an L2 adapter.
const L2: &[&str] = &["lmcache.l2_adapter", "lmcache.l2_store_failed", "lmcache.l2_load_failed"];

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
        if log.coverage.products.get(name).is_some_and(|_| product != Product::Lmcache)
            || log
                .events
                .keys()
                .any(|id| id.split('.').next() == Some(name) && product != Product::Lmcache)
        {
            fact(
                FactKind::Engine(product),
                Source::new(row.path.clone(), format!("lines of {name}")),
            );
        }
    }
    for (ids, kind) in [
        (SERVER, FactKind::Mode(Mode::Mp)),
        (SERVER, FactKind::MpServer),
        (L2, FactKind::Feature("l2")),
        (&["lmcache.otlp_metrics"][..], FactKind::OtlpOnly),
    ] {
        if let Some(source) = first_of(row, ids) {
            fact(kind, source);
        }
    }
    // An engine that does not come up writes its last words, and nothing of serving.
    let serves = log.count("http.startup") > 0
        || log.count("vllm.stats") > 0
        || log.count("http.access") > 0;
    if serves && log.coverage.products.contains_key("vllm") {
        fact(FactKind::Started, Source::new(row.path.clone(), "the engine serves"));
    } else if let Some(source) =
        first_of(row, &["vllm.engine_core_died", "vllm.connector_unsupported"])
    {
        fact(FactKind::StartFailed, source);
    }
    let connectors: Vec<&String> = log.config.connectors.iter().collect();
    for name in &connectors {
        let source = connector_source(row, name);
        fact(FactKind::Connector((*name).clone()), source);
    }
    let mp = connectors.iter().any(|c| c.contains("LMCacheMP")) || first_of(row, SERVER).is_some();
    if !mp && let Some(source) = first_of(row, EMBEDDED) {
        fact(FactKind::Mode(Mode::Embedded), source);
    }
    // An engine that started and was asked for no connector runs without one.
    let engine = log.count("vllm.version") > 0 || log.count("vllm.engine") > 0;
    if engine && log.coverage.covers_start && connectors.is_empty() && !mp {
        let started = first_of(row, &["vllm.version", "vllm.engine"]);
        if let Some(source) = started.filter(|_| first_of(row, EMBEDDED).is_none()) {
            fact(FactKind::NoConnector, source);
        }
    }
    let enabled = |name: &str| log.setting(name).is_some_and(|v| v.eq_ignore_ascii_case("true"));
    if enabled("enable_lmcache") {
        let line = log.settings.get("enable_lmcache").map(|s| s.line);
        let mut source = Source::new(row.path.clone(), "enable_lmcache=True");
        source.line = line;
        fact(FactKind::SglangLmcache, source);
    }
    if enabled("enable_hierarchical_cache") {
        fact(FactKind::Hicache, Source::new(row.path.clone(), "enable_hierarchical_cache=True"));
    }
    for (name, role) in [("prefill", "prefill"), ("decode", "decode")] {
        if log.setting("disaggregation_mode") == Some(name) {
            fact(
                FactKind::PdRole(role),
                Source::new(row.path.clone(), format!("disaggregation_mode={name}")),
            );
        }
    }
}

fn connector_source(row: &LogRow, name: &str) -> Source {
    let found = row
        .evidence
        .events
        .iter()
        .find(|(_, e)| e.fields.get("connector").is_some_and(|f| f.texts.contains_key(name)));
    let mut source = Source::new(row.path.clone(), "connector");
    source.line = found.map(|(_, e)| e.first_line);
    source.value = Some(name.to_owned());
    source
}

/// The first line of the first of these events.
pub(crate) fn first_of(row: &LogRow, ids: &[&str]) -> Option<Source> {
    let (_, event) = ids.iter().find_map(|id| Some((id, row.evidence.event(id)?)))?;
    Some(Source {
        artifact: row.path.clone(),
        line: Some(event.example.line),
        what: event.example.text.clone(),
        value: None,
    })
}

fn reading(row: &LogRow) -> LaneReading {
    let log: &LogEvidence = &row.evidence;
    let known = log.events.values().filter(|e| e.category != "routine").count() as u64;
    let (status, because) = if known > 0 {
        let start = if log.coverage.covers_start { "from its start" } else { "not from its start" };
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
        seen: log
            .events
            .iter()
            .filter(|(_, e)| e.category != "routine")
            .map(|(id, _)| id.clone())
            .collect(),
        series: known,
        nonzero: known,
        because,
    }
}
