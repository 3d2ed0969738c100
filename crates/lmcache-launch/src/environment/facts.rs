//! The types of facts about hosts and clusters, and the sum of all facts.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::observed::{
    CaptureEvent, EngineFact, Listing, Probe, Query, ScrapeJob, ScrapeTarget, ScraperMessage,
    Workload,
};
use super::requests::RequestsSummary;
use crate::place::{How, Place};

/// An installed package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Package {
    /// Name as pip compares it: lower case, dashes.
    pub name: String,
    /// Version, with its build tag (`2.8.0+cu129`).
    pub version: String,
    /// Measured from a package list, inferred from an image's tag.
    pub how: How,
    /// Where it stands.
    pub place: Place,
}

/// A container of a pod.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Container {
    /// Name.
    pub name: String,
    /// Image.
    pub image: Option<String>,
    /// It runs before the others.
    pub init: bool,
    /// Limits by resource, as numbers (bytes, cores, devices).
    pub limits: BTreeMap<String, f64>,
    /// Requests by resource.
    pub requests: BTreeMap<String, f64>,
    /// Names of claimed devices (dynamic resource allocation).
    pub claims: Vec<String>,
    /// Privileged.
    pub privileged: Option<bool>,
    /// Added capabilities.
    pub capabilities: Vec<String>,
    /// Mount paths to volume names.
    pub mounts: BTreeMap<String, String>,
    /// Probes by name (`liveness`, `readiness`, `startup`): timeout and threshold in seconds.
    pub probes: BTreeMap<String, Value>,
    /// Ready, where the status is there.
    pub ready: Option<bool>,
    /// Restarts, where the status is there.
    pub restarts: Option<u64>,
    /// Reason of the current waiting or terminated state.
    pub state: Option<String>,
    /// Reason of the last termination (`OOMKilled`).
    pub last_state: Option<String>,
    /// Exit code of the last termination.
    pub last_exit_code: Option<i64>,
}

/// A pod, or the template of pods.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Pod {
    /// Kind of the object (`Pod`, `Deployment`, ...), where it says so.
    pub kind: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// Replicas.
    pub replicas: Option<u64>,
    /// `hostIPC`; `None` where it isn't said (Kubernetes: false).
    pub host_ipc: Option<bool>,
    /// `hostPID`.
    pub host_pid: Option<bool>,
    /// `hostNetwork`.
    pub host_network: Option<bool>,
    /// Pod-wide claims of devices.
    pub claims: Vec<String>,
    /// Volumes by name: their kind (`emptyDir`, `hostPath`, ...) and size limit in bytes.
    pub volumes: BTreeMap<String, Value>,
    /// Node it runs on.
    pub node: Option<String>,
    /// Phase (`Running`, `Failed`).
    pub phase: Option<String>,
    /// Reason of the phase (`Evicted`).
    pub reason: Option<String>,
    /// Address of the pod.
    pub ip: Option<String>,
    /// Containers.
    pub containers: Vec<Container>,
    /// Annotations that ask Prometheus to scrape it: `prometheus.io/scrape`, `port`, `path`.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub scrape: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// A Kubernetes event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Event {
    /// `Warning` or `Normal`.
    pub kind: String,
    /// Reason.
    pub reason: String,
    /// Object it is about.
    pub object: String,
    /// Message, redacted.
    pub message: String,
    /// How often.
    pub count: u64,
    /// Resource the message names as scarce (`ephemeral-storage`, `memory`).
    pub resource: Option<String>,
    /// Bytes the message says were used.
    pub used_bytes: Option<u64>,
    /// Last seen, as written.
    pub last_seen: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A number of the host: memory, shared memory, control groups, CPUs. Name to bytes or count.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct HostFact {
    /// `memory.total_bytes`, `memory.available_bytes`, `shm.total_bytes`, `hugepages.free`,
    /// `cgroup.memory_max_bytes`, `cpus`, `kernel`, ...
    pub name: String,
    /// Value.
    pub value: Value,
    /// Where it stands.
    pub place: Place,
}

/// A resource limit of a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Limit {
    /// `memlock`, `nofile`, `stack`, `fsize`, ... as in limits.conf.
    pub name: String,
    /// Soft limit; `None` is unlimited. Bytes where it is a size.
    pub soft: Option<u64>,
    /// Hard limit; `None` is unlimited or not said.
    pub hard: Option<u64>,
    /// Where it stands.
    pub place: Place,
}

/// A file system.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Disk {
    /// Device or type.
    pub device: String,
    /// Where it is mounted.
    pub mount: String,
    /// Size in bytes.
    pub total_bytes: u64,
    /// Used bytes.
    pub used_bytes: u64,
    /// Available bytes.
    pub available_bytes: u64,
    /// Where it stands.
    pub place: Place,
}

/// A socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Socket {
    /// `tcp`, `udp`, `unix`.
    pub protocol: String,
    /// `LISTEN`, `ESTAB`, `SYN-SENT`, ...
    pub state: String,
    /// Local address.
    pub local: String,
    /// Local port.
    pub local_port: Option<u16>,
    /// Peer's address.
    pub peer: Option<String>,
    /// Peer's port.
    pub peer_port: Option<u16>,
    /// Bytes that wait to be read.
    pub receive_queue: Option<u64>,
    /// Bytes that wait to be sent.
    pub send_queue: Option<u64>,
    /// Process, where it is shown.
    pub process: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// A kernel message that tells of trouble.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct KernelFact {
    /// `oom-kill`, `gpu-xid`, `segfault`, ... (`tables/kernel.tsv`).
    pub code: String,
    /// Name of the process.
    pub process: Option<String>,
    /// Its number.
    pub pid: Option<u64>,
    /// Resident anonymous memory in bytes.
    pub rss_bytes: Option<u64>,
    /// Device or number the message names.
    pub detail: Option<String>,
    /// How often.
    pub count: u64,
    /// The message, redacted.
    pub example: String,
    /// Where the first one stands.
    pub place: Place,
}

/// A node's resources.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct NodeFacts {
    /// Name.
    pub name: Option<String>,
    /// Allocatable by resource, as numbers (bytes, cores, devices).
    pub allocatable: BTreeMap<String, f64>,
    /// Capacity by resource.
    pub capacity: BTreeMap<String, f64>,
    /// Conditions by type: status.
    pub conditions: BTreeMap<String, String>,
    /// Where it stands.
    pub place: Place,
}

/// A GPU.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Gpu {
    /// Index.
    pub index: Option<u64>,
    /// Name.
    pub name: Option<String>,
    /// Memory in bytes.
    pub memory_total_bytes: Option<u64>,
    /// Used memory in bytes.
    pub memory_used_bytes: Option<u64>,
    /// Use in percent.
    pub utilization_percent: Option<f64>,
    /// Driver.
    pub driver: Option<String>,
    /// CUDA version of the driver.
    pub cuda: Option<String>,
    /// Where it stands.
    pub place: Place,
}

/// All facts.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EnvironmentEvidence {
    /// Installed packages.
    pub packages: Vec<Package>,
    /// Pods.
    pub pods: Vec<Pod>,
    /// Kubernetes events.
    pub events: Vec<Event>,
    /// Numbers of hosts.
    pub host: Vec<HostFact>,
    /// Limits of processes.
    pub limits: Vec<Limit>,
    /// File systems.
    pub disks: Vec<Disk>,
    /// Sockets.
    pub sockets: Vec<Socket>,
    /// Kernel messages.
    pub kernel: Vec<KernelFact>,
    /// Nodes.
    pub nodes: Vec<NodeFacts>,
    /// GPUs.
    pub gpus: Vec<Gpu>,
    /// Targets as Prometheus sees them.
    pub targets: Vec<ScrapeTarget>,
    /// Jobs of a Prometheus configuration.
    pub scrape_jobs: Vec<ScrapeJob>,
    /// The scraper's log.
    pub scraper_log: Vec<ScraperMessage>,
    /// Queries of dashboards and rules.
    pub queries: Vec<Query>,
    /// Request logs.
    pub requests: Vec<RequestsSummary>,
    /// Loads.
    pub workloads: Vec<Workload>,
    /// Attempts of a collector.
    pub probes: Vec<Probe>,
    /// What a capture did.
    pub capture: Vec<CaptureEvent>,
    /// Listings of files.
    pub listings: Vec<Listing>,
    /// Facts from engines' answers.
    pub engine: Vec<EngineFact>,
}

impl EnvironmentEvidence {
    /// Adds the facts of another artifact.
    pub fn extend(&mut self, other: EnvironmentEvidence) {
        self.packages.extend(other.packages);
        self.pods.extend(other.pods);
        self.events.extend(other.events);
        self.host.extend(other.host);
        self.limits.extend(other.limits);
        self.disks.extend(other.disks);
        self.sockets.extend(other.sockets);
        self.kernel.extend(other.kernel);
        self.nodes.extend(other.nodes);
        self.gpus.extend(other.gpus);
        self.targets.extend(other.targets);
        self.scrape_jobs.extend(other.scrape_jobs);
        self.scraper_log.extend(other.scraper_log);
        self.queries.extend(other.queries);
        self.requests.extend(other.requests);
        self.workloads.extend(other.workloads);
        self.probes.extend(other.probes);
        self.capture.extend(other.capture);
        self.listings.extend(other.listings);
        self.engine.extend(other.engine);
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        *self == EnvironmentEvidence::default()
    }

    /// A package by its name, compared as pip does; a measured one before an inferred one.
    pub fn package(&self, name: &str) -> Option<&Package> {
        let name = package_name(name);
        self.packages.iter().filter(|p| p.name == name).min_by_key(|p| p.how)
    }

    /// A number of the host by its name.
    pub fn host(&self, name: &str) -> Option<&Value> {
        self.host.iter().find(|f| f.name == name).map(|f| &f.value)
    }

    /// Names of series that dashboards and rules ask for, each once.
    pub fn queried_metrics(&self) -> Vec<&str> {
        let mut names: Vec<&str> =
            self.queries.iter().flat_map(|q| &q.metrics).map(String::as_str).collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A package's name as pip compares it.
pub(crate) fn package_name(name: &str) -> String {
    let mut out = String::new();
    for c in name.trim().chars() {
        let c = if matches!(c, '_' | '.') { '-' } else { c.to_ascii_lowercase() };
        if !(c == '-' && out.ends_with('-')) {
            out.push(c);
        }
    }
    out
}
