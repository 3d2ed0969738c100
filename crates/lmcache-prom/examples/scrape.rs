//! Reads exposition text from a file and prints what it holds.
//!
//! `scrape FILE` prints families, series and issues; `scrape --events FILE` only runs the
//! borrowed parser over the file, for measuring it.

use lmcache_prom::text::{Event, Scratch, parse_slice};
use lmcache_prom::{ReadError, Scrape};
use std::io::Write;
use std::process::ExitCode;

#[allow(clippy::print_stderr)]
fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let result = match (args.next().as_deref(), args.next()) {
        (Some("--events"), Some(path)) => events(&path),
        (Some(path), None) => summary(path),
        _ => {
            eprintln!("usage: scrape [--events] FILE");
            return ExitCode::from(2);
        }
    };
    match result {
        Ok(text) => {
            // A reader that has seen enough and closed the pipe is no failure.
            let _ = writeln!(std::io::stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Err(text) => {
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

fn events(path: &str) -> Result<String, String> {
    let bytes = std::fs::read(path).map_err(|error| format!("{path}: {error}"))?;
    let (mut labels, mut sum) = (0, 0.0);
    let summary = parse_slice(&bytes, &mut Scratch::default(), |event| {
        if let Event::Sample(sample) = event {
            labels += sample.labels().len();
            sum += sample.value;
        }
    })
    .map_err(|error| format!("{path}: {error}"))?;
    Ok(format!(
        "{} samples, {labels} labels, sum {sum}, {} issues",
        summary.samples, summary.issues
    ))
}

fn summary(path: &str) -> Result<String, String> {
    let file = std::fs::File::open(path).map_err(|error| format!("{path}: {error}"))?;
    let scrape = Scrape::read(file).map_err(|error: ReadError| format!("{path}: {error}"))?;
    let mut lines = vec![format!(
        "{} bytes, {} lines, {} families, {} series, {} issues",
        scrape.bytes(),
        scrape.lines(),
        scrape.families().count(),
        scrape.series_count(),
        scrape.issue_count(),
    )];
    for family in scrape.families() {
        lines.push(format!("{} {}: {}", family.kind(), family.name(), family.series().count()));
    }
    lines.extend(scrape.issues().iter().map(ToString::to_string));
    Ok(lines.join("\n"))
}
