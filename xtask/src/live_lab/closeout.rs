//! The tracker's four-step close-out while the server runs: artifacts saved by hand into one
//! directory, then the four commands of `docs/closeout.txt` as they are written, by a shell.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::expect::{Rows, text};
use super::scenario::Lab;
use super::server::{LOG, Server, clean};
use crate::workspace;

/// Where the server records its calls, in the directory of the run.
pub(super) const TRACE: &str = "trace.lct";
/// Where the server writes what it looked up.
pub(super) const HASHES: &str = "lookup";

/// `$PACKET_DIR`.
const DIR: &str = "closeout";
/// Lanes of the compatibility report that the saved artifacts fill.
const LANES: [&str; 5] = [
    "lmcache_http",
    "lmcache_logs",
    "lmcache_trace_recording",
    "lmcache_trace_replay",
    "lmcache_lookup_hash",
];
/// Files that the commands name and a server without engine and OTLP does not have.
const ABSENT: [&str; 3] = ["vllm.prom", "vllm.log", "lmcache-otel.jsonl"];

/// Saves what there is and runs the four steps.
pub(super) fn run(lab: &Lab<'_>, server: &Server, rows: &mut Rows) -> Result<()> {
    let dir = lab.dir.join(DIR);
    std::fs::create_dir(&dir)?;
    save(lab, server, &dir)?;
    let commands = std::fs::read_to_string(workspace::root().join("docs/closeout.txt"))?;
    let mut hold = |what: &str, holds: bool, found: String| {
        rows.hold("healthy", what, holds, found);
    };
    for command in commands.split("\n\n") {
        let name = command.split_whitespace().nth(1).context("a command without a name")?;
        let done = Command::new("sh")
            .args(["-c", command])
            .current_dir(lab.dir)
            .env("PATH", lab.tool.search_path()?)
            .env("PACKET_DIR", DIR)
            .env("JOB_DIR", format!("{DIR}/lmcache-packet"))
            .output()?;
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        std::fs::write(dir.join(format!("{name}.stdout")), &done.stdout)?;
        std::fs::write(dir.join(format!("{name}.stderr")), &done.stderr)?;
        let code = done.status.code().unwrap_or(-1);
        hold(&format!("close-out: {name} ends with 0"), code == 0, format!("{code}"));
        if name == "diagnose-bottleneck" {
            let path = dir.join("diagnose-bottleneck/bottleneck_diagnosis.json");
            let report: Value = serde_json::from_slice(&std::fs::read(path)?)?;
            let wrong: Vec<String> = report["lmcache_findings"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|f| f["severity"] != "info")
                .map(|f| text(&f["code"]))
                .collect();
            let found = format!("{}, findings: {}", text(&report["verdict"]), wrong.join(", "));
            hold("close-out: a verdict, and no finding but remarks", wrong.is_empty(), found);
            continue;
        }
        let report: Value = serde_json::from_slice(&done.stdout)
            .with_context(|| format!("{name} prints no JSON: {told}"))?;
        match name {
            "collect-lmcache" => {
                let silent: Vec<&str> =
                    ABSENT.into_iter().filter(|file| !told.contains(file)).collect();
                let found = format!("not told: {silent:?}");
                hold("close-out: files that are not there are told", silent.is_empty(), found);
            }
            "lmcache-compat" => {
                let empty: Vec<&str> = LANES
                    .into_iter()
                    .filter(|lane| report["surfaces"][lane]["populated"].as_u64().unwrap_or(0) == 0)
                    .collect();
                let found = format!("{}, not populated: {empty:?}", text(&report["detected_mode"]));
                let holds = report["detected_mode"] == "mp" && empty.is_empty();
                hold("close-out: mode mp, every lane that was saved is populated", holds, found);
            }
            _ => {
                let mode = text(&report["detected_lmcache_mode"]);
                hold("close-out: coverage sees mode mp", mode == "mp", mode);
            }
        }
    }
    Ok(())
}

/// Saves the artifacts under the names of the commands.
fn save(lab: &Lab<'_>, server: &Server, dir: &Path) -> Result<()> {
    for (route, file) in [
        ("/metrics", "lmcache.prom"),
        ("/healthcheck", "lmcache-health.json"),
        ("/status", "lmcache-status.json"),
    ] {
        std::fs::write(dir.join(file), server.get(route)?)?;
    }
    std::fs::copy(lab.dir.join(LOG), dir.join("lmcache.log"))?;
    std::fs::copy(lab.dir.join(TRACE), dir.join("lmcache-trace.lct"))?;
    let hashes = dir.join("lookup-hashes");
    std::fs::create_dir(&hashes)?;
    for entry in std::fs::read_dir(lab.dir.join(HASHES))? {
        let entry = entry?;
        std::fs::copy(entry.path(), hashes.join(entry.file_name()))?;
    }
    // What was recorded so far, replayed by LMCache's own tool.
    let status = clean(&lab.venv.program("lmcache"), dir)
        .args(["trace", "replay", "lmcache-trace.lct", "--output-dir", "trace-replay", "--json"])
        .args(["--l1-size-gb", "0.25", "--eviction-policy", "LRU", "--prometheus-port", "0"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()?;
    ensure!(status.success(), "lmcache trace replay: {status}");
    Ok(())
}
