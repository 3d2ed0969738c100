//! Reads a trace once and prints what it counted and the CPU time it took:
//! the program under the benchmark table in `docs/traces.md`.
//!
//! ```console
//! $ cargo run --release --example scan -- slice trace.lct
//! ```

use std::fs::File;
use std::hint::black_box;
use std::io::Read;
use std::process::ExitCode;

use sha2::{Digest, Sha256};

use lmcache_trace::{ArgSink, ObjectKey, SliceReader, Step, StreamReader};

/// Looks at every field of every key, as a typed read does.
#[derive(Default)]
struct Totals {
    records: u64,
    keys: u64,
    check: u64,
    unknown: u64,
    issues: u64,
}

impl<'a> ArgSink<'a> for Totals {
    #[inline]
    fn key(&mut self, key: ObjectKey<'a>) {
        self.keys += 1;
        let head = key.chunk_hash.first_chunk::<8>().map_or(0, |b| u64::from_le_bytes(*b));
        let name = key.model_name.len() as u64;
        self.check = self.check.wrapping_add(head ^ key.kv_rank ^ key.object_group_id ^ name);
    }
}

impl Totals {
    fn step(&mut self, step: &Step<'_>) {
        match step {
            Step::Record(record) => {
                self.records += 1;
                match record.decode(self) {
                    Ok(args) => self.unknown += args.unknown,
                    Err(_) => self.issues += 1,
                }
            }
            Step::Issue(_) => self.issues += 1,
        }
    }
}

/// CPU time of this process in seconds, where the system tells.
fn cpu_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let nanos: f64 = text.split_whitespace().next()?.parse().ok()?;
    Some(nanos / 1e9)
}

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [mode, path] = args.as_slice() else {
        eprintln!("usage: scan slice|stream|frames|read|hash FILE");
        return ExitCode::from(2);
    };
    match run(mode, path) {
        Ok(line) => {
            println!("{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(mode: &str, path: &str) -> Result<String, Box<dyn std::error::Error>> {
    let mut totals = Totals::default();
    let mut bytes = 0;
    let before;
    if mode == "hash" {
        // What a command that does nothing but hash would take.
        before = cpu_seconds();
        let mut file = File::open(path)?;
        let mut block = vec![0; 256 << 10];
        let mut hash = Sha256::new();
        loop {
            let n = file.read(&mut block)?;
            if n == 0 {
                break;
            }
            hash.update(block.get(..n).unwrap_or_default());
            bytes += n as u64;
        }
        totals.check =
            hash.finalize().iter().fold(0, |sum: u64, byte| sum.rotate_left(8) ^ u64::from(*byte));
    } else if mode == "stream" {
        before = cpu_seconds();
        let mut reader = StreamReader::new(File::open(path)?)?;
        while let Some(step) = reader.next_step() {
            totals.step(&step);
        }
        bytes += reader.offset();
    } else {
        let data = std::fs::read(path)?;
        bytes += data.len() as u64;
        before = cpu_seconds();
        match mode {
            // What callgrind subtracts: everything but the reading.
            "read" => {
                black_box(&data);
            }
            "frames" => {
                for step in SliceReader::new(&data)? {
                    match step {
                        Step::Record(_) => totals.records += 1,
                        Step::Issue(_) => totals.issues += 1,
                    }
                }
            }
            _ => {
                for step in SliceReader::new(&data)? {
                    totals.step(&step);
                }
            }
        }
    }
    let cpu = before.zip(cpu_seconds()).map_or(f64::NAN, |(a, b)| b - a);
    let rate = bytes as f64 / cpu / 1e6;
    Ok(format!(
        "{mode} bytes={bytes} records={} keys={} unknown={} issues={} check={:016x} cpu_s={cpu:.4} mb_s={rate:.0}",
        totals.records,
        totals.keys,
        totals.unknown,
        totals.issues,
        black_box(totals.check),
    ))
}
