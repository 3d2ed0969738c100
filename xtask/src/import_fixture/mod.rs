//! `cargo xtask import-fixture`: a captured packet becomes a fixture that may be published.
//!
//! Importing copies what was asked for, takes out what must not leave (`evidence-redact`), and
//! writes down in `fixture.json` where each file came from. Checking proves that the committed
//! files are the imported ones and that sanitising them again would change nothing.

mod check;
mod files;
mod import;
mod manifest;
mod provenance;
mod sanitise;
mod select;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Result, anyhow, bail};

use crate::workspace;

/// Command line of the task.
#[derive(clap::Args)]
#[command(override_usage = "cargo xtask import-fixture PACKET_DIR --as NAME [OPTIONS]\n       \
                            cargo xtask import-fixture --check [NAME]")]
pub(crate) struct Args {
    /// The packet: a directory with a manifest.json.
    #[arg(required_unless_present = "check", conflicts_with = "check", value_name = "PACKET_DIR")]
    packet: Option<PathBuf>,
    /// Name of the fixture, such as lmcache-0.5.6-l2-fs.
    #[arg(
        long = "as",
        value_name = "NAME",
        requires = "packet",
        required_unless_present = "check"
    )]
    name: Option<String>,
    /// Take only files whose path matches one of these globs (`*` stays in a directory, `**` does
    /// not).
    #[arg(long, value_name = "GLOB", num_args = 1.., requires = "packet")]
    only: Vec<String>,
    /// Leave out files whose path matches one of these globs.
    #[arg(long, value_name = "GLOB", num_args = 1.., requires = "packet")]
    exclude: Vec<String>,
    /// Leave out single files larger than this many bytes.
    #[arg(long, value_name = "N", requires = "packet")]
    max_bytes: Option<u64>,
    /// Check this fixture, or all of them.
    #[arg(long, value_name = "NAME", num_args = 0..=1)]
    #[allow(clippy::option_option)] // absent, `--check`, `--check NAME`
    check: Option<Option<String>>,
}

/// Runs the task.
pub(crate) fn run(args: &Args) -> Result<()> {
    let packets = workspace::packets();
    if let Some(name) = &args.check {
        let report = check::run(&packets, name.as_deref())?;
        print!("{report}");
        if !report.is_good() {
            bail!("fixtures differ from what was imported: import them again");
        }
        return Ok(());
    }
    let (Some(packet), Some(name)) = (&args.packet, &args.name) else {
        bail!("PACKET_DIR and --as NAME are needed");
    };
    let selection = select::Selection::new(&args.only, &args.exclude, args.max_bytes)?;
    import_selected(packet, name, selection)
}

/// Imports a packet: what matches the globs, or all of it where there are none.
pub(crate) fn import_packet(packet: &Path, name: &str, only: &[String]) -> Result<()> {
    import_selected(packet, name, select::Selection::new(only, &[], None)?)
}

fn import_selected(packet: &Path, name: &str, selection: select::Selection) -> Result<()> {
    let mut salt = [0_u8; 32];
    getrandom::fill(&mut salt).map_err(|error| anyhow!("no random salt: {error}"))?;
    let request = import::Request { packet, name, selection, salt: &salt };
    let fixture = import::run(&workspace::packets(), &request)?;
    print!("{}", fixture.summary());
    Ok(())
}
