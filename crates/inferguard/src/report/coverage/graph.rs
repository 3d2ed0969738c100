//! Which process talks to which, as far as evidence goes.

use std::collections::BTreeSet;

use coverage_model::bridge::{Bridge, Part};
use coverage_model::{Claim, Source};
use lmcache_http::Body;
use lmcache_launch::Product;
use lmcache_prom::Timeline;
use serde::Serialize;

use crate::report::check::Judged;

/// One process.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessNode {
    /// Its id in this report.
    pub id: String,
    /// `vllm`, `sglang`, `lmcache_mp`, `lmcache_embedded`, `lmcache_coordinator`, `lmcache_controller`, ...
    pub kind: String,
    /// Role of its pages, if it has any.
    pub role: Option<String>,
    /// Release that its page admits.
    pub release: Option<String>,
    /// `prefill`, `decode`, where something says so.
    pub kv_role: Option<String>,
    /// Instance ids that it goes by.
    pub instances: Vec<String>,
    /// Ranks or workers that its series are labelled with.
    pub ranks: Vec<String>,
    /// Port that it serves engines or clients on, where its launch is known.
    pub port: Option<u64>,
    /// Artifacts that show it.
    pub seen_in: Vec<String>,
}

/// One connection.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessEdge {
    /// From this process.
    pub from: String,
    /// To that one.
    pub to: String,
    /// `kv_connector`, `inside`, `coordinator`, `prefill_for`.
    pub kind: String,
    /// How it is known.
    pub claim: Claim,
    /// Why.
    pub because: String,
    /// Where.
    pub evidence: Vec<Source>,
}

/// Processes and connections.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ProcessGraph {
    /// Processes.
    pub nodes: Vec<ProcessNode>,
    /// Connections.
    pub edges: Vec<ProcessEdge>,
}

/// Labels that number a rank or a worker.
const RANKS: &[&str] = &["engine", "worker_id", "dp_rank", "tp_rank"];

/// Builds the graph.
pub(super) fn build(judged: &Judged, timelines: &[Timeline]) -> ProcessGraph {
    let mut graph = ProcessGraph::default();
    for (target, timeline) in judged.targets.iter().zip(timelines) {
        let kind = kind_of(&target.is);
        let side = judged.bridge.sides.iter().find(|s| s.role == target.role);
        graph.nodes.push(ProcessNode {
            id: target.role.clone(),
            kind: kind.to_owned(),
            role: Some(target.role.clone()),
            release: side.and_then(|s| s.release.clone()),
            kv_role: side.and_then(|s| s.kv_role.as_ref()).map(|r| r.value.clone()),
            instances: instances(timeline),
            ranks: ranks(timeline),
            port: None,
            seen_in: target.measures.scrapes.iter().take(2).map(|s| s.artifact.clone()).collect(),
        });
    }
    let launched = launched(judged, &mut graph);
    connected_by_port(&mut graph, &launched);
    registered(judged, &mut graph);
    counted(&judged.bridge, &mut graph);
    inside(judged, &mut graph);
    prefill(&mut graph);
    graph
}

/// What a process is first of all: an engine with LMCache on its page is an engine, and a
/// coordinator also shows the event bus of a server.
fn kind_of(is: &[String]) -> &str {
    ["vllm", "sglang", "lmcache_coordinator", "lmcache_mp", "lmcache_embedded"]
        .into_iter()
        .find(|kind| is.iter().any(|w| w == kind))
        .or_else(|| is.first().map(String::as_str))
        .unwrap_or("unknown")
}

fn instances(timeline: &Timeline) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for captured in timeline.scrapes() {
        for series in captured.scrape.series("target_info") {
            if let Some(id) = series.label("service_instance_id")
                && !out.iter().any(|o| o == id)
            {
                out.push(id.to_owned());
            }
        }
    }
    out
}

fn ranks(timeline: &Timeline) -> Vec<String> {
    let mut found: BTreeSet<(&str, String)> = BTreeSet::new();
    let Some(last) = timeline.scrapes().last() else { return vec![] };
    for series in last.scrape.all_series() {
        for (label, value) in series.labels() {
            if let Some(name) = RANKS.iter().find(|r| **r == label)
                && !value.is_empty()
            {
                found.insert((*name, value.to_owned()));
            }
        }
    }
    found.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// A launch line and the node that it is of.
struct Launched {
    node: usize,
    /// Port of the LMCache server that it is to talk to.
    asks: Option<(u64, Source)>,
    /// URL of its coordinator.
    coordinator: Option<(String, Source)>,
    is_server: bool,
}

/// Adds what launch lines tell: to the node of the same name, or as a node of its own.
fn launched(judged: &Judged, graph: &mut ProcessGraph) -> Vec<Launched> {
    let mut out = Vec::new();
    let Some(launch) = &judged.lanes.launch else { return out };
    for process in &launch.launch.processes {
        let kind = match process.product {
            Product::Vllm | Product::DynamoVllm => "vllm",
            Product::Sglang | Product::DynamoSglang => "sglang",
            Product::TensorrtLlm => "tensorrt_llm",
            Product::LmcacheServer => "lmcache_mp",
            Product::LmcacheController => "lmcache_controller",
            Product::LmcacheCoordinator => "lmcache_coordinator",
            Product::LmcacheStandalone => "lmcache_embedded",
            _ => continue,
        };
        let artifact = process.place.artifact.as_deref().unwrap_or("").to_owned();
        let number = |name: &str| process.setting(name).and_then(lmcache_launch::Setting::as_u64);
        let setting = |name: &str| process.setting(name).filter(|s| !s.value.is_null());
        let port = number("port");
        let same_kind: Vec<usize> = graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, n)| n.kind == kind || n.kind.starts_with(kind))
            .map(|(at, _)| at)
            .collect();
        let named = same_kind.iter().copied().find(|at| {
            let id = graph.nodes.get(*at).map_or("", |n| n.id.as_str());
            artifact
                .split('/')
                .any(|part| part == id || part.strip_prefix(id).is_some_and(|r| r.starts_with('.')))
        });
        let at = match (named, same_kind.as_slice()) {
            (Some(at), _) => at,
            (None, [only])
                if graph
                    .nodes
                    .get(*only)
                    .is_some_and(|n| n.port.is_none() || n.port == port || port.is_none()) =>
            {
                *only
            }
            _ => {
                let taken = graph.nodes.iter().filter(|n| n.kind == kind).count();
                let id = if taken == 0 { kind.to_owned() } else { format!("{kind}#{}", taken + 1) };
                graph.nodes.push(ProcessNode {
                    id,
                    kind: kind.to_owned(),
                    ..ProcessNode::default()
                });
                graph.nodes.len() - 1
            }
        };
        let Some(node) = graph.nodes.get_mut(at) else { continue };
        node.port = node.port.or(port);
        if let Some(id) = setting("instance_id").and_then(lmcache_launch::Setting::as_str)
            && !node.instances.iter().any(|i| i == id)
        {
            node.instances.push(id.to_owned());
        }
        if !node.seen_in.contains(&artifact) {
            node.seen_in.push(artifact.clone());
        }
        let stated = |name: &str| {
            setting(name).map(|s| {
                let mut source =
                    Source::new(s.place.artifact.as_deref().unwrap_or(&artifact), s.key.clone());
                source.line = s.place.line;
                (s, source)
            })
        };
        out.push(Launched {
            node: at,
            asks: stated("mp_port").and_then(|(s, source)| Some((s.as_u64()?, source))),
            coordinator: stated("coordinator.url")
                .and_then(|(s, source)| Some((s.as_str()?.to_owned(), source))),
            is_server: kind == "lmcache_mp",
        });
    }
    out
}

fn edge(
    graph: &mut ProcessGraph,
    from: usize,
    to: usize,
    kind: &str,
    claim: Claim,
    because: String,
    evidence: Vec<Source>,
) {
    let (Some(a), Some(b)) = (graph.nodes.get(from), graph.nodes.get(to)) else { return };
    let (from, to) = (a.id.clone(), b.id.clone());
    match graph.edges.iter_mut().find(|e| e.from == from && e.to == to && e.kind == kind) {
        Some(have) => {
            if claim < have.claim {
                have.claim = claim;
                have.because = because;
            }
            for source in evidence {
                if have.evidence.len() < 4 && !have.evidence.contains(&source) {
                    have.evidence.push(source);
                }
            }
        }
        None => graph.edges.push(ProcessEdge {
            from,
            to,
            kind: kind.to_owned(),
            claim,
            because,
            evidence,
        }),
    }
}

/// Engines that are told a port that a server listens on.
fn connected_by_port(graph: &mut ProcessGraph, launched: &[Launched]) {
    let servers: Vec<(usize, Option<u64>)> = launched
        .iter()
        .filter(|l| l.is_server)
        .map(|l| (l.node, graph.nodes.get(l.node).and_then(|n| n.port)))
        .collect();
    for one in launched {
        if let Some((port, source)) = &one.asks {
            for (server, _) in servers.iter().filter(|(_, p)| *p == Some(*port)) {
                let because = format!("it is told port {port}, on which that server listens");
                edge(
                    graph,
                    one.node,
                    *server,
                    "kv_connector",
                    Claim::Inferred,
                    because,
                    vec![source.clone()],
                );
            }
        }
        if let Some((url, source)) = &one.coordinator {
            let coordinator = graph.nodes.iter().position(|n| n.kind == "lmcache_coordinator");
            if let Some(at) = coordinator {
                let because = format!("it is told the coordinator's URL {url}");
                edge(
                    graph,
                    one.node,
                    at,
                    "coordinator",
                    Claim::Inferred,
                    because,
                    vec![source.clone()],
                );
            }
        }
    }
}

/// A server that lists workers, where there is one engine that may be theirs.
fn registered(judged: &Judged, graph: &mut ProcessGraph) {
    let engines = engines(graph);
    let servers: Vec<usize> = places(graph, "lmcache_mp");
    let ([engine], [server]) = (engines.as_slice(), servers.as_slice()) else { return };
    for (name, endpoint) in judged.lanes.http.iter().flat_map(|row| &row.evidence.endpoints) {
        let Body::Status(status) = &endpoint.body else { continue };
        let Some(workers) = status.registered_workers.filter(|n| *n > 0) else { continue };
        let mut source =
            Source::new(endpoint.source.clone(), format!("/{name}: registered workers"));
        source.value = Some(workers.to_string());
        let because = format!("the server lists {workers} registered workers");
        edge(graph, *engine, *server, "kv_connector", Claim::Inferred, because, vec![source]);
        return;
    }
}

fn places(graph: &ProcessGraph, kind: &str) -> Vec<usize> {
    graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, n)| n.kind.starts_with(kind))
        .map(|(at, _)| at)
        .collect()
}

fn engines(graph: &ProcessGraph) -> Vec<usize> {
    graph
        .nodes
        .iter()
        .enumerate()
        .filter(|(_, n)| matches!(n.kind.as_str(), "vllm" | "sglang" | "tensorrt_llm"))
        .map(|(at, _)| at)
        .collect()
}

/// Tokens that came from outside, while the one server found as many.
fn counted(bridge: &Bridge, graph: &mut ProcessGraph) {
    let servers = places(graph, "lmcache_mp");
    let [server] = servers.as_slice() else { return };
    let fits = bridge.total.as_ref().is_some_and(|total| {
        total.reconciliation.iter().any(|r| {
            r.what == "found"
                && matches!(
                    r.verdict,
                    coverage_model::bridge::Difference::Equal
                        | coverage_model::bridge::Difference::WithinTolerance
                )
        }) && total.tokens.hits.as_ref().is_some_and(|h| h.value > 0.0)
    });
    if !fits {
        return;
    }
    for engine in engines(graph) {
        let Some(role) = graph.nodes.get(engine).and_then(|n| n.role.clone()) else { continue };
        let tokens = bridge
            .total
            .as_ref()
            .map(|t| t.by_engine.iter().find(|e| e.role == role).map_or(&t.tokens, |e| &e.tokens));
        let Some(external) = tokens.and_then(|t| t.external.as_ref()).filter(|e| e.value > 0.0)
        else {
            continue;
        };
        let because =
            format!("it counts {:.0} external tokens, and the server's hits agree", external.value);
        edge(
            graph,
            engine,
            *server,
            "kv_connector",
            Claim::Measured,
            because,
            external.sources.clone(),
        );
    }
}

/// LMCache on a page of its own, inside an engine.
fn inside(judged: &Judged, graph: &mut ProcessGraph) {
    let engines = engines(graph);
    let [engine] = engines.as_slice() else { return };
    for side in judged.bridge.sides.iter().filter(|s| s.part == Part::Embedded) {
        let Some(at) = graph.nodes.iter().position(|n| n.id == side.role) else { continue };
        if at != *engine {
            let because = "LMCache inside an engine, and there is one engine".to_owned();
            edge(graph, at, *engine, "inside", Claim::Inferred, because, vec![]);
        }
    }
}

/// Engines of both roles of disaggregated prefill, where there is one of each.
fn prefill(graph: &mut ProcessGraph) {
    let of = |role: &str| -> Vec<usize> {
        graph
            .nodes
            .iter()
            .enumerate()
            .filter(|(_, n)| n.kv_role.as_deref() == Some(role))
            .map(|(at, _)| at)
            .collect()
    };
    let (prefill, decode) = (of("prefill"), of("decode"));
    if let ([prefill], [decode]) = (prefill.as_slice(), decode.as_slice()) {
        let because = "one engine prefills and one decodes".to_owned();
        edge(graph, *prefill, *decode, "prefill_for", Claim::Inferred, because, vec![]);
    }
}
