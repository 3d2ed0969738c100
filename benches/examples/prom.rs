//! Runs one parser over one file a number of times, for a profiler or a stopwatch outside.
//!
//! ```console
//! prom grow PAGE BYTES OUT       write a big page grown from a real one
//! prom events|scrape|peer|newlines FILE ROUNDS
//! ```

use inferguard_benches::prom_data::{PAGES, grow, without_colons};
use lmcache_prom::Scrape;
use lmcache_prom::text::{Event, Scratch, parse_slice};
use std::hint::black_box;
use std::process::ExitCode;

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let result = match args.as_slice() {
        ["grow", page, bytes, out] => write(page, bytes, out),
        [parser, file, rounds] => run(parser, file, rounds),
        _ => Err("usage: prom grow PAGE BYTES OUT | prom PARSER FILE ROUNDS".into()),
    };
    match result {
        Ok(count) => {
            println!("{count}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn write(page: &str, bytes: &str, out: &str) -> Result<u64> {
    let (_, text) = PAGES.iter().find(|(name, _)| *name == page).ok_or("no such page")?;
    let grown = grow(&without_colons(text), bytes.parse()?);
    std::fs::write(out, &grown)?;
    Ok(grown.len() as u64)
}

/// How much each round found: samples, series or lines.
fn run(parser: &str, file: &str, rounds: &str) -> Result<u64> {
    let bytes = std::fs::read(file)?;
    let mut found = 0;
    let mut scratch = Scratch::default();
    for _ in 0..rounds.parse::<u32>()? {
        found = match parser {
            "events" => {
                let (mut labels, mut sum) = (0, 0.0);
                let summary = parse_slice(&bytes, &mut scratch, |event| {
                    if let Event::Sample(sample) = event {
                        labels += sample.labels().len();
                        sum += sample.value;
                    }
                })?;
                black_box((labels, sum));
                summary.samples
            }
            "scrape" => Scrape::read(bytes.as_slice())?.series_count() as u64,
            "peer" => {
                let text = str::from_utf8(&bytes)?;
                let lines = text.lines().map(|line| Ok(line.to_owned()));
                prometheus_parse::Scrape::parse(lines)?.samples.len() as u64
            }
            "newlines" => memchr::memchr_iter(b'\n', &bytes).count() as u64,
            _ => return Err("parsers: events, scrape, peer, newlines".into()),
        };
    }
    Ok(found)
}
