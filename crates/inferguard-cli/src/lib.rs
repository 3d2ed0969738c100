//! The `inferguard` command: arguments in, a report and an exit code out.
//!
//! A library so that its reference, completions and manual pages are made from the same
//! [`command`] that parses. Programs take the crate `inferguard`, not this one.
//!
//! Exit codes: 0 done and nothing breached; 1 the policy that was asked for is breached; 2 usage;
//! 3 nothing usable could be read; 4 the output could not be written; 70 a bug;
//! 130 and 143 interrupted.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod args;
mod collect;
mod coverage;
mod diagnose;
mod metrics;
mod output;
mod run;
mod sizing;
mod trace;
mod watch;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};

/// The command with all its subcommands and flags, as it parses them.
pub fn command() -> clap::Command {
    args::Cli::command()
}

/// Runs the command on the arguments of the process.
pub fn main() -> ExitCode {
    // A bug must not look like a breached policy: panics end with their own code.
    if let Ok(exit) = std::panic::catch_unwind(|| run::run(&args::Cli::parse())) {
        exit.into()
    } else {
        output::complain("this is a bug in inferguard; the report above is incomplete");
        ExitCode::from(70)
    }
}
