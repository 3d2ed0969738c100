//! Maintainers' tasks, one module a task: `cargo xtask TASK`.

// A task talks to the maintainer who started it.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod import_fixture;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", about = "Maintainers' tasks")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Copy a captured packet into fixtures/packets, sanitised, or check those that are there.
    ImportFixture(import_fixture::Args),
}

fn main() -> ExitCode {
    let outcome: Result<()> = match Cli::parse().task {
        Task::ImportFixture(args) => import_fixture::run(&args),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // The causes on one line; a backtrace would hide them.
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
