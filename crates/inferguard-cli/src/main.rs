//! The `inferguard` command: arguments in, a report and an exit code out.
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

use clap::Parser as _;

fn main() -> ExitCode {
    // A bug must not look like a breached policy: panics end with their own code.
    if let Ok(exit) = std::panic::catch_unwind(|| run::run(&args::Cli::parse())) {
        exit.into()
    } else {
        output::complain("this is a bug in inferguard; the report above is incomplete");
        ExitCode::from(70)
    }
}
