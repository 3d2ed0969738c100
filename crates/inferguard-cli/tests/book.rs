//! The console blocks of the README and of the book, run as a reader would run them.
//!
//! A page is run from top to bottom in a directory of its own that has `fixtures` in it. Each line
//! that begins with `$ ` is a command; what stands below it is what the command prints, on both
//! streams, where a line `...` stands for any lines and `...` within a line for anything. A command
//! with nothing below it has to succeed. Before a block may stand
//!
//! - `<!-- not run: REASON -->`: the block needs what a test has not got. Its commands of ours must
//!   still parse;
//! - `<!-- before: COMMAND -->`: makes the files that the block takes for granted.
//!
//! `localhost:8080` and `localhost:8000` are an LMCache server and a vLLM that answer what a
//! captured packet holds.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stderr)]

#[path = "book/compare.rs"]
mod compare;
#[path = "book/page.rs"]
mod page;
#[path = "book/servers.rs"]
mod servers;

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use page::{Block, Step};

/// What a reader's shell has: our command, and `cargo run` for it. Nobody waits in a test.
const PRELUDE: &str = "exec 2>&1; sleep() { :; }
cargo() { while [ $# -gt 0 ] && [ \"$1\" != -- ]; do shift; done; shift; inferguard \"$@\"; }
";

fn pages() -> Vec<PathBuf> {
    let root = common::root();
    let mut out = vec![root.join("README.md")];
    for dir in ["docs", "docs/causes"] {
        for entry in std::fs::read_dir(root.join(dir)).unwrap() {
            out.push(entry.unwrap().path());
        }
    }
    out.retain(|path| path.extension().is_some_and(|e| e == "md"));
    out.sort();
    out
}

#[test]
fn every_command_of_the_book_does_what_it_says() {
    let queue = Mutex::new(pages());
    let wrong = Mutex::new(Vec::new());
    // Pages that ask servers mostly wait.
    let workers = 2 * std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let Some(path) = queue.lock().unwrap().pop() else { return };
                    wrong.lock().unwrap().extend(run(&path));
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// Runs a page; gives what is wrong with it.
fn run(path: &Path) -> Vec<String> {
    let root = common::root();
    let name = path.strip_prefix(&root).unwrap().display().to_string();
    let blocks = match page::blocks(&std::fs::read_to_string(path).unwrap()) {
        Ok(blocks) => blocks,
        Err(why) => return vec![format!("{name}: {why}")],
    };
    if blocks.is_empty() {
        return vec![];
    }
    let dir = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.join("fixtures"), dir.path().join("fixtures")).unwrap();
    let servers = servers::Pair::start();
    let mut wrong = Vec::new();
    for Block { line, before, skipped, steps } in &blocks {
        for command in before {
            let (code, printed) = shell(dir.path(), &servers, command);
            if code != Some(0) {
                wrong.push(format!("{name}:{line}: before: {command}: {code:?}\n{printed}"));
            }
        }
        for Step { line, command, printed } in steps {
            if *skipped {
                wrong.extend(unparsed(command).map(|why| format!("{name}:{line}: {why}")));
                continue;
            }
            let (code, actual) = shell(dir.path(), &servers, command);
            if code != Some(0) {
                wrong.push(format!("{name}:{line}: {command}\nexit code {code:?}\n{actual}"));
            } else if let Some(why) =
                printed.as_ref().and_then(|expected| compare::differs(expected, &actual))
            {
                wrong.push(format!("{name}:{line}: {command}\n{why}\nprinted:\n{actual}"));
            }
        }
    }
    wrong
}

fn shell(dir: &Path, servers: &servers::Pair, command: &str) -> (Option<i32>, String) {
    let bin = Path::new(env!("CARGO_BIN_EXE_inferguard")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("bash")
        .args(["--noprofile", "--norc", "-c"])
        .arg(format!("{PRELUDE}{}", servers.own(command)))
        .current_dir(dir)
        .env("PATH", format!("{}:{path}", bin.display()))
        .env("COLUMNS", "80")
        .env_remove("NO_COLOR")
        .output()
        .unwrap();
    (output.status.code(), servers.shown(&String::from_utf8_lossy(&output.stdout)))
}

/// Why a command of ours that is not run cannot be right.
fn unparsed(command: &str) -> Option<String> {
    let flat = command.replace("\\\n", " ");
    let ours = flat.split(['|', ';', '&']).map(str::trim).find(|p| p.starts_with("inferguard "))?;
    let words = ours
        .split(" #")
        .next()?
        .split_whitespace()
        .map(|w| w.trim_matches(['"', '\'']))
        .take_while(|w| !matches!(*w, ">" | "2>"));
    inferguard_cli::command().try_get_matches_from(words).err().map(|e| e.to_string())
}

#[test]
fn a_command_that_is_not_run_still_has_to_parse() {
    assert_eq!(unparsed("kubectl logs pod | inferguard check - --all"), None);
    assert!(unparsed("inferguard check --no-such-flag x").is_some());
}
