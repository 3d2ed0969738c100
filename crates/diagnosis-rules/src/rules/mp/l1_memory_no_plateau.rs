//! L1 fills up and nothing levels it off.

use crate::rules::prelude::*;

const FULL: Threshold = Threshold {
    name: "min_usage_ratio",
    unit: "ratio",
    default: 0.9,
    about: "usage of L1 from which it counts as full; eviction begins at 0.8 by default",
};
const ROSE: Threshold = Threshold {
    name: "min_rise",
    unit: "ratio",
    default: 0.05,
    about: "by how much usage has to have risen between the scrapes",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_memory_no_plateau",
    aliases: &[],
    title: "L1's memory grows to its limit and nothing levels it off",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage],
    thresholds: &[&FULL, &ROSE],
    releases: "",
    explanation: "With eviction at work usage swings below the watermark. Usage that only rises, beyond \
        the watermark, means that eviction does not run, finds nothing that it may drop (locked \
        objects), or is slower than stores.",
    confirm: "Scrape lmcache_mp_l1_usage_ratio every 10 s under load; look at thread_alive of the \
        eviction controllers in GET /status.",
    action: "Check GET /status (thread_alive, locked counts) and the server log for the eviction \
        thread; give L1 more room (--l1-size-gb).",
    false_positives: "A cache that fills for the first time rises too: below the watermark that is no finding.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l1_eviction_pressure"],
    evaluate,
    example: Example {
        title: "Usage rises beyond the watermark and stays",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 1\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.8\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 2\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.97\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 3\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Usage rises, and eviction takes it down again",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.5\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 1\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.97\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 2\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.72\n\
             lmcache_mp_l1_eviction_loop_ticks_total{l1_tag=\"_default\"} 3\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    let mut few = false;
    for target in cx.view.with("mp.l1.usage_ratio") {
        let values: Vec<f64> =
            target.by_scrape("mp.l1.usage_ratio").into_iter().flatten().collect();
        let (Some(first), Some(last)) = (values.first(), values.last()) else { continue };
        if values.len() < 3 {
            few |= *last >= cx.threshold(&FULL);
            continue;
        }
        let fell = values.windows(2).any(|w| matches!(w, [a, b] if *b < *a - 0.005));
        if fell || *last < cx.threshold(&FULL) || last - first < cx.threshold(&ROSE) {
            continue;
        }
        let Some(reading) = target.last("mp.l1.usage_ratio") else { continue };
        signs.push(Sign::measured(
            0.8,
            format!(
                "usage rose from {} to {} over {} scrapes and never fell",
                percent(*first),
                percent(*last),
                values.len()
            ),
            vec![reading.source],
        ));
    }
    if signs.is_empty() && few {
        return Outcome::not_evaluable(
            "L1 is full; whether eviction levels it off takes three scrapes",
            &["three scrapes of the LMCache server under load, 10 s apart"],
        );
    }
    Outcome::from_signs(signs, 0.0)
}
