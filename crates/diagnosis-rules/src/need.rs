//! Which evidence a rule needs, and how it is got.

use coverage_model::Mode;

use crate::view::View;

macro_rules! needs {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $settle:literal, $has:expr;)*) => {
        /// A kind of evidence that can answer a rule.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Need {
            $($(#[$doc])* $variant,)*
        }

        impl Need {
            /// Every kind.
            pub const ALL: &'static [Need] = &[$(Need::$variant,)*];

            /// The stable name.
            pub const fn name(self) -> &'static str {
                match self { $(Need::$variant => $name,)* }
            }

            /// What gets it.
            pub const fn settle(self) -> &'static str {
                match self { $(Need::$variant => $settle,)* }
            }

            /// Whether the evidence has it.
            pub fn is_met(self, view: &View<'_>) -> bool {
                let has: fn(&View<'_>) -> bool = match self { $(Need::$variant => $has,)* };
                has(view)
            }
        }
    };
}

needs! {
    /// A log of an engine.
    EngineLog = "engine_log", "the engine's log from its start (--engine-log-file FILE)",
        |v| v.logs.iter().any(|l| ["vllm.", "sglang.", "embedded.", "connector.", "mp_connector.", "hash."]
            .iter().any(|p| l.evidence.any(p)));
    /// A log of the LMCache server.
    ServerLog = "server_log", "the LMCache server's log (--lmcache-log-file FILE)",
        |v| v.logs.iter().any(|l| l.evidence.any("mp."));
    /// Any log.
    Log = "log", "the logs of engine and LMCache (--engine-log-file FILE --lmcache-log-file FILE)",
        |v| !v.logs.is_empty();
    /// A command line, environment or configuration file.
    Launch = "launch", "the launch line and environment of every process (/proc/PID/cmdline, /proc/PID/environ)",
        |v| v.launch.is_some_and(|l| !l.launch.is_empty());
    /// The LMCache server's metrics.
    ServerPage = "server_metrics", "the LMCache server's metrics, twice (curl http://HOST:8080/metrics)",
        |v| v.targets.iter().any(|t| t.any("mp.") || t.any("blend."));
    /// Metrics of LMCache inside an engine.
    EmbeddedPage = "embedded_metrics", "the engine's metrics with PROMETHEUS_MULTIPROC_DIR set, twice (curl http://HOST:8000/metrics)",
        |v| v.targets.iter().any(|t| t.any("embedded."));
    /// The engine's metrics.
    EnginePage = "engine_metrics", "the engine's metrics, twice (curl http://HOST:8000/metrics)",
        |v| v.targets.iter().any(|t| t.any("vllm.") || t.any("sglang."));
    /// Any metrics page.
    Page = "metrics", "a metrics page of every process, twice",
        |v| !v.targets.is_empty();
    /// The status of the LMCache server.
    Status = "status", "the answer of GET /status of the LMCache server",
        |v| v.statuses().next().is_some();
    /// Any answer of an HTTP API.
    Answers = "http", "the answers of the LMCache server's HTTP API",
        |v| v.http.iter().any(|row| row.evidence.endpoints.values().any(|e| e.present));
    /// Lookup hashes.
    Hashes = "lookup_hashes", "lookup hashes of the LMCache server (--lookup-hash-log-dir DIR)",
        |v| v.hashes.is_some_and(|h| h.row_count > 0);
    /// Requests, one a line.
    Requests = "requests", "the requests with their heads or salts, one JSON object a line",
        |v| v.launch.is_some_and(|l| !l.environment.requests.is_empty());
    /// Facts about the host or the cluster.
    Host = "host", "facts of the host: /proc/meminfo, df, kubectl describe, dmesg",
        |v| v.launch.is_some_and(|l| {
            let e = &l.environment;
            !(e.host.is_empty() && e.limits.is_empty() && e.disks.is_empty() && e.kernel.is_empty()
                && e.pods.is_empty() && e.events.is_empty() && e.nodes.is_empty())
        });
    /// What the scraper says.
    Scraper = "scraper", "Prometheus' log, targets or self metrics",
        |v| v.launch.is_some_and(|l| !(l.environment.scraper_log.is_empty() && l.environment.targets.is_empty()));
    /// Queries of dashboards and rules.
    Queries = "queries", "the dashboard's queries, or the alerting rules",
        |v| v.launch.is_some_and(|l| !l.environment.queries.is_empty());
    /// Spans.
    Spans = "spans", "spans of the LMCache server (--lmcache-otel-file FILE)",
        |v| !v.spans.is_empty();
    /// A storage trace.
    Trace = "trace", "a trace of the LMCache server (--trace-level storage --trace-output FILE.lct)",
        |v| !v.traces.is_empty();
}

impl Need {
    /// Whether processes of this mode have it: LMCache inside an engine has no server of its own,
    /// and one beside it counts nothing in the engine.
    pub(crate) fn exists_in(self, mode: Mode) -> bool {
        match self {
            Need::ServerPage | Need::ServerLog | Need::Status | Need::Hashes => {
                mode != Mode::Embedded
            }
            Need::EmbeddedPage => mode != Mode::Mp,
            _ => true,
        }
    }
}
