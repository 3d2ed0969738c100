//! What the reader of `capacity` has to know.

use cache_sizing::{Curve, Policy};

use super::{By, CapacityOptions};
use crate::sizing::Sized;

/// Points of the hit rate beyond which a simulation that differs from what was counted is told.
const FAR: f64 = 2.0;

pub(super) fn notes(
    sized: &Sized,
    curve: &Curve,
    asked: &CapacityOptions,
    simulated: bool,
    policy: Policy,
    off_by_points: Option<f64>,
) -> Vec<String> {
    let mut out = Vec::new();
    let mut add = |text: String| out.push(text);
    if !sized.bytes_known {
        add("the input does not tell how many bytes a chunk takes: every size counts chunks. \
             --chunk-bytes SIZE tells it"
            .into());
    }
    if !sized.tokens_known {
        add("the input does not tell how many tokens a chunk has: tokens count chunks. \
             --chunk-size N tells it"
            .into());
    }
    if !curve.is_exact() {
        add(format!(
            "one chunk in {} was followed: figures are estimates, their bounds hold with 95 %. \
             More --memory follows them all",
            curve.one_in
        ));
    }
    if !simulated {
        add("LMCache's own policy was not simulated: the lookups are a sample, or too many for \
             so many sizes. The curve is that of a plain LRU cache"
            .into());
    }
    if asked.by == By::Salt && sized.recording.groups().iter().all(|g| g.salt.is_none()) {
        add(
            "no input records a salt: LMCache 0.5.6 writes none to lookup-hash logs and traces. A \
             log of requests with ids and cache_salt, or LMCache's spans, among the inputs tells \
             them"
                .into(),
        );
    }
    if policy == Policy::IsolatedLru && asked.quotas.is_empty() {
        add("isolated-lru without --quota is simulated as LRU. On L1, LMCache 0.5.6 evicts \
             nothing under this policy: its eviction thread ends at the watermark"
            .into());
    }
    if let Some(off) = off_by_points.filter(|off| off.abs() > FAR) {
        let why: Vec<String> = sized.deployment.losses.iter().map(crate::render::loss).collect();
        let why = if why.is_empty() { "nothing here tells why".into() } else { why.join("; ") };
        add(format!(
            "the simulation is {:.1} points {} what the server counted: {why}. `inferguard misses` \
             tells the reasons",
            off.abs(),
            if off > 0.0 { "above" } else { "below" }
        ));
    }
    if let Some(note) = sized.salt_note() {
        add(note);
    }
    if sized.recording.without_time() > 0 {
        add(format!(
            "{} lookups have no time: they count at the time of the one before",
            sized.recording.without_time()
        ));
    }
    if curve.sums.chunk_tokens > 0 && curve.bound() == 0 {
        add("nothing was asked for twice: there is no reuse to win at any size".into());
    }
    out
}
