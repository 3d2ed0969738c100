//! The file at work: in a root of its own, and how soon it is done.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use crate::cargo;

/// The packet that is checked.
const PACKET: &str = "lmcache-0.5.6-l1-prefix-replay";
/// One page of it: little work, so that its time is the start's.
const PAGE: &str = "lmcache-0.prom";
/// Runs that a time is the middle of.
const RUNS: usize = 50;

/// Runs the file in an empty root, and takes its times.
pub(super) fn run(packets: &Path, file: &Path) -> Result<()> {
    let packet = packets.join(PACKET);
    let expected = cargo::output(Command::new(file).args(["check", PACKET]).current_dir(packets))?;
    in_an_empty_root(&packet, file, &expected)?;
    for (what, arguments) in [
        ("--version", vec!["--version".into()]),
        ("check, one page", vec!["check".into(), packet.join(PAGE).into_os_string()]),
        ("check, the packet", vec!["check".into(), packet.into_os_string()]),
    ] {
        let mut times = Vec::with_capacity(RUNS);
        for _ in 0..RUNS {
            let started = Instant::now();
            let status = Command::new(file).args(&arguments).stdout(Stdio::null()).status()?;
            times.push(started.elapsed());
            ensure!(status.success(), "{what}: {status}");
        }
        times.sort_unstable();
        let ms = |time: Option<&Duration>| time.map_or(0.0, |t| t.as_secs_f64() * 1e3);
        println!(
            "{what:<18} {:>6.2} ms (middle of {RUNS}; fastest {:.2})",
            ms(times.get(RUNS / 2)),
            ms(times.first()),
        );
    }
    Ok(())
}

fn in_an_empty_root(packet: &Path, file: &Path, expected: &[u8]) -> Result<()> {
    let mut may = Command::new("unshare");
    if let Err(error) = cargo::output(may.args(["--map-root-user", "true"])) {
        eprintln!("warning: no empty root was tried, this machine allows none: {error:#}");
        return Ok(());
    }
    let root = tempfile::tempdir().context("a temporary directory")?;
    std::fs::copy(file, root.path().join("inferguard"))?;
    copy(packet, &root.path().join(PACKET))?;
    let mut command = Command::new("unshare");
    command.arg("--map-root-user").arg("--root").arg(root.path());
    command.args(["/inferguard", "check", PACKET]).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    let told = cargo::output(&mut command)?;
    ensure!(told == expected, "it says something else in an empty root");
    println!("in an empty root, beside a packet and nothing else, it says the same");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    for path in crate::tree::files(from)? {
        let to = to.join(path.strip_prefix(from)?);
        std::fs::create_dir_all(to.parent().unwrap_or(&to))?;
        std::fs::copy(&path, &to).with_context(|| format!("{}", path.display()))?;
    }
    Ok(())
}
