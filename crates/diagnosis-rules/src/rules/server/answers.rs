//! Routes that answer that something is not healthy.

use lmcache_http::Endpoint;

use crate::rules::prelude::*;
use crate::view::View;

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
