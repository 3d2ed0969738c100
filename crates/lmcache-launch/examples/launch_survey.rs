//! Recognises and reads every file of a directory: one line a file, and what was found.
//!
//! `cargo run -p lmcache-launch --example launch_survey -- DIR [--json]`

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::unwrap_used, clippy::expect_used)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use evidence_redact::{Redactor, Salt};
use lmcache_launch::{Evidence, Reader};

fn files(dir: &Path, to: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(dir).expect("a directory").flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            files(&path, to);
        } else {
            to.push(path);
        }
    }
}

fn short(evidence: &Evidence) -> String {
    let mut out = Vec::new();
    for process in &evidence.launch.processes {
        let names = [
            "connector",
            "kv_role",
            "chunk_size",
            "hash_seed",
            "mp_host",
            "mp_port",
            "l1_size_bytes",
            "eviction_policy",
            "model",
        ];
        let settings: Vec<String> = names
            .iter()
            .filter_map(|n| process.setting(n).map(|s| format!("{n}={}", s.value)))
            .collect();
        out.push(format!("{}[{}]", process.product.name(), settings.join(" ")));
    }
    for config in &evidence.launch.configs {
        out.push(format!(
            "config[{} settings, unknown {:?}]",
            config.settings.len(),
            config.unknown_keys
        ));
    }
    let e = &evidence.environment;
    let counts = [
        ("packages", e.packages.len()),
        ("pods", e.pods.len()),
        ("events", e.events.len()),
        ("host", e.host.len()),
        ("limits", e.limits.len()),
        ("disks", e.disks.len()),
        ("sockets", e.sockets.len()),
        ("kernel", e.kernel.len()),
        ("nodes", e.nodes.len()),
        ("gpus", e.gpus.len()),
        ("targets", e.targets.len()),
        ("jobs", e.scrape_jobs.len()),
        ("scraper", e.scraper_log.len()),
        ("queries", e.queries.len()),
        ("requests", e.requests.len()),
        ("workloads", e.workloads.len()),
        ("probes", e.probes.len()),
        ("capture", e.capture.len()),
        ("listings", e.listings.len()),
        ("engine", e.engine.len()),
        ("boundary", evidence.boundary.len()),
        ("models", evidence.launch.models.len()),
        ("issues", evidence.issues.len()),
    ];
    out.extend(counts.iter().filter(|(_, n)| *n > 0).map(|(name, n)| format!("{name}:{n}")));
    out.join(" ")
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let Some(dir) = args.next().map(PathBuf::from) else {
        eprintln!("usage: launch_survey DIR [--json]");
        return ExitCode::from(2);
    };
    let json = args.next().is_some();
    let reader = Reader::new(Redactor::new(Salt::new(*b"survey only salt")).expect("patterns"));
    let mut all = Vec::new();
    files(&dir, &mut all);
    for path in all {
        let bytes = std::fs::read(&path).expect("a file");
        let name = path.strip_prefix(&dir).unwrap_or(&path).display().to_string();
        match reader.read_any(&name, &bytes) {
            None => println!("{name}\t-"),
            Some((r, Ok(evidence))) if json => {
                println!(
                    "{name}\t{} {:?}\t{}",
                    r.kind,
                    r.confidence,
                    serde_json::to_string(&evidence).unwrap()
                );
            }
            Some((r, Ok(evidence))) => {
                println!("{name}\t{} {:?}\t{}", r.kind, r.confidence, short(&evidence));
            }
            Some((r, Err(error))) => {
                println!("{name}\t{} {:?}\tERROR {error}", r.kind, r.confidence);
            }
        }
    }
    ExitCode::SUCCESS
}
