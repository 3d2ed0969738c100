//! What rules say alike: one sign, counted failures, lines of logs, tracebacks.

use coverage_model::{FactKind, Source};
use lmcache_launch::Process;

use crate::outcome::{Outcome, Sign};
use crate::rule::{Context, Severity};
use crate::view::{View, placed};

/// A finding of one sign, where it was seen anywhere.
pub(super) fn one_sign(weight: f64, text: &str, sources: Vec<Source>) -> Outcome {
    if sources.is_empty() {
        return Outcome::Clear;
    }
    Outcome::from_signs(vec![Sign::measured(weight, text, sources)], 0.0)
}

/// Failures that a server counted, at any time: one is one too many.
pub(super) fn counted(cx: &Context<'_>, signals: &[&str]) -> Outcome {
    let sources: Vec<Source> = cx
        .view
        .targets
        .iter()
        .flat_map(|t| signals.iter().filter_map(|s| t.last(s)))
        .filter(|reading| reading.value > 0.0)
        .map(|reading| reading.source)
        .collect();
    one_sign(1.0, "the server counted it", sources)
}

/// Whether an engine did not come up.
pub(super) fn start_failed(view: &View<'_>) -> bool {
    view.facts.fact(&FactKind::StartFailed).is_some()
}

/// Critical where an engine did not come up, or died.
pub(super) fn critical_if_down(view: &View<'_>, outcome: Outcome) -> Outcome {
    let down =
        start_failed(view) || view.count(&["vllm.engine_dead", "sglang.scheduler_exception"]) > 0;
    critical_if(down, outcome)
}

/// Critical where it is as bad as that.
pub(super) fn critical_if(bad: bool, outcome: Outcome) -> Outcome {
    outcome.map(|hit| {
        if bad {
            hit.severity = Some(Severity::Critical);
        }
    })
}

/// A sign for events of the logs, where they happened.
pub(super) fn logged(view: &View<'_>, weight: f64, text: &str, ids: &[&str]) -> Option<Sign> {
    let count = view.count(ids);
    (count > 0).then(|| {
        let times = if count == 1 { String::new() } else { format!(" ({count} times)") };
        Sign::inferred(weight, format!("{text}{times}"), view.places(ids))
    })
}

/// A sign for tracebacks whose last line has all of these words.
pub(super) fn raised(view: &View<'_>, weight: f64, text: &str, words: &[&str]) -> Option<Sign> {
    let sources: Vec<Source> = view
        .logs
        .iter()
        .flat_map(|log| log.evidence.tracebacks.iter().map(move |t| (log.path, t)))
        .filter(|(_, t)| words.iter().all(|w| t.last_line.contains(w)))
        .map(|(path, t)| Source {
            artifact: path.to_owned(),
            line: Some(t.first_line),
            what: t.last_line.clone(),
            value: Some(format!("{} times", t.count)),
        })
        .collect();
    (!sources.is_empty()).then(|| Sign::inferred(weight, text, sources))
}

/// A setting of a process as launched, as a source.
pub(super) fn launched(process: &Process, name: &str) -> Option<Source> {
    let s = process.setting(name)?;
    let value = s.value.as_str().map_or_else(|| s.value.to_string(), str::to_owned);
    Some(placed(&s.place, s.key.clone(), Some(value)))
}
