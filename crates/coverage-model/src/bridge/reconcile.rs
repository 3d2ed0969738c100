//! The engine's claim beside LMCache's count, and how far they may differ.
//!
//! LMCache looks up whole chunks, engines count blocks: what a request holds beyond its last
//! whole chunk is on the engine's side alone. vLLM computes the last block of a prompt that is
//! cached whole. These two make the tolerance: so many requests, so many tokens each. Without
//! the chunk size there is no tolerance and no verdict.

use std::fmt::Write as _;

use serde::Serialize;

use super::input::{BridgeInput, Part, Stated, WindowInput};
use super::settle::PUSH_SECONDS;
use super::tokens::{Amount, Tokens, counting_caches, value};

/// How a difference is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Difference {
    /// None.
    Equal,
    /// No more than chunks and blocks explain.
    WithinTolerance,
    /// More than chunks and blocks explain.
    Beyond,
    /// One side is not known, or the two were not counted over the same requests.
    NotComparable,
}

/// How far engine and LMCache may differ, as engine minus LMCache.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Tolerance {
    /// Least.
    pub low: f64,
    /// Most.
    pub high: f64,
    /// How it was derived.
    pub how: String,
}

impl Tolerance {
    /// Whether a difference lies in it.
    pub fn holds(&self, difference: f64) -> bool {
        difference >= self.low && difference <= self.high
    }
}

/// One line of the reconciliation table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Reconciliation {
    /// `prompt_accounted`, `looked_up`, `found`, `loaded`, `promised`.
    pub what: String,
    /// The engine's claim.
    pub engine: Option<Amount>,
    /// What stands against it: LMCache's count, or the engine's other count.
    pub lmcache: Option<Amount>,
    /// Engine minus LMCache.
    pub difference: Option<f64>,
    /// How far they may differ.
    pub tolerance: Option<Tolerance>,
    /// The judgement.
    pub verdict: Difference,
    /// Known reasons for this difference.
    pub reasons: Vec<String>,
}

/// Chunk and block size of the deployment.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Geometry {
    pub(super) chunk: Option<Stated<u64>>,
    pub(super) block: Option<Stated<u64>>,
}

impl Geometry {
    pub(super) fn of(input: &BridgeInput) -> Self {
        // The largest makes the widest tolerance.
        let largest = |found: Vec<&Stated<u64>>| found.into_iter().max_by_key(|s| s.value).cloned();
        Self {
            chunk: largest(input.sides.iter().filter_map(|s| s.chunk_size.as_ref()).collect()),
            block: largest(input.engines().filter_map(|s| s.block_size.as_ref()).collect()),
        }
    }

    /// Tokens that one request may have beyond its last whole chunk.
    pub(super) fn tail(&self) -> Option<f64> {
        self.chunk.as_ref().map(|c| c.value.saturating_sub(1) as f64)
    }

    /// Tokens of the last block, which an engine computes even where all is cached.
    pub(super) fn last(&self) -> f64 {
        self.block.as_ref().map_or(1.0, |b| b.value.max(1) as f64)
    }
}

/// Requests of a window: the larger of what both sides counted. A lookup that ends early is
/// counted as a lookup as well.
pub(super) fn requests(tokens: &Tokens) -> Option<f64> {
    match (value(tokens.requests.as_ref()), value(tokens.lookups.as_ref())) {
        (Some(a), Some(b)) => Some(a.max(b)),
        (a, b) => a.or(b),
    }
}

/// What a request that is looked up again may add: its whole prompt, here the mean one.
fn again(tokens: &Tokens) -> f64 {
    let preempted = value(tokens.preemptions.as_ref()).unwrap_or(0.0);
    let mean = value(tokens.prompt.as_ref())
        .zip(value(tokens.requests.as_ref()))
        .filter(|(_, n)| *n > 0.0)
        .map_or(0.0, |(prompt, n)| prompt / n);
    preempted * mean
}

/// Tokens that embedded counters may be behind or ahead at the ends of a window: they are pushed
/// every [`PUSH_SECONDS`], so of the window's prompts as much as came in that time. Nothing where
/// the length of the window is not known.
fn lag(input: &BridgeInput, tokens: &Tokens, seconds: Option<f64>) -> Option<f64> {
    if !counting_caches(input).iter().any(|c| c.part == Part::Embedded) {
        return Some(0.0);
    }
    let share = (PUSH_SECONDS / seconds.filter(|s| *s > 0.0)?).min(1.0);
    Some((share * value(tokens.prompt.as_ref())?).ceil())
}

/// How far `local + external` and LMCache's hits may differ.
pub(super) fn found_tolerance(
    geometry: &Geometry,
    input: &BridgeInput,
    tokens: &Tokens,
    seconds: Option<f64>,
) -> Option<Tolerance> {
    let (n, tail) = (requests(tokens)?, geometry.tail()?);
    let (last, again) = (geometry.last(), again(tokens));
    let lag = lag(input, tokens, seconds)?;
    let mut how = format!(
        "{n} requests: up to {tail} tokens each beyond the last whole chunk, up to {last} computed again at the end of a prompt that is cached whole"
    );
    if again > 0.0 {
        how.push_str("; preempted requests are looked up again");
    }
    if lag > 0.0 {
        let _ = write!(how, "; embedded counters are pushed every 10 s: {lag} tokens either way");
    }
    Some(Tolerance { low: 0.0 - (n * last + again + lag), high: n * tail + lag, how })
}

/// The lines of a window.
pub(super) fn rows(
    geometry: &Geometry,
    input: &BridgeInput,
    tokens: &Tokens,
    window: &WindowInput,
) -> Vec<Reconciliation> {
    let mut out = Vec::new();
    if tokens.prompt.is_none() {
        return out;
    }
    let vllm = input.engines().any(|e| e.part == Part::Vllm);
    if vllm
        && let (Some(a), Some(b), Some(c)) =
            (&tokens.computed, &tokens.engine_local, &tokens.external)
    {
        let sources = [a, b, c].iter().flat_map(|x| x.sources.clone()).collect();
        let claim = a.claim.max(b.claim).max(c.claim);
        let sum =
            Amount::new(a.value + b.value + c.value, claim, "computed + local + external", sources);
        out.push(line(
            "prompt_accounted",
            tokens.prompt.clone(),
            Some(sum),
            exact("vLLM counts both at the first token"),
            window,
        ));
    }
    if vllm && tokens.promised.is_some() && tokens.external.is_some() {
        let mut row = line(
            "promised",
            tokens.promised.clone(),
            tokens.external.clone(),
            exact("both count the same tokens once a request has its first token"),
            window,
        );
        if row.difference.is_some_and(|d| d > 0.0) {
            row.reasons.push("promised when slots are allocated, counted as external at the first token: requests that were aborted, gave no token yet, or loaded again after a failure or a preemption".into());
        }
        out.push(row);
    }
    let caches = input.caches().count() > 0 || input.silent_cache.is_some();
    if !caches {
        return out;
    }
    let n = requests(tokens);
    // An engine that was asked to look up nothing has nothing to compare.
    let lag = lag(input, tokens, window.seconds);
    let tail = n.zip(geometry.tail()).zip(lag).map(|((n, tail), lag)| Tolerance {
        low: 0.0 - again(tokens) - lag,
        high: n * tail + lag,
        how: format!(
            "{n} requests: up to {tail} tokens each beyond the last whole chunk are not looked up"
        ),
    });
    let nothing = |row: &mut Reconciliation| {
        if tokens.asked_nothing {
            row.reasons = vec!["LMCache was asked nothing: it shows no series of lookups".into()];
        }
    };
    let mut row = line("looked_up", tokens.prompt.clone(), tokens.requested.clone(), tail, window);
    nothing(&mut row);
    out.push(row);
    let found = tokens.engine_local.as_ref().zip(tokens.external.as_ref()).map(|(a, b)| {
        let sources = a.sources.iter().chain(&b.sources).cloned().collect();
        Amount::new(a.value + b.value, a.claim.max(b.claim), "local + external", sources)
    });
    let mut row = line(
        "found",
        found,
        tokens.hits.clone(),
        found_tolerance(geometry, input, tokens, window.seconds),
        window,
    );
    match row.difference {
        Some(d) if d > 0.0 && row.verdict == Difference::Beyond => row.reasons.push(
            "the engine's own cache holds prefixes that LMCache has not: evicted or cleared there, never stored, or stored under other keys".into(),
        ),
        Some(d) if d < 0.0 && row.verdict == Difference::Beyond => row.reasons.push(
            "LMCache found what no engine shown here used: loads that failed or were refused, requests that were aborted, or another engine of the same server".into(),
        ),
        _ => {}
    }
    nothing(&mut row);
    out.push(row);
    if tokens.loaded.is_some() || n.is_some() && input.caches().any(|c| c.part == Part::Embedded) {
        let loaded = n.zip(geometry.tail()).zip(lag).map(|((n, tail), lag)| Tolerance {
            low: 0.0 - n * (tail + geometry.last()) - lag,
            high: n * geometry.last() + lag,
            how: format!("{n} requests: a chunk that the engine holds in part is loaded whole, up to {tail} tokens each, and up to {} at the end of a prompt", geometry.last()),
        });
        out.push(line("loaded", tokens.external.clone(), tokens.loaded.clone(), loaded, window));
    }
    out
}

#[expect(clippy::unnecessary_wraps, reason = "a tolerance is optional")]
fn exact(how: &str) -> Option<Tolerance> {
    Some(Tolerance { low: 0.0, high: 0.0, how: how.to_owned() })
}

fn line(
    what: &str,
    engine: Option<Amount>,
    lmcache: Option<Amount>,
    tolerance: Option<Tolerance>,
    window: &WindowInput,
) -> Reconciliation {
    let difference = value(engine.as_ref()).zip(value(lmcache.as_ref())).map(|(a, b)| a - b);
    let mut reasons = Vec::new();
    let verdict = match (difference, &tolerance) {
        (None, _) => {
            reasons.push(if engine.is_none() {
                "the engine's side is not known".to_owned()
            } else {
                "LMCache's side is not known".to_owned()
            });
            Difference::NotComparable
        }
        (Some(0.0), _) => Difference::Equal,
        (Some(d), Some(t)) if t.holds(d) => Difference::WithinTolerance,
        (Some(_), Some(_)) => match apart(window) {
            Some(why) => {
                reasons.push(why);
                Difference::NotComparable
            }
            None => Difference::Beyond,
        },
        (Some(_), None) => {
            reasons.push("no tolerance: nothing says how many tokens a chunk has, or how many requests there were".into());
            Difference::NotComparable
        }
    };
    Reconciliation {
        what: what.to_owned(),
        engine,
        lmcache,
        difference,
        tolerance,
        verdict,
        reasons,
    }
}

/// Why the two sides did not count the same requests, if they did not.
pub(super) fn apart(window: &WindowInput) -> Option<String> {
    if let Some(why) = &window.not_comparable {
        return Some(why.clone());
    }
    let unsettled = window.settled_from == Some(false) || window.settled_to == Some(false);
    unsettled.then(|| {
        "requests were under way at an end of the window: one side has counted them, the other not yet".to_owned()
    })
}
