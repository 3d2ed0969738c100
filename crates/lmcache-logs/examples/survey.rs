//! Reads every log below a directory and prints what is not known, or with `--json` one log's
//! evidence; with `--speed` how fast a log is read.
//!
//! ```console
//! $ cargo run --release -p lmcache-logs --example survey -- DIR
//! ```

#![allow(clippy::print_stdout, clippy::print_stderr)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use lmcache_logs::{LogEvidence, LogReader, Table};

fn find(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            find(&path, out);
        } else if path.extension().is_some_and(|e| e == "log") {
            out.push(path);
        }
    }
}

fn read(table: &Table, path: &Path) -> std::io::Result<LogEvidence> {
    let mut reader = LogReader::new(table);
    reader.push(&std::fs::read(path)?);
    Ok(reader.finish())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(target) = args.iter().find(|a| !a.starts_with("--")) else {
        eprintln!("usage: survey DIR | survey --json FILE | survey --speed FILE");
        return ExitCode::from(2);
    };
    match run(Path::new(target), &args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{target}: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(target: &Path, args: &[String]) -> Result<(), Box<dyn std::error::Error>> {
    let table = Table::new()?;
    if args.iter().any(|a| a == "--json") {
        println!("{}", serde_json::to_string_pretty(&read(&table, target)?)?);
        return Ok(());
    }
    if args.iter().any(|a| a == "--speed") {
        let bytes = std::fs::read(target)?;
        let start = Instant::now();
        let mut reader = LogReader::new(&table);
        for block in bytes.chunks(1 << 18) {
            reader.push(block);
        }
        let evidence = reader.finish();
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "{} lines, {:.0} MB/s, {} events",
            evidence.line_count,
            bytes.len() as f64 / 1e6 / seconds,
            evidence.events.len()
        );
        return Ok(());
    }
    let mut files = Vec::new();
    find(target, &mut files);
    files.sort();
    let (mut lines, mut lmcache, mut unknown) = (0, 0, 0);
    let mut shapes: BTreeMap<String, u64> = BTreeMap::new();
    for file in &files {
        let evidence = read(&table, file)?;
        lines += evidence.line_count;
        lmcache += evidence.other.lmcache_lines;
        unknown += evidence.other.unknown;
        for (shape, n) in evidence.other.shapes {
            *shapes.entry(shape).or_default() += n;
        }
    }
    println!(
        "{} logs, {lines} lines, {lmcache} of LMCache, {unknown} of these not known",
        files.len()
    );
    let mut list: Vec<(u64, String)> = shapes.into_iter().map(|(s, n)| (n, s)).collect();
    list.sort_by(|a, b| b.cmp(a));
    for (n, shape) in list.iter().take(80) {
        println!("{n:>6} {shape}");
    }
    Ok(())
}
