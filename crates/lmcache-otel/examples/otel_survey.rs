//! What files of spans and metrics below the named paths say: `otel_survey PATH... [--json]`.
#![allow(clippy::print_stdout, missing_docs)]

use std::path::{Path, PathBuf};

use evidence_redact::{Redactor, Salt};
use lmcache_otel::{Names, read_metrics, read_spans};

fn files(path: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(path) else {
        out.push(path.to_owned());
        return;
    };
    entries.flatten().for_each(|entry| files(&entry.path(), out));
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let redactor = Redactor::new(Salt::new(*b"evidence of files"))?;
    let json = std::env::args().any(|argument| argument == "--json");
    let mut all = Vec::new();
    for path in std::env::args().skip(1).filter(|argument| argument != "--json") {
        files(Path::new(&path), &mut all);
    }
    all.sort();
    for path in all {
        let name = path.display().to_string();
        let is_ours = ["otlp.", "/otel/", "spans"].iter().any(|part| name.contains(part));
        if !is_ours || name.contains(".log") || name.contains("command") {
            continue;
        }
        let file = std::fs::read(&path)?;
        let start = std::time::Instant::now();
        let e = read_spans(&file, &redactor);
        let seconds = start.elapsed().as_secs_f64();
        if json {
            println!("{}", serde_json::to_string_pretty(&e)?);
            continue;
        }
        println!(
            "{name}: {:.0} MB/s, spans {} of LMCache {}, releases {:?}..{:?}, traces {} open {} orphans {:?} unexpected {:?}, {:?}",
            file.len() as f64 / seconds / 1e6,
            e.span_count,
            e.lmcache_span_count,
            e.releases.from,
            e.releases.to,
            e.trees.traces,
            e.trees.open_traces,
            e.trees.orphans,
            e.trees.unexpected,
            e.parse_errors,
        );
        let metrics = read_metrics(&file, Names::Prometheus);
        let points: u64 = metrics.pages.iter().map(|page| page.points).sum();
        println!(
            "    pages {}, points {points}, {:?}",
            metrics.pages.len(),
            metrics.issues.first()
        );
    }
    Ok(())
}
