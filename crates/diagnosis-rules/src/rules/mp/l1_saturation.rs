//! L1 stays full over the scrapes.

use crate::rules::prelude::*;

const FULL: Threshold = Threshold {
    name: "min_usage_ratio",
    unit: "ratio",
    default: 0.95,
    about: "usage of L1 from which it counts as full",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_l1_saturation",
    aliases: &[],
    title: "L1 stays full",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp, Mode::Cacheblend],
    needs: &[Need::ServerPage, Need::Status],
    thresholds: &[&FULL],
    releases: "",
    explanation: "Eviction keeps usage near its watermark (0.8 unless set). A level beyond 0.95 that stays \
        means that stores find no room and lookups lose what they would have hit.",
    confirm: "lmcache_mp_l1_usage_ratio in three scrapes; \
        lmcache_mp_l1_allocation_failure_chunks_total beside it.",
    action: "Give L1 more room (--l1-size-gb), an L2 adapter, or find out what keeps chunks locked \
        (GET /status).",
    false_positives: "A watermark that was set above 0.95 keeps usage there by intent.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l1_eviction_pressure", "lmcache_mp_l1_memory_no_plateau"],
    evaluate,
    example: Example {
        title: "Full in every scrape",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.98\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.98\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.98\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "Full once",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.98\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.7\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_l1_usage_ratio{backend=\"dram\",l1_tag=\"_default\"} 0.8\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let full = cx.threshold(&FULL);
    let watermark = cx.view.number("eviction_watermark").map_or(0.0, |(w, _)| w);
    if watermark >= full {
        return Outcome::Clear;
    }
    let mut signs = Vec::new();
    for target in cx.view.with("mp.l1.usage_ratio") {
        let values: Vec<f64> =
            target.by_scrape("mp.l1.usage_ratio").into_iter().flatten().collect();
        let late = values.get(values.len().saturating_sub(2)..).unwrap_or_default();
        if late.len() < 2 || late.iter().any(|v| *v < full) {
            continue;
        }
        let Some(reading) = target.last("mp.l1.usage_ratio") else { continue };
        signs.push(Sign::measured(
            0.8,
            format!("L1 is {} full in the last {} scrapes", percent(reading.value), late.len()),
            vec![reading.source],
        ));
    }
    Outcome::from_signs(signs, 0.0)
}
