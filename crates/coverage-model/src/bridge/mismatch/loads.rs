//! Whether what was found and promised was loaded.

use super::super::input::{Losses, Part};
use super::super::reconcile::{Difference, requests};
use super::super::tokens::counting_caches;
use super::super::{BridgeWindow, distinct};
use super::{Finder, Mismatch, MismatchCode, n, sources, v};
use crate::vocabulary::Claim;

impl Finder<'_> {
    pub(super) fn hits_not_loaded(&mut self) {
        let code = MismatchCode::HitsNotLoaded;
        if self.not_lmcache().is_some() {
            return;
        }
        let roles = self.all_roles();
        let mut others = false;
        let mut found = Vec::new();
        for (at, w) in self.comparable() {
            let Some(line) = w.compared("found").filter(|r| r.verdict == Difference::Beyond) else {
                continue;
            };
            let Some(d) = line.difference.filter(|d| *d < 0.0) else { continue };
            // More was asked than these engines' prompts hold: the hits may be another engine's.
            if w.compared("looked_up").is_some_and(|r| {
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
    pub(super) fn ended_early(&self, at: usize) -> f64 {
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
    pub(super) fn promises_without_loads(&mut self) {
        let code = MismatchCode::PromisesWithoutLoads;
        let roles = self.engine_roles();
        let mut found = Vec::new();
        let mut early = 0.0;
        for (at, w) in self.comparable() {
            let preempted = v(&w.tokens.preemptions).unwrap_or(0.0);
            if let Some(d) = w
                .compared("promised")
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
    pub(super) fn short_loads(&mut self, code: MismatchCode, roles: &[String]) {
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
    pub(super) fn failed_loads(&mut self, code: MismatchCode, roles: &[String]) {
        let lines: u64 = self.input.losses.iter().map(|l| l.lines).sum();
        if lines == 0 {
            return;
        }
        let sum = |of: fn(&Losses) -> Option<f64>| {
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
}
