//! Chunk statistics are asked for and do not run.

use crate::rules::prelude::*;

const CONFIGURED: File = File::text(
    "lmcache_config.yaml",
    "chunk_size: 256\nlocal_cpu: true\nenable_chunk_statistics: true\n",
);

pub(crate) const RULE: Rule = Rule {
    code: "lmcache_chunk_stats_disabled",
    aliases: &[],
    title: "Chunk statistics are configured and do not run",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[Mode::Embedded],
    needs: &[Need::EmbeddedPage],
    thresholds: &[],
    releases: "",
    explanation: "enable_chunk_statistics only makes the collection possible: it runs once it is started over the \
        internal API, or from the beginning with chunk_statistics_auto_start_statistics. Until then the reuse rate \
        is not counted.",
    confirm: "lmcache:chunk_statistics_enabled on the page: 0 while it does not run.",
    action: "Set chunk_statistics_auto_start_statistics: true, or start the statistics over the internal API.",
    false_positives: "Stopped on purpose after it had counted enough. Where it is not configured nothing is said: \
        off is the default.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["lmcache_chunk_stats_low_reuse"],
    evaluate,
    example: Example {
        title: "Configured, and the gauge stands at 0",
        files: &[
            CONFIGURED,
            File::text(
                "metrics.prom",
                "lmcache:chunk_statistics_enabled{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 0\n",
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "It runs",
        files: &[
            CONFIGURED,
            File::text(
                "metrics.prom",
                "lmcache:chunk_statistics_enabled{model_name=\"m\",role=\"worker\",worker_id=\"0\"} 1\n",
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let Some((true, stated)) = cx.view.flag("enable_chunk_statistics") else {
        return Outcome::Clear;
    };
    // The scheduler's process has the gauge too, and never collects.
    let shown: Vec<_> = cx
        .view
        .with("embedded.chunk_statistics_enabled")
        .filter_map(|t| t.last("embedded.chunk_statistics_enabled"))
        .collect();
    if shown.is_empty() || shown.iter().any(|reading| reading.value > 0.0) {
        return Outcome::Clear;
    }
    let mut sources = vec![stated];
    sources.extend(shown.into_iter().map(|reading| reading.source));
    one_sign(0.8, "the configuration asks for them, and the gauge says that they are off", sources)
}
