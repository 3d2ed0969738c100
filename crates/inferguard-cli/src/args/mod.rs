//! Arguments.

pub(crate) mod collect;
pub(crate) mod coverage;
pub(crate) mod diagnose;
pub(crate) mod metrics;
pub(crate) mod sizing;
pub(crate) mod trace;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use coverage_model::Mode;
use inferguard::report::MpDeclared;
use lmcache_prom::contract::{Product, Release};

/// Reads the evidence of an LMCache deployment and says what runs, which signals are there, and
/// which silence means trouble.
#[derive(Debug, Parser)]
#[command(name = "inferguard", version, disable_help_subcommand = true, after_help = EXIT_CODES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 the policy that was asked for is breached, or trace check found a defect;
2 usage; 3 nothing usable could be read; 4 the output could not be written; 70 a bug; 130 and 143
interrupted. Where several hold: 2, 70, 130, 4, 3, 1, 0.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Everything at once, on one screen: files, directories, standard input (-) or URLs
    Check(CheckArgs),
    /// Which LMCache runs and whether its metrics are what this release should show
    LmcacheCompat(CompatArgs),
    /// Whether the engine uses LMCache, what that is worth, and what cannot be seen
    ObservabilityCoverage(Box<coverage::CoverageArgs>),
    /// Collect a packet of evidence from servers that run and from files, without changing either
    CollectLmcache(Box<collect::CollectLmcacheArgs>),
    /// Scrape a metrics page over time: packet, timeline, windows and a summary
    CollectMetrics(Box<metrics::CollectMetricsArgs>),
    /// CacheBlend's counters and ratios, serialisation, lifecycle and boundary evidence
    CacheblendReport(CacheblendArgs),
    /// What a load is bound by, from a job directory or a packet; LMCache's findings beside it
    DiagnoseBottleneck(diagnose::DiagnoseArgs),
    /// Storage and event traces (.lct): what they hold, what is wrong with them
    #[command(subcommand)]
    Trace(trace::TraceCommand),
    /// What a finding means, how to make sure, and what to do: by its code or its cause class
    Explain(ExplainArgs),
    /// How large the cache must be: the hit rate at every size, from recorded lookups
    Capacity(sizing::CapacityArgs),
    /// Why tokens were not served: one reason for each, from recorded lookups
    Misses(sizing::MissesArgs),
    /// The metric contract of LMCache, vLLM and SGLang, release by release
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Print the completions of a shell, to be loaded by it
    Completions {
        /// Shell
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Print the report as JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Also write the report as JSON to this file (whole or not at all)
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Declared {
    /// LMCache release that is known to run; narrows what its pages admit
    #[arg(long, value_name = "RELEASE", value_parser = release)]
    pub(crate) release: Option<Release>,
    /// An L2 adapter is configured: its families are then applicable even where none shows
    #[arg(long)]
    pub(crate) l2_configured: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Files, directories, - for standard input, or http(s) URLs of servers: their metrics are
    /// scraped twice, their other safe routes once, and nothing is written
    #[arg(required = true, value_name = "TARGET")]
    pub(crate) targets: Vec<String>,
    /// The whole screen also where nothing is wrong, every family with its reason, every window
    #[arg(long)]
    pub(crate) all: bool,
    /// What ends the command with exit code 1
    #[arg(long, value_enum, default_value_t = CheckFailOnArg::Never)]
    pub(crate) fail_on: CheckFailOnArg,
    /// How to print: the screen, or a short Markdown note that may be shown to a customer
    #[arg(long, value_enum, default_value_t = CheckFormat::Screen)]
    pub(crate) format: CheckFormat,
    #[command(flatten)]
    pub(crate) config: ConfigArgs,
    /// Scrapes of each URL's metrics page
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) samples: u32,
    /// Seconds between two scrapes of a URL
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = positive)]
    pub(crate) interval_seconds: f64,
    #[command(flatten)]
    pub(crate) net: collect::NetArgs,
    #[command(flatten)]
    pub(crate) declared: Declared,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Where rules are told what holds here.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgs {
    /// Thresholds of rules, and rules that are silenced, as [rules.CODE] tables
    #[arg(long, value_name = "inferguard.toml")]
    pub(crate) config: Option<PathBuf>,
}

/// What ends `check` with exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFailOnArg {
    /// Nothing
    Never,
    /// A critical finding
    Critical,
    /// A warning or worse
    Warning,
    /// Whatever the first line calls wrong: any finding but remarks (severity info)
    Any,
    /// Any finding, remarks too
    Info,
}

/// How `check` prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CheckFormat {
    /// One screen
    Screen,
    /// Markdown, customer-safe findings only
    Note,
}

#[derive(Debug, Args)]
pub(crate) struct ExplainArgs {
    /// Code, alias or cause class
    #[arg(value_name = "CODE|CAUSE", required_unless_present = "list", conflicts_with = "list")]
    pub(crate) name: Option<String>,
    /// List all findings
    #[arg(long)]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Pages and evidence of one deployment, file by file.
#[derive(Debug, Args)]
pub(crate) struct EvidenceArgs {
    /// Metrics page of the engine (repeatable; - for standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) engine_metrics_file: Vec<PathBuf>,
    /// Metrics page of LMCache (repeatable; - for standard input)
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_metrics_file: Vec<PathBuf>,
    /// Metrics endpoint of the engine (repeatable; counts beside files)
    #[arg(long, value_name = "URL")]
    pub(crate) engine_metrics_url: Vec<String>,
    /// Metrics endpoint of LMCache (repeatable; counts beside files)
    #[arg(long, value_name = "URL")]
    pub(crate) lmcache_metrics_url: Vec<String>,
    /// HTTP evidence: lmcache_http_evidence.json or a saved answer
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_http_evidence_file: Option<PathBuf>,
    /// Log evidence: lmcache_log_evidence.json or the log itself
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_log_evidence_file: Option<PathBuf>,
    /// Trace: the .lct file itself or lmcache_trace_evidence.json
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_trace_evidence_file: Option<PathBuf>,
    /// Outputs of LMCache's trace tools: a file, a directory or lmcache_trace_replay_evidence.json
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_trace_replay_evidence_file: Option<PathBuf>,
    /// Span evidence: lmcache_otel_evidence.json or the OTLP spans themselves
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_otel_evidence_file: Option<PathBuf>,
    /// Lookup hashes: the evidence JSON or the JSON lines themselves
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_lookup_hash_evidence_file: Option<PathBuf>,
    /// Boundary evidence of L0 or CacheBlend (JSON lines)
    #[arg(long, value_name = "FILE", alias = "lmcache-l0-boundary-evidence-file")]
    pub(crate) lmcache_cacheblend_boundary_evidence_file: Option<PathBuf>,
    /// Seconds to wait for a URL
    #[arg(long, default_value_t = 10.0, value_name = "S", value_parser = positive)]
    pub(crate) timeout_seconds: f64,
}

#[derive(Debug, Args)]
pub(crate) struct CompatArgs {
    #[command(flatten)]
    pub(crate) evidence: EvidenceArgs,
    /// Mode that should run
    #[arg(long, value_enum, default_value_t = ExpectMode::Auto)]
    pub(crate) expect_mode: ExpectMode,
    #[command(flatten)]
    pub(crate) mp: MpArgs,
    /// What ends the command with exit code 1
    #[arg(long, value_enum, default_value_t = FailOnArg::Never)]
    pub(crate) fail_on: FailOnArg,
    #[command(flatten)]
    pub(crate) declared: Declared,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct CacheblendArgs {
    /// Metrics pages: files, directories (packets) or - for standard input
    #[arg(value_name = "TARGET", required_unless_present = "metrics_file")]
    pub(crate) targets: Vec<PathBuf>,
    /// Metrics page or packet (repeatable; counts beside targets)
    #[arg(long, value_name = "PATH")]
    pub(crate) metrics_file: Vec<PathBuf>,
    /// Boundary evidence (JSON lines, or a finished summary)
    #[arg(long, value_name = "FILE")]
    pub(crate) boundary_evidence_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// What the user knows of the server's launch. Nothing is assumed of what is not given.
#[derive(Debug, Args)]
#[expect(
    clippy::struct_excessive_bools,
    clippy::struct_field_names,
    reason = "each is a flag of its own, and the flags have this prefix"
)]
pub(crate) struct MpArgs {
    /// Port that the server's --prometheus-port names
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) mp_prometheus_port: Option<u16>,
    /// The server's --event-bus-queue-size
    #[arg(long, value_name = "N")]
    pub(crate) mp_event_bus_queue_size: Option<u64>,
    /// The server's --metrics-sample-rate, above 0 and up to 1
    #[arg(long, value_name = "RATE", value_parser = rate)]
    pub(crate) mp_metrics_sample_rate: Option<f64>,
    /// The server's --instance-id
    #[arg(long, value_name = "ID")]
    pub(crate) mp_service_instance_id: Option<String>,
    /// The server runs with --disable-observability
    #[arg(long, overrides_with = "mp_observability_enabled")]
    pub(crate) mp_observability_disabled: bool,
    /// The server runs without --disable-observability
    #[arg(long)]
    pub(crate) mp_observability_enabled: bool,
    /// The server runs with --disable-metrics
    #[arg(long, overrides_with = "mp_metrics_enabled")]
    pub(crate) mp_metrics_disabled: bool,
    /// The server runs without --disable-metrics
    #[arg(long)]
    pub(crate) mp_metrics_enabled: bool,
    /// The server runs with --disable-logging
    #[arg(long, overrides_with = "mp_logging_enabled")]
    pub(crate) mp_logging_disabled: bool,
    /// The server runs without --disable-logging
    #[arg(long)]
    pub(crate) mp_logging_enabled: bool,
    /// The server exports spans
    #[arg(long, overrides_with = "mp_tracing_disabled")]
    pub(crate) mp_tracing_enabled: bool,
    /// The server exports no spans
    #[arg(long)]
    pub(crate) mp_tracing_disabled: bool,
    /// The server records an .lct trace
    #[arg(long, overrides_with = "mp_trace_recording_disabled")]
    pub(crate) mp_trace_recording_enabled: bool,
    /// The server records no trace
    #[arg(long)]
    pub(crate) mp_trace_recording_disabled: bool,
}

impl MpArgs {
    pub(crate) fn declared(&self) -> MpDeclared {
        let of = |yes: bool, no: bool| match (yes, no) {
            (true, _) => Some(true),
            (_, true) => Some(false),
            _ => None,
        };
        MpDeclared {
            observability_disabled: of(
                self.mp_observability_disabled,
                self.mp_observability_enabled,
            ),
            metrics_disabled: of(self.mp_metrics_disabled, self.mp_metrics_enabled),
            logging_disabled: of(self.mp_logging_disabled, self.mp_logging_enabled),
            tracing_enabled: of(self.mp_tracing_enabled, self.mp_tracing_disabled),
            trace_recording_enabled: of(
                self.mp_trace_recording_enabled,
                self.mp_trace_recording_disabled,
            ),
            prometheus_port: self.mp_prometheus_port,
            event_bus_queue_size: self.mp_event_bus_queue_size,
            metrics_sample_rate: self.mp_metrics_sample_rate,
            service_instance_id: self.mp_service_instance_id.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExpectMode {
    /// Whatever runs
    Auto,
    /// A multiprocess server
    Mp,
    /// LMCache inside the engine
    Embedded,
    /// Both
    Mixed,
    /// A multiprocess server with CacheBlend
    Cacheblend,
    /// No LMCache
    None,
}

impl ExpectMode {
    pub(crate) fn mode(self) -> Option<Mode> {
        Some(match self {
            Self::Auto => return None,
            Self::Mp => Mode::Mp,
            Self::Embedded => Mode::Embedded,
            Self::Mixed => Mode::Mixed,
            Self::Cacheblend => Mode::Cacheblend,
            Self::None => Mode::None,
        })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailOnArg {
    /// Nothing
    Never,
    /// A mode other than the expected one
    ModeMismatch,
    /// Any failure reason
    MissingRequired,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CatalogCommand {
    /// All spellings, or those of one release
    List {
        /// Product
        #[arg(long, value_enum, default_value_t = ProductArg::Lmcache)]
        product: ProductArg,
        /// Only this release
        #[arg(long, value_parser = release)]
        release: Option<Release>,
        #[command(flatten)]
        common: Common,
    },
    /// The history of a signal or of a series name across releases
    Show {
        /// Signal id (mp.l1.evictions) or any name of it
        name: String,
        #[command(flatten)]
        common: Common,
    },
    /// What changes between two releases
    Diff {
        /// From
        #[arg(value_parser = release)]
        from: Release,
        /// To
        #[arg(value_parser = release)]
        to: Release,
        /// Product
        #[arg(long, value_enum, default_value_t = ProductArg::Lmcache)]
        product: ProductArg,
        #[command(flatten)]
        common: Common,
    },
    /// What on a page is unknown, renamed or gone
    Drift {
        /// Pages: files, directories or -
        #[arg(required = true, value_name = "SCRAPE")]
        scrapes: Vec<String>,
        /// LMCache release that is known to run
        #[arg(long, value_name = "RELEASE", value_parser = release)]
        release: Option<Release>,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProductArg {
    /// LMCache
    Lmcache,
    /// vLLM
    Vllm,
    /// SGLang
    Sglang,
}

impl ProductArg {
    pub(crate) fn product(self) -> Product {
        match self {
            Self::Lmcache => Product::Lmcache,
            Self::Vllm => Product::Vllm,
            Self::Sglang => Product::Sglang,
        }
    }
}

fn release(text: &str) -> Result<Release, String> {
    text.parse().map_err(|e: lmcache_prom::contract::ReleaseError| e.to_string())
}

fn rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(n) if n > 0.0 && n <= 1.0 => Ok(n),
        _ => Err("a number above 0 and up to 1 is needed".into()),
    }
}

pub(crate) fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        // Thirty years of seconds: more is no time that can be waited for.
        Ok(n) if n > 0.0 && n <= 1e9 => Ok(n),
        _ => Err("a number above zero and up to 1e9 is needed".into()),
    }
}
