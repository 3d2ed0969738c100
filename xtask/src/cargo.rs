//! Cargo, as tasks call it: the command, its metadata, where it builds.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// The cargo that runs this task.
pub(crate) fn command() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// Where cargo builds.
pub(crate) fn target(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Runs a command to its end, its output on the terminal.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status =
        command.status().with_context(|| format!("{}", command.get_program().display()))?;
    ensure!(status.success(), "{} failed: {status}", shown(command));
    Ok(())
}

/// Runs a command to its end and gives its standard output.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output =
        command.output().with_context(|| format!("{}", command.get_program().display()))?;
    ensure!(
        output.status.success(),
        "{}: {}: {}",
        shown(command),
        output.status,
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output.stdout)
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program()).file_name().unwrap_or_default();
    std::iter::once(program)
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

/// What cargo knows of the workspace and of everything that it depends on.
pub(crate) fn metadata(root: &Path) -> Result<Value> {
    let out = output(
        command().args(["metadata", "--format-version", "1", "--locked"]).current_dir(root),
    )?;
    serde_json::from_slice(&out).context("cargo metadata")
}

/// The packages of the metadata.
pub(crate) fn packages(metadata: &Value) -> Result<&[Value]> {
    metadata["packages"].as_array().map(Vec::as_slice).context("cargo metadata: no packages")
}
