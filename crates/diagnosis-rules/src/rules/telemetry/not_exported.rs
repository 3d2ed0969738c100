//! Metrics exist and the page does not carry them.

use coverage_model::FactKind;
use lmcache_launch::Product as Program;

use super::silent_page::{multiproc_dir, silent_engine_page};
use crate::rules::prelude::*;
use crate::view::View;

pub(crate) const RULE: Rule = Rule {
    code: "metrics_not_exported",
    aliases: &[],
    title: "LMCache's metrics exist, and the page that is scraped does not carry them",
    kind: Kind::Cause,
    cause: Some("metrics-not-exported"),
    severity: Severity::Warning,
    modes: &[],
    needs: &[Need::EnginePage, Need::Page],
    thresholds: &[],
    releases: "",
    explanation: "With PROMETHEUS_MULTIPROC_DIR set the series exist as files, but a front end that \
        serves its own registry (Dynamo, a router) never reads them. A multiprocess server \
        with --otlp-endpoint pushes its metrics and leaves its page empty. With \
        --disable-metrics or --disable-observability the page has process series only. A \
        scrape configuration may also drop them on the way.",
    confirm: "ls $PROMETHEUS_MULTIPROC_DIR/*.db; curl -s http://HOST:PORT/metrics | grep -c \
        lmcache, of every port of the deployment.",
    action: "Scrape the process that collects the directory (the engine's own system port), or \
        let the front end use a multiprocess collector; with --otlp-endpoint read the \
        metrics where they are pushed to.",
    false_positives: "A page that was saved before the first request has no series of LMCache either: the \
        rule asks for a proof that LMCache worked.",
    customer_safe: true,
    lifecycle: SINCE_0_1,
    explains: &[],
    related: &["multiproc-dir-missing"],
    evaluate,
    example: Example {
        title: "The directory is set, and the page has nothing of LMCache",
        files: &[
            File::text(
                "engine.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1800, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1800 out of total 1800 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1800, LMCache hit tokens: 1792, need to load: 1792 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
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
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"PYTHONHASHSEED": "0", "PROMETHEUS_MULTIPROC_DIR": "/metrics-dir"}}"#,
            ),
        ],
        also: &[],
    },
    counter_example: Example {
        title: "The page has them",
        files: &[
            File::text(
                "engine.log",
                r"(APIServer pid=10) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.13.0
(EngineCore_DP0 pid=11) INFO 01-10 09:00:01 [factory.py:51] Creating v1 connector with name: LMCacheConnectorV1 and engine_id: e1
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Initialized NONE_HASH=-5 from vLLM (>= PR#20511) (token_database.py:74:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Using hash algorithm: sha256 (token_database.py:84:lmcache.v1.token_database)
(EngineCore_DP0 pid=11) [2026-01-10 09:00:02,063] LMCache INFO: Creating LMCacheEngine with config: {'chunk_size': 256, 'local_cpu': True, 'max_local_cpu_size': 5.0, 'remote_url': None, 'enable_pd': False} (cache_engine.py:93:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,321] LMCache INFO: Reqid: r1, Total tokens 1800, LMCache hit tokens: 0, need to load: 0 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:01,421] LMCache INFO: Stored 1800 out of total 1800 tokens. size: 0.1598 gb, cost 11.1874 ms, throughput: 14.2857 GB/s; offload_time: 10.8518 ms, put_time: 0.3356 ms (cache_engine.py:446:lmcache.v1.cache_engine)
(EngineCore_DP0 pid=11) [2026-01-10 09:01:02,321] LMCache INFO: Reqid: r2, Total tokens 1800, LMCache hit tokens: 1792, need to load: 1792 (vllm_v1_adapter.py:1602:lmcache.integration.vllm.vllm_v1_adapter)
",
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
# TYPE lmcache:num_lookup_tokens_total counter
lmcache:num_lookup_tokens_total{model_name="m",worker_id="0"} 90000.0
# TYPE lmcache:num_lookup_hits_total counter
lmcache:num_lookup_hits_total{model_name="m",worker_id="0"} 9000.0
"#,
            ),
            File::text(
                "command.json",
                r#"{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}"], "env": {"PYTHONHASHSEED": "0", "PROMETHEUS_MULTIPROC_DIR": "/metrics-dir"}}"#,
            ),
        ],
        also: &[],
    },
};

fn evaluate(cx: &Context<'_>) -> Outcome {
    let view = cx.view;
    let mut signs = Vec::new();
    if let (Some((page, proof)), Some(set)) = (silent_engine_page(view), multiproc_dir(view)) {
        signs.push(Sign::measured(
            0.5,
            "the engine's page has no series of LMCache, which worked",
            vec![page],
        ));
        signs.extend(proof);
        signs.push(Sign::inferred(0.6, "although PROMETHEUS_MULTIPROC_DIR is set", vec![set]));
    }
    signs.extend(renamed_by_agent(view));
    let silent: Vec<Source> = view
        .targets
        .iter()
        .zip(&view.facts.targets)
        .filter(|(_, facts)| facts.is_silent() && facts.process_series)
        .flat_map(|(t, _)| {
            t.pages().map(|p| Source::new(p, "no series of LMCache")).collect::<Vec<_>>()
        })
        .collect();
    if let Some(fact) = view.facts.fact(&FactKind::OtlpOnly).filter(|_| !silent.is_empty()) {
        signs.push(Sign::inferred(
            0.8,
            "the server pushes its metrics by OTLP",
            vec![fact.source.clone()],
        ));
        signs.push(Sign::measured(0.5, "and its page carries none", silent));
    }
    signs.extend(asked_for(view));
    let dropped: Vec<Source> = view
        .launch
        .iter()
        .flat_map(|l| &l.environment.scrape_jobs)
        .filter(|job| {
            job.relabels
                .iter()
                .any(|(pattern, action)| action == "drop" && pattern.contains("lmcache"))
        })
        .map(|job| placed(&job.place, "metric_relabel_configs", Some("drop lmcache".into())))
        .collect();
    if !dropped.is_empty() {
        signs.push(Sign::inferred(0.8, "the scrape configuration drops LMCache's series", dropped));
    }
    let off = view.facts.fact(&FactKind::MetricsDisabled).is_some();
    Outcome::from_signs(signs, 0.6).map(|hit| {
        if off {
            hit.action = Some(
                "Start the server without --disable-metrics and --disable-observability, or take the annotation or the scrape job away.".into(),
            );
        }
    })
}

/// Agents that export the engine's series under names of their own, and nothing of LMCache's
/// registry: the prefix of the names, and who adds it.
const AGENTS: &[(&str, &str)] = &[
    ("ray_vllm_", "Ray's agent"),
    ("ray_sglang_", "Ray's agent"),
    ("vllm:healthy_pods", "vLLM's router"),
    ("vllm:current_qps", "vLLM's router"),
];

/// A page of such an agent, while the logs have LMCache at work.
fn renamed_by_agent(view: &View<'_>) -> Vec<Sign> {
    let works = [EMBEDDED_STORES, LOOKUPS, &["embedded.retrieve", "embedded.storing"]].concat();
    let Some(proof) = logged(view, 0.5, "the log has LMCache at work", &works) else {
        return vec![];
    };
    let found = view.targets.iter().filter(|t| !t.any("embedded.")).find_map(|target| {
        let page = target.timeline.scrapes().last()?;
        let path = target.pages().last().unwrap_or_default();
        page.scrape.families().find_map(|family| {
            let (_, who) = AGENTS.iter().find(|(prefix, _)| family.name().starts_with(prefix))?;
            Some((*who, Source::new(path, family.name())))
        })
    });
    let Some((who, at)) = found else { return vec![] };
    vec![
        Sign::measured(
            0.5,
            format!("the page is {who}'s own: it has nothing of LMCache's"),
            vec![at],
        ),
        proof,
    ]
}

/// The server's metrics are switched off, or pushed elsewhere, and its own pod or a scrape job
/// asks Prometheus to read its page. Without one who reads it that is nobody's loss.
fn asked_for(view: &View<'_>) -> Vec<Sign> {
    let Some(launch) = view.launch else { return vec![] };
    let pods = launch
        .environment
        .pods
        .iter()
        .filter(|pod| pod.scrape.get("scrape").is_some_and(|v| v.eq_ignore_ascii_case("true")));
    let pods: Vec<Source> = pods
        .map(|pod| {
            let port = pod.scrape.get("port").map_or("its ports", String::as_str);
            placed(&pod.place, "prometheus.io/scrape", Some(format!("true, {port}")))
        })
        .collect();
    let jobs = launch.environment.scrape_jobs.iter().filter(|job| {
        let names = |text: &String| text.to_ascii_lowercase().contains("lmcache");
        names(&job.job) || job.targets.iter().any(names)
    });
    let jobs: Vec<Source> =
        jobs.map(|job| placed(&job.place, "scrape job", Some(job.job.clone()))).collect();
    for (kind, text) in [
        (FactKind::MetricsDisabled, "the server was started with its metrics switched off"),
        (FactKind::OtlpOnly, "the server pushes its metrics by OTLP"),
    ] {
        // What the user declares is meant so: only what the server's launch line or answer says.
        let told = |artifact: &str| {
            let launched = launch.launch.processes.iter().any(|p| {
                p.product == Program::LmcacheServer && p.place.artifact.as_deref() == Some(artifact)
            });
            let mut answers = view.http.iter().flat_map(|row| row.evidence.endpoints.values());
            launched || answers.any(|e| e.source == artifact)
        };
        let mut facts = view.facts.facts.iter().filter(|f| f.kind == kind);
        let Some(fact) = facts.find(|f| told(&f.source.artifact)) else { continue };
        // The annotation is the server's own where both stand in one object.
        let own = pods.iter().find(|p| p.artifact == fact.source.artifact);
        if let Some(reader) = own.or(jobs.first()) {
            return vec![
                Sign::inferred(0.6, text, vec![fact.source.clone()]),
                Sign::inferred(0.6, "and Prometheus is asked to scrape it", vec![reader.clone()]),
            ];
        }
    }
    vec![]
}
