//! Arguments of `inferguard observability-coverage`.

use clap::{Args, ValueEnum};

use super::{Common, ConfigArgs, Declared, EvidenceArgs, ExpectMode, MpArgs, positive};

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct CoverageArgs {
    /// Packets, other directories or files, as `check` takes them
    #[arg(value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Engine that should run
    #[arg(long, value_enum, default_value_t = ExpectEngine::Auto)]
    pub(crate) expected_engine: ExpectEngine,
    /// Mode in which LMCache should run
    #[arg(long, value_enum, default_value_t = ExpectMode::Auto, alias = "expect-mode")]
    pub(crate) expect_lmcache_mode: ExpectMode,
    /// The engine has a KV connector or another external cache
    #[arg(long)]
    pub(crate) external_cache_configured: bool,
    /// The engine offloads its cache to the CPU
    #[arg(long)]
    pub(crate) cpu_offload_configured: bool,
    /// Prefill is disaggregated, or the engine has an external cache
    #[arg(long)]
    pub(crate) disaggregated_or_external_cache: bool,
    #[command(flatten)]
    pub(crate) mp: MpArgs,
    /// Price of a GPU hour in dollars, for what the cache is worth
    #[arg(long, value_name = "USD", value_parser = positive)]
    pub(crate) gpu_hour_usd: Option<f64>,
    /// GPUs of the engines
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) gpus: Option<f64>,
    /// Tasks that were of use in this time
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) useful_tasks: Option<f64>,
    /// Log of requests of the time before: before disaggregation, or before the cache; repeatable
    #[arg(long, value_name = "FILE")]
    pub(crate) requests_before: Vec<std::path::PathBuf>,
    /// What ends the command with exit code 1
    #[arg(long, value_enum, default_value_t = CoverageFailOnArg::Never)]
    pub(crate) fail_on: CoverageFailOnArg,
    /// Show every window and every family
    #[arg(long)]
    pub(crate) all: bool,
    /// What is printed
    #[arg(long, value_enum, default_value_t = Format::Terminal, conflicts_with = "json")]
    pub(crate) format: Format,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    #[command(flatten)]
    pub(crate) declared: Declared,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// A rendering of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For a screen
    Terminal,
    /// For scripts; the same as --json
    Json,
    /// For a ticket or a page
    Markdown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExpectEngine {
    /// Whatever runs
    Auto,
    /// vLLM
    Vllm,
    /// SGLang
    Sglang,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CoverageFailOnArg {
    /// Nothing
    Never,
    /// A coverage gap
    Gaps,
    /// Something that does not fit: between engine and cache, or with what is expected
    Mismatch,
}
