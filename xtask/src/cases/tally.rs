//! The sum of many verdicts.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::Serialize;

use super::Verdict;

/// Hits of tries.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Score {
    pub(crate) hit: usize,
    pub(crate) of: usize,
}

impl Score {
    fn count(&mut self, hit: bool) {
        self.of += 1;
        self.hit += usize::from(hit);
    }
}

/// What came out of all cases.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Tally {
    /// Problems with all required causes named at their severity.
    pub(crate) problems: Score,
    /// Problems with a required cause first.
    pub(crate) ranked_first: Score,
    /// Distinct causes per problem, on average.
    pub(crate) causes_per_problem: f64,
    /// Forbidden codes on problems.
    pub(crate) forbidden: usize,
    /// Healthy cases without any alarm.
    pub(crate) healthy: Score,
    /// Right headlines.
    pub(crate) modes: Score,
    /// By required cause.
    pub(crate) by_cause: BTreeMap<String, Score>,
    /// By kind of deciding evidence.
    pub(crate) by_evidence: BTreeMap<String, Score>,
    /// Cause that was required, cause that was named instead or besides: how often.
    pub(crate) confusion: BTreeMap<String, BTreeMap<String, usize>>,
    /// One by one.
    pub(crate) cases: Vec<Verdict>,
}

impl Tally {
    pub(crate) fn of(cases: Vec<Verdict>) -> Self {
        let mut out = Self::default();
        let mut named = 0usize;
        for case in &cases {
            out.modes.count(case.mode_is_right());
            if case.healthy {
                out.healthy.count(case.false_alarms.is_empty());
                if case.wanted.is_empty() {
                    continue;
                }
            }
            let hit = case.missed.is_empty();
            out.problems.count(hit);
            if !case.wanted.is_empty() {
                out.ranked_first.count(case.rank == Some(1));
            }
            named += case.causes.len();
            if !case.healthy {
                out.forbidden += case.false_alarms.len();
            }
            for cause in &case.wanted {
                out.by_cause.entry(cause.clone()).or_default().count(case.hit.contains(cause));
                for other in &case.unasked {
                    let row = out.confusion.entry(cause.clone()).or_default();
                    *row.entry(other.clone()).or_default() += 1;
                }
            }
            for kind in &case.evidence {
                out.by_evidence.entry(kind.clone()).or_default().count(hit);
            }
        }
        if out.problems.of > 0 {
            out.causes_per_problem = named as f64 / out.problems.of as f64;
        }
        out.cases = cases;
        out
    }

    /// As text for a terminal.
    pub(crate) fn text(&self) -> String {
        let mut out = String::new();
        for case in &self.cases {
            let mark = if case.holds() { "  ok " } else { "WRONG" };
            let rank = case.rank.map_or_else(String::new, |r| format!(", rank {r}"));
            let _ = write!(out, "{mark} {}: named {:?}{rank}", case.name, case.causes);
            for (what, list) in [
                ("missed", &case.missed),
                ("FALSE ALARM", &case.false_alarms),
                ("unasked", &case.unasked),
            ] {
                if !list.is_empty() {
                    let _ = write!(out, "; {what} {list:?}");
                }
            }
            if !case.mode_is_right() {
                let _ = write!(out, "; mode {} not {:?}", case.mode, case.mode_wanted);
            }
            out.push('\n');
        }
        let score = |s: Score| format!("{} of {}", s.hit, s.of);
        let _ = writeln!(out, "\nby cause");
        for (cause, s) in &self.by_cause {
            let _ = writeln!(out, "  {cause}: {}", score(*s));
        }
        let _ = writeln!(out, "by deciding evidence");
        for (kind, s) in &self.by_evidence {
            let _ = writeln!(out, "  {kind}: {}", score(*s));
        }
        let _ = writeln!(out, "confusion (required: named beside or instead)");
        for (cause, others) in &self.confusion {
            let list: Vec<String> = others.iter().map(|(o, n)| format!("{o} {n}")).collect();
            let _ = writeln!(out, "  {cause}: {}", list.join(", "));
        }
        let _ = writeln!(
            out,
            "\nproblems with all causes named: {}\nrequired cause first: {}\ncauses per problem: {:.2}\n\
             forbidden codes: {}\nhealthy without alarm: {}\nmode right: {}",
            score(self.problems),
            score(self.ranked_first),
            self.causes_per_problem,
            self.forbidden,
            score(self.healthy),
            score(self.modes)
        );
        out
    }
}
