//! Reads all logs under the given directories and prints how much the table knows.
//!
//! `cargo run -p lmcache-logs --example log_survey -- DIR...`; `--json FILE` prints one log's evidence.
#![allow(clippy::print_stdout, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lmcache_logs::{LogOptions, lookup_hash, read};

fn walk(dir: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(dir) else { return };
    let mut entries: Vec<PathBuf> = entries.flatten().map(|e| e.path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, out);
        } else {
            out.push(path);
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, file] = args.as_slice()
        && flag == "--json"
    {
        let evidence = read(std::fs::File::open(file)?, LogOptions::default())?;
        println!("{}", serde_json::to_string_pretty(&evidence)?);
        return Ok(());
    }
    let mut files = Vec::new();
    for dir in &args {
        walk(Path::new(dir), &mut files);
    }
    let mut shapes: BTreeMap<(String, String), (u64, String)> = BTreeMap::new();
    let mut totals: BTreeMap<String, [u64; 4]> = BTreeMap::new();
    let mut logs = 0;
    for path in files {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with("lookup_hashes_") {
            let mut reader =
                lookup_hash::LookupHashReader::new(lookup_hash::LookupHashOptions::default());
            reader.push(&std::fs::read(&path)?);
            let evidence = reader.finish();
            for group in &evidence.groups {
                println!("{} {group:?}", path.display());
            }
        }
        if path.extension().is_none_or(|e| e != "log") {
            continue;
        }
        logs += 1;
        let evidence = read(std::fs::File::open(&path)?, LogOptions::default())?;
        println!(
            "{}: {} lines, start {}, modes {:?}, connectors {:?}, roles {:?}, versions {:?}, chunk_size {:?}, {} events",
            path.display(),
            evidence.line_count,
            evidence.covers_start(),
            evidence.mode_candidates,
            evidence.connectors,
            evidence.roles,
            evidence.versions,
            evidence.config_value("chunk_size"),
            evidence.events.len(),
        );
        for traceback in &evidence.tracebacks {
            println!("    {}x {}", traceback.count, traceback.last_line);
        }
        for (product, lines) in &evidence.coverage.products {
            let total = totals.entry(product.clone()).or_default();
            for (to, from) in
                total.iter_mut().zip([lines.lines, lines.known, lines.other, lines.traceback])
            {
                *to += from;
            }
        }
        for group in evidence.other {
            let entry =
                shapes.entry((group.product, group.shape)).or_insert((0, group.example.text));
            entry.0 += group.count;
        }
    }
    let mut shapes: Vec<_> = shapes.into_iter().collect();
    shapes.sort_by_key(|(_, (n, _))| std::cmp::Reverse(*n));
    for ((product, shape), (n, example)) in shapes.iter().take(200) {
        println!("{n:>6} {product:<10} {shape} | {example}");
    }
    println!("{logs} logs; product: lines, known, other, traceback");
    for (product, total) in totals {
        println!("  {product}: {total:?}");
    }
    Ok(())
}
