//! The `inferguard` command.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::process::ExitCode;

fn main() -> ExitCode {
    inferguard_cli::main()
}
