//! Arguments of the collectors.

use std::path::PathBuf;

use clap::Args;

use super::{Declared, ExpectMode, MpArgs, positive};

/// Declares a URL and a file argument for each route of the established packet.
macro_rules! routes {
    ($($(#[$doc:meta])* ($url:ident, $file:ident, $name:literal, $to:literal)),* $(,)?) => {
        /// Single routes, each by URL or as a saved answer (the file wins).
        #[derive(Debug, Args)]
        pub(crate) struct RouteArgs {
            $(
                $(#[$doc])*
                #[arg(long, value_name = "URL", help_heading = "Single routes")]
                pub(crate) $url: Option<String>,
                #[doc = concat!("Saved answer of the route ", $name)]
                #[arg(long, value_name = "FILE", help_heading = "Single routes")]
                pub(crate) $file: Option<PathBuf>,
            )*
        }

        impl RouteArgs {
            /// Name, URL, file and name in the packet of each.
            pub(crate) fn each(&self) -> Vec<(&'static str, Option<&String>, Option<&PathBuf>, &'static str)> {
                vec![$(($name, self.$url.as_ref(), self.$file.as_ref(), $to)),*]
            }
        }
    };
}

routes! {
    /// URL of the health route
    (lmcache_health_url, lmcache_health_file, "lmcache_health", "lmcache_health.txt"),
    /// URL of the status route
    (lmcache_status_url, lmcache_status_file, "lmcache_status", "lmcache_status.txt"),
    /// URL of the configuration
    (lmcache_conf_url, lmcache_conf_file, "lmcache_conf", "lmcache_conf.txt"),
    /// URL of the threads
    (lmcache_threads_url, lmcache_threads_file, "lmcache_threads", "lmcache_threads.txt"),
    /// URL of the periodic threads
    (lmcache_periodic_threads_url, lmcache_periodic_threads_file, "lmcache_periodic_threads", "lmcache_periodic_threads.txt"),
    /// URL of one periodic thread
    (lmcache_periodic_thread_url, lmcache_periodic_thread_file, "lmcache_periodic_thread", "lmcache_periodic_thread.txt"),
    /// URL of the periodic threads' health
    (lmcache_periodic_threads_health_url, lmcache_periodic_threads_health_file, "lmcache_periodic_threads_health", "lmcache_periodic_threads_health.txt"),
    /// URL of the version
    (lmcache_version_url, lmcache_version_file, "lmcache_version", "lmcache_version.txt"),
    /// URL of LMCache's own version
    (lmcache_lmc_version_url, lmcache_lmc_version_file, "lmcache_lmc_version", "lmcache_lmc_version.txt"),
    /// URL of the commit id
    (lmcache_commit_id_url, lmcache_commit_id_file, "lmcache_commit_id", "lmcache_commit_id.txt"),
    /// URL of the quotas
    (lmcache_quota_url, lmcache_quota_file, "lmcache_quota", "lmcache_quota.txt"),
}

/// How endpoints are asked.
#[derive(Debug, Args)]
pub(crate) struct NetArgs {
    /// Seconds that one exchange may take
    #[arg(long, default_value_t = 10.0, value_name = "S", value_parser = positive)]
    pub(crate) timeout_seconds: f64,
    /// Header to send, as NAME: VALUE (repeatable; never written)
    #[arg(long, value_name = "HEADER", value_parser = header)]
    pub(crate) header: Vec<(String, String)>,
    /// File with a token to send as bearer authorisation (never written)
    #[arg(long, value_name = "FILE")]
    pub(crate) bearer_token_file: Option<PathBuf>,
    /// File with certificates (PEM) of the authorities to trust
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct CollectLmcacheArgs {
    /// Directory of the packet: created, or added to where it holds no packet yet
    #[arg(long, value_name = "DIR")]
    pub(crate) output_dir: PathBuf,
    /// Replace the packet of an earlier run
    #[arg(long)]
    pub(crate) force: bool,
    /// LMCache server: its metrics and every safe route that its release has (repeatable; ROLE=URL)
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) lmcache_url: Vec<String>,
    /// Engine: its metrics and safe routes (repeatable; ROLE=URL, such as prefill=http://..)
    #[arg(long, value_name = "[ROLE=]URL")]
    pub(crate) engine_url: Vec<String>,
    /// Metrics page of the engine
    #[arg(long, value_name = "URL")]
    pub(crate) engine_metrics_url: Option<String>,
    /// Metrics page of LMCache
    #[arg(long, value_name = "URL")]
    pub(crate) lmcache_metrics_url: Option<String>,
    /// Saved metrics page of the engine (wins over the URL)
    #[arg(long, value_name = "FILE")]
    pub(crate) engine_metrics_file: Option<PathBuf>,
    /// Saved metrics page of LMCache (wins over the URL)
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_metrics_file: Option<PathBuf>,
    /// LMCache's HTTP API, without its metrics
    #[arg(long, value_name = "URL")]
    pub(crate) lmcache_http_base_url: Option<String>,
    /// Periodic thread whose own route is asked, too
    #[arg(long, value_name = "NAME")]
    pub(crate) lmcache_http_thread_name: Option<String>,
    #[command(flatten)]
    pub(crate) routes: RouteArgs,
    /// Log of the engine
    #[arg(long, value_name = "FILE")]
    pub(crate) engine_log_file: Option<PathBuf>,
    /// Log of LMCache
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_log_file: Option<PathBuf>,
    /// Anything else that tells: pod specs, environments, host facts, request logs; a directory takes
    /// all below it; repeatable
    #[arg(long, value_name = "PATH")]
    pub(crate) file: Vec<PathBuf>,
    /// Storage trace (.lct)
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_trace_file: Option<PathBuf>,
    /// Spans
    #[arg(long, value_name = "FILE")]
    pub(crate) lmcache_otel_file: Option<PathBuf>,
    /// Output of LMCache's trace tools: file or directory
    #[arg(long, value_name = "PATH")]
    pub(crate) lmcache_trace_replay_output: Option<PathBuf>,
    /// Lookup-hash log: file or directory
    #[arg(long, value_name = "PATH")]
    pub(crate) lmcache_lookup_hash_path: Option<PathBuf>,
    /// Boundary evidence
    #[arg(long, value_name = "FILE", alias = "lmcache-l0-boundary-evidence-file")]
    pub(crate) lmcache_cacheblend_boundary_evidence_file: Option<PathBuf>,
    /// Local process whose command line is read, and of its environment what is harmless
    /// (repeatable; ROLE=PID)
    #[arg(long, value_name = "[ROLE=]PID")]
    pub(crate) pid: Vec<String>,
    /// Read GET /env, through an allow-list
    #[arg(long)]
    pub(crate) include_env: bool,
    /// Scrapes of each metrics page
    #[arg(long, default_value_t = 2, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) samples: u32,
    /// Seconds between two scrapes
    #[arg(long, default_value_t = 5.0, value_name = "S", value_parser = positive)]
    pub(crate) interval_seconds: f64,
    /// Write everything as it is: the packet then holds whatever the sources hold
    #[arg(long)]
    pub(crate) no_redact: bool,
    /// Mode that should run
    #[arg(long, value_enum, default_value_t = ExpectMode::Auto)]
    pub(crate) expect_mode: ExpectMode,
    #[command(flatten)]
    pub(crate) mp: MpArgs,
    #[command(flatten)]
    pub(crate) declared: Declared,
    #[command(flatten)]
    pub(crate) net: NetArgs,
    /// Print the manifest as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn header(text: &str) -> Result<(String, String), String> {
    match text.split_once(':') {
        Some((name, value)) if !name.trim().is_empty() => {
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        }
        _ => Err("NAME: VALUE is needed".into()),
    }
}

/// Takes `ROLE=` off a value. A role is a name; what holds `://` before the `=` is a URL.
pub(crate) fn role(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((role, rest)) if is_role(role) => (Some(role), rest),
        _ => (None, text),
    }
}

fn is_role(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 64
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

#[cfg(test)]
mod tests {
    use super::role;

    #[test]
    fn roles_are_told_from_urls() {
        assert_eq!(role("prefill=http://h/x?a=b"), (Some("prefill"), "http://h/x?a=b"));
        assert_eq!(role("http://h/x?a=b"), (None, "http://h/x?a=b"));
        assert_eq!(role("../x=http://h"), (None, "../x=http://h"));
    }
}
