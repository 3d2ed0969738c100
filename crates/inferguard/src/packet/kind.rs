//! Kinds of artifacts.

use serde::Serialize;

/// What an artifact is, recognised by its content first and its name second.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ArtifactKind {
    /// A Prometheus or OpenMetrics page.
    PrometheusText,
    /// OTLP metrics (JSON lines or protobuf).
    OtlpMetrics,
    /// OTLP spans (JSON lines or protobuf).
    OtlpSpans,
    /// Evidence of spans that was read before (`lmcache_otel_evidence.json`).
    SpanEvidence,
    /// An LMCache `.lct` trace.
    Lct,
    /// Evidence of a trace that was read before (`lmcache_trace_evidence.json`).
    TraceEvidence,
    /// Output of `lmcache trace info` or `replay`.
    TraceReplay,
    /// Evidence of replays that was read before (`lmcache_trace_replay_evidence.json`).
    ReplayEvidence,
    /// A log.
    Log,
    /// Evidence of a log that was read before (`lmcache_log_evidence.json`).
    LogEvidence,
    /// LMCache's lookup-hash log.
    LookupHash,
    /// Evidence of lookup hashes that was read before.
    LookupHashEvidence,
    /// Rows about the boundary between engine and CacheBlend.
    Boundary,
    /// An answer of an HTTP API.
    HttpAnswer,
    /// Evidence of answers that was read before (`lmcache_http_evidence.json`).
    HttpEvidence,
    /// A command line with its environment.
    Command,
    /// A configuration file.
    Config,
    /// An environment dump.
    Environment,
    /// A request or workload log of the client.
    Requests,
    /// Facts about the host or the cluster.
    Host,
    /// A packet's own manifest or index: it says where things came from and is no evidence.
    Manifest,
    /// A report that this tool made of a packet: it is no evidence.
    Report,
    /// Labels made by people about a packet: never read.
    Labels,
    /// A file without content.
    Empty,
    /// Nothing that this version recognises.
    Unknown,
}

impl ArtifactKind {
    /// The word used in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PrometheusText => "prometheus_text",
            Self::OtlpMetrics => "otlp_metrics",
            Self::OtlpSpans => "otlp_spans",
            Self::SpanEvidence => "span_evidence",
            Self::Lct => "lct",
            Self::TraceEvidence => "trace_evidence",
            Self::TraceReplay => "trace_replay",
            Self::ReplayEvidence => "replay_evidence",
            Self::Log => "log",
            Self::LogEvidence => "log_evidence",
            Self::LookupHash => "lookup_hash",
            Self::LookupHashEvidence => "lookup_hash_evidence",
            Self::Boundary => "boundary",
            Self::HttpAnswer => "http_answer",
            Self::HttpEvidence => "http_evidence",
            Self::Command => "command",
            Self::Config => "config",
            Self::Environment => "environment",
            Self::Requests => "requests",
            Self::Host => "host",
            Self::Manifest => "manifest",
            Self::Report => "report",
            Self::Labels => "labels",
            Self::Empty => "empty",
            Self::Unknown => "unknown",
        }
    }

    /// Whether this version reads what the artifact says.
    pub const fn is_read(self) -> bool {
        matches!(
            self,
            Self::PrometheusText
                | Self::OtlpMetrics
                | Self::OtlpSpans
                | Self::SpanEvidence
                | Self::Lct
                | Self::TraceEvidence
                | Self::TraceReplay
                | Self::ReplayEvidence
                | Self::Boundary
                | Self::Command
                | Self::Config
                | Self::Environment
                | Self::Requests
                | Self::Host
                | Self::Manifest
                | Self::HttpAnswer
                | Self::HttpEvidence
                | Self::Log
                | Self::LogEvidence
                | Self::LookupHash
                | Self::LookupHashEvidence
        )
    }

    /// The lane of the coverage model that the artifact belongs to, if any.
    pub const fn lane(self) -> Option<&'static str> {
        Some(match self {
            Self::Boundary => "boundary",
            Self::HttpAnswer | Self::HttpEvidence => "http",
            Self::Log | Self::LogEvidence => "log",
            Self::Lct | Self::TraceEvidence => "lct",
            Self::OtlpSpans | Self::SpanEvidence => "otel",
            Self::TraceReplay | Self::ReplayEvidence => "trace_replay",
            Self::LookupHash | Self::LookupHashEvidence => "lookup_hash",
            _ => return None,
        })
    }
}
