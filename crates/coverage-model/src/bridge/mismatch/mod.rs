//! What does not fit between engine and cache.
//!
//! Each mismatch is a statement over windows in which both sides were counted, with the series
//! that show it. Where one side is not known, or other engines may be behind the numbers, the
//! question is listed as not judged, with what would settle it.

mod attached;
mod hits;
mod loads;

use serde::Serialize;

use super::input::BridgeInput;
use super::reconcile::{Geometry, apart};
use super::tokens::{Amount, Tokens, value};
use super::{BridgeWindow, distinct};
use crate::evidence::Source;
use crate::vocabulary::Claim;

/// The kinds of mismatches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum MismatchCode {
    /// An engine with traffic has no connector, and the LMCache server beside it is idle.
    #[serde(rename = "engine_cache_mismatch_no_connector")]
    NoConnector,
    /// The engine counts external tokens, and LMCache was asked for none.
    #[serde(rename = "engine_cache_mismatch_external_without_lookups")]
    ExternalWithoutLookups,
    /// LMCache is asked, and not by the engines shown here.
    #[serde(rename = "engine_cache_mismatch_lookups_without_external")]
    LookupsWithoutExternal,
    /// LMCache finds tokens that the engine neither held nor loaded.
    #[serde(rename = "engine_cache_mismatch_hits_not_loaded")]
    HitsNotLoaded,
    /// The connector promised tokens that were not loaded.
    #[serde(rename = "engine_cache_mismatch_promises_without_loads")]
    PromisesWithoutLoads,
    /// LMCache never finds what the engine provably sees again.
    #[serde(rename = "engine_cache_mismatch_lookups_never_hit")]
    LookupsNeverHit,
    /// Of several engines one never hits.
    #[serde(rename = "engine_cache_mismatch_one_engine_never_hits")]
    OneEngineNeverHits,
    /// The external tokens are those of another connector.
    #[serde(rename = "engine_cache_mismatch_external_not_lmcache")]
    ExternalNotLmcache,
    /// All reuse is served by the engine's own cache.
    #[serde(rename = "local_cache_covers_reuse")]
    LocalCacheCoversReuse,
    /// More was hit than was asked for.
    #[serde(rename = "rates_over_100_percent")]
    RatesOver100,
}

impl MismatchCode {
    /// All codes.
    pub const ALL: [Self; 10] = [
        Self::NoConnector,
        Self::ExternalWithoutLookups,
        Self::LookupsWithoutExternal,
        Self::HitsNotLoaded,
        Self::PromisesWithoutLoads,
        Self::LookupsNeverHit,
        Self::OneEngineNeverHits,
        Self::ExternalNotLmcache,
        Self::LocalCacheCoversReuse,
        Self::RatesOver100,
    ];

    /// The code as reports write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoConnector => "engine_cache_mismatch_no_connector",
            Self::ExternalWithoutLookups => "engine_cache_mismatch_external_without_lookups",
            Self::LookupsWithoutExternal => "engine_cache_mismatch_lookups_without_external",
            Self::HitsNotLoaded => "engine_cache_mismatch_hits_not_loaded",
            Self::PromisesWithoutLoads => "engine_cache_mismatch_promises_without_loads",
            Self::LookupsNeverHit => "engine_cache_mismatch_lookups_never_hit",
            Self::OneEngineNeverHits => "engine_cache_mismatch_one_engine_never_hits",
            Self::ExternalNotLmcache => "engine_cache_mismatch_external_not_lmcache",
            Self::LocalCacheCoversReuse => "local_cache_covers_reuse",
            Self::RatesOver100 => "rates_over_100_percent",
        }
    }

    /// Whether it says that something is wrong; the others are facts that an operator should
    /// know when reading the numbers.
    pub const fn is_wrong(self) -> bool {
        !matches!(self, Self::ExternalNotLmcache | Self::LocalCacheCoversReuse)
    }
}

/// Something that does not fit.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Mismatch {
    /// Kind.
    pub code: MismatchCode,
    /// How it is known.
    pub claim: Claim,
    /// What does not fit, with its numbers.
    pub says: String,
    /// Windows in which it holds, as places in [`Bridge::windows`](super::Bridge::windows);
    /// empty where it is about all of them together.
    pub windows: Vec<usize>,
    /// Roles of the processes that it is about.
    pub roles: Vec<String>,
    /// Tokens that it is about, where it has a number.
    pub tokens: Option<f64>,
    /// Tokens that chunks and blocks would explain.
    pub tolerance: Option<f64>,
    /// What shows it.
    pub evidence: Vec<Source>,
}

/// A question that the numbers leave open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NotJudged {
    /// Kind.
    pub code: MismatchCode,
    /// Why not.
    pub why: String,
    /// What would settle it.
    pub would_settle: Vec<String>,
}

/// A number in a sentence.
fn n(value: f64) -> String {
    if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.3}") }
}

struct Finder<'a> {
    input: &'a BridgeInput,
    geometry: &'a Geometry,
    windows: &'a [BridgeWindow],
    total: Option<&'a BridgeWindow>,
    found: Vec<Mismatch>,
    open: Vec<NotJudged>,
}

/// Everything that does not fit, and what could not be judged.
pub(super) fn find(
    input: &BridgeInput,
    geometry: &Geometry,
    windows: &[BridgeWindow],
    total: Option<&BridgeWindow>,
) -> (Vec<Mismatch>, Vec<NotJudged>) {
    let mut finder = Finder { input, geometry, windows, total, found: vec![], open: vec![] };
    finder.no_connector();
    finder.external_without_lookups();
    finder.lookups_without_external();
    finder.hits_not_loaded();
    finder.promises_without_loads();
    finder.lookups_never_hit();
    finder.one_engine_never_hits();
    finder.external_not_lmcache();
    finder.local_covers();
    finder.rates_over_100();
    (finder.found, finder.open)
}

#[expect(clippy::ref_option, reason = "a field of Tokens, borrowed")]
fn v(amount: &Option<Amount>) -> Option<f64> {
    value(amount.as_ref())
}

fn sources<'a>(amounts: impl IntoIterator<Item = &'a Option<Amount>>) -> Vec<Source> {
    distinct(amounts.into_iter().flatten().flat_map(|a| a.sources.iter().cloned()), 6)
}

impl Finder<'_> {
    fn open(&mut self, code: MismatchCode, why: impl Into<String>, settle: &[&str]) {
        let would_settle = settle.iter().map(|s| (*s).to_owned()).collect();
        let why = why.into();
        if !self.open.iter().any(|o| o.code == code && o.why == why) {
            self.open.push(NotJudged { code, why, would_settle });
        }
    }
    /// Adds a window to a mismatch of its kind, or starts one.
    fn put(&mut self, at: Option<usize>, new: Mismatch) {
        match self.found.iter_mut().find(|m| m.code == new.code && m.roles == new.roles) {
            Some(have) if at.is_some() => {
                have.windows.extend(at);
                have.tokens = have.tokens.zip(new.tokens).map(|(a, b)| a + b);
                have.tolerance = have.tolerance.zip(new.tolerance).map(|(a, b)| a + b);
            }
            Some(_) => {}
            None => self.found.push(Mismatch { windows: at.into_iter().collect(), ..new }),
        }
    }
    /// Windows in which the counts of the two sides cover the same requests.
    fn comparable(&self) -> Vec<(usize, &BridgeWindow)> {
        self.windows
            .iter()
            .enumerate()
            .filter(|(at, _)| self.input.windows.get(*at).is_some_and(|w| apart(w).is_none()))
            .collect()
    }
    fn engine_roles(&self) -> Vec<String> {
        self.input.engines().map(|e| e.role.clone()).collect()
    }
    fn all_roles(&self) -> Vec<String> {
        self.input.sides.iter().map(|s| s.role.clone()).collect()
    }
    /// Tokens of one engine over all windows in which it was counted.
    fn of_engine(&self, role: &str) -> Tokens {
        let only = self.input.engines().count() == 1;
        let parts = self.windows.iter().filter_map(|w| {
            if only {
                w.tokens.prompt.is_some().then_some(&w.tokens)
            } else {
                let row = w.by_engine.iter().find(|e| e.role == role)?;
                row.tokens.prompt.is_some().then_some(&row.tokens)
            }
        });
        parts.cloned().reduce(|a, b| a.plus(&b)).unwrap_or_default()
    }
}
