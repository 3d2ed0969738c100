//! Locks on the objects in L1, as the server answers them.

use lmcache_http::L1Facts;

use crate::rules::prelude::*;

/// A sort of lock.
pub(super) struct Lock {
    /// `read` or `write`.
    pub(super) word: &'static str,
    /// How many objects have it.
    pub(super) count: fn(&L1Facts) -> Option<u64>,
}

/// A sign for each L1 of which at least `least` objects, and this share of all, are locked.
pub(super) fn locked(
    cx: &Context<'_>,
    lock: &Lock,
    weight: f64,
    least: f64,
    share: f64,
) -> Vec<Sign> {
    let mut signs = Vec::new();
    for (path, status) in cx.view.statuses() {
        for (tag, l1) in &status.l1 {
            let (Some(objects), Some(locked)) = (l1.objects, (lock.count)(l1)) else { continue };
            if (locked as f64) < least || (locked as f64) < objects as f64 * share {
                continue;
            }
            let word = lock.word;
            let what = format!("{word}_locked_count of {tag}");
            let place = source(path, None, what, format!("{locked} of {objects}"));
            let text = format!("{locked} of {objects} objects are {word}-locked");
            signs.push(Sign::measured(weight, text, vec![place]));
        }
    }
    signs
}
