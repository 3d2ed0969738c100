//! Windows whose ends no request straddles.
//!
//! Engine and cache count a request at different moments: LMCache at its lookup, vLLM at the
//! first token, SGLang at the end. While a request is under way one side has it and the other
//! has not. Windows are therefore joined over every moment at which the engine's gauges show
//! work, so that both sides have counted the same requests at the ends of what is left.

use super::input::{BridgeInput, Counter, Part, Side, SideWindow, WindowInput};
use super::tokens::counting_caches;

/// How often LMCache inside an engine pushes its counters to its page, in seconds.
pub(super) const PUSH_SECONDS: f64 = 10.0;

/// The input with windows joined over unsettled moments. A moment that comes sooner after the
/// one before than embedded counters are pushed is unsettled as well.
pub(super) fn merge(input: &BridgeInput) -> BridgeInput {
    let mut out = input.clone();
    let pushed = counting_caches(input).iter().any(|c| c.part == Part::Embedded);
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (at, window) in input.windows.iter().enumerate() {
        let short = pushed
            && at
                .checked_sub(1)
                .and_then(|before| input.windows.get(before)?.seconds)
                .is_some_and(|seconds| seconds < PUSH_SECONDS);
        let joins = window.settled_from == Some(false) || short;
        match groups.last_mut() {
            Some(group) if joins => group.push(at),
            _ => groups.push(vec![at]),
        }
    }
    if groups.len() == input.windows.len() {
        return out;
    }
    out.windows = groups.iter().filter_map(|group| window(input, group)).collect();
    for (side, into) in input.sides.iter().zip(&mut out.sides) {
        into.windows = groups.iter().map(|group| side_window(side, group)).collect();
    }
    out
}

fn window(input: &BridgeInput, group: &[usize]) -> Option<WindowInput> {
    let parts: Vec<&WindowInput> = group.iter().filter_map(|at| input.windows.get(*at)).collect();
    let (first, last) = (parts.first()?, parts.last()?);
    let mut notes: Vec<String> = Vec::new();
    for note in parts.iter().flat_map(|w| &w.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    Some(WindowInput {
        from: first.from.clone(),
        to: last.to.clone(),
        seconds: parts.iter().map(|w| w.seconds).try_fold(0.0, |sum, s| Some(sum + s?)),
        since_start: first.since_start,
        settled_from: first.settled_from,
        settled_to: last.settled_to,
        // Only the ends of what is left matter.
        skew_seconds: parts.iter().filter_map(|w| w.skew_seconds).reduce(f64::max),
        not_comparable: parts.iter().find_map(|w| w.not_comparable.clone()),
        notes,
    })
}

fn side_window(side: &Side, group: &[usize]) -> SideWindow {
    let mut all: Vec<Counter> = Vec::new();
    for at in group {
        match side.windows.get(*at) {
            Some(SideWindow::Counted(counters)) => {
                for counter in counters {
                    match all.iter_mut().find(|c| {
                        c.signal == counter.signal
                            && c.stat == counter.stat
                            && c.labels == counter.labels
                    }) {
                        Some(have) => {
                            have.value += counter.value;
                            have.source = counter.source.clone();
                        }
                        None => all.push(counter.clone()),
                    }
                }
            }
            Some(other) => return other.clone(),
            None => return SideWindow::NotScraped,
        }
    }
    SideWindow::Counted(all)
}
