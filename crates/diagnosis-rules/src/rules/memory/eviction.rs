//! Signs of an eviction of L1 that does not run.

use crate::rules::prelude::*;
use crate::view::View;

/// What shows that L1 is not evicted any more.
pub(super) fn eviction_signs(view: &View<'_>) -> Vec<Sign> {
    let mut signs = Vec::new();
    signs.extend(logged(
        view,
        0.85,
        "the policy asks for a cache salt and got none",
        &["mp.l1.no_salt"],
    ));
    let died = |name: &String| name.contains("eviction");
    for ids in [["thread.exception"], ["thread.crash"], ["thread.periodic_error"]] {
        if view.texts(&ids, "thread").keys().any(died) {
            signs.extend(logged(view, 0.8, "the thread of eviction died", &ids));
        }
    }
    for (path, status) in view.statuses() {
        for part in status.dead_threads.iter().filter(|p| p.contains("eviction")) {
            signs.push(Sign::measured(
                0.9,
                "the server says that the thread of eviction is dead",
                vec![Source {
                    value: Some("false".into()),
                    ..Source::new(path, format!("{part}.thread_alive"))
                }],
            ));
        }
    }
    let full =
        |t: &crate::view::Target<'_>| t.last("mp.l1.usage_ratio").is_some_and(|u| u.value >= 0.95);
    for target in view.targets.iter().filter(|t| full(t) && t.has_window()) {
        let ticks = target.growth("mp.l1.eviction_loop_ticks");
        let failed = target.growth("mp.l1.allocation_failure").map_or(0.0, |g| g.value);
        let evicted = target.growth("mp.l1.evictions").map_or(0.0, |g| g.value);
        if let Some(ticks) = ticks.filter(|t| t.value == 0.0) {
            signs.push(Sign::measured(
                0.7,
                "the eviction loop did not tick between two scrapes, and L1 is full",
                vec![ticks.source],
            ));
        } else if failed >= 10.0 && evicted == 0.0 {
            let sources = target.last("mp.l1.allocation_failure").map(|r| r.source);
            signs.push(Sign::measured(
                0.6,
                format!("{failed:.0} allocations failed in a full L1, and nothing was evicted"),
                sources.into_iter().collect(),
            ));
        }
    }
    let idle = |text: &str| {
        let text = text.to_ascii_lowercase();
        ["noop", "none", "no_op", "no-op"].contains(&text.as_str())
    };
    for server in view.processes().filter(|p| p.product == lmcache_launch::Product::LmcacheServer) {
        let policy = server.setting("eviction_policy").and_then(|s| s.as_str()).unwrap_or("");
        if idle(policy) && view.targets.iter().any(full) {
            signs.push(Sign::inferred(
                0.7,
                "the policy of L1 never evicts, and L1 is full",
                launched(server, "eviction_policy").into_iter().collect(),
            ));
        } else if policy.eq_ignore_ascii_case("IsolatedLRU") {
            signs.push(Sign::inferred(
                0.55,
                "the policy of L1 is IsolatedLRU, which has no path for a whole L1",
                launched(server, "eviction_policy").into_iter().collect(),
            ));
        }
    }
    signs
}

/// Whether eviction of L1 is dead.
pub(super) fn eviction_is_dead(view: &View<'_>) -> bool {
    eviction_signs(view).iter().any(|s| s.weight >= 0.55)
}
