//! SGLang's queue grows.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_waiting",
    unit: "requests",
    default: 8.0,
    about: "waiting requests below which nothing is said",
};
const RATIO: Threshold = Threshold {
    name: "min_waiting_to_running",
    unit: "times",
    default: 1.0,
    about: "waiting to running requests above which they queue up",
};
const SHARE: Threshold = Threshold {
    name: "min_busy_share",
    unit: "ratio",
    default: 0.5,
    about: "share of the scrapes that has to show it",
};

pub(crate) const RULE: Rule = Rule {
    code: "sglang_queue_backlog",
    aliases: &[],
    title: "Requests queue up in SGLang",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage],
    thresholds: &[&LEAST, &RATIO, &SHARE],
    releases: "",
    explanation: "More requests wait than run, scrape after scrape: TTFT is mostly waiting, whatever the \
        cache does.",
    confirm: "sglang:num_queue_reqs and num_running_reqs every few seconds under load.",
    action: "Lower concurrency or add replicas; compare hit rates before and after.",
    false_positives: "A burst fills one scrape: half of the scrapes have to show it, two at least.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "It waits in both scrapes",
        files: &[
            File::text(
                "0.prom",
                "sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 20\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 21\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "It waits in one of four",
        files: &[
            File::text(
                "0.prom",
                "sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 0\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 20\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 0\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
            File::text(
                "3.prom",
                "sglang:num_queue_reqs{engine_type=\"unified\",model_name=\"m\"} 0\n\
             sglang:num_running_reqs{engine_type=\"unified\",model_name=\"m\"} 8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 4\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for target in cx.view.with("sglang.num_queue_reqs") {
        let waiting = target.by_scrape("sglang.num_queue_reqs");
        let running = target.by_scrape("sglang.num_running_reqs");
        let busy = waiting
            .iter()
            .zip(&running)
            .filter(|(w, r)| {
                let (w, r) = (w.unwrap_or(0.0), r.unwrap_or(0.0));
                w >= cx.threshold(&LEAST) && w > r * cx.threshold(&RATIO)
            })
            .count();
        if busy < 2 || (busy as f64) < waiting.len() as f64 * cx.threshold(&SHARE) {
            continue;
        }
        if let Some(reading) = target.last("sglang.num_queue_reqs") {
            signs.push(Sign::measured(
                0.8,
                format!("in {busy} of {} scrapes", waiting.len()),
                vec![reading.source],
            ));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
