//! Maintainers' tasks.

mod catalog;
mod generated;
mod pages;
mod survey;

use std::path::Path;

fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        Some("catalog") => catalog::run(Path::new("."), generated::Mode::Write),
        Some("survey") => { survey::run(Path::new(&args[2]))?; Ok(()) }
        _ => Ok(()),
    }
}
