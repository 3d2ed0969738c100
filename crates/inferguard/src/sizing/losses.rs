//! Loads and stores that failed, and evictions that no simulation knows of, as the server's counters
//! and logs tell.

use cache_sizing::Reason;
use diagnosis_rules::View;
use serde::Serialize;

/// What a count is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// Chunks that a lookup counts as missed.
    Chunks,
    /// Chunks that a lookup counted as hit before their load failed.
    ChunksCountedAsHit,
    /// Calls, each of one request.
    Calls,
}

/// Chunks that were lost in one way.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loss {
    /// `load_failed`, `store_failed` or `capacity`.
    pub reason: Reason,
    /// How many.
    pub count: f64,
    /// Of what.
    pub of: Of,
    /// Who says so: a signal, or an event of a log.
    pub because: String,
}

/// Signals that count chunks.
const SIGNALS: &[(&str, Reason, Of)] = &[
    ("mp.l2.prefetch_failure", Reason::LoadFailed, Of::Chunks),
    ("mp.l1.read_failure", Reason::LoadFailed, Of::ChunksCountedAsHit),
    ("mp.l2.store_failed_keys", Reason::StoreFailed, Of::Chunks),
    // L2 is simulated without a limit: adapters rarely tell theirs.
    ("mp.l2.evictions", Reason::Capacity, Of::Chunks),
];

/// Signals of what began and what ended well: the difference failed.
const DIFFERENCES: &[(&str, &str, Reason)] =
    &[("mp.l2.store_submitted_objects", "mp.l2.store_completed_objects", Reason::StoreFailed)];

/// Events of a server's log, and of an engine's where it talks to one: each is one call.
const EVENTS: &[(&str, Reason)] = &[
    ("mp.retrieve_exc", Reason::LoadFailed),
    ("mp.retrieve_missing", Reason::LoadFailed),
    ("mp.prefetched_read_error", Reason::LoadFailed),
    ("mp.l2.prefetch_failed_start", Reason::LoadFailed),
    ("mp.l2.fs_load", Reason::LoadFailed),
    ("mp.l2.nixl_load_failed", Reason::LoadFailed),
    ("mp.l2.adapter_load_failed", Reason::LoadFailed),
    ("p2p.load_timeout", Reason::LoadFailed),
    ("mp_connector.retrieve_err", Reason::LoadFailed),
    ("mp_connector.load_bypass", Reason::LoadFailed),
    ("mp.store_exc", Reason::StoreFailed),
    ("mp.store_underflow", Reason::StoreFailed),
    ("mp.l2.store_failed", Reason::StoreFailed),
    ("mp.l2.submit_failed", Reason::StoreFailed),
    ("mp.l2.fs_store", Reason::StoreFailed),
    ("mp.l2.nixl_failed", Reason::StoreFailed),
    ("mp.l2.adapter_store_failed", Reason::StoreFailed),
    ("mp_connector.store_err", Reason::StoreFailed),
];

/// Every sort that is told, those of counters first.
pub(crate) fn told(view: &View<'_>) -> Vec<Loss> {
    let sum =
        |signal: &str| view.targets.iter().filter_map(|t| t.total(signal)).reduce(|a, b| a + b);
    let mut out = Vec::new();
    let mut add = |reason, count: f64, of, because: String| {
        if count > 0.0 {
            out.push(Loss { reason, count, of, because });
        }
    };
    for (signal, reason, of) in SIGNALS {
        add(*reason, sum(signal).unwrap_or(0.0), *of, (*signal).to_owned());
    }
    for (began, ended, reason) in DIFFERENCES {
        // Adapters share the beginnings: with two of them the difference is not a count.
        let one = view.targets.iter().all(|t| t.series(ended).len() <= 1);
        if let (Some(all), Some(well), true) = (sum(began), sum(ended), one) {
            add(*reason, all - well, Of::Chunks, format!("{began} without {ended}"));
        }
    }
    for (event, reason) in EVENTS {
        let count: u64 = view.events(&[event]).map(|e| e.stat.count).sum();
        add(*reason, count as f64, Of::Calls, format!("log event {event}"));
    }
    out
}

/// At most so many tokens of missed chunks are of each reason: counters tell chunks, and a call of
/// a log has at most the longest prompt's.
pub(crate) fn limits(losses: &[Loss], chunk_tokens: u64, longest: u64) -> [(Reason, u64); 3] {
    [Reason::LoadFailed, Reason::StoreFailed, Reason::Capacity]
        .map(|reason| (reason, at_most(losses, reason, chunk_tokens, longest)))
}

fn at_most(losses: &[Loss], reason: Reason, chunk_tokens: u64, longest_tokens: u64) -> u64 {
    let tokens = |of: Of, each: u64| {
        let of_it = losses.iter().filter(|f| f.reason == reason && f.of == of);
        // Two counters may count the same failure: the larger is enough.
        super::whole(of_it.map(|f| f.count).fold(0.0, f64::max) * each as f64)
    };
    tokens(Of::Chunks, chunk_tokens).max(tokens(Of::Calls, longest_tokens))
}

/// Tokens that the lookup counter holds as hit and whose load failed afterwards.
pub(crate) fn lost_after_hit(losses: &[Loss], chunk_tokens: u64) -> u64 {
    let of_it = losses.iter().filter(|f| f.of == Of::ChunksCountedAsHit);
    super::whole(of_it.map(|f| f.count).sum::<f64>() * chunk_tokens as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn loss(reason: Reason, count: f64, of: Of) -> Loss {
        Loss { reason, count, of, because: String::new() }
    }

    #[test]
    fn bounds_take_the_larger_of_two_tellings() {
        let all = [
            loss(Reason::LoadFailed, 3.0, Of::Chunks),
            loss(Reason::LoadFailed, 1.0, Of::Calls),
            loss(Reason::LoadFailed, 2.0, Of::ChunksCountedAsHit),
            loss(Reason::StoreFailed, 2.0, Of::Calls),
        ];
        assert_eq!(at_most(&all, Reason::LoadFailed, 256, 1024), 1024);
        assert_eq!(at_most(&all, Reason::LoadFailed, 256, 512), 768);
        assert_eq!(at_most(&all, Reason::StoreFailed, 256, 512), 1024);
        assert_eq!(at_most(&all, Reason::Capacity, 256, 512), 0);
        assert_eq!(lost_after_hit(&all, 256), 512);
    }
}
