//! Quotas of salts: what answers list, and those that leave a salt nothing.

use lmcache_http::{Body, QuotaFacts};

use crate::rules::prelude::*;
use crate::view::View;

/// Salts that are evicted down to a quota of 0, as the log says.
pub(super) fn quota_of_nothing(view: &View<'_>) -> Option<(u64, Source)> {
    view.events(&["mp.quota.evicting"]).find_map(|e| {
        let limit = e.stat.fields.get("limit_bytes").filter(|l| l.zero > 0)?;
        // The line that is kept of the event may be one with another limit.
        let share = format!("{} of {} lines", limit.zero, e.stat.count);
        Some((limit.zero, source(e.path, None, "limit=0 where a salt is over quota", share)))
    })
}

/// Answers of the quota routes, each with where it stands.
pub(super) fn answers<'v, 'a: 'v>(
    view: &'v View<'a>,
) -> impl Iterator<Item = (&'a QuotaFacts, &'a str)> + 'v {
    view.http.iter().flat_map(|row| row.evidence.endpoints.values()).filter_map(|endpoint| {
        match &endpoint.body {
            Body::Quota(quota) => Some((quota, endpoint.source.as_str())),
            _ => None,
        }
    })
}
