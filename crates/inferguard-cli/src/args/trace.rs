//! Arguments of `inferguard trace`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use lmcache_trace::{ReuseUnit, ReuseView, Table};

use super::Common;

#[derive(Debug, Subcommand)]
pub(crate) enum TraceCommand {
    /// What a trace holds, on one screen
    Info(InfoArgs),
    /// The records, one JSON object a line
    Records(RecordsArgs),
    /// What is wrong with a trace; exit code 1 where anything is
    Check(TraceCheckArgs),
    /// The records as a table in a file: NDJSON, CSV or Parquet
    Export(ExportArgs),
    /// How soon chunks are wanted again, and what a cache of a given size would serve
    Reuse(ReuseArgs),
    /// What LMCache's own trace tools wrote: trace info, replay, replay-events
    ReplaySummary(ReplayArgs),
}

/// How a trace is read.
#[derive(Debug, Args)]
pub(crate) struct Reading {
    /// Do not compute the SHA-256 of the file
    #[arg(long)]
    pub(crate) no_hash: bool,
    /// Read a format version that this build does not know, as far as its shape allows
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct InfoArgs {
    /// Traces: files, pipes or - for standard input; gzip is inflated
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Memory for keys: below it, counts of different keys and pairing are exact
    #[arg(long, default_value = "4MiB", value_name = "SIZE", value_parser = size)]
    pub(crate) memory: usize,
    /// Also write lmcache_trace_evidence.json (of a single trace) to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct TraceCheckArgs {
    /// Traces: files, pipes or - for standard input; gzip is inflated
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,
    /// Memory for keys: below it, pairing is exact
    #[arg(long, default_value = "4MiB", value_name = "SIZE", value_parser = size)]
    pub(crate) memory: usize,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Which records are wanted, and how their keys are written.
#[derive(Debug, Args)]
pub(crate) struct Selecting {
    /// Only this operation, by short or qualified name (repeatable)
    #[arg(long, value_name = "NAME")]
    pub(crate) op: Vec<String>,
    /// Records from this time on: seconds since the recording began, or a time of day
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) since: Option<Time>,
    /// Records before this time: seconds since the recording began, or a time of day
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) until: Option<Time>,
    /// At most so many records
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u64>,
    /// One row a record, or one a key
    #[arg(long, value_enum, default_value_t = TableArg::Records)]
    pub(crate) table: TableArg,
    /// Salt of the short hashes that stand for keys: with one salt, exports can be joined.
    /// Without it each run takes a random one
    #[arg(long, value_name = "TEXT", conflicts_with = "raw_keys")]
    pub(crate) salt: Option<String>,
    /// Write chunk hashes and request ids as they are (they let a prompt be recognised)
    #[arg(long)]
    pub(crate) raw_keys: bool,
    /// Read a format version that this build does not know, as far as its shape allows
    #[arg(long)]
    pub(crate) force: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RecordsArgs {
    /// Trace: a file, a pipe or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
}

#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Trace: a file, a pipe or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Format
    #[arg(long, value_enum)]
    pub(crate) format: FormatArg,
    /// Output, written whole or not at all; - for standard output
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: PathBuf,
    #[command(flatten)]
    pub(crate) selecting: Selecting,
}

#[derive(Debug, Args)]
pub(crate) struct ReuseArgs {
    /// Trace: a file, a pipe or - for standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: String,
    /// Which calls count
    #[arg(long, value_enum, default_value_t = ViewArg::Demand)]
    pub(crate) view: ViewArg,
    /// What is followed
    #[arg(long, value_enum, default_value_t = UnitArg::Chunk)]
    pub(crate) unit: UnitArg,
    /// Memory: within it figures are exact, beyond it they are estimated from a sample
    #[arg(long, default_value = "64MiB", value_name = "SIZE", value_parser = size)]
    pub(crate) memory: usize,
    /// Lengths of the windows for working sets, in seconds (repeatable, at most eight)
    #[arg(long, value_name = "S", value_parser = super::positive)]
    pub(crate) window: Vec<f64>,
    #[command(flatten)]
    pub(crate) reading: Reading,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct ReplayArgs {
    /// Outputs of the trace tools: files and directories
    #[arg(required = true, value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,
    /// The trace that was replayed (repeatable): tells whether its digest is comparable
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TableArg {
    /// One row a record
    Records,
    /// One row a key
    Keys,
}

impl From<TableArg> for Table {
    fn from(table: TableArg) -> Self {
        match table {
            TableArg::Records => Self::Records,
            TableArg::Keys => Self::Keys,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// A JSON object a line
    Ndjson,
    /// RFC 4180, with a head
    Csv,
    /// Apache Parquet, typed
    #[cfg(feature = "parquet")]
    Parquet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ViewArg {
    /// What was asked for
    Demand,
    /// What was served, as LMCache's own reuse histograms count
    Served,
}

impl From<ViewArg> for ReuseView {
    fn from(view: ViewArg) -> Self {
        match view {
            ViewArg::Demand => Self::Demand,
            ViewArg::Served => Self::Served,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum UnitArg {
    /// Chunks: all ranks' parts of one are one
    Chunk,
    /// Keys: each rank's part by itself
    Key,
}

impl From<UnitArg> for ReuseUnit {
    fn from(unit: UnitArg) -> Self {
        match unit {
            UnitArg::Chunk => Self::Chunk,
            UnitArg::Key => Self::Key,
        }
    }
}

/// A bound on time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Time {
    /// Seconds since the start of the recording.
    Offset(f64),
    /// Seconds since 1970.
    Wall(f64),
}

/// `90`, `90s`, `1.5m`, `2h` since the recording began; `@1795488470` or RFC 3339 by the clock.
fn time(text: &str) -> Result<Time, String> {
    if let Some(epoch) = text.strip_prefix('@')
        && let Ok(seconds) = epoch.parse::<f64>()
        && seconds.is_finite()
    {
        return Ok(Time::Wall(seconds));
    }
    let (number, unit) = match text.char_indices().next_back() {
        Some((at, 's')) => (&text[..at], 1.0),
        Some((at, 'm')) => (&text[..at], 60.0),
        Some((at, 'h')) => (&text[..at], 3600.0),
        _ => (text, 1.0),
    };
    if let Ok(n) = number.parse::<f64>()
        && n.is_finite()
    {
        return Ok(Time::Offset(n * unit));
    }
    text.parse::<jiff::Timestamp>().map(|t| Time::Wall(t.as_duration().as_secs_f64())).map_err(
        |_| "seconds (90, 1.5m, 2h), @SECONDS since 1970 or 2026-11-24T02:59:40Z is needed".into(),
    )
}

/// Bytes of a unit.
pub(crate) fn unit(name: &str) -> Option<u64> {
    const UNITS: &[(&str, u64)] = &[
        ("", 1),
        ("B", 1),
        ("KiB", 1 << 10),
        ("MiB", 1 << 20),
        ("GiB", 1 << 30),
        ("TiB", 1 << 40),
        ("kB", 1000),
        ("MB", 1_000_000),
        ("GB", 1_000_000_000),
        ("TB", 1_000_000_000_000),
    ];
    UNITS.iter().find(|(known, _)| *known == name).map(|(_, bytes)| *bytes)
}

/// `4MiB`, `64MB`, `1GiB` or bytes.
fn size(text: &str) -> Result<usize, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = self::unit(unit.trim())
        .and_then(|n| usize::try_from(n).ok())
        .ok_or("a size such as 64MiB is needed")?;
    number
        .parse::<usize>()
        .ok()
        .and_then(|n| n.checked_mul(factor))
        .filter(|n| *n >= 64 << 10)
        .ok_or_else(|| "a size of at least 64KiB, such as 64MiB, is needed".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_sizes() {
        assert_eq!(time("90"), Ok(Time::Offset(90.0)));
        assert_eq!(time("1.5m"), Ok(Time::Offset(90.0)));
        assert_eq!(time("@5"), Ok(Time::Wall(5.0)));
        assert_eq!(time("1970-01-01T00:01:00Z"), Ok(Time::Wall(60.0)));
        assert_eq!(time("1970-01-01T01:01:00+01:00"), Ok(Time::Wall(60.0)));
        assert!(time("soon").is_err() && time("nan").is_err() && time("").is_err());
        assert_eq!(size("64MiB"), Ok(64 << 20));
        assert!(size("64").is_err() && size("99999999999999GiB").is_err() && size("x").is_err());
    }
}
