//! What `collect-lmcache` is asked for, and what it gives.

use std::path::PathBuf;
use std::time::Duration;

use super::manifest::PacketManifest;
use crate::fetch::{Credentials, FetchLimits};
use crate::report::{CompatReport, Options};

/// A file or directory that the user names for a purpose.
#[derive(Debug, Clone)]
pub struct NamedFile {
    /// Name in the manifest: `engine_metrics`, `lmcache_health`, `engine_log`, ...
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
    /// Name in the packet.
    pub file: String,
}

/// One URL that the user names for a purpose.
#[derive(Debug, Clone)]
pub struct NamedUrl {
    /// Name in the manifest.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Name in the packet.
    pub file: String,
    /// Whether it is a metrics page, which is scraped as often as samples are wanted.
    pub page: bool,
}

/// A server of which the tool finds out what it answers.
#[derive(Debug, Clone)]
pub struct ServerUrl {
    /// `lmcache` or `engine`.
    pub engine: bool,
    /// Role that the user gives it.
    pub role: Option<String>,
    /// Its address.
    pub url: String,
    /// Whether its metrics page is wanted, too.
    pub metrics: bool,
    /// Whether only the established routes are asked.
    pub established_only: bool,
}

/// What is to be collected.
#[derive(Debug, Clone, Default)]
pub struct LmcacheRequest {
    /// Destination.
    pub output_dir: PathBuf,
    /// Replace an earlier packet.
    pub force: bool,
    /// Files.
    pub files: Vec<NamedFile>,
    /// URLs with a purpose of their own.
    pub urls: Vec<NamedUrl>,
    /// Servers.
    pub servers: Vec<ServerUrl>,
    /// A periodic thread whose own route is asked.
    pub thread_name: Option<String>,
    /// Local processes.
    pub pids: Vec<(u32, Option<String>)>,
    /// Scrapes of each metrics page.
    pub samples: u32,
    /// Time between them.
    pub interval: Duration,
    /// Deadline of one exchange.
    pub limits: FetchLimits,
    /// What is sent along.
    pub credentials: Credentials,
    /// Read `/env` through the allow-list.
    pub include_env: bool,
    /// Write everything as it is.
    pub no_redact: bool,
    /// What the user declares.
    pub options: Options,
}

/// What was collected.
#[derive(Debug)]
pub struct Collected {
    /// The manifest, as written.
    pub manifest: PacketManifest,
    /// The compatibility report, as written.
    pub report: CompatReport,
    /// Whether anything that can be used is in the packet.
    pub usable: bool,
}
