//! What does not fit between engine and cache.
//!
//! Each mismatch is a statement over windows in which both sides were counted, with the series
//! that show it. Where one side is not known, or other engines may be behind the numbers, the
//! question is listed as not judged, with what would settle it.

use serde::Serialize;

use super::input::{BridgeInput, Part, Side, Stat};
use super::reconcile::{Difference, Geometry, apart, found_tolerance, requests};
use super::tokens::{Amount, Tokens, counting_caches, measured, value};
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

    /// LMCache processes were counted, and were asked nothing in any window.
    fn idle_cache(&self) -> Option<Vec<Source>> {
        let counted: Vec<&Tokens> = self
            .windows
            .iter()
            .enumerate()
            .filter(|(at, _)| counting_caches(self.input).iter().all(|c| c.counted(*at).is_some()))
            .map(|(_, w)| &w.tokens)
            .collect();
        let idle = |t: &&Tokens| t.asked_nothing || v(&t.requested) == Some(0.0);
        let servers = counting_caches(self.input).iter().any(|c| c.part == Part::Server);
        (servers && !counted.is_empty() && counted.iter().all(idle))
            .then(|| sources(counted.iter().map(|t| &t.requested)))
    }

    fn no_connector(&mut self) {
        let code = MismatchCode::NoConnector;
        let Some(idle) = self.idle_cache() else {
            return;
        };
        let engines: Vec<Side> = self.input.engines().cloned().collect();
        for engine in engines {
            if engine.lmcache_connector().is_some() {
                continue;
            }
            let tokens = self.of_engine(&engine.role);
            let Some(prompt) = v(&tokens.prompt).filter(|p| *p > 0.0) else { continue };
            let asked = v(&tokens.asked_external);
            let none = engine.no_connector.clone();
            // vLLM counts every token that its own cache lacks as a query where it has a connector.
            if none.is_none() && asked != Some(0.0) {
                continue;
            }
            let shown =
                none.iter().cloned().chain(sources([&tokens.prompt, &tokens.asked_external]));
            let claim = if asked == Some(0.0) { Claim::Measured } else { Claim::Inferred };
            let how = match (&none, asked) {
                (Some(_), _) => "was started without a KV connector",
                _ => "never asked an external cache",
            };
            self.put(None, Mismatch {
                code,
                claim,
                says: format!(
                    "{} took {} prompt tokens and {how}, while the LMCache server beside it was asked nothing",
                    engine.role,
                    n(prompt)
                ),
                windows: vec![],
                roles: vec![engine.role.clone()],
                tokens: Some(prompt),
                tolerance: None,
                evidence: distinct(shown.chain(idle.iter().cloned()), 6),
            });
        }
    }

    /// Whether LMCache is what these engines would call external, as far as something says.
    fn not_lmcache(&self) -> Option<(&Side, Source)> {
        self.input.engines().find_map(|e| {
            if e.part == Part::Sglang {
                let hicache = self.input.hicache.clone()?;
                return self.input.sglang_lmcache.is_none().then_some((e, hicache));
            }
            if e.lmcache_connector().is_some() {
                return None;
            }
            e.connectors.first().map(|c| (e, c.source.clone()))
        })
    }

    fn external_without_lookups(&mut self) {
        let code = MismatchCode::ExternalWithoutLookups;
        let external: f64 = self.windows.iter().filter_map(|w| v(&w.tokens.external)).sum();
        if external <= 0.0 || self.not_lmcache().is_some() {
            return;
        }
        let servers: Vec<&Side> = self.input.caches().filter(|c| c.part == Part::Server).collect();
        if servers.is_empty() {
            if let Some(silent) = &self.input.silent_cache {
                let why = format!("{} carries no LMCache series", silent.artifact);
                self.open(code, why, &["the server's metrics", "its spans", "its log"]);
            }
            return;
        }
        if servers.iter().any(|s| !s.maybe_since(lmcache_prom::contract::Release::new(0, 4, 5, 0)))
        {
            let why = "this LMCache release counts no lookups in tokens (it came with 0.4.5)";
            self.open(code, why, &["a newer LMCache"]);
            return;
        }
        if let Some(dropped) = &self.input.dropped_events {
            let why = format!(
                "LMCache's event bus dropped events ({}): its counts are incomplete",
                dropped.artifact
            );
            self.open(code, why, &["a larger --event-bus-queue-size"]);
            return;
        }
        let roles = self.all_roles();
        let named = self.input.engines().any(|e| e.lmcache_connector().is_some());
        let hits: Vec<(usize, Mismatch)> = self
            .comparable()
            .into_iter()
            .filter(|(_, w)| w.tokens.asked_nothing || v(&w.tokens.requested) == Some(0.0))
            .filter_map(|(at, w)| {
                let external = v(&w.tokens.external).filter(|e| *e > 0.0)?;
                Some((at, Mismatch {
                    code,
                    claim: if named { Claim::Measured } else { Claim::Inferred },
                    says: format!(
                        "the engine counts {} tokens from an external cache, and LMCache was asked for none{}",
                        n(external),
                        if named { "" } else { "; nothing here names the connector, so the tokens may be another cache's" }
                    ),
                    windows: vec![],
                    roles: roles.clone(),
                    tokens: Some(external),
                    tolerance: None,
                    evidence: sources([&w.tokens.external, &w.tokens.requested]),
                }))
            })
            .collect();
        for (at, mismatch) in hits {
            self.put(Some(at), mismatch);
        }
    }

    fn lookups_without_external(&mut self) {
        let code = MismatchCode::LookupsWithoutExternal;
        // LMCache inside an engine is asked by that engine.
        if counting_caches(self.input).iter().any(|c| c.part == Part::Embedded) {
            return;
        }
        let roles = self.all_roles();
        let found: Vec<(usize, Mismatch)> = self
            .comparable()
            .into_iter()
            .filter_map(|(at, w)| {
                let requested = v(&w.tokens.requested).filter(|r| *r > 0.0)?;
                if v(&w.tokens.asked_external) != Some(0.0) {
                    return None;
                }
                let prompt = v(&w.tokens.prompt)?;
                let what = if prompt > 0.0 {
                    format!("the engine shown here took {} prompt tokens and asked no external cache", n(prompt))
                } else {
                    "the engine shown here took no prompt".to_owned()
                };
                Some((at, Mismatch {
                    code,
                    claim: Claim::Measured,
                    says: format!(
                        "LMCache was asked for {} tokens, and {what}: another engine uses this server",
                        n(requested)
                    ),
                    windows: vec![],
                    roles: roles.clone(),
                    tokens: Some(requested),
                    tolerance: None,
                    evidence: sources([&w.tokens.requested, &w.tokens.asked_external, &w.tokens.prompt]),
                }))
            })
            .collect();
        for (at, mismatch) in found {
            self.put(Some(at), mismatch);
        }
    }

    fn hits_not_loaded(&mut self) {
        let code = MismatchCode::HitsNotLoaded;
        if self.not_lmcache().is_some() {
            return;
        }
        let roles = self.all_roles();
        let mut others = false;
        let mut found = Vec::new();
        for (at, w) in self.comparable() {
            let row = |what: &str| w.reconciliation.iter().find(|r| r.what == what);
            let Some(line) = row("found").filter(|r| r.verdict == Difference::Beyond) else {
                continue;
            };
            let Some(d) = line.difference.filter(|d| *d < 0.0) else { continue };
            // More was asked than these engines' prompts hold: the hits may be another engine's.
            if row("looked_up").is_some_and(|r| {
                r.verdict == Difference::Beyond && r.difference.is_some_and(|d| d < 0.0)
            }) {
                others = true;
                continue;
            }
            let asked = sources([&w.tokens.hits, &w.tokens.external, &w.tokens.engine_local]);
            found.push((at, Mismatch {
                code,
                claim: Claim::Measured,
                says: format!(
                    "LMCache found {} tokens, of which the engine held {} and loaded {}: {} were found and not used",
                    n(v(&w.tokens.hits).unwrap_or_default()),
                    n(v(&w.tokens.engine_local).unwrap_or_default()),
                    n(v(&w.tokens.external).unwrap_or_default()),
                    n(-d)
                ),
                windows: vec![],
                roles: roles.clone(),
                tokens: Some(-d),
                tolerance: line.tolerance.as_ref().map(|t| -t.low),
                evidence: asked,
            }));
        }
        for (at, mismatch) in found {
            self.put(Some(at), mismatch);
        }
        if others {
            self.open(
                code,
                "LMCache was asked for more tokens than the prompts of the engines shown here hold: other engines use it too, and its hits may be theirs",
                &["the metrics pages of all engines of this server"],
            );
        }
    }

    /// Requests that ended early in a window: nothing says what was promised to them.
    fn ended_early(&self, at: usize) -> f64 {
        let mut sum = 0.0;
        for counters in self.input.engines().filter_map(|e| e.counted(at)) {
            sum += counters
                .iter()
                .filter(|c| c.signal == "vllm.request_success")
                .filter(|c| matches!(c.label("finished_reason"), "abort" | "error"))
                .map(|c| c.value)
                .sum::<f64>();
        }
        sum
    }

    fn promises_without_loads(&mut self) {
        let code = MismatchCode::PromisesWithoutLoads;
        let roles = self.engine_roles();
        let mut found = Vec::new();
        let mut early = 0.0;
        for (at, w) in self.comparable() {
            let row = |what: &str| w.reconciliation.iter().find(|r| r.what == what);
            let preempted = v(&w.tokens.preemptions).unwrap_or(0.0);
            if let Some(d) = row("promised")
                .filter(|r| r.verdict == Difference::Beyond)
                .and_then(|r| r.difference)
                .filter(|d| *d > 0.0)
            {
                let ended = self.ended_early(at) + preempted;
                if ended > 0.0 {
                    early += ended;
                } else {
                    found.push((at, Mismatch {
                        code,
                        claim: Claim::Measured,
                        says: format!(
                            "the connector promised {} tokens and {} came: {} were promised and not loaded",
                            n(v(&w.tokens.promised).unwrap_or_default()),
                            n(v(&w.tokens.external).unwrap_or_default()),
                            n(d)
                        ),
                        windows: vec![],
                        roles: roles.clone(),
                        tokens: Some(d),
                        tolerance: Some(0.0),
                        evidence: sources([&w.tokens.promised, &w.tokens.external]),
                    }));
                }
            }
        }
        for (at, mismatch) in found {
            self.put(Some(at), mismatch);
        }
        if early > 0.0 {
            self.open(
                code,
                format!("{} requests were aborted, failed or were preempted in windows where more was promised than came: nothing says what was promised to them", n(early)),
                &["the engine's log (Recovered from KV load failure, Failing requests)"],
            );
        }
        self.short_loads(code, &roles);
        self.failed_loads(code, &roles);
    }

    /// The engine counts more external tokens than LMCache handed over.
    fn short_loads(&mut self, code: MismatchCode, roles: &[String]) {
        // Embedded counters are pushed every 10 s: what the last window claims may come later.
        let pushed = counting_caches(self.input).iter().all(|c| c.part == Part::Embedded);
        let comparable = self.comparable();
        let claims: &[(usize, &BridgeWindow)] = match comparable.split_last() {
            Some((_, before)) if pushed => before,
            _ => &comparable,
        };
        let claimed: f64 = claims.iter().filter_map(|(_, w)| v(&w.tokens.external)).sum();
        let loaded: Option<f64> = comparable
            .iter()
            .map(|(_, w)| v(&w.tokens.loaded))
            .try_fold(0.0, |sum, l| Some(sum + l?));
        let (Some(loaded), Some(requests)) = (
            loaded,
            comparable.iter().map(|(_, w)| requests(&w.tokens)).try_fold(0.0, |s, r| Some(s + r?)),
        ) else {
            return;
        };
        let most = requests * self.geometry.last();
        if claimed <= loaded + most || self.not_lmcache().is_some() {
            return;
        }
        let evidence = comparable
            .iter()
            .rev()
            .flat_map(|(_, w)| [&w.tokens.external, &w.tokens.loaded])
            .flatten()
            .flat_map(|a| a.sources.iter().cloned());
        let evidence = distinct(evidence, 6);
        self.put(
            None,
            Mismatch {
                code,
                claim: Claim::Measured,
                says: format!(
                    "the engine counts {} tokens as loaded, and LMCache handed over {}",
                    n(claimed),
                    n(loaded)
                ),
                windows: vec![],
                roles: roles.to_vec(),
                tokens: Some(claimed - loaded),
                tolerance: Some(most),
                evidence,
            },
        );
    }

    /// Loads that the engine's log says to have failed.
    fn failed_loads(&mut self, code: MismatchCode, roles: &[String]) {
        let lines: u64 = self.input.losses.iter().map(|l| l.lines).sum();
        if lines == 0 {
            return;
        }
        let sum = |of: fn(&super::input::Losses) -> Option<f64>| {
            self.input.losses.iter().map(of).try_fold(0.0, |s, x| Some(s + x?))
        };
        let (tokens, requests) = (sum(|l| l.tokens), sum(|l| l.requests));
        let what = match (requests, tokens) {
            (Some(r), Some(t)) => format!("{} requests, {} tokens", n(r), n(t)),
            _ => format!("{lines} lines"),
        };
        let evidence = self.input.losses.iter().map(|l| l.source.clone());
        let evidence = distinct(evidence, 6);
        self.put(None, Mismatch {
            code,
            claim: Claim::Inferred,
            says: format!("the engine's log tells of loads from the external cache that failed ({what}); vLLM's counters keep them as external tokens"),
            windows: vec![],
            roles: roles.to_vec(),
            tokens,
            tolerance: None,
            evidence,
        });
    }

    fn lookups_never_hit(&mut self) {
        let code = MismatchCode::LookupsNeverHit;
        let Some(total) = self.total else { return };
        let t = &total.tokens;
        let (Some(requested), Some(hits)) = (v(&t.requested), v(&t.hits)) else { return };
        if requested <= 0.0 || hits > 0.0 || self.not_lmcache().is_some() {
            return;
        }
        if let Some(dropped) = &self.input.dropped_events {
            let why = format!("LMCache's event bus dropped events ({})", dropped.artifact);
            self.open(code, why, &["a larger --event-bus-queue-size"]);
            return;
        }
        // What the engine found again in its own cache, LMCache had been given to store as well.
        let tolerance =
            found_tolerance(self.geometry, self.input, t, total.seconds).map(|x| x.high);
        let again = v(&t.engine_local).zip(tolerance).filter(|(local, most)| local > most);
        let behind = total.reconciliation.iter().any(|r| {
            r.what == "looked_up"
                && r.verdict == Difference::Beyond
                && r.difference.is_some_and(|d| d > 0.0)
        });
        let repeats = self.input.repeatable_tokens.as_ref().filter(|r| r.value > 0.0);
        let says;
        let mut shown = sources([&t.requested, &t.hits, &t.engine_local]);
        let tokens;
        if let Some((local, _)) = again.filter(|_| !behind) {
            says = format!(
                "LMCache was asked for {} tokens and found none, while the engine found {} of the same prompts' tokens in its own cache",
                n(requested),
                n(local)
            );
            tokens = local;
        } else if let Some(repeats) = repeats {
            says = format!(
                "LMCache was asked for {} tokens and found none, while {} of them repeat an earlier prefix",
                n(requested),
                n(repeats.value)
            );
            tokens = repeats.value;
            shown.insert(0, repeats.source.clone());
        } else {
            self.open(
                code,
                format!("LMCache was asked for {} tokens and found none; nothing shows that a prompt came twice", n(requested)),
                &["a replay of the same prompts", "the lookup-hash log", "a log of requests with their prompts' hashes"],
            );
            return;
        }
        let roles = self.all_roles();
        self.put(
            None,
            Mismatch {
                code,
                claim: Claim::Measured,
                says,
                windows: vec![],
                roles,
                tokens: Some(tokens),
                tolerance,
                evidence: shown,
            },
        );
    }

    /// Of several engines one gets nothing, although its own cache shows that its prompts come
    /// again and LMCache did not find them. That a sibling hits proves that the server works.
    fn one_engine_never_hits(&mut self) {
        let code = MismatchCode::OneEngineNeverHits;
        let totals: Vec<(Side, Tokens)> =
            self.input.engines().map(|e| (e.clone(), self.of_engine(&e.role))).collect();
        if totals.len() < 2 {
            return;
        }
        let Some(total) = self.total else { return };
        // What the engines hold that LMCache did not find.
        let unfound = total
            .reconciliation
            .iter()
            .find(|r| r.what == "found" && r.verdict == Difference::Beyond)
            .and_then(|r| r.difference)
            .filter(|d| *d > 0.0);
        for (engine, own) in &totals {
            let asked = v(&own.asked_external).or(v(&own.prompt)).filter(|a| *a > 0.0);
            let (Some(asked), Some(0.0)) = (asked, v(&own.external)) else { continue };
            let sibling = totals.iter().find(|(other, t)| {
                let role = |s: &Side| s.kv_role.as_ref().map(|r| r.value.clone());
                let models = other.models.is_empty()
                    || engine.models.is_empty()
                    || other.models.iter().any(|m| engine.models.contains(m));
                v(&t.external).unwrap_or(0.0) > 0.0 && models && role(other) == role(engine)
            });
            let Some((other, theirs)) = sibling else { continue };
            let tolerance = found_tolerance(self.geometry, self.input, own, total.seconds);
            let Some(tolerance) = tolerance else { continue };
            let again = v(&own.engine_local).filter(|local| *local > tolerance.high);
            let proven =
                again.zip(unfound).filter(|(local, unfound)| *unfound >= *local - tolerance.high);
            let Some((local, _)) = proven else {
                self.open(
                    code,
                    format!(
                        "{} asked for {} tokens and got none, while {} got {}; nothing shows that a prompt of {} was stored before",
                        engine.role,
                        n(asked),
                        other.role,
                        n(v(&theirs.external).unwrap_or_default()),
                        engine.role
                    ),
                    &["a replay of the same prompts at this engine", "its log of requests"],
                );
                continue;
            };
            let mismatch = Mismatch {
                code,
                claim: Claim::Measured,
                says: format!(
                    "{} asked the external cache for {} tokens and got none, while {} got {}; {} tokens of {}'s prompts came again, and LMCache did not find them",
                    engine.role,
                    n(asked),
                    other.role,
                    n(v(&theirs.external).unwrap_or_default()),
                    n(local),
                    engine.role
                ),
                windows: vec![],
                roles: vec![engine.role.clone(), other.role.clone()],
                tokens: Some(local),
                tolerance: Some(tolerance.high),
                evidence: sources([
                    &own.asked_external,
                    &own.external,
                    &own.engine_local,
                    &theirs.external,
                ]),
            };
            self.put(None, mismatch);
        }
    }

    fn external_not_lmcache(&mut self) {
        let code = MismatchCode::ExternalNotLmcache;
        let Some((side, source)) = self.not_lmcache().map(|(s, x)| (s.clone(), x)) else { return };
        let tokens = self.of_engine(&side.role);
        let external = v(&tokens.external).unwrap_or(0.0).max(v(&tokens.promised).unwrap_or(0.0));
        if external <= 0.0 {
            return;
        }
        let name = match (side.part, side.connectors.first()) {
            (Part::Sglang, _) => "HiCache".to_owned(),
            (_, Some(connector)) => connector.value.clone(),
            _ => "another connector".to_owned(),
        };
        let shown = std::iter::once(source).chain(sources([&tokens.external, &tokens.promised]));
        let evidence = distinct(shown, 6);
        self.put(None, Mismatch {
            code,
            claim: Claim::Inferred,
            says: format!(
                "{} of {}'s tokens came from outside through {name}: they are not LMCache's, and near 100 % of them is usual where another engine prefills",
                n(external),
                side.role
            ),
            windows: vec![],
            roles: vec![side.role.clone()],
            tokens: Some(external),
            tolerance: None,
            evidence,
        });
    }

    fn local_covers(&mut self) {
        let code = MismatchCode::LocalCacheCoversReuse;
        let Some(total) = self.total else { return };
        let t = &total.tokens;
        let (Some(hits), Some(local), Some(external)) =
            (v(&t.hits), v(&t.engine_local), v(&t.external))
        else {
            return;
        };
        let chunk = self.geometry.chunk.as_ref().map_or(1.0, |c| c.value as f64);
        // Not one request was given a whole chunk.
        if hits <= 0.0 || local <= 0.0 || external >= chunk {
            return;
        }
        let tolerance = found_tolerance(self.geometry, self.input, t, total.seconds);
        if tolerance.as_ref().is_some_and(|x| local + external - hits < x.low) {
            return;
        }
        let roles = self.all_roles();
        self.put(None, Mismatch {
            code,
            claim: Claim::Measured,
            says: format!(
                "LMCache found {} tokens, and the engine held all of them itself ({} from its own cache, {} loaded): LMCache saved nothing in this time",
                n(hits),
                n(local),
                n(external)
            ),
            windows: vec![],
            roles,
            tokens: Some(hits),
            tolerance: tolerance.map(|x| -x.low),
            evidence: sources([&t.hits, &t.engine_local, &t.external]),
        });
    }

    fn rates_over_100(&mut self) {
        let code = MismatchCode::RatesOver100;
        let mut found = Vec::new();
        for (at, w) in self.windows.iter().enumerate() {
            let mut pairs: Vec<(String, &str, Amount, Amount)> = Vec::new();
            if let (Some(hit), Some(asked)) = (&w.tokens.hits, &w.tokens.requested) {
                pairs.push(("LMCache".into(), "lookups", hit.clone(), asked.clone()));
            }
            for engine in self.input.engines() {
                let Some(counters) = engine.counted(at) else { continue };
                for (what, hit, asked) in [
                    ("own prefix cache", "vllm.prefix_cache_hits", "vllm.prefix_cache_queries"),
                    (
                        "external cache",
                        "vllm.external_prefix_cache_hits",
                        "vllm.external_prefix_cache_queries",
                    ),
                ] {
                    let of = |signal| measured(counters, signal, Stat::Value);
                    if let (Some(hit), Some(asked)) = (of(hit), of(asked)) {
                        pairs.push((engine.role.clone(), what, hit, asked));
                    }
                }
            }
            for (role, what, hit, asked) in pairs {
                if hit.value <= asked.value {
                    continue;
                }
                let shown = hit.sources.iter().chain(&asked.sources).cloned();
                found.push((
                    at,
                    Mismatch {
                        code,
                        claim: Claim::Measured,
                        says: format!(
                            "{role}, {what}: {} tokens hit of {} that were asked for",
                            n(hit.value),
                            n(asked.value)
                        ),
                        windows: vec![],
                        roles: vec![role],
                        tokens: Some(hit.value - asked.value),
                        tolerance: Some(0.0),
                        evidence: distinct(shown, 6),
                    },
                ));
            }
        }
        for (at, mismatch) in found {
            self.put(Some(at), mismatch);
        }
    }
}
