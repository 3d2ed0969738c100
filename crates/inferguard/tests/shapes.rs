//! One fact in the shapes in which users bring it: the wordings of several releases and libraries,
//! argument, variable, answer, pod and log. Beside each stands what looks like it and is not it.

#![allow(clippy::unwrap_used)]

mod evidence;

use evidence::checked;
use inferguard::report::{CheckReport, Options};
use lmcache_prom::contract::Catalog;

type Files<'a> = &'a [(&'a str, &'a str)];

fn run(files: Files<'_>) -> CheckReport {
    checked(&Catalog::new(), files.iter().copied(), &Options::default())
}

/// Causes above information, the likeliest first.
fn causes(report: &CheckReport) -> Vec<&str> {
    let loud = report.findings.iter().filter(|f| f.severity != "info");
    loud.filter_map(|f| f.cause.as_deref()).collect()
}

/// Each of `shapes` names the cause, and first; none of `others` does.
fn hold(cause: &str, shapes: &[(&str, Files<'_>)], others: &[(&str, Files<'_>)]) {
    let mut wrong = Vec::new();
    for (name, files) in shapes {
        let report = run(files);
        let got = causes(&report);
        if got.first() != Some(&cause) {
            wrong.push(format!("{cause}, {name}: {got:?}"));
        }
    }
    for (name, files) in others {
        let report = run(files);
        let got = causes(&report);
        if got.contains(&cause) {
            wrong.push(format!("no {cause}, {name}: {got:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

const LOOKUP: &str = "[2026-03-01 10:00:00,000] LMCache INFO: Reqid: r1, Total tokens 3071, Inference Engine computed tokens: 0, LMCache hit tokens: 2816, need to load: 2816 (vllm_v1_adapter.py:1476:lmcache.integration.vllm.vllm_v1_adapter)\n";

fn lmcache(level: &str, message: &str) -> String {
    format!("{LOOKUP}[2026-03-01 10:00:01,000] LMCache {level}: {message} (a.py:1:lmcache.v1.a)\n")
}

#[test]
fn a_client_library_of_another_release() {
    let attribute = lmcache(
        "ERROR",
        "Failed to batch put: 'MooncakeDistributedStore' object has no attribute 'batch_put_from_multi_buffers'",
    );
    let module =
        lmcache("ERROR", "NIXL is off: module 'nixl._api' has no attribute 'nixl_thread_sync_t'");
    let native = lmcache(
        "ERROR",
        "batch_get_into failed: batch_get_into(): incompatible function arguments. The following argument types are supported:",
    );
    let keyword =
        lmcache("WARNING", "Put task failed: put() got an unexpected keyword argument 'config'");
    let own =
        lmcache("ERROR", "Error in PeriodicThread x: 'NoneType' object has no attribute 'decode'");
    let foreign = format!(
        "{LOOKUP}Traceback (most recent call last):\n  File \"/app/tool.py\", line 3, in main\n    f(x=1)\nTypeError: f() got an unexpected keyword argument 'x'\n"
    );
    hold(
        "version-mismatch",
        &[
            ("an object of the library", &[("engine.log", &attribute)]),
            ("a module of the library", &[("engine.log", &module)]),
            ("a native function", &[("engine.log", &native)]),
            ("an argument", &[("engine.log", &keyword)]),
        ],
        &[
            ("a value that is not there", &[("engine.log", &own)]),
            ("a tool beside the engine", &[("engine.log", &foreign)]),
        ],
    );
}

#[test]
fn an_engine_of_a_pair_without_a_connector() {
    let line =
        |text: &str| format!("(EngineCore pid=214) WARNING 08-10 13:03:42 [core.py:367] {text}\n");
    let now = line(
        "Got kv_transfer_params, but no KVConnector found. Disabling KVTransfer for this request.",
    );
    let before = line(
        "Got KVTransferParams, but no KVConnector found. Disabling KVTransfer for this request.",
    );
    let sound = line("Creating v1 connector with name: NixlConnector and engine_id: e1");
    hold(
        "launch-config-missing",
        &[
            ("request by request", &[("decode.log", &now.repeat(4))]),
            ("as older releases word it", &[("decode.log", &before.repeat(4))]),
        ],
        &[
            ("a single probe", &[("decode.log", &now)]),
            ("an engine with its connector", &[("decode.log", &sound)]),
        ],
    );
}

#[test]
fn prefill_and_decode_refuse_each_other() {
    let line = |text: &str| {
        format!(
            "(Worker_TP0 pid=812) ERROR 11-12 16:20:45 [base_worker.py:1312] {text}\n(APIServer pid=640) INFO 11-12 16:20:49 [loggers.py:335] Engine 000: Avg prompt throughput: 0.0 tokens/s, Avg generation throughput: 0.0 tokens/s, Running: 0 reqs, Waiting: 0 reqs, GPU KV cache usage: 0.0%\n"
        )
    };
    let placement = line(
        "RuntimeError: NIXL compatibility hash mismatch and generic placement is unavailable. Local: 1bdb, Remote: 2d04.",
    );
    let decode = line(
        "RuntimeError: Failed to decode NixlHandshakePayload. This likely indicates an incompatibility between connector version. Error: x",
    );
    let setup = line("NIXL transfer failure: transfer_setup_failed | Context: {'request_id': 'r'}");
    let passed = line("NIXL compatibility check passed (hash: 1bdb)");
    hold(
        "pd-transfer-failure",
        &[
            ("the hashes differ", &[("decode.log", &placement)]),
            ("another protocol", &[("decode.log", &decode)]),
            ("transfers fail one by one", &[("decode.log", &setup.repeat(3))]),
        ],
        &[
            ("one transfer failed", &[("decode.log", &setup)]),
            ("the check passed", &[("decode.log", &passed)]),
        ],
    );
    assert_eq!(run(&[("decode.log", &setup)]).architecture.headline, "engine_without_lmcache");
}

#[test]
fn memory_without_a_handle() {
    let engine = |last: &str| {
        format!(
            "[2026-11-13 10:44:19,093] LMCache INFO: LMCache MP worker adapter created with instance_id=33 (vllm_multi_process_adapter.py:1415:lmcache.integration.vllm.vllm_multi_process_adapter)\n(EngineCore pid=131) ERROR 11-13 10:44:24 [core.py:1510] EngineCore failed to start.\n(EngineCore pid=131) ERROR 11-13 10:44:24 [core.py:1510] Traceback (most recent call last):\n(EngineCore pid=131) ERROR 11-13 10:44:24 [core.py:1510]   File \"/opt/lmcache/v1/platform/a.py\", line 531, in share\n(EngineCore pid=131) ERROR 11-13 10:44:24 [core.py:1510] {last}\n"
        )
    };
    let fd = engine(
        "RuntimeError: VMM allocation is only POSIX-fd exportable, but isolated_ipc is enabled: fd passing needs a shared filesystem path between the processes.",
    );
    let range = engine(
        "RuntimeError: cuMemGetAddressRange failed: 1 (ptr=0x7f). CUDA IPC memory handles only support cudaMalloc-style allocations.",
    );
    let other = engine("RuntimeError: CUDA out of memory.");
    let launch = |extra: &str, alloc: &str| {
        format!(
            r#"{{"argv": ["vllm", "serve", "m/m", "--kv-transfer-config", "{{\"kv_connector\": \"LMCacheMPConnector\", \"kv_role\": \"kv_both\", \"kv_connector_extra_config\": {{{extra}}}}}"], "env": {{"PYTHONHASHSEED": "0", "PYTORCH_CUDA_ALLOC_CONF": "{alloc}"}}}}"#
        )
    };
    let isolated = r#"\"lmcache.mp.isolated_ipc\": true"#;
    let fabric = r#"\"lmcache.mp.isolated_ipc\": true, \"lmcache.mp.use_vmm_api\": true"#;
    let asked = launch(isolated, "expandable_segments:True");
    let sleeping = launch(isolated, "").replace("\"m/m\"", "\"m/m\", \"--enable-sleep-mode\"");
    let plain = launch(isolated, "max_split_size_mb:256");
    let by_fabric = launch(fabric, "expandable_segments:True");
    let shared = launch(r#"\"lmcache.mp.port\": 5555"#, "expandable_segments:True");
    hold(
        "cuda-ipc-failure",
        &[
            ("by descriptor only", &[("engine.log", &fd)]),
            ("no range", &[("engine.log", &range)]),
            ("asked for: expandable segments", &[("command.json", &asked)]),
            ("asked for: sleep mode", &[("command.json", &sleeping)]),
        ],
        &[
            ("another error of the device", &[("engine.log", &other)]),
            ("an allocator with handles", &[("command.json", &plain)]),
            ("over fabric handles", &[("command.json", &by_fabric)]),
            ("without isolation", &[("command.json", &shared)]),
        ],
    );
}

#[test]
fn storage_has_what_the_policy_gives_up() {
    let page = |reason: &str, lost: u32| {
        format!(
            "# TYPE sglang:prompt_tokens_total counter\nsglang:prompt_tokens_total{{model_name=\"m\"}} 1920000.0\n# TYPE sglang:storage_prefetch_hit_tokens_total counter\nsglang:storage_prefetch_hit_tokens_total{{storage_backend=\"file\"}} 900000.0\n# TYPE sglang:prefetched_tokens_total counter\nsglang:prefetched_tokens_total{{storage_backend=\"file\"}} {}.0\n# TYPE sglang:storage_prefetch_unfulfilled_tokens_total counter\nsglang:storage_prefetch_unfulfilled_tokens_total{{reason=\"{reason}\",storage_backend=\"file\"}} {lost}.0\n",
            900_000 - lost
        )
    };
    let (late, short) = (page("deadline", 700_000), page("below_threshold", 700_000));
    let (few, had) = (page("deadline", 90_000), page("device_covered", 700_000));
    hold(
        "hicache-policy",
        &[("too late", &[("metrics.prom", &late)]), ("too short", &[("metrics.prom", &short)])],
        &[
            ("a tenth too late", &[("metrics.prom", &few)]),
            ("the device had it", &[("metrics.prom", &had)]),
        ],
    );
}

#[test]
fn metrics_are_off_and_somebody_scrapes() {
    let pod = |scrape: &str, flag: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: lmcache\nspec:\n  replicas: 1\n  template:\n    metadata:\n      annotations:\n        {scrape}\n    spec:\n      containers:\n        - name: lmcache\n          image: lmcache/standalone:v0.5.6\n          command: [lmcache, server, --host, 0.0.0.0, --l1-size-gb, \"40\", {flag}]\n"
        )
    };
    let yes = "prometheus.io/scrape: \"true\"";
    let observability = pod(yes, "--disable-observability");
    let pushed = pod(yes, "--otlp-endpoint, http://otel:4317");
    let unasked = pod("prometheus.io/scrape: \"false\"", "--disable-metrics");
    let none = pod("team: a", "--disable-metrics");
    let on = pod(yes, "--chunk-size, \"256\"");
    let answer = r#"{"mp": {"host": "0.0.0.0", "port": 5555, "chunk_size": 256}, "observability": {"enabled": true, "metrics_enabled": false}}"#;
    let job = "scrape_configs:\n  - job_name: lmcache-mp\n    static_configs:\n      - targets: [\"10.0.0.1:8080\"]\n";
    let other = "scrape_configs:\n  - job_name: node\n    static_configs:\n      - targets: [\"10.0.0.1:9100\"]\n";
    hold(
        "metrics-not-exported",
        &[
            ("all of observability", &[("deployment.yaml", &observability)]),
            ("pushed by OTLP", &[("deployment.yaml", &pushed)]),
            ("by its own answer", &[("http/config.json", answer), ("prometheus.yml", job)]),
        ],
        &[
            ("not to be scraped", &[("deployment.yaml", &unasked)]),
            ("nobody asked", &[("deployment.yaml", &none)]),
            ("metrics are on", &[("deployment.yaml", &on)]),
            ("another job", &[("http/config.json", answer), ("prometheus.yml", other)]),
        ],
    );
}

#[test]
fn the_hybrid_manager_is_forced_on() {
    let launch = |model: &str, connector: &str, flag: &str| {
        format!(
            r#"{{"argv": ["vllm", "serve", "{model}", "{flag}", "--kv-transfer-config", "{{\"kv_connector\": \"{connector}\", \"kv_role\": \"kv_both\"}}"], "env": {{"PYTHONHASHSEED": "0", "PROMETHEUS_MULTIPROC_DIR": "/p"}}}}"#
        )
    };
    let on = "--no-disable-hybrid-kv-cache-manager";
    let sliding = launch("google/gemma-3-27b-it", "LMCacheConnectorV1", on);
    let unknown = launch("/mnt/models", "LMCacheConnectorV1", on);
    let multi = unknown.replace(
        r#"\"LMCacheConnectorV1\", \"kv_role\": \"kv_both\""#,
        r#"\"MultiConnector\", \"kv_role\": \"kv_both\", \"kv_connector_extra_config\": {\"connectors\": [{\"kv_connector\": \"LMCacheConnectorV1\", \"kv_role\": \"kv_both\"}]}"#,
    );
    let log = "(APIServer pid=87) INFO 08-10 13:02:07 [api_utils.py:286] non-default args: {'model': 'm', 'disable_hybrid_kv_cache_manager': False, 'kv_transfer_config': KVTransferConfig(kv_connector='LMCacheConnectorV1', kv_role='kv_both')}\n";
    let refused = "(APIServer pid=87) INFO 08-10 13:02:07 [api_utils.py:286] non-default args: {'model': 'm', 'kv_transfer_config': KVTransferConfig(kv_connector='LMCacheConnectorV1', kv_role='kv_both')}\n(APIServer pid=87) ValueError: Hybrid KV cache manager was explicitly enabled but is not supported in this configuration.\n";
    let mp = launch("google/gemma-3-27b-it", "LMCacheMPConnector", on);
    let off =
        launch("google/gemma-3-27b-it", "LMCacheConnectorV1", "--disable-hybrid-kv-cache-manager");
    let ready = format!("{log}INFO:     Application startup complete.\n");
    hold(
        "hma-incompatible",
        &[
            ("sliding windows", &[("command.json", &sliding)]),
            ("a model that is not known", &[("command.json", &unknown)]),
            ("inside a MultiConnector", &[("command.json", &multi)]),
            ("by the engine's own line", &[("engine.log", log)]),
            ("the engine refuses", &[("engine.log", refused)]),
        ],
        &[
            ("a connector that knows it", &[("command.json", &mp)]),
            ("turned off", &[("command.json", &off)]),
            ("it came up", &[("engine.log", &ready)]),
        ],
    );
}

#[test]
fn a_salt_without_a_quota() {
    let page = |tier: &str, gone: u32, kept: u32| {
        let (stores, evictions) = match tier {
            "l2" => (
                "lmcache_mp_l2_store_completed_objects_chunks_total",
                "lmcache_mp_l2_evicted_objects_chunks_total",
            ),
            _ => ("lmcache_mp_l1_write_chunks_total", "lmcache_mp_l1_evicted_chunks_total"),
        };
        format!(
            "# TYPE {stores} counter\n{stores}{{cache_salt=\"team_a\"}} 4000\n{stores}{{cache_salt=\"team-b\"}} 2000\n# TYPE {evictions} counter\n{evictions}{{cache_salt=\"team_a\"}} {gone}\n{evictions}{{cache_salt=\"team-b\"}} {kept}\n"
        )
    };
    let quotas = |names: &str| format!("{{\"users\": {{{names}}}}}");
    let b = r#""team-b": {"limit_gb": 10.0, "current_usage_gb": 5.0}"#;
    let other = quotas(&format!(r#"{b}, "team-a": {{"limit_gb": 10.0, "current_usage_gb": 0.0}}"#));
    let only = quotas(b);
    let both = quotas(&format!(r#"{b}, "team_a": {{"limit_gb": 10.0, "current_usage_gb": 0.0}}"#));
    let default = format!(r#"{{"users": {{{b}}}, "default_limit_gb": 20.0}}"#);
    let (l2, l1) = (page("l2", 4000, 0), page("l1", 3990, 100));
    let (holds, small) = (page("l2", 1200, 0), page("l2", 4000, 1900));
    hold(
        "tenant-isolation-misconfig",
        &[
            ("another spelling, L2", &[("http/quota.json", &other), ("metrics.prom", &l2)]),
            ("another spelling, L1", &[("http/quota.json", &other), ("metrics.prom", &l1)]),
            ("no quota of its own", &[("http/quota.json", &only), ("metrics.prom", &l2)]),
        ],
        &[
            ("it has a quota", &[("http/quota.json", &both), ("metrics.prom", &l2)]),
            ("it keeps most", &[("http/quota.json", &only), ("metrics.prom", &holds)]),
            ("all lose theirs", &[("http/quota.json", &only), ("metrics.prom", &small)]),
            ("others have a limit too", &[("http/quota.json", &default), ("metrics.prom", &l2)]),
        ],
    );
}

#[test]
fn prompts_below_the_chunk_of_an_answer() {
    let answer = |chunk: u32| {
        format!(
            r#"{{"mp": {{"host": "0.0.0.0", "port": 5555, "chunk_size": {chunk}}}, "observability": {{"enabled": true}}}}"#
        )
    };
    let lines = |fields: &dyn Fn(u32) -> String| {
        let rows: Vec<String> = (1500..1508)
            .map(|n| format!("{{\"request_id\": \"r{n}\", {}, \"ttft_ms\": 500}}", fields(n)))
            .collect();
        rows.join("\n")
    };
    let requests = |key: &str| lines(&|n| format!("\"{key}\": {n}"));
    let nested = lines(&|n| format!("\"usage\": {{\"input_tokens\": {n}, \"output_tokens\": 5}}"));
    let (large, usual) = (answer(4096), answer(256));
    let (plain, counted) = (requests("prompt_tokens"), requests("prompt_token_count"));
    hold(
        "prompt-shorter-than-chunk",
        &[
            (
                "by the answer of the server",
                &[("http/config.json", &large), ("requests.jsonl", &plain)],
            ),
            (
                "another name of the field",
                &[("http/config.json", &large), ("requests.jsonl", &counted)],
            ),
            (
                "in the usage of the answer",
                &[("http/config.json", &large), ("requests.jsonl", &nested)],
            ),
        ],
        &[(
            "chunks of the usual size",
            &[("http/config.json", &usual), ("requests.jsonl", &plain)],
        )],
    );
}

#[test]
fn a_class_of_sglang_names_the_mode() {
    let page = |class: &str| {
        format!(
            "# TYPE sglang:prompt_tokens_total counter\nsglang:prompt_tokens_total{{model_name=\"m\"}} 19200.0\n# TYPE sglang:evicted_tokens_total counter\nsglang:evicted_tokens_total{{cache_type=\"{class}\"}} 5.0\n"
        )
    };
    for (class, label) in [
        ("LMCacheUnifiedRadixCache", "sglang_mp_lmcache"),
        ("LMCRadixCache", "sglang_mp_lmcache_candidate"),
        ("RadixCache", "engine_without_lmcache"),
    ] {
        assert_eq!(run(&[("metrics.prom", &page(class))]).architecture.headline, label, "{class}");
    }
}
