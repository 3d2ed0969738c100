//! A collected packet with the provenance that a fixture needs.

use std::path::Path;

use anyhow::Result;
use serde_json::{Value, json};

use crate::import_fixture;

/// Name of the collected packet in the directory of the run.
pub(super) const COLLECTED: &str = "packet";

/// What is known of a run.
pub(super) struct Origin<'a> {
    pub(super) name: &'a str,
    pub(super) release: &'a str,
    pub(super) argv: &'a [String],
    pub(super) load: &'a Value,
    /// What was done to the server, in words.
    pub(super) deed: &'a str,
    pub(super) times: (f64, f64),
}

/// Writes `manifest.json` beside what was collected.
pub(super) fn describe(packet: &Path, origin: &Origin<'_>) -> Result<()> {
    let manifest = json!({
        "packet": origin.name,
        "title": origin.deed,
        "claim": "driven-collector",
        "lmcache_version": origin.release,
        "device": "CPU only",
        "reality": "a real `lmcache server` and real client calls; KV blocks are random tensors, \
                    prompts are token ids out of a seed; collected by the tool while it ran",
        "server_commands": [origin.argv.join(" ")],
        "load": [format!("xtask/live-lab/load.py: {}", origin.load)],
        "start": {"unix": origin.times.0},
        "end": {"unix": origin.times.1},
        "proven": [origin.deed],
        "absent": ["no engine runs: its metrics are not there"],
        "files": [],
    });
    std::fs::write(packet.join("manifest.json"), serde_json::to_vec_pretty(&manifest)?)?;
    Ok(())
}

/// Imports a packet as a fixture: what matches the globs, or all of it where there are none.
pub(super) fn import(packet: &Path, name: &str, only: &[&str]) -> Result<()> {
    let only: Vec<String> = only.iter().map(|glob| (*glob).to_owned()).collect();
    import_fixture::import_packet(packet, name, &only)
}
