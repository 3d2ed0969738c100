//! A prefetch job never ends.

use crate::rules::prelude::*;

const SCRAPES: Threshold = Threshold {
    name: "min_scrapes",
    unit: "scrapes",
    default: 3.0,
    about: "scrapes in a row with an active job and no lookup between them",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_prefetch_job_stuck",
    aliases: &[],
    title: "A prefetch job stays active while nothing is under way",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[&SCRAPES],
    releases: "",
    explanation: "active_prefetch_jobs counts lookups that were started and not asked for again. One whose \
        client is gone stays for ever and may keep its chunks locked.",
    confirm: "GET /status: active_prefetch_jobs above 0 with active_sessions, load_phase and \
        in_flight_prefetches at 0, twice, a minute apart.",
    action: "Look in the engine log for the request that was aborted; restart the LMCache server if \
        chunks stay locked.",
    false_positives: "A job is active for a moment with every lookup: it has to stay over scrapes without \
        lookups, or /status has to show that nothing is under way.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The job stays, nothing is looked up",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_active_prefetch_jobs 1\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 4096\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_active_prefetch_jobs 1\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 4096\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_active_prefetch_jobs 1\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 4096\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: Example {
        title: "A job is active while lookups go on",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 4096\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_active_prefetch_jobs 1\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 8192\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_active_prefetch_jobs 0\n\
             lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 12288\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    if let Some(outcome) = dropped(cx) {
        return outcome;
    }
    let mut signs = Vec::new();
    for target in cx.view.with("mp.lookup.active_prefetch_jobs") {
        let jobs = target.by_scrape("mp.lookup.active_prefetch_jobs");
        let asked = target.by_window("mp.lookup.requested_tokens");
        // Scrapes at the end that show a job, and no lookup from one to the next.
        let mut quiet = 0usize;
        for (i, jobs) in jobs.iter().enumerate().rev() {
            if jobs.is_none_or(|n| n <= 0.0) {
                break;
            }
            quiet += 1;
            let before = i.checked_sub(1).and_then(|w| asked.get(w)).copied().flatten();
            if before.is_some_and(|grown| grown > 0.0) {
                break;
            }
        }
        if (quiet as f64) < cx.threshold(&SCRAPES) {
            continue;
        }
        let Some(reading) = target.last("mp.lookup.active_prefetch_jobs") else { continue };
        signs.push(Sign::measured(
            0.8,
            format!("{:.0} active over {quiet} scrapes without a lookup", reading.value),
            vec![reading.source],
        ));
    }
    for (path, status) in cx.view.statuses() {
        let idle = [status.active_sessions, status.load_phase, status.in_flight_prefetches];
        let jobs = status.active_prefetch_jobs.unwrap_or(0);
        if jobs > 0 && idle.iter().all(|n| *n == Some(0)) {
            let place = source(path, None, "active_prefetch_jobs", jobs.to_string());
            signs.push(Sign::measured(
                0.6,
                "/status shows a job and nothing under way",
                vec![place],
            ));
        }
    }
    Outcome::from_signs(signs, 0.5)
}
