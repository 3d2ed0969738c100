//! What command lines, configuration and packages state.

use coverage_model::{Claim, Fact, FactKind, LaneReading, Mode, Source, Status};
use lmcache_launch::{BoundaryClaim, Evidence, Place, Process, Product as Program};
use lmcache_prom::contract::Product;

use super::{LaunchRow, Statements};

pub(super) fn state(evidence: &Evidence, out: &mut Statements) {
    for process in &evidence.launch.processes {
        one(process, out);
    }
    for config in &evidence.launch.configs {
        if config.setting("pd.enabled").and_then(lmcache_launch::Setting::as_bool) == Some(true) {
            let role = config.setting("pd.role").and_then(lmcache_launch::Setting::as_str);
            push(
                out,
                FactKind::PdRole(if role == Some("receiver") { "decode" } else { "prefill" }),
                source(&config.place, "enable_pd is true"),
            );
        }
    }
    let blends = evidence.launch.settings("blend.enabled").find(|s| s.as_bool() == Some(true));
    if let Some(setting) = blends {
        push(out, FactKind::EmbeddedBlend, source(&setting.place, setting.key.clone()));
    }
    packages(evidence, out);
    for boundary in &evidence.boundary {
        let measured = boundary.claim_status == BoundaryClaim::Measured;
        out.readings.push(LaneReading {
            surface: "lmcache_cacheblend_boundary",
            family: "boundary_jsonl",
            status: if measured { Status::Populated } else { Status::Unknown },
            seen: vec![],
            series: boundary.row_count,
            nonzero: boundary.accepted_count,
            because: format!("{} of {} rows accepted", boundary.accepted_count, boundary.row_count),
        });
    }
}

/// Processes as reports show them.
pub(super) fn rows(evidence: &Evidence) -> Vec<LaunchRow> {
    evidence
        .launch
        .processes
        .iter()
        .map(|process| LaunchRow {
            path: process.place.artifact.as_deref().unwrap_or("").to_owned(),
            product: process.product.name().to_owned(),
            connectors: process.connectors.iter().map(|c| c.name.clone()).collect(),
            settings: process
                .settings
                .iter()
                .filter_map(|s| evidence.launch.effective(process, &s.name))
                .map(|s| (s.name.clone(), s.value.clone()))
                .collect(),
        })
        .collect()
}

fn push(out: &mut Statements, kind: FactKind, source: Source) {
    out.facts.push(Fact { kind, claim: Claim::Inferred, source });
}

fn source(place: &Place, what: impl Into<String>) -> Source {
    let mut source = Source::new(place.artifact.as_deref().unwrap_or("launch"), what);
    source.line = place.line;
    source
}

fn one(process: &Process, out: &mut Statements) {
    let told = |what: &str| source(&process.place, what);
    let is = |name: &str| process.setting(name).and_then(lmcache_launch::Setting::as_bool);
    let engine = match process.product {
        Program::Vllm | Program::DynamoVllm => Some(Product::Vllm),
        Program::Sglang | Program::DynamoSglang => Some(Product::Sglang),
        Program::LmcacheServer => {
            push(out, FactKind::Mode(Mode::Mp), told("the command line of `lmcache server`"));
            push(out, FactKind::MpServer, told("the command line of `lmcache server`"));
            server(process, out);
            None
        }
        Program::LmcacheController => {
            push(out, FactKind::Controller, told("the command line of lmcache_controller"));
            None
        }
        Program::LmcacheCoordinator => {
            push(out, FactKind::Coordinator, told("the command line of `lmcache coordinator`"));
            None
        }
        Program::TensorrtLlm => {
            push(out, FactKind::TensorrtLlm, told("the command line of TensorRT-LLM"));
            for connector in &process.connectors {
                let source = source(&connector.place, "connector");
                let name = connector.name.clone();
                push(
                    out,
                    FactKind::Connector(name.clone()),
                    Source { value: Some(name), ..source },
                );
            }
            None
        }
        Program::LmcacheStandalone => {
            push(out, FactKind::Mode(Mode::Embedded), told("a standalone embedded engine"));
            None
        }
        _ => None,
    };
    let Some(engine) = engine else { return };
    push(out, FactKind::Engine(engine), told("the command line of an engine"));
    for connector in &process.connectors {
        push(
            out,
            FactKind::Connector(connector.name.clone()),
            Source { value: Some(connector.name.clone()), ..source(&connector.place, "connector") },
        );
        if let Some(module) = &connector.module_path {
            push(
                out,
                FactKind::ConnectorModule(connector.name.clone(), module.clone()),
                Source {
                    value: Some(module.clone()),
                    ..source(&connector.place, "kv_connector_module_path")
                },
            );
        }
        let role = match connector.role.as_deref() {
            Some("kv_producer") => "prefill",
            Some("kv_consumer") => "decode",
            _ => continue,
        };
        push(out, FactKind::PdRole(role), source(&connector.place, "kv_role"));
    }
    if engine == Product::Sglang {
        if is("sglang.enable_lmcache") == Some(true) {
            push(out, FactKind::SglangLmcache, told("--enable-lmcache"));
        }
        if is("sglang.hicache") == Some(true) {
            push(out, FactKind::Hicache, told("--enable-hierarchical-cache"));
        }
    } else if process.connectors.is_empty() && process.setting("kv_offloading_backend").is_none() {
        push(out, FactKind::NoConnector, told("no --kv-transfer-config"));
    }
}

/// What a server's command line says of itself.
fn server(process: &Process, out: &mut Statements) {
    let set = |name: &str| process.setting(name).map(|s| (s, source(&s.place, s.key.clone())));
    for name in ["observability.enabled", "observability.metrics"] {
        if let Some((_, source)) = set(name).filter(|(s, _)| s.as_bool() == Some(false)) {
            push(out, FactKind::MetricsDisabled, source);
            break;
        }
    }
    for (name, kind) in [
        ("observability.otlp_endpoint", FactKind::OtlpOnly),
        ("l2_adapters", FactKind::Feature("l2")),
        ("p2p.advertise_url", FactKind::Feature("p2p")),
        ("coordinator.url", FactKind::Feature("coordinator")),
    ] {
        if let Some((_, source)) = set(name) {
            push(out, kind, source);
        }
    }
}

/// Packages say what is installed, and not which process runs it.
fn packages(evidence: &Evidence, out: &mut Statements) {
    for (name, product) in
        [("lmcache", Product::Lmcache), ("vllm", Product::Vllm), ("sglang", Product::Sglang)]
    {
        let Some(package) = evidence.environment.package(name) else { continue };
        let release = package.version.split('+').next().unwrap_or("");
        if let Ok(release) = release.parse() {
            out.facts.push(Fact {
                kind: FactKind::Release(product, release),
                claim: Claim::NotProven,
                source: source(&package.place, format!("{name}=={release}")),
            });
        }
    }
}
