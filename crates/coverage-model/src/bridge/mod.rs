//! The bridge: the engine's claims beside LMCache's own counts.
//!
//! An engine says how many prompt tokens it computed, found in its own cache and was given by an
//! external one. LMCache says how many it was asked for and found. Neither alone tells whether
//! the cache works: vLLM's external counters count promises, LMCache's hits count what the
//! engine already held. This module puts both side by side, window by window, by the rules that
//! hold for each release ([`RuleRow`]), says how far they may differ ([`Tolerance`]) and names what
//! does not fit ([`Mismatch`]).
//!
//! It computes and reads nothing: the caller feeds the increases of the series in [`ASKED`], over
//! windows that all processes share.
//!
//! ```
//! use coverage_model::bridge::{BridgeInput, bridge};
//! let nothing = bridge(&BridgeInput::default());
//! assert!(nothing.windows.is_empty() && nothing.mismatches.is_empty());
//! ```

mod input;
mod mismatch;
mod reconcile;
mod rules;
mod settle;
mod tokens;
mod worth;

use serde::Serialize;

pub use input::{
    ASKED, Asked, BridgeInput, Counter, Declared, Losses, Part, QUEUES, RequestTimes, Retrieved,
    Side, SideWindow, Stat, Stated, Ttft, WindowInput,
};
pub use mismatch::{Mismatch, MismatchCode, NotJudged};
pub use reconcile::{Difference, Reconciliation, Tolerance};
pub use rules::{Rule, RuleRow};
pub use tokens::{Amount, Tokens};
pub use worth::{EngineTtft, Factor, GroupTtft, Money, TtftBefore, TtftCompared, Worth};

use crate::evidence::Source;

/// One engine or LMCache process as the bridge took it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SideRow {
    /// Role.
    pub role: String,
    /// What it is.
    pub part: Part,
    /// Releases that its page admits, as text.
    pub release: Option<String>,
    /// Connector that something names for it.
    pub connector: Option<Stated<String>>,
    /// `kv_producer`, `kv_consumer`, `prefill`, `decode`, ... as something names it.
    pub kv_role: Option<Stated<String>>,
    /// Which counters count for what, in its release, and which do not.
    pub rules: Vec<RuleRow>,
}

/// Tokens of one window by where they came from, and how the two sides agree.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BridgeWindow {
    /// First page of the window; `null` for one that begins with the processes.
    pub from: Option<String>,
    /// Last page of the window.
    pub to: String,
    /// Length in seconds, where known.
    pub seconds: Option<f64>,
    /// Counters since the start of the processes, for want of a second scrape.
    pub since_start: bool,
    /// No request was under way at either end, as far as the engine's gauges tell.
    pub settled: Option<bool>,
    /// Tokens, summed over engines and over caches.
    pub tokens: Tokens,
    /// What each engine says, where there is more than one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub by_engine: Vec<EngineTokens>,
    /// Claims beside counts.
    pub reconciliation: Vec<Reconciliation>,
    /// What limits this window: a restart, a page that was not taken, pages taken apart.
    pub notes: Vec<String>,
}

impl BridgeWindow {
    /// The comparison of this name: `found`, `looked_up`, `promised`, ...
    pub fn compared(&self, what: &str) -> Option<&Reconciliation> {
        self.reconciliation.iter().find(|row| row.what == what)
    }
}

/// Tokens of one engine.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EngineTokens {
    /// Role.
    pub role: String,
    /// Its tokens.
    pub tokens: Tokens,
}

/// What the bridge says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Bridge {
    /// Engines and LMCache processes.
    pub sides: Vec<SideRow>,
    /// Tokens a chunk of LMCache, where something says so.
    pub chunk_size: Option<Stated<u64>>,
    /// Tokens a block of the engine's cache, where something says so; of several the largest.
    pub block_size: Option<Stated<u64>>,
    /// Windows in order of time.
    pub windows: Vec<BridgeWindow>,
    /// All windows together, those left out that hold a restart.
    pub total: Option<BridgeWindow>,
    /// What does not fit.
    pub mismatches: Vec<Mismatch>,
    /// What could not be judged, and what would settle it.
    pub not_judged: Vec<NotJudged>,
    /// What the cache is worth.
    pub worth: Worth,
}

impl Bridge {
    /// Whether engine and cache were both counted in a window that they share.
    pub fn both_sides(&self) -> bool {
        self.windows.iter().any(|w| {
            w.tokens.prompt.is_some() && (w.tokens.requested.is_some() || w.tokens.asked_nothing)
        })
    }

    /// The mismatches of a code.
    pub fn of(&self, code: MismatchCode) -> impl Iterator<Item = &Mismatch> {
        self.mismatches.iter().filter(move |m| m.code == code)
    }
}

/// Puts the sides together.
pub fn bridge(input: &BridgeInput) -> Bridge {
    let input = &settle::merge(input);
    let sides = input
        .sides
        .iter()
        .map(|side| SideRow {
            role: side.role.clone(),
            part: side.part,
            release: side.release_text(),
            connector: side.connectors.first().cloned(),
            kv_role: side.kv_role.clone(),
            rules: rules::of(side),
        })
        .collect();
    let geometry = reconcile::Geometry::of(input);
    let windows: Vec<BridgeWindow> = input
        .windows
        .iter()
        .enumerate()
        .map(|(at, window)| one(input, &geometry, window, at))
        .collect();
    let used = whole(input, windows.len());
    let total = total(&geometry, input, &windows, &used);
    let (mismatches, not_judged) = mismatch::find(input, &geometry, &windows, total.as_ref());
    let worth = worth::of(input, &windows, total.as_ref(), &used);
    Bridge {
        sides,
        chunk_size: geometry.chunk.clone(),
        block_size: geometry.block.clone(),
        windows,
        total,
        mismatches,
        not_judged,
        worth,
    }
}

fn one(
    input: &BridgeInput,
    geometry: &reconcile::Geometry,
    window: &WindowInput,
    at: usize,
) -> BridgeWindow {
    let tokens = tokens::of(input, at, None);
    let engines: Vec<&Side> = input.engines().collect();
    let by_engine = if engines.len() > 1 {
        engines
            .iter()
            .map(|e| EngineTokens {
                role: e.role.clone(),
                tokens: tokens::of(input, at, Some(&e.role)),
            })
            .collect()
    } else {
        vec![]
    };
    let mut notes = window.notes.clone();
    for side in &input.sides {
        match side.windows.get(at) {
            Some(SideWindow::Restarted(why)) => {
                notes
                    .push(format!("{}: {why}; its counts of this window are not known", side.role));
            }
            Some(SideWindow::NotScraped) => {
                notes.push(format!("{}: no page was taken at both ends of this window", side.role));
            }
            _ => {}
        }
    }
    let reconciliation = reconcile::rows(geometry, input, &tokens, window);
    BridgeWindow {
        from: window.from.clone(),
        to: window.to.clone(),
        seconds: window.seconds,
        since_start: window.since_start,
        settled: window.settled_from.zip(window.settled_to).map(|(a, b)| a && b),
        tokens,
        by_engine,
        reconciliation,
        notes,
    }
}

/// The windows in which every side was counted, or all where none is whole.
fn whole(input: &BridgeInput, windows: usize) -> Vec<usize> {
    let counted = |at: &usize| {
        input.sides.iter().all(|s| matches!(s.windows.get(*at), Some(SideWindow::Counted(_))))
    };
    let whole: Vec<usize> = (0..windows).filter(counted).collect();
    if whole.is_empty() { (0..windows).collect() } else { whole }
}

/// The sum of these windows.
fn total(
    geometry: &reconcile::Geometry,
    input: &BridgeInput,
    windows: &[BridgeWindow],
    used: &[usize],
) -> Option<BridgeWindow> {
    let picked: Vec<&BridgeWindow> = used.iter().filter_map(|at| windows.get(*at)).collect();
    let (first, last) = (picked.first()?, picked.last()?);
    let tokens = picked.iter().map(|w| w.tokens.clone()).reduce(|a, b| a.plus(&b))?;
    let seconds = picked.iter().map(|w| w.seconds).try_fold(0.0, |sum, s| Some(sum + s?));
    let left_out = windows.len() - picked.len();
    let mut notes = Vec::new();
    if left_out > 0 {
        notes.push(format!(
            "{left_out} of {} windows are not in it: not every side was counted there",
            windows.len()
        ));
    }
    let window = WindowInput {
        from: first.from.clone(),
        to: last.to.clone(),
        seconds,
        since_start: first.since_start,
        settled_from: input.windows.get(*used.first()?).and_then(|w| w.settled_from),
        settled_to: input.windows.get(*used.last()?).and_then(|w| w.settled_to),
        skew_seconds: None,
        not_comparable: used
            .iter()
            .filter_map(|at| input.windows.get(*at))
            .find_map(|w| w.not_comparable.clone()),
        notes: notes.clone(),
    };
    let mut by_engine: Vec<EngineTokens> = Vec::new();
    for row in picked.iter().flat_map(|w| &w.by_engine) {
        match by_engine.iter_mut().find(|e| e.role == row.role) {
            Some(have) => have.tokens = have.tokens.plus(&row.tokens),
            None => by_engine.push(row.clone()),
        }
    }
    let reconciliation = reconcile::rows(geometry, input, &tokens, &window);
    Some(BridgeWindow {
        from: window.from,
        to: window.to,
        seconds,
        since_start: window.since_start,
        settled: window.settled_from.zip(window.settled_to).map(|(a, b)| a && b),
        tokens,
        by_engine,
        reconciliation,
        notes,
    })
}

/// Sources without repetition, the first `most` of them.
fn distinct(sources: impl IntoIterator<Item = Source>, most: usize) -> Vec<Source> {
    let mut out: Vec<Source> = Vec::new();
    for source in sources {
        if out.len() < most && !out.contains(&source) {
            out.push(source);
        }
    }
    out
}
