//! Loads from L2 queue up.

use super::queue::{Queue, backlog};
use crate::rules::prelude::*;

const QUEUE: Queue = Queue {
    what: "loads",
    submitted: "mp.l2.prefetch_load_submitted",
    completed: "mp.l2.load_completed",
    in_flight: "mp.l2.inflight_loads",
};

const LEAST: Threshold = Threshold {
    name: "min_open_requests",
    unit: "requests",
    default: 16.0,
    about: "loads submitted and not completed below which there is no backlog",
};
const SHARE: Threshold = Threshold {
    name: "max_completed_share",
    unit: "ratio",
    default: 0.8,
    about: "share of the submitted loads completed below which they queue up",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l2_load_backlog",
    aliases: &[],
    title: "Loads from L2 queue up",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage, Need::Status],
    thresholds: &[&LEAST, &SHARE],
    releases: "",
    explanation: "Prefetches wait for a place among those in flight (--l2-prefetch-max-in-flight, 8 by default), \
        scrape after scrape, or more loads are submitted than completed: the backend does not keep up. The \
        counters alone cannot show it at the default: a load that waits is not submitted yet. What is in \
        flight in a single scrape is no backlog.",
    confirm: "lmcache_mp_active_prefetch_jobs less lmcache_mp_num_inflight_l2_loads in two scrapes, and \
        pending_queue_size of prefetch_controller in /status.",
    action: "Look at the read latency of the L2 backend; raise --l2-prefetch-max-in-flight only if \
        the backend is not saturated.",
    false_positives: "A burst fills one scrape: two in a row have to show it, with loads in flight in both. \
        Jobs that nobody collects any more count as active too: without loads in flight nothing is said. \
        Loads that fail are another finding.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "Forty jobs for eight places, twice",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_active_prefetch_jobs 40\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 8\n\
             lmcache_mp_l2_prefetch_load_submitted_requests_total 108\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 100\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_active_prefetch_jobs 44\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 8\n\
             lmcache_mp_l2_prefetch_load_submitted_requests_total 128\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 120\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "As many in one scrape, and all done in the next",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_active_prefetch_jobs 40\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 8\n\
             lmcache_mp_l2_prefetch_load_submitted_requests_total 108\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 100\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_active_prefetch_jobs 2\n\
             lmcache_mp_num_inflight_l2_loads{adapter_index=\"0\",l2_name=\"FSL2Adapter\"} 1\n\
             lmcache_mp_l2_prefetch_load_submitted_requests_total 141\n\
             lmcache_mp_l2_load_completed_requests_total{l2_name=\"FSL2Adapter\"} 140\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    match backlog(cx, &QUEUE, cx.threshold(&LEAST), cx.threshold(&SHARE)) {
        found @ Outcome::Finding(_) => found,
        other => waiting(cx).unwrap_or(other),
    }
}

/// Prefetches that wait for a place: those active and not in flight.
fn waiting(cx: &Context<'_>) -> Option<Outcome> {
    const ACTIVE: &str = "mp.lookup.active_prefetch_jobs";
    let least = cx.threshold(&LEAST);
    let mut signs = Vec::new();
    for target in cx.view.with(ACTIVE) {
        let in_flight = target.by_scrape(QUEUE.in_flight);
        let rows: Vec<(f64, f64)> = target
            .by_scrape(ACTIVE)
            .iter()
            .zip(&in_flight)
            .map(|(active, loads)| (active.unwrap_or(0.0), loads.unwrap_or(0.0)))
            .collect();
        let [.., was, now] = rows.as_slice() else { continue };
        if [was, now].iter().any(|(active, loads)| *loads <= 0.0 || active - loads < least) {
            continue;
        }
        let sources = [target.last(ACTIVE), target.last(QUEUE.in_flight)];
        signs.push(Sign::measured(
            0.8,
            format!(
                "{:.0} prefetches wait while {:.0} load, after {:.0} in the scrape before",
                now.0 - now.1,
                now.1,
                was.0 - was.1
            ),
            sources.into_iter().flatten().map(|r| r.source).collect(),
        ));
    }
    let measured = !signs.is_empty();
    for (path, status) in cx.view.statuses() {
        let Some(pending) = status.pending_prefetches.filter(|n| *n as f64 >= least) else {
            continue;
        };
        let place = source(path, None, "pending_queue_size", pending.to_string());
        signs.push(Sign::measured(0.5, "/status shows prefetches that wait", vec![place]));
    }
    if signs.is_empty() {
        return None;
    }
    Some(if measured {
        Outcome::from_signs(signs, 0.0)
    } else {
        Outcome::not_evaluable(
            "prefetches wait in /status; whether they queue up takes two scrapes",
            &["two scrapes of the LMCache server under load, 10 s apart"],
        )
    })
}
