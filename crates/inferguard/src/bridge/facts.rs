//! What lanes other than metrics tell the bridge: geometry, connectors, failed loads, times.

use coverage_model::bridge::{
    BridgeInput, Losses, Part, RequestTimes, Retrieved, Side, Stated, Ttft,
};
use coverage_model::{Claim, Evidence, FactKind, Source};
use lmcache_http::Body;
use lmcache_launch::environment::Quantiles;

use crate::lanes::LaneRows;

pub(super) fn add(out: &mut BridgeInput, evidence: &Evidence, lanes: &LaneRows) {
    connectors(out, evidence);
    chunk_size(out, lanes);
    block_size(out, lanes);
    let shown = evidence.targets.iter().find_map(|t| {
        let observed = t.signals.get("sglang.evicted_tokens")?;
        let classes = observed.labels.get("cache_type")?;
        classes.iter().any(|c| c.starts_with("LMC")).then(|| observed.source.clone()).flatten()
    });
    let fact = |kind: &FactKind| evidence.fact(kind).map(|f| f.source.clone());
    out.sglang_lmcache = fact(&FactKind::SglangLmcache).or(shown);
    out.hicache = fact(&FactKind::Hicache);
    retrieved(out, lanes);
    losses(out, lanes);
    if let Some(hashes) = &lanes.lookup_hashes {
        let repeated: u64 = hashes
            .groups
            .iter()
            .map(|g| g.repeated_prefix_chunks.saturating_mul(g.chunk_size))
            .sum();
        let mut source =
            Source::new("lookup hashes", "chunks that repeat an earlier prefix, in tokens");
        source.value = Some(repeated.to_string());
        out.repeatable_tokens = Some(Stated { value: repeated as f64, source });
    }
    if let Some(launch) = &lanes.launch {
        out.request_times = request_times(launch);
    }
}

/// Whether an artifact speaks of a process: a part of its path is the role, or begins with it.
fn speaks_of(artifact: &str, role: &str) -> bool {
    artifact.split('/').any(|part| {
        part == role
            || part.strip_prefix(role).is_some_and(|rest| rest.starts_with(['.', '-', '_']))
    })
}

/// The engines that an artifact speaks of: those it names, or all where it names none.
fn engines_of<'o>(out: &'o mut BridgeInput, artifact: &str) -> Vec<&'o mut Side> {
    let named = |s: &Side| s.part.is_engine() && speaks_of(artifact, &s.role);
    let any = out.sides.iter().any(named);
    out.sides.iter_mut().filter(|s| if any { named(s) } else { s.part.is_engine() }).collect()
}

fn connectors(out: &mut BridgeInput, evidence: &Evidence) {
    for fact in &evidence.facts {
        match &fact.kind {
            FactKind::Connector(name) => {
                for side in engines_of(out, &fact.source.artifact) {
                    if !side.connectors.iter().any(|c| c.value == *name) {
                        let source = fact.source.clone();
                        side.connectors.push(Stated { value: name.clone(), source });
                    }
                }
            }
            FactKind::NoConnector => {
                for side in engines_of(out, &fact.source.artifact) {
                    side.no_connector.get_or_insert_with(|| fact.source.clone());
                }
            }
            FactKind::PdRole(role) => {
                for side in engines_of(out, &fact.source.artifact) {
                    let source = fact.source.clone();
                    side.kv_role
                        .get_or_insert_with(|| Stated { value: (*role).to_owned(), source });
                }
            }
            _ => {}
        }
    }
    for side in &mut out.sides {
        // A connector that anything names outweighs a line that names none.
        if !side.connectors.is_empty() {
            side.no_connector = None;
        }
    }
    // The connector's own series on vLLM's page name it.
    for target in &evidence.targets {
        let Some(source) = target
            .signals
            .get("vllm.lmcache_mp_lookup_duration_seconds")
            .and_then(|o| o.source.clone())
        else {
            continue;
        };
        for side in out.sides.iter_mut().filter(|s| s.role == target.role && s.part == Part::Vllm) {
            side.no_connector = None;
            if side.connectors.is_empty() {
                let value = "LMCacheMPConnector".to_owned();
                side.connectors.push(Stated { value, source: source.clone() });
            }
        }
    }
}

/// Chunk sizes that any lane states, for every LMCache process that has none.
fn chunk_size(out: &mut BridgeInput, lanes: &LaneRows) {
    let mut found: Vec<Stated<u64>> = Vec::new();
    let mut put = |value: Option<u64>, source: Source| {
        if let Some(value) = value.filter(|v| *v > 0) {
            let source = Source { value: Some(value.to_string()), ..source };
            found.push(Stated { value, source });
        }
    };
    for (name, endpoint) in lanes.http.iter().flat_map(|row| &row.evidence.endpoints) {
        let source = |what: &str| Source::new(endpoint.source.clone(), what);
        match &endpoint.body {
            Body::Status(status) => put(status.chunk_size, source("chunk_size")),
            Body::Config { statements } => {
                let stated = statements.iter().find(|s| s.pointer.ends_with("/chunk_size"));
                put(
                    stated.and_then(|s| s.value.parse().ok()),
                    source(&format!("/{name}: chunk_size")),
                );
            }
            _ => {}
        }
    }
    for row in &lanes.logs {
        for setting in row.evidence.setting("chunk_size").into_iter().flatten() {
            let mut source = Source::new(row.path.clone(), "chunk_size");
            source.line = Some(setting.line);
            put(setting.value.parse().ok(), source);
        }
    }
    for row in &lanes.processes {
        let value = row.settings.get("chunk_size").and_then(serde_json::Value::as_u64);
        put(value, Source::new(row.path.clone(), "chunk_size"));
    }
    if let Some(hashes) = &lanes.lookup_hashes {
        for size in &hashes.chunk_sizes {
            put(Some(*size), Source::new("lookup hashes", "chunk_size"));
        }
    }
    let Some(largest) = found.into_iter().max_by_key(|s| s.value) else { return };
    for side in &mut out.sides {
        if !side.part.is_engine() || side.connectors.iter().any(|c| c.value.contains("LMCache")) {
            side.chunk_size.get_or_insert_with(|| largest.clone());
        }
    }
}

/// Block sizes from logs, for engines whose page has none.
fn block_size(out: &mut BridgeInput, lanes: &LaneRows) {
    for row in &lanes.logs {
        let Some(setting) = row.evidence.setting("block_size").and_then(|s| s.last()) else {
            continue;
        };
        let Some(value) = setting.value.parse().ok().filter(|v| *v > 0) else { continue };
        let mut source = Source::new(row.path.clone(), "block_size");
        source.line = Some(setting.line);
        source.value = Some(setting.value.clone());
        for side in engines_of(out, &row.path) {
            side.block_size.get_or_insert_with(|| Stated { value, source: source.clone() });
        }
    }
}

/// Events of logs that tell of a retrieve, with the field that holds its time and its unit in
/// seconds.
const RETRIEVES: &[(&str, &str, f64)] =
    &[("mp.retrieve", "seconds", 1.0), ("embedded.retrieve", "ms", 1e-3)];

fn retrieved(out: &mut BridgeInput, lanes: &LaneRows) {
    for row in &lanes.logs {
        for (event, field, unit) in RETRIEVES {
            let Some(stat) = row.evidence.event(event) else { continue };
            let mut source = Source::new(row.path.clone(), stat.example.text.clone());
            source.line = Some(stat.first_line);
            source.value = Some(format!("{} times", stat.count));
            out.retrieved.push(Retrieved {
                tokens: stat.fields.get("tokens").map(|n| n.sum),
                seconds: stat.fields.get(*field).map(|n| n.sum * unit),
                claim: Claim::Inferred,
                source,
            });
        }
    }
}

/// Events of the engine's log that tell of a load that failed.
const FAILED_LOADS: &[&str] = &["vllm.kv_load_recovered", "vllm.kv_load_failed"];

fn losses(out: &mut BridgeInput, lanes: &LaneRows) {
    for row in &lanes.logs {
        for stat in FAILED_LOADS.iter().filter_map(|id| row.evidence.event(id)) {
            let mut source = Source::new(row.path.clone(), stat.example.text.clone());
            source.line = Some(stat.first_line);
            out.losses.push(Losses {
                requests: stat.fields.get("requests").map(|n| n.sum),
                tokens: stat.fields.get("tokens").map(|n| n.sum),
                lines: stat.count,
                source,
            });
        }
    }
}

fn ttft(numbers: Option<Quantiles>) -> Option<Ttft> {
    let n = numbers.filter(|n| n.count > 0)?;
    Some(Ttft { requests: n.count, mean: n.sum / n.count as f64, p50: Some(n.p50) })
}

/// Time to the first token by the logs of requests that say it.
pub(crate) fn request_times(launch: &lmcache_launch::Evidence) -> Vec<RequestTimes> {
    launch
        .environment
        .requests
        .iter()
        .filter(|log| log.ttft.is_some())
        .map(|log| RequestTimes {
            requests: log.requests,
            hit: ttft(log.ttft_hit),
            miss: ttft(log.ttft_miss),
            all: ttft(log.ttft),
            groups: log
                .ttft_groups
                .iter()
                .filter_map(|(group, times)| Some((group.clone(), ttft(Some(*times))?)))
                .collect(),
            prompt_tokens: log
                .prompt_tokens
                .filter(|n| n.count > 0)
                .map(|n| n.sum / n.count as f64),
            source: Source::new(log.place.artifact.as_deref().unwrap_or("requests"), "ttft"),
        })
        .collect()
}
