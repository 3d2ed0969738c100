//! Cuts a trace to its first records, whole frames only: small fixtures, a fuzzer's
//! corpus.
//!
//! ```console
//! $ cargo run --release --example cut -- 8 trace.lct small.lct
//! ```

use std::process::ExitCode;

use lmcache_trace::{SliceReader, Step};

#[allow(clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [records, from, to] = args.as_slice() else {
        eprintln!("usage: cut RECORDS FROM TO");
        return ExitCode::from(2);
    };
    match run(records, from, to) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{from}: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(records: &str, from: &str, to: &str) -> Result<(), Box<dyn std::error::Error>> {
    let wanted: usize = records.parse()?;
    let data = std::fs::read(from)?;
    let mut reader = SliceReader::new(&data)?;
    let mut end = reader.offset();
    for _ in 0..wanted {
        match reader.next() {
            Some(Step::Record(_)) => end = reader.offset(),
            _ => break,
        }
    }
    std::fs::write(to, data.get(..usize::try_from(end)?).unwrap_or_default())?;
    Ok(())
}
