//! Dashboards ask for names that are gone.

use crate::rules::prelude::*;
use crate::view::{Target, View};

pub(crate) const RULE: Rule = Rule {
    code: "metrics_renamed",
    aliases: &[],
    title: "Dashboards or alerts ask for series that this release no longer has",
    kind: Kind::Cause,
    cause: Some("metrics-renamed"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::Queries],
    thresholds: &[],
    releases: "",
    explanation: "Series are renamed between releases: the storage manager's counters of LMCache gave \
        way to lookup tokens and chunks, gpu_cache_usage_perc of vLLM to \
        kv_cache_usage_perc. A panel on an old name stays empty and an alert on it never \
        fires; nothing says so.",
    confirm: "inferguard catalog show NAME tells in which releases a name exists and what came \
        after it.",
    action: "Replace the names by those of the release that runs: inferguard catalog diff OLD NEW \
        lists all of them.",
    false_positives: "A series that only appears with its first event is absent from an idle page: the \
        rule asks for a name that the release does not have, or for its successor on the \
        page.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["metrics-not-exported", "telemetry-incomplete"],
    evaluate,
    example: Example {
        title: "A panel on a name that gave way to another",
        files: &[
            File::text(
                "dashboard-queries.json",
                r#"{"dashboard": "d", "panels": [{"title": "GPU KV usage", "expr": "vllm:gpu_cache_usage_perc"}]}"#,
            ),
            File::text(
                "metrics.prom",
                r#"# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{model_name="m"} 0.0
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 0.0
# TYPE vllm:kv_cache_usage_perc gauge
vllm:kv_cache_usage_perc{model_name="m"} 0.6
"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "A panel on a name that is there",
        files: &[
            File::text(
                "dashboard-queries.json",
                r#"{"dashboard": "d", "panels": [{"title": "Running", "expr": "vllm:num_requests_running"}]}"#,
            ),
            File::text(
                "metrics.prom",
                r#"# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_queries_total counter
vllm:prefix_cache_queries_total{model_name="m"} 3600.0
# TYPE vllm:prefix_cache_hits_total counter
vllm:prefix_cache_hits_total{model_name="m"} 0.0
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{model_name="m"} 0.0
"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let Some(launch) = view.launch else { return Outcome::Clear };
    if view.targets.is_empty() {
        return Outcome::not_evaluable(
            "the dashboard's queries were given and no page to hold them against",
            &["a metrics page of every process"],
        );
    }
    let mut sources = Vec::new();
    let mut asked = std::collections::BTreeSet::new();
    for query in &launch.environment.queries {
        for name in &query.metrics {
            let on_page = view.targets.iter().any(|t| shows(t, name));
            if on_page || !asked.insert(name.clone()) {
                continue;
            }
            if let Some(why) = gone(view, name) {
                // A query that joins names by `or`, of which one is here, is meant for both releases.
                let joined = query.expr.split_whitespace().any(|w| w.eq_ignore_ascii_case("or"));
                let there = |m: &String| view.targets.iter().any(|t| shows(t, m));
                if joined && query.metrics.iter().any(|m| m != name && there(m)) {
                    continue;
                }
                sources.push(placed(&query.place, format!("{name}: {why}"), query.title.clone()));
            }
        }
    }
    if sources.is_empty() {
        return Outcome::Clear;
    }
    let text = format!("{} of the names that are asked for", sources.len());
    Outcome::from_signs(vec![Sign::measured(0.9, text, sources)], 0.5)
}

fn shows(target: &Target<'_>, name: &str) -> bool {
    target.timeline.presence(name).contains(&true)
}

/// Why a name is not on the page: it is not of this release.
fn gone(view: &View<'_>, name: &str) -> Option<String> {
    let Some(named) = view.catalog.name(name) else { return unknown(view, name) };
    let signal = named.signal();
    let product = named.newest()?.product();
    let now: Vec<&str> = view.with(signal).flat_map(|t| t.names(signal)).collect();
    if let Some(now) = now.first() {
        return Some(format!("now {now}"));
    }
    let seen = view.targets.iter().any(|t| {
        let prefix = signal.split('.').next().unwrap_or(signal);
        t.any(&format!("{prefix}."))
    });
    let (min, _) = view.releases.get(&product).copied().unwrap_or_default();
    let last = named.spellings.iter().filter_map(|s| s.to).max();
    let all_end = named.spellings.iter().all(|s| s.to.is_some());
    let over = all_end && last.zip(min).is_some_and(|(last, min)| last < min);
    let successors: Vec<&str> =
        named.spellings.iter().flat_map(|s| s.nearest.iter().copied()).collect();
    let there = successors.iter().find(|s| view.with(s).next().is_some());
    match (there, over && seen) {
        (Some(signal), _) => {
            let now: Vec<&str> = view.with(signal).flat_map(|t| t.names(signal)).collect();
            Some(format!("replaced by {}", now.first().unwrap_or(signal)))
        }
        (None, true) => Some(format!("until {}", last?)),
        _ => None,
    }
}

/// A name without what a sample's name has at its end.
fn base(name: &str) -> &str {
    ["_bucket", "_count", "_sum", "_total", "_created"]
        .iter()
        .find_map(|suffix| name.strip_suffix(suffix))
        .unwrap_or(name)
}

/// A name of a product whose page is here, and that no examined release of it has.
fn unknown(view: &View<'_>, name: &str) -> Option<String> {
    let base = base(name);
    let former = FORMER.iter().find(|(old, _)| *old == name || *old == base);
    let (_, component) = [
        ("vllm:", "vllm."),
        ("sglang:", "sglang."),
        ("lmcache_mp", "mp."),
        ("lmcache:", "embedded."),
    ]
    .into_iter()
    .find(|(prefix, _)| name.starts_with(prefix))?;
    let page = view.targets.iter().find(|t| t.any(component))?;
    if let Some((_, successors)) = former {
        let now = successors.iter().flat_map(|s| page.names(s)).next();
        return Some(now.map_or_else(|| "is gone".into(), |now| format!("now {now}")));
    }
    // One name of a product that is unknown may be newer than this tool; a dashboard of it has
    // others that are known.
    Some("no examined release has it".into())
}

/// Names of releases before those that the contract tables hold, and the signals that took their
/// place. From the changelogs of vLLM 0.6 to 0.11.
const FORMER: &[(&str, &[&str])] = &[
    ("vllm:gpu_cache_usage_perc", &["vllm.kv_cache_usage_perc"]),
    ("vllm:cpu_cache_usage_perc", &[]),
    ("vllm:num_requests_swapped", &[]),
    ("vllm:gpu_prefix_cache_queries", &["vllm.prefix_cache_queries"]),
    ("vllm:gpu_prefix_cache_hits", &["vllm.prefix_cache_hits"]),
    ("vllm:gpu_prefix_cache_hit_rate", &["vllm.prefix_cache_hits"]),
    ("vllm:cpu_prefix_cache_hit_rate", &[]),
    (
        "vllm:time_per_output_token_seconds",
        &["vllm.inter_token_latency_seconds", "vllm.request_time_per_output_token_seconds"],
    ),
    ("vllm:avg_prompt_throughput_toks_per_s", &["vllm.prompt_tokens"]),
    ("vllm:avg_generation_throughput_toks_per_s", &["vllm.generation_tokens"]),
];
