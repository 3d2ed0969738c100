//! The `inferguard` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    inferguard_cli::main()
}
