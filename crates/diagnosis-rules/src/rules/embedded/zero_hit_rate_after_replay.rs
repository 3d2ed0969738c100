//! Nothing that was stored is ever found.

use crate::rules::prelude::*;

const LEAST: Threshold = Threshold {
    name: "min_lookup_tokens",
    unit: "tokens",
    default: 16_384.0,
    about: "looked-up tokens below which nothing is said",
};
const STORED: Threshold = Threshold {
    name: "min_stored_tokens",
    unit: "tokens",
    default: 4_096.0,
    about: "stored tokens below which there was nothing to find",
};
const LOGGED: Threshold = Threshold {
    name: "min_logged_lookups",
    unit: "lookups",
    default: 8.0,
    about: "lookups in a log below which nothing is said",
};
const REPEATS: Threshold = Threshold {
    name: "min_repetition",
    unit: "ratio",
    default: 0.2,
    about: "share of the prompts that has to repeat before it is critical",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_embedded_zero_hit_rate_after_replay",
    aliases: &[],
    title: "Tokens are stored and looked up, and not one is ever found",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Critical,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage, Need::EngineLog],
    thresholds: &[&LEAST, &STORED, &LOGGED, &REPEATS],
    releases: "",
    explanation: "What is stored under one key is looked up under another: scheduler and worker hash \
        differently (hash seed), chunk sizes or salts differ, or the cache forgets between store \
        and lookup.",
    confirm: "Send one long prompt twice; lmcache:num_hit_tokens_total and \
        lmcache:num_lookup_hits_total have to grow at the second.",
    action: "Set PYTHONHASHSEED to the same number in the environment of every engine process and \
        restart; then compare chunk_size and hash_algorithm of all processes.",
    false_positives: "Prompts that never repeat never hit: without a sign that they do (the engine's own \
        prefix cache, a request log) it is information only.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "The engine finds what LMCache does not",
        files: &[
            File::text(
                "0.prom",
                "lmcache:num_lookup_requests_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10\n\
             lmcache:num_lookup_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10000\n\
             lmcache:num_lookup_hits_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:num_stored_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10000\n\
             vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 10000\n\
             vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 2000\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache:num_lookup_requests_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 50\n\
             lmcache:num_lookup_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 76800\n\
             lmcache:num_lookup_hits_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:num_stored_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 76800\n\
             vllm:prefix_cache_queries_total{engine=\"0\",model_name=\"m\"} 76800\n\
             vllm:prefix_cache_hits_total{engine=\"0\",model_name=\"m\"} 28160\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "The second round hits",
        files: &[
            File::text(
                "0.prom",
                "lmcache:num_lookup_requests_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10\n\
             lmcache:num_lookup_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10000\n\
             lmcache:num_lookup_hits_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n\
             lmcache:num_stored_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 10000\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 1\n\
             ",
            ),
            File::text(
                "1.prom",
                "lmcache:num_lookup_requests_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 50\n\
             lmcache:num_lookup_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 76800\n\
             lmcache:num_lookup_hits_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 48128\n\
             lmcache:num_stored_tokens_total{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 28672\n\
             process_start_time_seconds 5\n\
             process_cpu_seconds_total 2\n\
             ",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let grown = |signal| cx.view.growth(signal);
    let mut signs = Vec::new();
    if let (Some(asked), Some(stored)) =
        (grown("embedded.num_lookup_tokens"), grown("embedded.num_stored_tokens"))
    {
        let hit = grown("embedded.num_lookup_hits").map_or(0.0, |g| g.value)
            + grown("embedded.num_hit_tokens").map_or(0.0, |g| g.value);
        if hit > 0.0 {
            return Outcome::Clear;
        }
        if asked.value >= cx.threshold(&LEAST) && stored.value >= cx.threshold(&STORED) {
            signs.push(Sign::measured(
                0.9,
                format!(
                    "{:.0} tokens stored, {:.0} looked up, none found",
                    stored.value, asked.value
                ),
                vec![asked.source, stored.source],
            ));
        }
    }
    let stored = cx.view.count(EMBEDDED_STORES);
    if let (Some((hits, count)), true) = (cx.view.numbers(LOOKUPS, "hit_tokens"), stored > 0) {
        if hits > 0.0 {
            return Outcome::Clear;
        }
        if count as f64 >= cx.threshold(&LOGGED) {
            signs.push(Sign::inferred(
                0.7,
                format!("{count} lookups in the log, all with 0 hit tokens, after {stored} stores"),
                cx.view.places(LOOKUPS),
            ));
        }
    }
    let repeats = repetition(cx.view).filter(|(share, _)| *share >= cx.threshold(&REPEATS));
    Outcome::from_signs(signs, 0.0).map(|hit| match &repeats {
        Some((share, what)) => {
            hit.signs.push(Sign::measured(
                0.5,
                format!("{} of the prompts repeats {what}", percent(*share)),
                vec![],
            ));
        }
        None => hit.severity = Some(Severity::Info),
    })
}
