//! Whether the engine uses this cache at all.

use super::super::distinct;
use super::super::input::{Part, Side};
use super::super::tokens::{Tokens, counting_caches};
use super::{Finder, Mismatch, MismatchCode, n, sources, v};
use crate::evidence::Source;
use crate::vocabulary::Claim;

impl Finder<'_> {
    /// LMCache processes were counted, and were asked nothing in any window.
    pub(super) fn idle_cache(&self) -> Option<Vec<Source>> {
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
    pub(super) fn no_connector(&mut self) {
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
    pub(super) fn external_without_lookups(&mut self) {
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
    pub(super) fn lookups_without_external(&mut self) {
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
    /// Whether LMCache is what these engines would call external, as far as something says.
    pub(super) fn not_lmcache(&self) -> Option<(&Side, Source)> {
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
    pub(super) fn external_not_lmcache(&mut self) {
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
}
