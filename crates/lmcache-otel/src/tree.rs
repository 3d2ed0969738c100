//! Trees of spans: roots, orphans, edges, and the slowest requests with their parts.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::collect::NameTally;
use crate::contract::{SpanContract, SpanKind};

/// At most this many spans are held for the trees (64 bytes each).
pub const MAX_TREE_SPANS: usize = 1 << 20;

/// So many of the slowest roots are listed.
pub const SLOWEST: usize = 10;

/// At most this many parts of one of them.
const MAX_PARTS: usize = 64;

/// One span, as far as trees need it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) trace: u128,
    pub(crate) id: u64,
    pub(crate) parent: u64,
    pub(crate) start: u64,
    pub(crate) duration: u64,
    pub(crate) name: u16,
    pub(crate) is_error: bool,
}

/// What the trees of LMCache's spans look like.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Trees {
    /// Traces.
    pub traces: u64,
    /// Spans without a parent.
    pub roots: u64,
    /// Requests (roots with a length) without any child in the file.
    pub childless_roots: u64,
    /// Traces none of whose spans is a root: the request had not ended when the file did, or its
    /// root was lost.
    pub open_traces: u64,
    /// Spans whose parent is not in the file, by name.
    pub orphans: BTreeMap<String, u64>,
    /// `parent > child`, and how often.
    pub edges: BTreeMap<String, u64>,
    /// Edges, and roots, that no examined release makes.
    pub unexpected: BTreeMap<String, u64>,
    /// Spans that stand in the file more than once; counted once here.
    pub duplicates: u64,
    /// Traces with an error on any span.
    pub traces_with_errors: u64,
    /// Most spans of one trace.
    pub largest_trace: u64,
    /// Spans that were not looked at, beyond the cap.
    pub left_out: u64,
    /// The slowest roots with their parts, slowest first.
    pub slowest: Vec<SlowRoot>,
}

/// A root and its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowRoot {
    /// Trace id.
    pub trace_id: String,
    /// Name of the root.
    pub name: String,
    /// Begin, nanoseconds since 1970.
    pub start_unix_ns: u64,
    /// Length in nanoseconds.
    pub duration_ns: u64,
    /// Its parts in order of their begin.
    pub parts: Vec<Part>,
}

/// A part of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Name.
    pub name: String,
    /// Begin after the root's, in nanoseconds; negative if before.
    pub after_ns: i64,
    /// Length in nanoseconds.
    pub duration_ns: u64,
    /// It failed.
    pub is_error: bool,
}

pub(crate) fn trees(
    mut nodes: Vec<Node>,
    left_out: u64,
    names: &[NameTally],
    contract: &SpanContract,
) -> Trees {
    let mut trees = Trees { left_out, ..Trees::default() };
    nodes.sort_unstable_by_key(|n| (n.trace, n.id, n.start, n.duration));
    let before = nodes.len();
    nodes.dedup_by_key(|n| (n.trace, n.id));
    trees.duplicates = (before - nodes.len()) as u64;
    let name = |at: u16| names.get(usize::from(at)).map_or("", |tally| tally.name.as_str());
    let is_request = |at: u16| {
        let kind = names.get(usize::from(at)).and_then(|tally| tally.kind);
        !matches!(kind, Some(SpanKind::Point | SpanKind::Error))
    };
    let mut edges: BTreeMap<(u16, u16), u64> = BTreeMap::new();
    let mut orphans: BTreeMap<u16, u64> = BTreeMap::new();
    let mut roots: BTreeMap<u16, u64> = BTreeMap::new();
    // Slowest roots, as (duration, trace, place of its trace).
    let mut slow: Vec<(u64, u64, usize, usize)> = Vec::new();
    let mut parents: Vec<u64> = Vec::new();
    let mut from = 0;
    while let Some(first) = nodes.get(from) {
        let length =
            nodes.get(from..).map_or(0, |rest| rest.partition_point(|n| n.trace == first.trace));
        let trace = nodes.get(from..from + length).unwrap_or_default();
        trees.traces += 1;
        trees.largest_trace = trees.largest_trace.max(length as u64);
        trees.traces_with_errors += u64::from(trace.iter().any(|n| n.is_error));
        let mut has_root = false;
        parents.clear();
        parents.extend(trace.iter().map(|n| n.parent));
        parents.sort_unstable();
        for node in trace {
            if node.parent == 0 {
                has_root = true;
                trees.roots += 1;
                *roots.entry(node.name).or_default() += 1;
                if is_request(node.name) && parents.binary_search(&node.id).is_err() {
                    trees.childless_roots += 1;
                }
                if is_request(node.name) {
                    keep(&mut slow, (node.duration, node.id, from, length));
                }
            } else if let Ok(at) = trace.binary_search_by_key(&node.parent, |n| n.id) {
                let parent = trace.get(at).map_or(0, |n| n.name);
                *edges.entry((parent, node.name)).or_default() += 1;
            } else {
                *orphans.entry(node.name).or_default() += 1;
            }
        }
        trees.open_traces += u64::from(!has_root);
        from += length.max(1);
    }
    for ((parent, child), count) in edges {
        let edge = format!("{} > {}", name(parent), name(child));
        let expected = contract.rule(name(child)).is_none_or(|r| r.parents.contains(&name(parent)));
        if !expected {
            trees.unexpected.insert(edge.clone(), count);
        }
        trees.edges.insert(edge, count);
    }
    for (at, count) in roots {
        // A point or an error after its request's end has no parent: seen in captured spans.
        let expected = contract.rule(name(at)).is_none_or(|r| {
            r.parents.is_empty() || matches!(r.kind, SpanKind::Error | SpanKind::Point)
        });
        if !expected {
            trees.unexpected.insert(format!("{} as a root", name(at)), count);
        }
    }
    trees.orphans = orphans.into_iter().map(|(at, count)| (name(at).to_owned(), count)).collect();
    trees.slowest = slow
        .iter()
        .filter_map(|(_, id, from, length)| {
            let trace = nodes.get(*from..*from + *length)?;
            slow_root(trace, *id, &name)
        })
        .collect();
    trees
}

fn keep(slow: &mut Vec<(u64, u64, usize, usize)>, root: (u64, u64, usize, usize)) {
    let at = slow.partition_point(|held| held.0 >= root.0);
    if at < SLOWEST {
        slow.insert(at, root);
        slow.truncate(SLOWEST);
    }
}

fn slow_root<'n>(trace: &[Node], id: u64, name: &impl Fn(u16) -> &'n str) -> Option<SlowRoot> {
    let root = trace.iter().find(|n| n.id == id)?;
    let mut parts: Vec<&Node> = trace.iter().filter(|n| n.id != id).collect();
    parts.sort_by_key(|n| (n.start, n.id));
    let after =
        |start: u64| i64::try_from(i128::from(start) - i128::from(root.start)).unwrap_or_default();
    Some(SlowRoot {
        trace_id: format!("{:032x}", root.trace),
        name: name(root.name).to_owned(),
        start_unix_ns: root.start,
        duration_ns: root.duration,
        parts: parts
            .iter()
            .take(MAX_PARTS)
            .map(|n| Part {
                name: name(n.name).to_owned(),
                after_ns: after(n.start),
                duration_ns: n.duration,
                is_error: n.is_error,
            })
            .collect(),
    })
}
