//! A replay and its figures.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::ReplayKind;
use crate::header::{DigestState, Header};

/// One operation's latency in one replay, in milliseconds. A field is `None` where the
/// files do not say it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OpLatency {
    /// Calls that went through.
    pub count: u64,
    /// Calls that failed.
    pub errors: Option<u64>,
    /// Mean.
    pub mean_ms: Option<f64>,
    /// Median. LMCache takes the row at index ⌊q·n⌋ of the sorted rows, without
    /// interpolation; so does this crate where it has the rows.
    pub p50_ms: Option<f64>,
    /// 90th percentile.
    pub p90_ms: Option<f64>,
    /// 99th percentile.
    pub p99_ms: Option<f64>,
    /// Smallest.
    pub min_ms: Option<f64>,
    /// Largest.
    pub max_ms: Option<f64>,
}

/// What a replay said of the configuration it ran with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DigestVerdict {
    /// It printed `match`.
    pub matches: bool,
    /// First digits of the trace's digest.
    pub recorded: String,
    /// First digits of the replay's own digest, where they differ.
    pub replayed: Option<String>,
}

/// What a [`DigestVerdict`] means, given the trace's header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum DigestMeaning {
    /// The replay ran with the recorded configuration.
    SameConfiguration,
    /// The replay ran with another configuration.
    OtherConfiguration,
    /// Nothing can be said: the recorded configuration holds a memory address, so that
    /// the digest differs between runs of one configuration (with an L2 adapter).
    CannotTell,
    /// The verdict is about another trace.
    OtherTrace,
}

impl DigestVerdict {
    /// What the verdict means for the trace with this header.
    pub fn meaning(&self, header: &Header) -> DigestMeaning {
        self.meaning_for(&header.sm_config_digest, header.digest_state())
    }

    /// As [`DigestVerdict::meaning`], from a trace's digest and its state.
    pub fn meaning_for(&self, digest: &str, state: DigestState) -> DigestMeaning {
        if self.recorded.is_empty() || !digest.starts_with(&self.recorded) {
            DigestMeaning::OtherTrace
        } else if self.matches {
            DigestMeaning::SameConfiguration
        } else if state == DigestState::HoldsAddress {
            DigestMeaning::CannotTell
        } else {
            DigestMeaning::OtherConfiguration
        }
    }
}

/// One replay of a storage trace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct ReplayRun {
    /// The files that told of it.
    pub files: Vec<String>,
    /// What they are, in the same order.
    pub kinds: Vec<ReplayKind>,
    /// Duration in seconds.
    pub duration_s: Option<f64>,
    /// Level of the trace.
    pub level: Option<String>,
    /// Name of the trace, as the tool was given it.
    pub trace: Option<String>,
    /// Records in the trace.
    pub records_total: Option<u64>,
    /// Records replayed.
    pub records_replayed: Option<u64>,
    /// Records skipped: their operation or a codec tag is not known to the replaying
    /// release.
    pub records_skipped: Option<u64>,
    /// Records that failed.
    pub records_failed: Option<u64>,
    /// Rows of JSON lines.
    pub rows_seen: u64,
    /// Of these, rows that failed; skipped ones are among them (with a latency of 0).
    pub failed_rows: u64,
    /// Of these, rows with a latency of 0: skipped.
    pub skipped_rows: u64,
    /// The verdict on the configuration.
    pub digest: Option<DigestVerdict>,
    /// Latency by operation (qualified names where they are known).
    pub ops: BTreeMap<String, OpLatency>,
}

/// One replay of a cache-event trace (LMCache 0.5.6).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EventsReplay {
    /// The files that told of it.
    pub files: Vec<String>,
    /// Trace files replayed.
    pub trace_files: Option<u64>,
    /// Servers in them.
    pub servers: Option<u64>,
    /// Records in them.
    pub records: Option<u64>,
    /// Batches delivered to the coordinator.
    pub batches_delivered: Option<u64>,
    /// Batches that it applied.
    pub batches_applied: Option<u64>,
    /// Batches that it had already.
    pub batches_duplicate: Option<u64>,
    /// Batches that were older than what it had.
    pub batches_stale: Option<u64>,
    /// Start marks.
    pub start_marks: Option<u64>,
    /// Stop marks.
    pub stop_marks: Option<u64>,
    /// Streams that end without a stop mark.
    pub streams_cut: Option<u64>,
    /// Records skipped.
    pub records_skipped: Option<u64>,
    /// Duration in seconds.
    pub duration_s: Option<f64>,
}

impl EventsReplay {
    pub(super) fn same_run(&self, other: &EventsReplay) -> bool {
        let bare = |run: &EventsReplay| EventsReplay { files: Vec::new(), ..run.clone() };
        bare(self) == bare(other)
    }
}
