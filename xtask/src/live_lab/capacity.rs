//! `cargo xtask live-lab --capacity`: the same load at servers with L1s of several sizes, and what
//! `inferguard capacity` predicts of each beside what the server counted.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::expect::{Rows, text};
use super::load::Load;
use super::packet::{COLLECTED, Origin, describe, import};
use super::scenario::now;
use super::server::{LOG, Server};
use super::tool::Tool;
use super::venv::Venv;

/// Sizes of L1 as `--l1-size-gb` takes them, and as packets are named: the load's working set lies
/// between them.
const SIZES: &[(&str, &str)] = &[("0.03125", "32mib"), ("0.0625", "64mib"), ("0.125", "128mib")];

/// What is driven: popular prompts of several lengths come again and again, others once.
const LOAD: &[&str] = &[
    "--draw",
    "heavy",
    "--prompts",
    "400",
    "--conversations",
    "500",
    "--pause",
    "0.1",
    "--requests",
    REQUESTS,
];

/// The load's own record, in the directory of the run.
const REQUESTS: &str = "requests.jsonl";
/// Directory of the lookup-hash log.
const LOOKUPS: &str = "lookup";
/// What a fixture of it needs.
const KEPT: &[&str] =
    &["lookup/*", "lmcache_metrics.prom", REQUESTS, "process-*.json", "lmcache_status.txt"];
/// By how many points a prediction may be off before somebody has to explain it.
const POINTS: f64 = 2.0;

/// With what it runs, and where.
pub(super) struct Lab<'a> {
    pub(super) venv: &'a Venv,
    pub(super) tool: &'a Tool,
    pub(super) place: &'a Path,
}

/// What one run gave, as shares of all tokens.
struct Found {
    size: &'static str,
    lookups: u64,
    curve: f64,
    predicted: f64,
    counted: f64,
    off: f64,
}

/// Runs all sizes.
pub(super) fn run(lab: &Lab<'_>, keep: bool) -> Result<()> {
    let mut rows = Rows::default();
    let mut all = Vec::new();
    for (gib, name) in SIZES {
        all.push(one(lab, gib, name, keep, &mut rows)?);
    }
    let apart = all.windows(2).all(|w| matches!(w, [a, b] if b.counted > a.counted + 0.02));
    let rates: Vec<String> = all.iter().map(|f| percent(f.counted)).collect();
    rows.hold("capacity", "the sizes differ in what they serve", apart, rates.join(", "));
    println!("| L1 | lookups | plain LRU | predicted | counted | points off |");
    println!("|---|---|---|---|---|---|");
    for found in &all {
        println!(
            "| {} | {} | {} | {} | {} | {:+.2} |",
            found.size,
            found.lookups,
            percent(found.curve),
            percent(found.predicted),
            percent(found.counted),
            found.off
        );
    }
    print!("{rows}");
    ensure!(rows.failed() == 0, "{} expectations do not hold", rows.failed());
    Ok(())
}

fn one(lab: &Lab<'_>, gib: &str, size: &'static str, keep: bool, rows: &mut Rows) -> Result<Found> {
    let name = format!("lmcache-{}-l1-{size}", lab.venv.release());
    let dir = lab.place.join(&name);
    if dir.exists() {
        std::fs::remove_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
    }
    std::fs::create_dir_all(&dir)?;
    let dir = dir.canonicalize()?;
    println!("== {name}");
    let (start, clock) = (now(), Instant::now());
    let flags = ["--lookup-hash-log-dir", LOOKUPS];
    let server = Server::start_with(lab.venv, &dir, gib, &flags)?;
    let load = Load::spawn(lab.venv, &server, &dir, LOAD)?;
    let totals = load.ended(Duration::from_mins(5))?;
    let (pid, url) = (server.pid().to_string(), server.url());
    let args = [
        "collect-lmcache",
        "--output-dir",
        COLLECTED,
        "--lmcache-url",
        &url,
        "--pid",
        &pid,
        "--lmcache-log-file",
        LOG,
        "--lmcache-lookup-hash-path",
        LOOKUPS,
        "--samples",
        "2",
        "--interval-seconds",
        "2",
    ];
    let done = lab.tool.run(&dir, &args)?;
    ensure!(done.code == 0, "collect-lmcache: {}", done.stderr);
    let launched = server.argv().to_vec();
    server.stop()?;
    let packet = dir.join(COLLECTED);
    std::fs::copy(dir.join(REQUESTS), packet.join(REQUESTS))?;
    let origin = Origin {
        name: &name,
        release: lab.venv.release(),
        argv: &launched,
        load: &totals,
        deed: "one load at an L1 of this size, to hold predicted hit tokens against counted ones",
        times: (start, now()),
    };
    describe(&packet, &origin)?;
    let found = read(lab, &dir, size)?;
    let what = format!("{size}: prediction within {POINTS} points");
    let off = format!("{:+.2}", found.off);
    rows.hold("capacity", what, found.off.abs() <= POINTS, off);
    // What the client saw is what the server counted.
    let (asked, hits) = (&totals["asked"], &totals["found"]);
    let rate = hits.as_f64().zip(asked.as_f64()).map_or(0.0, |(h, a)| h / a);
    println!("   the load found {} of its whole chunks ({})", text(hits), percent(rate));
    println!("   {:.1} s", clock.elapsed().as_secs_f64());
    if keep {
        import(&packet, &name, KEPT)?;
    }
    Ok(found)
}

fn read(lab: &Lab<'_>, dir: &Path, size: &'static str) -> Result<Found> {
    let done = lab.tool.run(dir, &["capacity", COLLECTED, "--json"])?;
    let report: Value = serde_json::from_str(&done.stdout)
        .with_context(|| format!("capacity gives no report: {}", done.stderr))?;
    let current = &report["current"];
    let number = |value: &Value| value.as_f64().context("the report lacks a number");
    Ok(Found {
        size,
        lookups: report["lookups"].as_u64().unwrap_or(0),
        curve: number(&current["hit_rate"])?,
        predicted: number(&current["simulated_hit_rate"])?,
        counted: number(&current["counted"]["hit_tokens"])? / number(&report["tokens"])?,
        off: number(&current["off_by_points"])?,
    })
}

fn percent(share: f64) -> String {
    format!("{:.1} %", share * 100.0)
}
