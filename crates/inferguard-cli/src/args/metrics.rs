//! Arguments of `collect-metrics`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, ValueEnum};

use super::collect::NetArgs;
use super::positive;

/// What `--help` says of the outcome.
const OUTCOMES: &str = "Exit codes: 0 every sample came, or some failed (failed=N, and a line a cause on \
    standard error); 2 usage; 3 no sample of the endpoint came; 4 the output could not be written; \
    130 and 143 interrupted, with what was there written.";

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("length").args(["samples", "duration_seconds"]))]
#[command(after_help = OUTCOMES)]
pub(crate) struct CollectMetricsArgs {
    /// What answers at the endpoint
    #[arg(long, value_enum)]
    pub(crate) engine: EngineArg,
    /// Its metrics page; /metrics is added to a URL without a path
    #[arg(long, value_name = "URL", visible_alias = "engine-metrics-url")]
    pub(crate) endpoint: String,
    /// Samples [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) samples: Option<u32>,
    /// Length of the run instead: samples = duration / interval, rounded up
    #[arg(long, value_name = "S", value_parser = positive)]
    pub(crate) duration_seconds: Option<f64>,
    /// Seconds between two samples
    #[arg(long, default_value_t = 10.0, value_name = "S", value_parser = positive)]
    pub(crate) interval_seconds: f64,
    /// Directory of the packet: created, or added to where it holds no packet yet
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: PathBuf,
    /// Replace the packet of an earlier run
    #[arg(long)]
    pub(crate) force: bool,
    /// LMCache's own metrics page, beside the engine's
    #[arg(long, value_name = "URL")]
    pub(crate) lmcache_metrics_url: Option<String>,
    /// Metrics page of a GPU exporter (DCGM)
    #[arg(long, value_name = "URL")]
    pub(crate) dcgm_metrics_url: Option<String>,
    /// Seconds between two scrapes of the GPU exporter, rounded up to whole samples
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = positive)]
    pub(crate) dcgm_interval_seconds: f64,
    /// Label of the run, written into every row
    #[arg(long, value_name = "ID")]
    pub(crate) label_job_id: Option<String>,
    /// Label of the run, written into every row
    #[arg(long, value_name = "VERSION")]
    pub(crate) label_engine_version: Option<String>,
    /// Label of the run, written into every row
    #[arg(long, value_name = "NAME")]
    pub(crate) label_hardware: Option<String>,
    /// Also write the pages as rows (raw_samples.jsonl)
    #[arg(long)]
    pub(crate) keep_raw_samples: bool,
    #[command(flatten)]
    pub(crate) net: NetArgs,
    /// Print the summary as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EngineArg {
    /// An LMCache server
    Lmcache,
    /// vLLM, with or without LMCache inside
    Vllm,
    /// SGLang, with or without LMCache inside
    Sglang,
    /// SGLang under Dynamo
    DynamoSglang,
}

impl EngineArg {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Lmcache => "lmcache",
            Self::Vllm => "vllm",
            Self::Sglang => "sglang",
            Self::DynamoSglang => "dynamo-sglang",
        }
    }
}
