//! `cargo xtask live-lab`: a real LMCache server on loopback, real load, and the tool as a user runs
//! it while both run. What comes out is held against what is known of the run.
//!
//! Needs a Python and, for the first run of a release, the package index and some gigabytes of disk:
//! a maintainer's routine (`docs/live-lab.md`), not a part of CI.

mod capacity;
mod closeout;
mod expect;
mod load;
mod packet;
mod relay;
mod scenario;
mod server;
mod tool;
mod venv;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use expect::Rows;
use scenario::Scenario;
use tool::Tool;
use venv::Venv;

/// Command line of the task.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Release of LMCache; of a virtual environment that is given, its own.
    #[arg(long, value_name = "VERSION", required_unless_present = "venv")]
    lmcache: Option<String>,
    /// Use this virtual environment instead of target/live-lab/venv-VERSION.
    #[arg(long, value_name = "DIR")]
    venv: Option<PathBuf>,
    /// Only these scenarios.
    #[arg(long, value_name = "ID", value_enum)]
    packet: Vec<Scenario>,
    /// Instead of the scenarios: one load at L1s of several sizes, and what `capacity` predicts of each.
    #[arg(long, conflicts_with = "packet")]
    capacity: bool,
    /// Keep the packets here.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Import the packets as fixtures, where everything held.
    #[arg(long)]
    import: bool,
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let cache = venv::cache();
    let venv = match &args.venv {
        Some(dir) => Venv::given(dir, args.lmcache.as_deref())?,
        None => Venv::of_release(&cache, args.lmcache.as_deref().unwrap_or_default())?,
    };
    let tool = Tool::build()?;
    let place = args.keep.clone().unwrap_or_else(|| cache.join("runs"));
    if args.capacity {
        return capacity::run(
            &capacity::Lab { venv: &venv, tool: &tool, place: &place },
            args.import,
        );
    }
    let wanted = if args.packet.is_empty() { Scenario::ALL.to_vec() } else { args.packet.clone() };
    let mut rows = Rows::default();
    for one in wanted {
        let name = format!("lmcache-{}-live-{}", venv.release(), one.name());
        let dir = place.join(&name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir).with_context(|| format!("{}", dir.display()))?;
        }
        std::fs::create_dir_all(&dir)?;
        // Processes are started in it: their paths are relative, and name no machine.
        let dir = dir.canonicalize()?;
        println!("== {name}");
        let started = Instant::now();
        let before = rows.failed();
        one.run(&scenario::Lab { venv: &venv, tool: &tool, dir: &dir, name: &name }, &mut rows)
            .with_context(|| format!("{name}: see {}", dir.display()))?;
        println!("   {:.1} s", started.elapsed().as_secs_f64());
        if args.import && rows.failed() == before {
            packet::import(&dir.join(packet::COLLECTED), &name, &[])?;
        }
    }
    print!("{rows}");
    if args.keep.is_none() && rows.failed() == 0 {
        std::fs::remove_dir_all(&place)?;
    }
    ensure!(rows.failed() == 0, "{} expectations do not hold: {}", rows.failed(), place.display());
    Ok(())
}
