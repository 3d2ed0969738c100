//! vLLM asks its connector and nothing is ever found.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_queried_tokens",
    unit: "tokens",
    default: 16_384.0,
    about: "queried tokens below which nothing is said",
};
const REPEATS: Threshold = Threshold {
    name: "min_repetition",
    unit: "ratio",
    default: 0.2,
    about: "share of the prompts that has to repeat before it is a warning",
};

pub(crate) const RULE: Rule = Rule {
    code: "vllm_external_prefix_no_hits",
    aliases: &[],
    title: "vLLM asks its external cache and never finds anything",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage],
    thresholds: &[&LEAST, &REPEATS],
    releases: "",
    explanation: "external_prefix_cache_queries counts tokens that the KV connector was asked for. With \
        none found the connector costs time and saves none.",
    confirm: "vllm:external_prefix_cache_hits_total against _queries_total between two scrapes.",
    action: "Look at the causes above this finding; without one, check that the connector reaches its \
        cache and that both hash alike.",
    false_positives: "Prompts that do not repeat, or that the engine's own cache serves, are not found \
        outside: without a sign of repetition it is information only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[
        "lmcache_embedded_zero_hit_rate_after_replay",
        "lmcache_mp_low_hit_rate_after_warmup",
    ],
    evaluate,
    example: Example {
        title: "76,800 tokens asked, none found",
        files: &[
            File::text(
                "0.prom",
                "vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 100\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 76900\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "No connector: nothing is asked",
        files: &[File::text(
            "metrics.prom",
            "vllm:external_prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:external_prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 0\n\
             vllm:prompt_tokens_total{engine=\"0\",model_name=\"m\"} 90000\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let (mut queries, mut hits, mut sources) = (0.0, 0.0, Vec::new());
    for target in cx.view.with("vllm.external_prefix_cache_queries") {
        let Some(asked) = target.growth("vllm.external_prefix_cache_queries") else { continue };
        queries += asked.value;
        hits += target.growth("vllm.external_prefix_cache_hits").map_or(0.0, |g| g.value);
        sources.push(asked.source);
    }
    if queries < cx.threshold(&LEAST) || hits > 0.0 {
        return Outcome::Clear;
    }
    let repeats = repetition(cx.view).filter(|(share, _)| *share >= cx.threshold(&REPEATS));
    let mut signs =
        vec![Sign::measured(0.8, format!("{queries:.0} tokens asked, none found"), sources)];
    if let Some((share, what)) = &repeats {
        signs.push(Sign::measured(
            0.5,
            format!("{} of the prompts repeats {what}", percent(*share)),
            vec![],
        ));
    }
    Outcome::from_signs(signs, 0.0).map(|hit| {
        if repeats.is_none() {
            hit.severity = Some(Severity::Info);
        }
    })
}
