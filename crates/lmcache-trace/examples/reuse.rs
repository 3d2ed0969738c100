//! Prints how chunks of a trace are reused, as JSON.
//!
//! ```console
//! $ cargo run --release --example reuse -- served trace.lct
//! ```

use std::fs::File;
use std::process::ExitCode;

use lmcache_trace::{Hooks, ReuseOptions, ReuseView, reuse};

#[allow(clippy::print_stdout, clippy::print_stderr)]
fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let (view, path) = match args.as_slice() {
        [view, path] if view == "served" => (ReuseView::Served, path),
        [view, path] if view == "demand" => (ReuseView::Demand, path),
        _ => {
            eprintln!("usage: reuse served|demand FILE");
            return ExitCode::from(2);
        }
    };
    let options = ReuseOptions::default().with_view(view);
    let report = File::open(path)
        .map_err(|error| error.to_string())
        .and_then(|file| reuse(file, &options, Hooks::default()).map_err(|e| e.to_string()))
        .and_then(|report| serde_json::to_string_pretty(&report).map_err(|e| e.to_string()));
    match report {
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
