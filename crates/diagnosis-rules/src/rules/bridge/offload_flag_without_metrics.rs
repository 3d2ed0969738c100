//! vLLM offloads to LMCache by flag, and nothing shows it at work.

use crate::rules::prelude::*;

pub(crate) const RULE: Rule = Rule {
    code: "vllm_lmcache_offload_flag_without_metrics",
    aliases: &[],
    title: "vLLM is told to offload to LMCache and nothing shows LMCache at work",
    kind: Kind::Gap,
    cause: None,
    severity: Severity::Info,
    modes: &[],
    needs: &[Need::Launch],
    thresholds: &[],
    releases: "",
    explanation: "--kv-offloading-backend lmcache makes a connector behind the scenes. Without metrics or \
        logs of LMCache a flag proves nothing.",
    confirm: "The engine log from its start; the engine page with PROMETHEUS_MULTIPROC_DIR set.",
    action: "Collect the engine log and the metrics page, then check again.",
    false_positives: "None known.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &[],
    evaluate,
    example: Example {
        title: "A flag alone",
        files: &[File::text(
            "engine.command.json",
            r#"{"argv": ["vllm", "serve", "m", "--kv-offloading-backend", "lmcache", "--kv-offloading-size", "4"], "env": {}}"#,
        )],
        also: &[],
    },
    counter_example: Example {
        title: "Native offloading",
        files: &[File::text(
            "engine.command.json",
            r#"{"argv": ["vllm", "serve", "m", "--kv-offloading-backend", "native", "--kv-offloading-size", "4"], "env": {}}"#,
        )],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let at_work = cx.view.targets.iter().any(|t| t.any("embedded.") || t.any("mp."))
        || cx.view.logs.iter().any(|l| l.evidence.any("embedded.") || l.evidence.any("connector."));
    let sources: Vec<Source> = cx
        .view
        .stated("kv_offloading_backend")
        .into_iter()
        .filter(|s| !at_work && s.text().is_some_and(|t| t.eq_ignore_ascii_case("lmcache")))
        .map(|s| s.source)
        .collect();
    one_sign(0.9, "only the flag is there", sources)
}
