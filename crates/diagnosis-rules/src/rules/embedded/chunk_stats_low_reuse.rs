//! Chunk statistics show little reuse.

use crate::rules::prelude::*;

const LOW: Threshold = Threshold {
    name: "max_reuse_rate",
    unit: "ratio",
    default: 0.05,
    about: "reuse rate below which a cache has little to give",
};
const LEAST: Threshold = Threshold {
    name: "min_chunks",
    unit: "chunks",
    default: 1_000.0,
    about: "chunks below which nothing is said",
};

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_chunk_stats_low_reuse",
    aliases: &[],
    title: "Chunk statistics show that hardly any chunk is used again",
    kind: Kind::Symptom,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage],
    thresholds: &[&LOW, &LEAST],
    releases: "",
    explanation: "Where prompts do not repeat no cache helps: storing costs memory and bandwidth for \
        nothing.",
    confirm: "lmcache:chunk_statistics_reuse_rate over a day.",
    action: "Look at how prompts are built: a time stamp or id at their head makes every prefix new.",
    false_positives: "The Bloom filter counts over its own window; a short one sees little reuse.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "One chunk in a hundred",
        files: &[File::text(
            "metrics.prom",
            "lmcache:chunk_statistics_enabled{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 1\n\
             lmcache:chunk_statistics_total_chunks{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 5000\n\
             lmcache:chunk_statistics_unique_chunks{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 4950\n\
             lmcache:chunk_statistics_reuse_rate{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0.01\n\
             ",
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Half of them",
        files: &[File::text(
            "metrics.prom",
            "lmcache:chunk_statistics_enabled{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 1\n\
             lmcache:chunk_statistics_total_chunks{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 5000\n\
             lmcache:chunk_statistics_unique_chunks{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 2500\n\
             lmcache:chunk_statistics_reuse_rate{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0.5\n\
             ",
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let mut signs = Vec::new();
    for target in cx.view.with("embedded.chunk_statistics_reuse_rate") {
        let (_, most) =
            target.extremes("embedded.chunk_statistics_reuse_rate").unwrap_or((0.0, 1.0));
        let chunks = target.last("embedded.chunk_statistics_total_chunks").map_or(0.0, |r| r.value);
        if chunks < cx.threshold(&LEAST) || most > cx.threshold(&LOW) {
            continue;
        }
        if let Some(reading) = target.last("embedded.chunk_statistics_reuse_rate") {
            signs.push(Sign::measured(
                0.8,
                format!("{} of {chunks:.0} chunks", percent(most)),
                vec![reading.source],
            ));
        }
    }
    Outcome::from_signs(signs, 0.0)
}
