//! `cargo xtask lanes DIR`: what was read of every packet and case, lane by lane; artifacts that
//! nothing explains; launch settings against the command lines themselves.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Result;
use inferguard::LaunchRow;
use inferguard::packet::{ArtifactKind, Input, Limits, open};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::Catalog;
use serde_json::Value;

use crate::tree;

/// Files that make a directory a packet or a case.
const MARKS: &[&str] = &["manifest.json", "fixture.json", "case.json"];

/// Programs that make chunk keys, by a part of the product's name.
const KEYED: &[&str] = &["vllm", "sglang", "lmcache"];

/// What all packets add up to.
#[derive(Default)]
struct Sum {
    artifacts: usize,
    unexplained: usize,
    commands: usize,
    agreed: usize,
    differ: usize,
    lines: u64,
    lmcache_lines: u64,
    other: u64,
}

/// Prints the table; gives the number of artifacts without explanation and of settings that
/// differ from their command line.
pub(crate) fn run(root: &Path) -> Result<usize> {
    let catalog = Catalog::new();
    let mut sum = Sum::default();
    let mut others: BTreeMap<String, u64> = BTreeMap::new();
    println!(
        "| packet | pages | logs | traces | spans | HTTP | hashes | launch | other artifacts |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    for packet in tree::holding(root, MARKS)? {
        let name = packet.strip_prefix(root).unwrap_or(&packet).display().to_string();
        let opened = open(&[Input::Path(packet.clone())], &Limits::default());
        let report = check(&catalog, opened, &Options::default());
        println!("| {name} | {} |", row(&report).join(" | "));
        for artifact in &report.inputs {
            sum.artifacts += 1;
            let explained = artifact.read
                || !artifact.issues.is_empty()
                || matches!(
                    artifact.kind,
                    ArtifactKind::Labels | ArtifactKind::Report | ArtifactKind::Empty
                );
            if !explained || artifact.kind == ArtifactKind::Unknown {
                sum.unexplained += 1;
                println!("UNEXPLAINED {} ({})", artifact.path, artifact.kind.name());
            }
        }
        for log in &report.logs {
            sum.lines += log.evidence.coverage.lines;
            for (product, part) in &log.evidence.coverage.products {
                if product == "lmcache" {
                    sum.lmcache_lines += part.lines;
                }
            }
            for group in log.evidence.other.iter().filter(|g| g.product == "lmcache") {
                sum.other += group.count;
                *others.entry(group.shape.clone()).or_default() += group.count;
            }
        }
        commands(&report, &mut sum)?;
    }
    println!(
        "\n{} artifacts, {} of them unexplained; {} log lines, {} of LMCache, {} of these of \
         unknown shape",
        sum.artifacts, sum.unexplained, sum.lines, sum.lmcache_lines, sum.other
    );
    for (shape, count) in others {
        println!("  {count} x {shape}");
    }
    println!(
        "{} command lines: {} settings as they stand there, {} not",
        sum.commands, sum.agreed, sum.differ
    );
    Ok(sum.unexplained + sum.differ)
}

/// The cells of a packet.
fn row(report: &CheckReport) -> Vec<String> {
    let some = |text: String, n: u64| if n == 0 { "-".into() } else { text };
    let scrapes: usize = report.targets.iter().map(|t| t.measures.scrapes.len()).sum();
    let names: usize = report.targets.iter().map(|t| t.measures.totals.len()).sum();
    let lines: u64 = report.logs.iter().map(|l| l.evidence.coverage.lines).sum();
    let events: u64 =
        report.logs.iter().flat_map(|l| l.evidence.events.values()).map(|e| e.count).sum();
    let calls: u64 = report.traces.iter().map(|t| t.evidence.record_count).sum();
    let spans: u64 = report.spans.iter().map(|s| s.evidence.span_count).sum();
    let routes: usize = report
        .http
        .iter()
        .flat_map(|h| h.evidence.endpoints.values())
        .filter(|e| e.present)
        .count();
    let hashes = report.lookup_hashes.as_ref().map_or(0, |h| h.row_count);
    let settings: usize = report.processes.iter().map(|p| p.settings.len()).sum();
    let mut rest: BTreeMap<&str, usize> = BTreeMap::new();
    for artifact in &report.inputs {
        if matches!(
            artifact.kind,
            ArtifactKind::Environment
                | ArtifactKind::Host
                | ArtifactKind::Requests
                | ArtifactKind::Config
                | ArtifactKind::Boundary
                | ArtifactKind::TraceReplay
                | ArtifactKind::ReplayEvidence
                | ArtifactKind::Manifest
                | ArtifactKind::Labels
        ) {
            *rest.entry(artifact.kind.name()).or_default() += 1;
        }
    }
    let rest: Vec<String> = rest.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
    vec![
        some(
            format!("{scrapes} of {} targets, {names} counters", report.targets.len()),
            scrapes as u64,
        ),
        some(format!("{lines} lines, {events} events"), lines),
        some(format!("{calls} calls"), calls),
        some(format!("{spans} spans"), spans),
        some(format!("{routes} answers"), routes as u64),
        some(format!("{hashes} rows"), hashes),
        some(format!("{} processes, {settings} settings", report.processes.len()), settings as u64),
        if rest.is_empty() { "-".into() } else { rest.join(", ") },
    ]
}

/// Holds chunk size, connector, role and hash seed against the command lines, read here by other
/// means than the product's.
fn commands(report: &CheckReport, sum: &mut Sum) -> Result<()> {
    for artifact in &report.inputs {
        if !artifact.path.ends_with("command.json") {
            continue;
        }
        let text = std::fs::read_to_string(&artifact.path)?;
        let Ok(command) = serde_json::from_str::<Value>(&text) else { continue };
        let rows: Vec<&LaunchRow> =
            report.processes.iter().filter(|p| p.path == artifact.path).collect();
        sum.commands += 1;
        for (name, wanted) in expected(&command) {
            let seen: Vec<String> = rows
                .iter()
                .filter_map(|row| match name {
                    "connector" => row.connectors.first().cloned(),
                    _ => row.settings.get(name).map(plain),
                })
                .collect();
            // A program that makes no chunk keys (a collector, a frontend) has no seed to tell.
            if name == "hash_seed"
                && !rows.iter().any(|row| KEYED.iter().any(|k| row.product.contains(k)))
            {
                continue;
            }
            if seen.contains(&wanted) {
                sum.agreed += 1;
            } else {
                sum.differ += 1;
                println!("DIFFERS {}: {name} is {wanted}, read as {seen:?}", artifact.path);
            }
        }
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a command line says, by the name of the setting.
fn expected(command: &Value) -> Vec<(&'static str, String)> {
    let argv: Vec<&str> =
        command["argv"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let flag = |name: &str| {
        argv.iter().enumerate().find_map(|(i, word)| {
            if *word == name {
                return argv.get(i + 1).copied();
            }
            word.strip_prefix(name)?.strip_prefix('=')
        })
    };
    let env = command["env"].as_object();
    let variable = |name: &str| env.and_then(|e| e.get(name)).map(plain);
    let mut out = Vec::new();
    if let Some(size) = flag("--chunk-size").map(str::to_owned).or(variable("LMCACHE_CHUNK_SIZE")) {
        out.push(("chunk_size", size));
    }
    if let Some(transfer) = flag("--kv-transfer-config")
        && let Ok(transfer) = serde_json::from_str::<Value>(transfer)
        && transfer["kv_connector"] != "MultiConnector"
    {
        for (key, name) in [("kv_connector", "connector"), ("kv_role", "kv_role")] {
            if let Some(value) = transfer[key].as_str() {
                out.push((name, value.to_owned()));
            }
        }
    }
    if env.is_some() {
        let seed = variable("PYTHONHASHSEED").unwrap_or_else(|| "absent".into());
        out.push(("hash_seed", seed));
    }
    out
}
