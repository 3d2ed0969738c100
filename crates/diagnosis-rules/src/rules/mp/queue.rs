//! Queues between L1 and L2: stores on their way out, loads on their way in.

use crate::rules::prelude::*;

/// A queue by its signals.
pub(super) struct Queue {
    /// What queues up.
    pub(super) what: &'static str,
    pub(super) submitted: &'static str,
    pub(super) completed: &'static str,
    pub(super) in_flight: &'static str,
}

/// A finding where, between two scrapes, at least `least` more were submitted than completed,
/// fewer than `share` of them completed, and some are in flight at the end.
pub(super) fn backlog(cx: &Context<'_>, queue: &Queue, least: f64, share: f64) -> Outcome {
    if let Some(outcome) = dropped(cx) {
        return outcome;
    }
    let what = queue.what;
    let (mut signs, mut single) = (Vec::new(), false);
    for target in cx.view.with(queue.submitted) {
        let (Some(submitted), completed) =
            (target.growth(queue.submitted), target.growth(queue.completed))
        else {
            continue;
        };
        if completed.is_none() && !cx.view.coverage.excerpts.is_empty() {
            continue;
        }
        let done = completed.as_ref().map_or(0.0, |g| g.value);
        let open = submitted.value - done;
        if open < least || done >= submitted.value * share {
            continue;
        }
        // In flight at the end: what failed or was lost is not waiting.
        let waiting = target.last(queue.in_flight).filter(|r| r.value > 0.0);
        let at_end = target.by_scrape(queue.in_flight).last().copied().flatten().unwrap_or(0.0);
        if !submitted.window {
            single |= at_end > 0.0;
            continue;
        }
        if at_end <= 0.0 {
            continue;
        }
        let mut sources = vec![submitted.source];
        sources.extend(completed.map(|g| g.source));
        sources.extend(waiting.map(|r| r.source));
        signs.push(Sign::measured(
            0.9,
            format!("{:.0} {what} submitted and {done:.0} completed between the scrapes, {at_end:.0} in flight at the end", submitted.value),
            sources,
        ));
    }
    if signs.is_empty() && single {
        return Outcome::not_evaluable(
            format!("{what} are in flight; whether they queue up takes two scrapes"),
            &["two scrapes of the LMCache server under load, 10 s apart"],
        );
    }
    Outcome::from_signs(signs, 0.0)
}
