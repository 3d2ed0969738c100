//! Whether what could be found is found, and by whom.

use super::super::distinct;
use super::super::input::{Side, Stat};
use super::super::reconcile::{Difference, found_tolerance};
use super::super::tokens::{Amount, Tokens, measured};
use super::{Finder, Mismatch, MismatchCode, n, sources, v};
use crate::vocabulary::Claim;

impl Finder<'_> {
    pub(super) fn lookups_never_hit(&mut self) {
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
    pub(super) fn one_engine_never_hits(&mut self) {
        let code = MismatchCode::OneEngineNeverHits;
        let totals: Vec<(Side, Tokens)> =
            self.input.engines().map(|e| (e.clone(), self.of_engine(&e.role))).collect();
        if totals.len() < 2 {
            return;
        }
        let Some(total) = self.total else { return };
        // What the engines hold that LMCache did not find.
        let unfound = total
            .compared("found")
            .filter(|r| r.verdict == Difference::Beyond)
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
    pub(super) fn local_covers(&mut self) {
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
    pub(super) fn rates_over_100(&mut self) {
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
