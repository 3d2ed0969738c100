//! Few of the looked-up tokens hit, although the cache had time to fill.

use crate::view::Target;

use crate::rules::prelude::*;

const LOW: Threshold = Threshold {
    name: "low_hit_rate",
    unit: "ratio",
    default: 0.3,
    about: "share of looked-up tokens below which the rate is low",
};
const LEAST: Threshold = Threshold {
    name: "min_requested_tokens",
    unit: "tokens",
    default: 16_384.0,
    about: "looked-up tokens below which nothing is said",
};
const REPEATS: Threshold = Threshold {
    name: "min_repetition",
    unit: "ratio",
    default: 0.3,
    about: "share of the prompts that has to repeat before a low rate is a warning",
};
const REACHED: Threshold = Threshold {
    name: "reached_of_ceiling",
    unit: "ratio",
    default: 0.7,
    about: "share of what could have hit from which the rate is as good as it can be",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_mp_low_hit_rate_after_warmup",
    aliases: &[
        "lmcache_mp_low_hit_rate",
        "lmcache_mp_lookup_low_hit",
        "lmcache_mp_lookup_zero_hit",
    ],
    title: "Few of the tokens that LMCache was asked for were found",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[Mode::Mp],
    needs: &[Need::ServerPage],
    thresholds: &[&LOW, &LEAST, &REPEATS, &REACHED],
    releases: "",
    explanation: "Tokens that are looked up and not found are computed again. Where prompts repeat and \
        lookups miss, keys differ (hash, salt, chunk size), chunks are evicted before they are \
        used again, or stores fail.",
    confirm: "Take two scrapes under load and divide the growth of lookup_hit_tokens by that of \
        lookup_requested_tokens; compare with how much of the prompts repeats (lookup hashes, \
        --lookup-hash-log-dir).",
    action: "Look at the causes above this finding first. Without one: compare cache_salt, chunk_size \
        and hash seed of everything that stores and looks up, and L1 size with the working set.",
    false_positives: "Prompts that do not repeat cannot hit. Where nothing tells whether they do, the finding \
        is information only; where the lookup hashes bound what could hit, the rate is held \
        against that bound. The first window with traffic is left out as warm-up.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_mp_l1_eviction_pressure"],
    evaluate,
    example: Example {
        title: "Repeated prompts, one hit in ten",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 10000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 20000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 500\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 60000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 4500\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &["lmcache_mp_cache_salt_empty"],
    },
    counter_example: Example {
        title: "A cold start, then every lookup hits: the lifetime rate is low, the windows are not",
        files: &[
            File::text(
                "0.prom",
                "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 90000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
            File::text(
                "2.prom",
                "lmcache_mp_lookup_requested_tokens_total{cache_salt=\"\",model_name=\"m\"} 110000\n\
             lmcache_mp_lookup_hit_tokens_total{cache_salt=\"\",model_name=\"m\"} 20000\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 3\n\
             ",
            ),
        ],
        also: &[],
    },
};

const ASKED: &str = "mp.lookup.requested_tokens";
const HIT: &str = "mp.lookup.hit_tokens";

fn evaluate(cx: &Context<'_>) -> Outcome {
    if let Some(outcome) = dropped(cx) {
        return outcome;
    }
    let (mut hit, mut asked, mut warmed) = (0.0, 0.0, true);
    let mut sources = Vec::new();
    // With CacheBlend the lookups that count are blend's own.
    for target in cx.view.with(ASKED).filter(|t| !t.any("blend.")) {
        // On an excerpt a counter that is not there is not zero.
        if !target.has(HIT) && !cx.view.coverage.excerpts.is_empty() {
            continue;
        }
        let (h, a, w) = after_warmup(target);
        hit += h;
        asked += a;
        warmed &= w;
        sources.extend([ASKED, HIT].iter().filter_map(|s| target.last(s)).map(|r| r.source));
    }
    if sources.is_empty() || asked < cx.threshold(&LEAST) {
        return Outcome::Clear;
    }
    let rate = hit / asked;
    if rate >= cx.threshold(&LOW) {
        return Outcome::Clear;
    }
    if let Some((ceiling, of)) = cx.view.hash_ceiling()
        && of > 0.0
        && rate >= ceiling / of * cx.threshold(&REACHED)
    {
        return Outcome::RuledOut(format!(
            "{} of the looked-up tokens could have hit, by the lookup hashes, and {} did",
            percent(ceiling / of),
            percent(rate)
        ));
    }
    let window =
        if warmed { "after the first window with traffic" } else { "since the process began" };
    let mut signs = vec![Sign::measured(
        if warmed { 0.8 } else { 0.5 },
        format!("{} of {asked:.0} looked-up tokens hit {window}", percent(rate)),
        sources,
    )];
    let repeats = repetition(cx.view).filter(|(share, _)| *share >= cx.threshold(&REPEATS));
    if let Some((share, what)) = &repeats {
        signs.push(Sign::measured(
            0.5,
            format!("{} of the prompts repeats {what}", percent(*share)),
            vec![],
        ));
    }
    Outcome::from_signs(signs, 0.0).map(|found| {
        if repeats.is_none() {
            found.severity = Some(Severity::Info);
        } else if hit == 0.0 {
            found.severity = Some(Severity::Critical);
        }
        found.title = Some(if hit == 0.0 {
            format!("None of {asked:.0} looked-up tokens was found")
        } else {
            format!("Only {} of the looked-up tokens were found", percent(rate))
        });
    })
}

/// Hit and requested tokens, the first window with traffic of each process left out, and whether
/// that could be done.
fn after_warmup(target: &Target<'_>) -> (f64, f64, bool) {
    let (asked, hit) = (target.by_window(ASKED), target.by_window(HIT));
    let (mut sums, mut warm, mut out) = ((0.0, 0.0), false, false);
    for (i, a) in asked.iter().enumerate() {
        let Some(a) = a.filter(|a| *a > 0.0) else {
            // A restart: the cache is cold again.
            warm &= a.is_some();
            continue;
        };
        if warm {
            sums.0 += hit.get(i).copied().flatten().unwrap_or(0.0);
            sums.1 += a;
            out = true;
        }
        warm = true;
    }
    if out {
        return (sums.0, sums.1, true);
    }
    let of = |signal| target.growth(signal).map_or(0.0, |g| g.value);
    (of(HIT), of(ASKED), false)
}
