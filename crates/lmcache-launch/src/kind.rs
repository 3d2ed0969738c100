//! The sorts of artifacts that the crate reads.

use std::fmt;

use serde::Serialize;

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// The sort of an artifact.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        #[non_exhaustive]
        pub enum Kind {
            $($(#[$doc])* $variant,)*
        }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Kind::$variant => $name,)* }
            }
        }
    };
}

kinds! {
    /// JSON with `argv` and, where known, `env`.
    Command = "command",
    /// A script, or lines of a shell.
    Shell = "shell",
    /// `/proc/PID/cmdline`.
    ProcCmdline = "proc-cmdline",
    /// `/proc/PID/environ`.
    ProcEnviron = "proc-environ",
    /// `NAME=value` lines.
    EnvText = "env-text",
    /// A JSON object of variables.
    EnvJson = "env-json",
    /// A table of `ps`.
    Ps = "ps",
    /// LMCache's configuration file.
    LmcacheConfig = "lmcache-config",
    /// vLLM's own configuration file (flags as YAML).
    EngineConfig = "engine-config",
    /// A `kv-transfer-config` alone.
    KvTransferConfig = "kv-transfer-config",
    /// vLLM's `/server_info`.
    VllmServerInfo = "vllm-server-info",
    /// SGLang's `/get_server_info`.
    SglangServerInfo = "sglang-server-info",
    /// Kubernetes objects: pods, deployments, lists, custom resources.
    Kubernetes = "kubernetes",
    /// Values of a Helm chart.
    HelmValues = "helm-values",
    /// `docker inspect`.
    DockerInspect = "docker-inspect",
    /// A compose file.
    Compose = "compose",
    /// A model's `config.json`.
    ModelConfig = "model-config",
    /// `pip freeze`, `pip list` and the like.
    Packages = "packages",
    /// A table of `kubectl get events`.
    EventsText = "events-text",
    /// Kubernetes events as JSON or YAML.
    EventsJson = "events-json",
    /// `kubectl describe`.
    Describe = "describe",
    /// Another table of `kubectl get`.
    KubectlGet = "kubectl-get",
    /// `/proc/meminfo` or `free`.
    Meminfo = "meminfo",
    /// `/proc/PID/limits` or `ulimit -a`.
    Limits = "limits",
    /// `df`.
    Df = "df",
    /// `ss` or `netstat`.
    Sockets = "sockets",
    /// `dmesg` or the kernel's journal.
    KernelLog = "kernel-log",
    /// `nvidia-smi`.
    NvidiaSmi = "nvidia-smi",
    /// A node's resources as JSON.
    Node = "node",
    /// Control groups, `uname`, `nproc`, `lscpu`: names and values.
    HostText = "host-text",
    /// Prometheus' targets API, or an answer of its query API about `up`.
    PrometheusTargets = "prometheus-targets",
    /// Prometheus' configuration.
    PrometheusConfig = "prometheus-config",
    /// Prometheus' log.
    PrometheusLog = "prometheus-log",
    /// A dashboard or a list of its queries.
    Dashboard = "dashboard",
    /// Alerting and recording rules.
    Rules = "rules",
    /// One JSON object a request.
    Requests = "requests",
    /// One CSV row a request.
    RequestsCsv = "requests-csv",
    /// A description or result of a load, as JSON.
    Workload = "workload",
    /// Results that a load generator prints.
    BenchmarkText = "benchmark-text",
    /// A collector's list of what it fetched.
    ProbeIndex = "probe-index",
    /// A capture's timeline: scrapes and processes, one JSON object a line.
    CaptureTimeline = "capture-timeline",
    /// A list of files and sizes.
    Listing = "listing",
    /// An engine's HTTP answer other than its server info.
    EngineAnswer = "engine-answer",
    /// Boundary events, one JSON object a line.
    Boundary = "boundary",
    /// A finished summary of boundary events.
    BoundarySummary = "boundary-summary",
}

impl Kind {
    /// The kind of this [name](Kind::name).
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|k| k.name() == name)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// How sure a recognition is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The name alone, or a look that others share: any other reader goes first.
    Weak,
    /// The content looks like it.
    Likely,
    /// The content has marks that nothing else has.
    Certain,
}

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Recognition {
    /// Its kind.
    pub kind: Kind,
    /// How sure.
    pub confidence: Confidence,
}
