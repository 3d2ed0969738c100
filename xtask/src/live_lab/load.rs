//! Load: `xtask/live-lab/load.py` plays an engine's worker inside the virtual environment.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdin, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::server::{Server, clean};
use super::venv::Venv;
use crate::workspace;

/// Load that runs until it is stopped.
pub(super) struct Load {
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Arc<Mutex<Vec<String>>>,
    reader: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts the load with these flags and waits until the first round is done.
    pub(super) fn start(venv: &Venv, server: &Server, dir: &Path, flags: &[&str]) -> Result<Self> {
        let mut load = Self::spawn(venv, server, dir, flags)?;
        let started = Instant::now();
        while load.last().is_none() {
            if let Some(status) = load.child.try_wait()? {
                bail!("the load ended: {status}, see load.log");
            }
            if started.elapsed() > Duration::from_secs(90) {
                bail!("no round of load within 90 s, see load.log");
            }
            sleep(Duration::from_millis(100));
        }
        Ok(load)
    }

    /// Starts a load with flags of its own.
    pub(super) fn spawn(venv: &Venv, server: &Server, dir: &Path, flags: &[&str]) -> Result<Self> {
        let script = workspace::root().join("xtask/live-lab/load.py");
        let mut child = clean(&venv.program("python"), dir)
            .arg(script)
            .args(["--server", &server.queue()])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(dir.join("load.log"))?)
            .spawn()?;
        let stdout = child.stdout.take().context("no standard output")?;
        let lines = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&lines);
        let reader = std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                // LMCache logs to standard output as well.
                if line.starts_with('{') {
                    kept.lock().unwrap_or_else(PoisonError::into_inner).push(line);
                }
            }
        });
        Ok(Self { stdin: child.stdin.take(), child, lines, reader: Some(reader) })
    }

    fn last(&self) -> Option<serde_json::Value> {
        let lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        lines.iter().rev().find_map(|line| serde_json::from_str(line).ok())
    }

    /// Stops the load and gives its totals.
    pub(super) fn stop(mut self) -> Result<serde_json::Value> {
        drop(self.stdin.take());
        self.ended(Duration::from_secs(30))
    }

    /// Waits until it has ended, and gives its totals.
    pub(super) fn ended(mut self, most: Duration) -> Result<serde_json::Value> {
        let asked = Instant::now();
        while self.child.try_wait()?.is_none() {
            if asked.elapsed() > most {
                bail!("the load does not end within {} s", most.as_secs());
            }
            sleep(Duration::from_millis(50));
        }
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        self.last().context("the load says nothing")
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
