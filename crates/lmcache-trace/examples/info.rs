//! Prints what a trace holds as JSON, hashing it in the same pass, with progress on
//! standard error.
//!
//! ```console
//! $ cargo run --release --example info -- trace.lct [--no-hash]
//! ```

use std::fs::File;
use std::process::ExitCode;

use lmcache_trace::{Hooks, InfoOptions, Sha256Thread, summarize};

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some(path) = args.iter().find(|arg| !arg.starts_with("--")) else {
        eprintln!("usage: info FILE [--no-hash]");
        return ExitCode::from(2);
    };
    match run(path, !args.iter().any(|arg| arg == "--no-hash")) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(path: &str, hash: bool) -> Result<String, Box<dyn std::error::Error>> {
    let file = File::open(path)?;
    let size = file.metadata().map(|meta| meta.len()).ok();
    let options = InfoOptions::default().with_expected_bytes(size.filter(|&n| n > 0));
    let mut hasher = Sha256Thread::spawn();
    let mut feed = |block: &[u8]| hasher.feed(block);
    let mut hooks = Hooks::default();
    if hash {
        hooks = hooks.with_tee(&mut feed);
    }
    let summary = summarize(file, &options, hooks)?;
    let mut value = serde_json::to_value(&summary)?;
    if hash && let Some(map) = value.as_object_mut() {
        map.insert("sha256".to_owned(), hasher.finish().into());
    }
    Ok(serde_json::to_string_pretty(&value)?)
}
