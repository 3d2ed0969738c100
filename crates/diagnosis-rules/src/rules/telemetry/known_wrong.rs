//! A metric contradicts another, and is the one that is wrong.

use crate::rules::prelude::*;
use crate::view::{Target, View};

const TOKENS: Threshold = Threshold {
    name: "min_tokens",
    unit: "tokens",
    default: 10000.0,
    about: "Tokens that were looked up or hit before two numbers are compared",
};
const APART: Threshold = Threshold {
    name: "lookup_hit_rate_below",
    unit: "ratio",
    default: 0.9,
    about: "Lookup hit rate below which a retrieve hit rate of 1 misleads",
};
const EVENTS: Threshold = Threshold {
    name: "min_events",
    unit: "lines",
    default: 5.0,
    about: "Logged events beside a counter at zero",
};

pub(crate) const RULE: Rule = Rule {
    code: "metric_known_wrong",
    aliases: &[],
    title: "A metric does not say what its name says in this release",
    kind: Kind::Cause,
    cause: Some("metric-known-wrong"),
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::EmbeddedPage, Need::EnginePage, Need::ServerPage, Need::Status],
    thresholds: &[&TOKENS, &APART, &EVENTS],
    releases: "",
    explanation: "Some metrics of some releases mislead: lmcache:retrieve_hit_rate is 1 by \
        construction since retrieves ask only for tokens that a lookup found; \
        num_vllm_hit_tokens is not counted on every path; a ratio above 1 or hits above what \
        was asked for can't be, nor free slots above the size of their pool (a NIXL pool counts \
        files in one and pages in the other). Decisions on them go wrong.",
    confirm: "Compare with the other source that the evidence names, over the same time.",
    action: "Use lookup hits over lookup tokens for the hit rate (lmcache:num_lookup_hits_total / \
        lmcache:num_lookup_tokens_total, lmcache_mp_lookup_hit_tokens_total / \
        ..._requested_tokens_total), the engine's own counters for the engine's hits, and \
        upgrade LMCache.",
    false_positives: "Ratios of two counters that were scraped at different moments may pass 1 for a \
        moment: the rule allows for 1 %.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["metrics-renamed"],
    evaluate,
    example: Example {
        title: "The retrieve hit rate is 1 by construction",
        files: &[File::text(
            "metrics.prom",
            r#"# TYPE lmcache:num_lookup_tokens_total counter
lmcache:num_lookup_tokens_total{model_name="m",worker_id="0"} 90000.0
# TYPE lmcache:num_lookup_hits_total counter
lmcache:num_lookup_hits_total{model_name="m",worker_id="0"} 9000.0
# TYPE lmcache:retrieve_hit_rate gauge
lmcache:retrieve_hit_rate{model_name="m",worker_id="0"} 1.0
"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Both rates are high",
        files: &[File::text(
            "metrics.prom",
            r#"# TYPE lmcache:num_lookup_tokens_total counter
lmcache:num_lookup_tokens_total{model_name="m",worker_id="0"} 90000.0
# TYPE lmcache:num_lookup_hits_total counter
lmcache:num_lookup_hits_total{model_name="m",worker_id="0"} 88000.0
# TYPE lmcache:retrieve_hit_rate gauge
lmcache:retrieve_hit_rate{model_name="m",worker_id="0"} 1.0
"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let volume = cx.threshold(&TOKENS);
    let mut signs = Vec::new();
    let queried = view.launch.map(|l| l.environment.queried_metrics()).unwrap_or_default();
    let asked = |signal: &str| {
        queried.iter().any(|q| view.catalog.name(q).is_some_and(|n| n.signal() == signal))
    };
    let mut decides = false;
    for target in &view.targets {
        let value = |signal: &str| target.last(signal).map(|r| (r.value, r.source));
        let top = target
            .series("embedded.retrieve_hit_rate")
            .into_iter()
            .max_by(|a, b| a.value.total_cmp(&b.value));
        let (hits, looked) =
            (value("embedded.num_lookup_hits"), value("embedded.num_lookup_tokens"));
        if let (Some(rate), Some((hits, at)), Some((looked, _))) = (top, hits, looked)
            && rate.value >= 0.99
            && looked >= volume
            && hits / looked < cx.threshold(&APART)
        {
            decides |= asked("embedded.retrieve_hit_rate");
            signs.push(Sign::measured(
                if asked("embedded.retrieve_hit_rate") { 0.85 } else { 0.6 },
                format!(
                    "retrieve_hit_rate is {}, while {:.0} % of the tokens looked up hit",
                    rate.value,
                    100.0 * hits / looked
                ),
                vec![rate.source, at],
            ));
        }
        let own = view.last("vllm.prefix_cache_hits").map(|r| (r.value, r.source));
        if let (Some((counted, zero)), Some((own, at))) =
            (value("embedded.num_vllm_hit_tokens"), own)
            && counted == 0.0
            && own >= volume
        {
            signs.push(Sign::measured(
                0.8,
                "num_vllm_hit_tokens stays at 0 while vLLM counts hits of its own",
                vec![zero, at],
            ));
        }
        for (hit, all) in HITS {
            let grown = |s: &str| target.growth(s);
            if let (Some(hit), Some(all)) = (grown(hit), grown(all))
                && all.value >= volume
                && hit.value > all.value * 1.01
                && !view.is_partial()
            {
                signs.push(Sign::measured(
                    0.8,
                    format!("{} of {} asked for", hit.value, all.value),
                    vec![hit.source, all.source],
                ));
            }
        }
        signs.extend(recounted(target, volume));
        signs.extend(block_size(view, target));
        for signal in PARTS {
            for sample in
                target.series(signal).into_iter().filter(|s| s.value > 1.01 || s.value < 0.0)
            {
                signs.push(Sign::measured(
                    0.8,
                    "a part of a whole is above 1 or below 0",
                    vec![sample.source],
                ));
            }
        }
        let loaded = view.numbers(&["embedded.retrieve"], "tokens").map_or(0.0, |(n, _)| n);
        if let Some((counted, at)) = value("embedded.num_hit_tokens")
            && counted == 0.0
            && loaded >= volume
        {
            decides |= asked("embedded.num_hit_tokens");
            signs.push(Sign::measured(
                0.8,
                format!("num_hit_tokens stays at 0 while the log has {loaded:.0} tokens loaded"),
                [vec![at], view.places(&["embedded.retrieve"])].concat(),
            ));
        }
        for (signal, event) in COUNTED_AND_LOGGED {
            let events = view.count(&[event]) as f64;
            if let Some((counted, at)) = value(signal)
                && counted == 0.0
                && events >= cx.threshold(&EVENTS)
            {
                let sources = [vec![at], view.places(&[event])].concat();
                signs.push(Sign::measured(
                    0.6,
                    format!("the counter stands at 0, the log has {events}"),
                    sources,
                ));
            }
        }
    }
    for (path, status) in view.statuses() {
        for wrong in &status.impossible {
            let limit = match &wrong.whole {
                Some(whole) => format!("above {whole}, which is {}", wrong.limit),
                None if wrong.value < 0.0 => "below 0".to_owned(),
                None => format!("above {}", wrong.limit),
            };
            let name = format!("{}.{}", wrong.path, wrong.part);
            signs.push(Sign::measured(
                0.8,
                format!("{} is {}, {limit}", wrong.part, wrong.value),
                vec![source(path, None, name, wrong.value.to_string())],
            ));
        }
    }
    Outcome::from_signs(signs, 0.5).map(|hit| {
        if decides {
            hit.severity = Some(Severity::Warning);
        }
    })
}

/// vLLM fixes the labels of cache_config_info before it sets the block size of a hybrid model.
fn block_size(view: &View<'_>, target: &Target<'_>) -> Option<Sign> {
    let changed = view
        .events(&["vllm.block_size_changed"])
        .find_map(|e| Some((e.stat.fields.get("block_size").map(|n| n.last)?, e.source())));
    let (runs, at) = changed?;
    let info = target.series("vllm.cache_config_info").into_iter().next()?;
    let told: f64 = info.label("block_size").parse().ok()?;
    (told != runs).then(|| {
        Sign::measured(
            0.8,
            format!("cache_config_info says blocks of {told} tokens, the engine runs with {runs}"),
            vec![info.source, at],
        )
    })
}

/// vLLM counts the lookup of its own prefix cache each time that it tries to schedule a request:
/// where requests wait, the same tokens are counted many times.
fn recounted(target: &Target<'_>, volume: f64) -> Option<Sign> {
    let prompts = target.growth("vllm.prompt_tokens")?;
    let queries = target.growth("vllm.prefix_cache_queries")?;
    let hits = target.growth("vllm.prefix_cache_hits")?;
    let preempted = target.growth("vllm.num_preemptions").is_some_and(|g| g.value > 0.0);
    let often = prompts.value >= volume
        && hits.value > 1.1 * prompts.value
        && queries.value > 2.0 * prompts.value;
    (often && !preempted).then(|| {
        Sign::measured(
            0.8,
            format!(
                "the prefix cache counts {:.0} tokens asked for and {:.0} hit, of {:.0} prompt tokens: the lookups of waiting requests are counted again and again",
                queries.value, hits.value, prompts.value
            ),
            vec![queries.source, hits.source, prompts.source],
        )
    })
}

/// Hits and what they are hits of.
const HITS: &[(&str, &str)] = &[
    ("mp.lookup.hit_tokens", "mp.lookup.requested_tokens"),
    ("embedded.num_lookup_hits", "embedded.num_lookup_tokens"),
    ("vllm.prefix_cache_hits", "vllm.prefix_cache_queries"),
    ("vllm.external_prefix_cache_hits", "vllm.external_prefix_cache_queries"),
];

/// Parts of a whole.
const PARTS: &[&str] = &[
    "mp.l1.usage_ratio",
    "embedded.lookup_hit_rate",
    "vllm.kv_cache_usage_perc",
    "sglang.cache_hit_rate",
];

/// Counters inside an engine, and the lines that stand for the same events.
const COUNTED_AND_LOGGED: &[(&str, &str)] = &[
    ("embedded.num_store_requests", "embedded.store"),
    ("embedded.num_retrieve_requests", "embedded.retrieve"),
    ("embedded.num_lookup_requests", "connector.lookup"),
];
