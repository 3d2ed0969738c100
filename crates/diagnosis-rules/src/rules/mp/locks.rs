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

/// A sign for each L1 of which at least `least` objects, and this share of all, are locked. What is
/// on its way to or from L2 is locked as well: an answer from then cannot tell.
pub(super) fn locked(
    cx: &Context<'_>,
    lock: &Lock,
    weight: f64,
    least: f64,
    share: f64,
) -> Result<Vec<Sign>, Outcome> {
    let (mut signs, mut at_work) = (Vec::new(), false);
    for (path, status) in cx.view.statuses() {
        for (tag, l1) in &status.l1 {
            let (Some(objects), Some(locked)) = (l1.objects, (lock.count)(l1)) else { continue };
            if (locked as f64) < least || (locked as f64) < objects as f64 * share {
                continue;
            }
            if status.l2_under_way() {
                at_work = true;
                continue;
            }
            let word = lock.word;
            let what = format!("{word}_locked_count of {tag}");
            let place = source(path, None, what, format!("{locked} of {objects}"));
            let text = format!("{locked} of {objects} objects are {word}-locked");
            signs.push(Sign::measured(weight, text, vec![place]));
        }
    }
    if signs.is_empty() && at_work {
        return Err(Outcome::not_evaluable(
            format!("objects are {}-locked while L2 is at work, which locks them too", lock.word),
            &["GET /status of the LMCache server a minute after the last request"],
        ));
    }
    Ok(signs)
}
