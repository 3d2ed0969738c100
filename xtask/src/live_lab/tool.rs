//! The tool, as a user runs it.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{cargo, workspace};

/// The built command.
pub(super) struct Tool(PathBuf);

/// A run that has ended.
#[derive(Debug)]
pub(super) struct Done {
    /// Exit code; -1 where a signal ended it.
    pub(super) code: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
    pub(super) took: Duration,
}

/// A run that has not.
pub(super) struct Running {
    child: Child,
    started: Instant,
}

impl Tool {
    /// Builds it from the workspace.
    pub(super) fn build() -> Result<Self> {
        let arguments = ["build", "--quiet", "-p", "inferguard-cli"];
        cargo::run(cargo::command().args(arguments).current_dir(workspace::root()))?;
        let this = std::env::current_exe()?;
        Ok(Self(this.with_file_name("inferguard")))
    }

    /// Where a shell finds it first.
    pub(super) fn search_path(&self) -> Result<std::ffi::OsString> {
        let own = self.0.parent().map(Path::to_path_buf);
        let rest = std::env::var_os("PATH").unwrap_or_default();
        Ok(std::env::join_paths(own.into_iter().chain(std::env::split_paths(&rest)))?)
    }

    /// Starts it in a directory.
    pub(super) fn spawn(&self, dir: &Path, args: &[&str]) -> Result<Running> {
        let child = Command::new(&self.0)
            .args(args)
            .current_dir(dir)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{}", self.0.display()))?;
        Ok(Running { child, started: Instant::now() })
    }

    /// Runs it to its end.
    pub(super) fn run(&self, dir: &Path, args: &[&str]) -> Result<Done> {
        self.spawn(dir, args)?.wait()
    }

    /// The report of `check` on a packet, and the run.
    pub(super) fn check(&self, dir: &Path, packet: &str) -> Result<(Value, Done)> {
        let done = self.run(dir, &["check", packet, "--json"])?;
        let report = serde_json::from_str(&done.stdout)
            .with_context(|| format!("check gives no report: {}", done.stderr))?;
        Ok((report, done))
    }
}

impl Running {
    /// Waits for its end.
    pub(super) fn wait(self) -> Result<Done> {
        let out = self.child.wait_with_output()?;
        Ok(Done {
            code: out.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
            took: self.started.elapsed(),
        })
    }
}
