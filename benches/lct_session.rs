//! One session that holds the reader against LMCache's own, in CPU time and in
//! instructions: the table in `docs/traces.md`.

use std::fmt::Write as _;
use std::fs;
use std::io::BufWriter;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::lct_data::{Shape, generate, seed};
use crate::lct_peers::Way;

type Failure = Box<dyn std::error::Error>;

/// What the Python side runs: LMCache's reader, decoding every record and looking at
/// none.
const READER: &str = "\
import sys, time
from lmcache.v1.mp_observability.trace.reader import TraceReader
with TraceReader(sys.argv[1]) as reader:
    start = time.process_time()
    records = sum(1 for _ in reader.records())
    print('MEASURED', records, time.process_time() - start)
";

/// How to run a session.
#[derive(Debug, Clone)]
pub struct Session {
    /// A Python with LMCache; nothing to leave that row out.
    pub python: Option<PathBuf>,
    /// This program, which callgrind runs with `one WAY FILE`; nothing to leave the
    /// instruction counts out.
    pub program: Option<PathBuf>,
    /// Where the data sets are written.
    pub dir: PathBuf,
    /// Size of each data set in bytes.
    pub bytes: u64,
    /// Rounds; the median counts.
    pub rounds: usize,
}

/// CPU time of this process in seconds, from Linux' scheduler.
pub fn cpu_seconds() -> Result<f64, Failure> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanos: f64 = text.split_whitespace().next().ok_or("no time")?.parse()?;
    Ok(nanos / 1e9)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

impl Session {
    /// Measures, and returns the tables in Markdown.
    pub fn run(&self) -> Result<String, Failure> {
        let seed = seed()?;
        let mut out = String::new();
        for shape in [Shape::Short, Shape::ManyKeys] {
            let path = self.dir.join(format!("lct-{}.lct", shape.name()));
            let mut file = BufWriter::new(fs::File::create(&path)?);
            let done = generate(&seed, shape, self.bytes, &mut file)?;
            let data = fs::read(&path)?;
            let mut python = Vec::new();
            let mut ways = vec![Vec::new(); Way::ALL.len()];
            for _ in 0..self.rounds {
                if let Some(program) = &self.python {
                    let (records, seconds) = run_python(program, &path)?;
                    if records != done.records {
                        return Err(format!("Python read {records} records").into());
                    }
                    python.push(seconds);
                }
                for (way, times) in Way::ALL.into_iter().zip(&mut ways) {
                    // The clock ticks in milliseconds: read for a good while.
                    let (mut turns, before) = (0.0, cpu_seconds()?);
                    let mut spent = 0.0;
                    while spent < 0.4 {
                        let counts = way.read(&data)?;
                        if way.counts_keys()
                            && (counts.records, counts.keys) != (done.records, done.keys)
                        {
                            return Err(format!("{} counted {counts:?}", way.name()).into());
                        }
                        turns += 1.0;
                        spent = cpu_seconds()? - before;
                    }
                    times.push(spent / turns);
                }
            }
            let mb = done.bytes as f64 / 1e6;
            let per_byte = self.instructions(&seed, shape)?;
            let reader = (!python.is_empty()).then(|| median(python));
            writeln!(
                out,
                "\n`{}`: {:.0} MB, {} records, {} keys\n\n\
                 | | MB/s | records/s | keys/s | against LMCache's reader | instructions a byte |\n\
                 |---|---|---|---|---|---|",
                shape.name(),
                mb,
                done.records,
                done.keys
            )?;
            if let Some(seconds) = reader {
                writeln!(
                    out,
                    "| LMCache's `TraceReader.records()`, keys not looked at | {:.0} | {:.2} M | | 1 | |",
                    mb / seconds,
                    done.records as f64 / seconds / 1e6
                )?;
            }
            for ((way, times), instructions) in Way::ALL.into_iter().zip(ways).zip(per_byte) {
                let seconds = median(times);
                let counts = |n: u64, shown: bool| {
                    if shown { format!("{:.2} M", n as f64 / seconds / 1e6) } else { String::new() }
                };
                let ratio =
                    reader.map_or_else(String::new, |reader| format!("{:.1}", reader / seconds));
                writeln!(
                    out,
                    "| {} | {:.0} | {} | {} | {ratio} | {} |",
                    way.name(),
                    mb / seconds,
                    counts(done.records, way.counts_keys() || way == Way::Heads),
                    counts(done.keys, way.counts_keys()),
                    instructions.map_or_else(String::new, |n| format!("{n:.2}")),
                )?;
            }
            fs::remove_file(&path)?;
        }
        Ok(out)
    }

    /// Instructions a byte of every way, by callgrind on a small file of the shape.
    fn instructions(&self, seed: &[u8], shape: Shape) -> Result<Vec<Option<f64>>, Failure> {
        let Some(program) = &self.program else { return Ok(vec![None; Way::ALL.len()]) };
        let path = self.dir.join(format!("lct-small-{}.lct", shape.name()));
        let mut file = BufWriter::new(fs::File::create(&path)?);
        let done = generate(seed, shape, 2 << 20, &mut file)?;
        drop(file);
        let idle = callgrind(program, "nothing", &path)?;
        let mut out = Vec::new();
        for (index, way) in Way::ALL.into_iter().enumerate() {
            // Valgrind knows no SHA instructions, and counts a block copy by the byte.
            if matches!(way, Way::Sha256 | Way::Memcpy) {
                out.push(None);
                continue;
            }
            let count = callgrind(program, &index.to_string(), &path)?;
            out.push(Some((count - idle) / done.bytes as f64));
        }
        fs::remove_file(&path)?;
        Ok(out)
    }
}

fn run_python(program: &Path, trace: &Path) -> Result<(u64, f64), Failure> {
    let output = Command::new(program).arg("-c").arg(READER).arg(trace).output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let line = text.lines().find_map(|line| line.strip_prefix("MEASURED ")).ok_or_else(|| {
        format!("LMCache's reader failed: {}", String::from_utf8_lossy(&output.stderr))
    })?;
    let (records, seconds) = line.split_once(' ').ok_or("no figures")?;
    Ok((records.parse()?, seconds.parse()?))
}

fn callgrind(program: &Path, way: &str, trace: &Path) -> Result<f64, Failure> {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(program)
        .args(["one", way])
        .arg(trace)
        .output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .ok_or_else(|| format!("callgrind failed: {text}"))?;
    Ok(count.1.trim().parse()?)
}
