//! Arguments of `diagnose-bottleneck`.

use std::path::PathBuf;

use clap::Args;

use super::ConfigArgs;

#[derive(Debug, Args)]
pub(crate) struct DiagnoseArgs {
    /// Job directory, output of a collector, or any packet of evidence
    #[arg(long, value_name = "DIR")]
    pub(crate) job_dir: PathBuf,
    /// Where the diagnosis is written [default: JOB_DIR/diagnosis]
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: Option<PathBuf>,
    /// Validation report of the run [default: beside the directory jobs/ that holds the job]
    #[arg(long, value_name = "FILE")]
    pub(crate) validation_report: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Thresholds of the bottleneck by name, as JSON or TOML, instead of [bottleneck] in --config
    #[arg(long, value_name = "FILE")]
    pub(crate) rule_config: Option<PathBuf>,
    /// End with exit code 1 when the evidence does not tell
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write no Markdown page
    #[arg(long)]
    pub(crate) json_only: bool,
    /// Print the diagnosis as JSON
    #[arg(long)]
    pub(crate) json: bool,
}
