//! What several rules ask alike.

use coverage_model::Source;
use lmcache_http::Endpoint;

use crate::outcome::{Outcome, Sign};
use crate::rule::{Context, Lifecycle};
use crate::view::View;

/// In force since the first release.
pub(super) const SINCE_0_1: Lifecycle = Lifecycle::Stable { since: "0.1.0" };

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

/// Answers of a route in which a server says that it is not healthy.
pub(super) fn answers<'a>(view: &View<'a>, route: &str) -> Vec<&'a Endpoint> {
    view.http
        .iter()
        .filter_map(|row| row.evidence.endpoints.get(route))
        .filter(|endpoint| endpoint.status == "unhealthy")
        .collect()
}

/// A finding where a route answers that something is not healthy.
pub(super) fn said_unhealthy(cx: &Context<'_>, route: &str) -> Outcome {
    let sources = answers(cx.view, route)
        .into_iter()
        .map(|endpoint| Source::new(endpoint.source.clone(), format!("/{route}")))
        .collect();
    one_sign(1.0, "the server says so itself", sources)
}
