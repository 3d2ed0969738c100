//! What the evidence says of the cache whose lookups were recorded.

use std::collections::BTreeSet;

use cache_sizing::{Clearing, Eviction, L2, L2Load, L2Store, Policy, Tier};
use coverage_model::Source;
use diagnosis_rules::{Stated, View};
use serde::Serialize;

use super::gather::HashFile;
use super::losses::{self, Loss};
use crate::stamp::stamp;

/// A moment at which the cache was emptied.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Cleared {
    /// Seconds since 1970.
    pub at: f64,
    /// What was emptied.
    pub what: Clearing,
    /// How it is known.
    pub because: String,
}

/// Lookups as the server counted them.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Counted {
    /// Tokens that were asked for.
    pub requested_tokens: f64,
    /// Tokens that were hit.
    pub hit_tokens: f64,
}

/// The cache in force, as far as the evidence tells.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deployment {
    pub(crate) l1: Option<(u64, Source)>,
    pub(crate) policy: Option<Policy>,
    pub(crate) eviction: Eviction,
    pub(crate) l2: Option<L2>,
    pub(crate) chunk_tokens: Option<u64>,
    pub(crate) counted: Option<Counted>,
    pub(crate) losses: Vec<Loss>,
    pub(crate) cleared: Vec<Cleared>,
    /// Salts that the server's lookup counters are told by.
    pub(crate) salts: usize,
    /// Tokens that the engine prefills in a second.
    pub(crate) prefill_tokens_per_second: Option<f64>,
}

impl Deployment {
    /// L1 as it is set up; without a limit where its size is not known.
    pub(crate) fn tier(&self) -> Tier {
        Tier {
            bytes: self.l1.as_ref().map(|l1| l1.0),
            policy: self.policy.unwrap_or_default(),
            eviction: self.eviction,
            quotas: Vec::new(),
        }
    }

    pub(crate) fn of(view: &View<'_>, files: &[HashFile], trace_starts: &[(String, f64)]) -> Self {
        let share =
            |name: &str| view.number(name).map(|(n, _)| n).filter(|n| (0.0..=1.0).contains(n));
        let defaults = Eviction::default();
        let l1 = view
            .number("l1_size_bytes")
            .filter(|(bytes, _)| *bytes >= 1.0)
            .map(|(bytes, source)| (to_u64(bytes), source))
            .or_else(|| l1_of_status(view));
        Self {
            l1,
            policy: first_text(view, "eviction_policy").and_then(|name| policy(&name)),
            eviction: Eviction {
                watermark: share("eviction_watermark").unwrap_or(defaults.watermark),
                ratio: share("eviction_ratio").unwrap_or(defaults.ratio),
            },
            l2: l2(view),
            chunk_tokens: view.number("chunk_size").map(|(n, _)| to_u64(n)).filter(|n| *n > 0),
            counted: counted(view),
            losses: losses::told(view),
            cleared: cleared(view, files, trace_starts),
            salts: salts(view),
            prefill_tokens_per_second: prefill(view),
        }
    }
}

/// The size of L1 as a server's own `/status` tells it, all its parts together.
fn l1_of_status(view: &View<'_>) -> Option<(u64, Source)> {
    view.statuses().find_map(|(path, status)| {
        let parts: Option<Vec<u64>> = status.l1.values().map(|l1| l1.total_bytes).collect();
        let bytes: u64 = parts?.iter().sum();
        let source = Source {
            artifact: path.to_owned(),
            what: "l1_manager.memory_total_bytes".to_owned(),
            value: Some(bytes.to_string()),
            line: None,
        };
        (bytes > 0).then_some((bytes, source))
    })
}

fn to_u64(n: f64) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    let n = n.max(0.0) as u64;
    n
}

fn first_text(view: &View<'_>, name: &str) -> Option<String> {
    view.stated(name).iter().find_map(Stated::text).map(str::to_owned)
}

/// A policy by LMCache's name.
pub fn policy(name: &str) -> Option<Policy> {
    const NAMES: &[(&str, Policy)] = &[
        ("lru", Policy::Lru),
        ("arc", Policy::Arc),
        ("isolatedlru", Policy::IsolatedLru),
        ("noop", Policy::Noop),
    ];
    let plain: String =
        name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    NAMES.iter().find(|(known, _)| *known == plain).map(|(_, policy)| *policy)
}

/// L2 where an adapter is configured. Its size is taken to have no limit: adapters rarely state
/// one.
fn l2(view: &View<'_>) -> Option<L2> {
    let stated = view.stated("l2_adapters").iter().any(|s| match &s.value {
        serde_json::Value::Array(list) => !list.is_empty(),
        serde_json::Value::Object(_) => true,
        _ => false,
    });
    let told = view.statuses().any(|(_, s)| s.l2_adapters.is_some_and(|n| n > 0));
    let seen = view.with("mp.l2.store_submitted").next().is_some();
    (stated || told || seen).then(|| L2 {
        tier: Tier::default(),
        store: match first_text(view, "l2_store_policy").as_deref() {
            Some("skip_l1") => L2Store::SkipL1,
            _ => L2Store::Default,
        },
        load: match first_text(view, "l2_prefetch_policy").as_deref() {
            Some("retain") => L2Load::Retain,
            _ => L2Load::Default,
        },
    })
}

fn counted(view: &View<'_>) -> Option<Counted> {
    let sum =
        |signal: &str| view.targets.iter().filter_map(|t| t.total(signal)).reduce(|a, b| a + b);
    let requested_tokens = sum("mp.lookup.requested_tokens")?;
    Some(Counted {
        requested_tokens,
        // Where nothing was ever hit the series is not there.
        hit_tokens: sum("mp.lookup.hit_tokens").unwrap_or(0.0),
    })
}

/// Different salts; none and an empty one are no salt.
fn salts(view: &View<'_>) -> usize {
    let labels = view.targets.iter().flat_map(|t| t.series("mp.lookup.requested_tokens"));
    let all: BTreeSet<String> = labels.map(|s| s.label("cache_salt").to_owned()).collect();
    all.iter().filter(|salt| !salt.is_empty()).count()
}

/// Prompt tokens that were computed, by the seconds that it took.
fn prefill(view: &View<'_>) -> Option<f64> {
    let sum = |signal: &str| {
        view.targets.iter().filter_map(|t| t.histogram(signal)?.sum()).reduce(|a, b| a + b)
    };
    let tokens = sum("vllm.request_prefill_kv_computed_tokens")?;
    let seconds = sum("vllm.request_prefill_time_seconds")?;
    (tokens > 0.0 && seconds > 0.0).then_some(tokens / seconds)
}

/// Why L1 became empty. Tellings of one sort that lie this many seconds apart are of one event.
#[derive(Clone, Copy, PartialEq)]
enum Emptied {
    /// A server began: by its log, its trace, its page.
    Began,
    /// Somebody cleared it.
    Cleared,
}

impl Emptied {
    const fn apart(self) -> f64 {
        match self {
            Emptied::Began => 15.0,
            Emptied::Cleared => 2.0,
        }
    }
}

/// Events of a server's log that mean an empty L1, and how they are told.
const EMPTYING: &[(&str, Emptied, &str)] = &[
    ("mp.running", Emptied::Began, "the server's log: a server began"),
    ("mp.cleared", Emptied::Cleared, "the server's log: the cache was cleared over HTTP"),
    ("mp.l1.cleared", Emptied::Cleared, "the server's log: L1 was cleared"),
];

fn cleared(view: &View<'_>, files: &[HashFile], trace_starts: &[(String, f64)]) -> Vec<Cleared> {
    let mut out: Vec<(Emptied, Cleared)> = Vec::new();
    // Two tellings of one event lie close together: the first stays.
    let mut add = |of: Emptied, at: f64, because: String| {
        let known = |(o, c): &(Emptied, Cleared)| *o == of && (c.at - at).abs() <= of.apart();
        if at.is_finite() && !out.iter().any(known) {
            out.push((of, Cleared { at, what: Clearing::L1, because }));
        }
    };
    for (id, of, because) in EMPTYING {
        for event in view.events(&[id]) {
            // Of more than two only the first and the last have a time.
            for text in [&event.stat.first_time, &event.stat.last_time].into_iter().flatten() {
                // An event outside the lookups' time changes nothing.
                if let Some(at) = stamp(text) {
                    add(*of, at, format!("{because} ({text})"));
                }
            }
        }
    }
    for target in &view.targets {
        for at in target.restarts() {
            add(Emptied::Began, at, format!("{}: process_start_time_seconds changed", target.role));
        }
    }
    for (path, at) in trace_starts {
        add(Emptied::Began, *at, format!("{path}: a server began to record"));
    }
    for (file, at) in began_anew(files) {
        add(
            Emptied::Began,
            at,
            format!(
                "{}: a new file although the one before was not full: a server began",
                file.path
            ),
        );
    }
    let mut out: Vec<Cleared> = out.into_iter().map(|(_, cleared)| cleared).collect();
    out.sort_by(|a, b| a.at.total_cmp(&b.at));
    out
}

/// LMCache's own limits of a lookup-hash file.
const FILE_BYTES: u64 = 104_857_600;
const FILE_SECONDS: f64 = 21_600.0;

/// Files that a server began before the one before it was full or old. Files of about one size or
/// one age are the work of other limits, and prove nothing.
fn began_anew(files: &[HashFile]) -> Vec<(&HashFile, f64)> {
    let mut out = Vec::new();
    for pair in files.windows(2) {
        let [before, file] = pair else { continue };
        if before.directory() != file.directory() {
            continue;
        }
        let (Some(first), Some(last), Some(next)) = (before.first, before.last, file.first) else {
            continue;
        };
        let full = before.bytes.saturating_add(FILE_BYTES / 100) >= FILE_BYTES;
        let old = next - first >= FILE_SECONDS * 0.99;
        if !full && !old && next > last {
            out.push((file, next));
        }
    }
    let alike = |of: fn(&HashFile) -> f64| {
        let all: Vec<f64> = files.iter().rev().skip(1).map(of).collect();
        let (Some(min), Some(max)) = (
            all.iter().copied().min_by(f64::total_cmp),
            all.iter().copied().max_by(f64::total_cmp),
        ) else {
            return false;
        };
        all.len() > 1 && max > 0.0 && (max - min) / max < 0.1
    };
    let age = |f: &HashFile| f.last.zip(f.first).map_or(0.0, |(last, first)| last - first);
    if alike(|f| f.bytes as f64) || alike(age) {
        out.clear();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(first: f64, last: f64, bytes: u64) -> HashFile {
        HashFile { path: "d/f".into(), first: Some(first), last: Some(last), bytes }
    }

    #[test]
    fn a_file_that_was_not_full_ends_with_its_server() {
        let two = [file(0.0, 60.0, 5000), file(70.0, 90.0, 400)];
        assert_eq!(began_anew(&two).len(), 1);
        let full = [file(0.0, 60.0, FILE_BYTES), file(70.0, 90.0, 400)];
        assert!(began_anew(&full).is_empty());
        let old = [file(0.0, 21_590.0, 5000), file(21_600.0, 21_700.0, 400)];
        assert!(began_anew(&old).is_empty());
        let other_limits = [file(0.0, 60.0, 5000), file(61.0, 120.0, 5001), file(121.0, 130.0, 9)];
        assert!(began_anew(&other_limits).is_empty());
        let two_servers = [file(0.0, 60.0, 5000), file(30.0, 90.0, 400)];
        assert!(began_anew(&two_servers).is_empty());
    }

    #[test]
    fn names_of_policies() {
        assert_eq!(policy("IsolatedLRU"), Some(Policy::IsolatedLru));
        assert_eq!(policy("isolated-lru"), Some(Policy::IsolatedLru));
        assert_eq!(policy("random"), None);
    }
}
