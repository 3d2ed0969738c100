//! What spans say of single requests, for whoever joins them with other lanes.

use std::collections::BTreeMap;

use crate::span::{Span, Value};

/// Requests that are told apart; spans of further ones only add up.
pub const MAX_REQUESTS: usize = 1 << 18;

/// One request, by its spans. Ids and salts are as the server wrote them: they are for joining, and
/// must not go into a report as they are.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RequestSpans {
    /// Seconds from its beginning to its end in the server: how long its root took.
    pub seconds: Option<f64>,
    /// Tokens of whole chunks that were looked up.
    pub requested_tokens: Option<f64>,
    /// Of these, tokens that were found.
    pub hit_tokens: Option<f64>,
    /// Salt.
    pub cache_salt: Option<String>,
    /// A span of it ended in an error.
    pub error: bool,
}

/// Requests by id, as far as they are asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Requests {
    wanted: bool,
    by_id: BTreeMap<String, RequestSpans>,
}

impl Requests {
    pub(crate) fn want(&mut self) {
        self.wanted = true;
    }

    pub(crate) fn take(self) -> BTreeMap<String, RequestSpans> {
        self.by_id
    }

    pub(crate) fn span<'v>(
        &mut self,
        span: &Span<'_>,
        is_root: bool,
        attributes: impl Iterator<Item = (&'v str, Value<'v>)> + Clone,
    ) {
        if !self.wanted {
            return;
        }
        let text = |value: Value<'v>| match value {
            Value::Text(text) => Some(text),
            _ => None,
        };
        let id = attributes.clone().find(|(key, _)| *key == "session_id");
        let Some(id) = id.and_then(|(_, value)| text(value)).filter(|id| !id.is_empty()) else {
            return;
        };
        if !self.by_id.contains_key(id) {
            if self.by_id.len() >= MAX_REQUESTS {
                return;
            }
            self.by_id.insert(id.to_owned(), RequestSpans::default());
        }
        let Some(request) = self.by_id.get_mut(id) else { return };
        request.error |= span.is_error;
        if is_root && span.start > 0 && span.end >= span.start {
            request.seconds = Some((span.end - span.start) as f64 / 1e9);
        }
        for (key, value) in attributes {
            match key {
                "requested_tokens" => request.requested_tokens = value.number(),
                "hit_tokens" => request.hit_tokens = value.number(),
                "cache_salt" => request.cache_salt = text(value).map(str::to_owned),
                _ => {}
            }
        }
    }
}
