//! Other shapes of what a rule's example shows: other releases, other lanes, and what looks alike
//! and is no fault.

#![allow(clippy::unwrap_used)]

mod evidence;

use std::fmt::Write;

use evidence::checked;
use inferguard::report::{CheckReport, Options};
use lmcache_prom::contract::Catalog;

type File<'a> = (&'a str, String);

fn report(files: &[File<'_>]) -> CheckReport {
    let files = files.iter().map(|(name, text)| (*name, text));
    checked(&Catalog::new(), files, &Options::default())
}

/// Causes that are named above `info`, the first one first.
fn causes(files: &[File<'_>]) -> Vec<String> {
    let named = report(files).findings;
    named.into_iter().filter(|f| f.severity != "info").filter_map(|f| f.cause).collect()
}

fn first(files: &[File<'_>]) -> Option<String> {
    causes(files).into_iter().next()
}

fn engine(lines: &[&str]) -> File<'static> {
    let mut text = "(APIServer pid=1) INFO 01-10 09:00:00 [api_server.py:1351] vLLM API server version 0.20.0\n".to_owned();
    for line in lines {
        writeln!(
            text,
            "(EngineCore pid=2) [2026-01-10 09:00:02,063] LMCache {line} (a.py:1:lmcache.v1.a)"
        )
        .unwrap();
    }
    ("engine.log", text)
}

fn command(json: &str) -> File<'static> {
    ("command.json", json.to_owned())
}

const VLLM: &str = r#"{"argv": ["vllm", "serve", "m", "--kv-transfer-config", "{\"kv_connector\":\"LMCacheConnectorV1\",\"kv_role\":\"kv_both\"}"], "env": {"PYTHONHASHSEED": "0"}}"#;

#[test]
fn a_variable_that_a_backend_asks_for() {
    for line in [
        "ERROR: An error occurred while loading the configuration: The environment variable 'MOONCAKE_CONFIG_PATH' is not set.",
        "ERROR: ValueError: LMCACHE_CONFIG_FILE environment variable is not set",
        "ERROR: Either the environment variable 'MOONCAKE_MASTER' or 'MOONCAKE_CLIENT' is not set.",
        "ERROR: Failed to init backend: The extra config is not set.",
    ] {
        assert_eq!(first(&[engine(&[line])]).as_deref(), Some("launch-config-missing"), "{line}");
    }
    for line in [
        "INFO: The environment variable 'HF_HOME' is not set.",
        "WARNING: environment variable VLLM_TARGET_DEVICE is not set, using cuda",
    ] {
        assert_eq!(causes(&[engine(&[line])]), [] as [&str; 0], "{line}");
    }
}

#[test]
fn compiled_operations_that_do_not_load() {
    let server = |line: &str| {
        ("lmcache.log", format!("[2026-01-10 09:00:02,063] LMCache {line} (a.py:1:lmcache.v1.a)\n"))
    };
    for line in [
        "WARNING: lmcache.cuda_ops compiled extension not found; CudaDeviceOps stays on the torch baseline for all ops.",
        "WARNING: Failed to import backend lmcache.c_ops: libcudart.so.12: cannot open shared object file: No such file or directory",
        "WARNING: Failed to import backend lmcache.c_ops: No module named 'lmcache.c_ops'",
    ] {
        assert_eq!(first(&[server(line)]).as_deref(), Some("version-mismatch"), "{line}");
    }
    let terminal = "$ python3 -c 'import lmcache.c_ops'\nTraceback (most recent call last):\n  File \"<string>\", line 1, in <module>\nImportError: /x/lmcache/c_ops.so: undefined symbol: _ZN3c104cuda\n";
    assert_eq!(first(&[("check.txt", terminal.to_owned())]).as_deref(), Some("version-mismatch"));
    // A box without a device that the operations are for.
    for line in [
        "INFO: Skipping backend lmcache.c_ops: predicate returned False",
        "WARNING: Fallback to python backend lmcache.non_cuda_equivalents",
        "INFO: Custom ops not supported for device: cpu, using fallback ops.",
    ] {
        assert_eq!(causes(&[server(line)]), [] as [&str; 0], "{line}");
    }
}

#[test]
fn numbers_of_a_status_that_cannot_be() {
    let status = |adapter: &str| {
        let text = format!(
            r#"{{"is_healthy": true, "engine_type": "MPCacheServer", "chunk_size": 256, "hash_algorithm": "blake3", "storage_manager": {{"is_healthy": true, "l2_adapters": [{adapter}]}}}}"#
        );
        report(&[("http/status.json", text)])
            .findings
            .iter()
            .any(|f| f.code == "metric_known_wrong")
    };
    assert!(status(r#"{"type": "NixlStoreL2Adapter", "pool_size": 8, "pool_free_slots": 24}"#));
    assert!(status(r#"{"type": "NixlStoreL2Adapter", "pool_size": 8, "pool_free_slots": -2}"#));
    assert!(status(r#"{"type": "ValkeyL2Adapter", "usage_fraction": 3.5}"#));
    assert!(!status(r#"{"type": "NixlStoreL2Adapter", "pool_size": 8, "pool_free_slots": 8}"#));
    assert!(!status(r#"{"type": "ValkeyL2Adapter", "usage_fraction": 1.0}"#));
}

fn sglang(policy: &str) -> File<'static> {
    command(&format!(
        r#"{{"argv": ["python", "-m", "sglang.launch_server", "--model-path", "m", "--enable-hierarchical-cache", "--hicache-write-policy", "{policy}", "--hicache-storage-backend", "mooncake"], "env": {{}}}}"#
    ))
}

fn revoked(hits: u64) -> File<'static> {
    let line = format!(
        "[2026-02-01 10:00:01] Revoking prefetch for request r1 due to insufficient hits ({hits}).\n"
    );
    ("engine.log", line.repeat(4))
}

fn counters(rows: &[(&str, u64)]) -> File<'static> {
    let mut text = String::new();
    for (series, value) in rows {
        let name = series.split('{').next().unwrap();
        writeln!(text, "# TYPE {name} counter\n{series} {value}").unwrap();
    }
    ("metrics.prom", text)
}

#[test]
fn prefetches_that_are_revoked() {
    let policy = Some("hicache-policy");
    assert_eq!(first(&[sglang("write_through"), revoked(9_000)]).as_deref(), policy);
    assert_eq!(first(&[sglang("write_back"), revoked(0)]).as_deref(), policy);
    let short = counters(&[(
        "sglang:storage_prefetch_unfulfilled_tokens_total{reason=\"below_threshold\"}",
        90_000,
    )]);
    assert_eq!(first(&[sglang("write_through"), short]).as_deref(), policy);
    let kept = |backed| {
        counters(&[
            ("sglang:prompt_tokens_total", 200_000),
            ("sglang:cached_tokens_total{cache_source=\"device\"}", 50_000),
            ("sglang:backuped_tokens_total", backed),
            ("sglang:prefetched_tokens_total", 20_000),
        ])
    };
    assert_eq!(first(&[sglang("write_through"), kept(40_000)]).as_deref(), policy);
    let none: [&str; 0] = [];
    assert_eq!(causes(&[sglang("write_through"), revoked(0), kept(148_000)]), none);
    assert_eq!(causes(&[sglang("write_through"), revoked(128), kept(148_000)]), none);
    assert_eq!(causes(&[sglang("write_through"), revoked(0)]), none);
    // It stores what is used often only.
    assert_eq!(causes(&[sglang("write_through_selective"), kept(40_000)]), none);
}

#[test]
fn what_storage_lists_and_does_not_deliver() {
    let page = |lost: u64, came: u64| {
        counters(&[
            ("sglang:storage_prefetch_hit_tokens_total", 120_000),
            ("sglang:prefetched_tokens_total", came),
            ("sglang:storage_prefetch_unfulfilled_tokens_total{reason=\"storage_transfer\"}", lost),
        ])
    };
    let gone = Some("remote-data-missing");
    assert_eq!(first(&[page(70_000, 50_000)]).as_deref(), gone);
    let unread = |segment: &dyn Fn(usize) -> String| {
        let mut text =
            "[2026-07-15 08:55:17] Attached HiCache storage backend: mooncake\n".to_owned();
        for i in 0..6 {
            writeln!(
                text,
                "E0715 09:44:0{i}.172926 783 client_service.cpp:1412] Get object failed for key: k{i}, error=TRANSFER_FAIL, segment={}",
                segment(i)
            )
            .unwrap();
        }
        ("engine.log", text)
    };
    assert_eq!(first(&[unread(&|_| "10.0.0.9:1".into())]).as_deref(), gone);
    let none: [&str; 0] = [];
    // Everywhere at once: that is the network's.
    assert_eq!(causes(&[unread(&|i| format!("10.0.0.{i}:1"))]), none);
    // A few that did not come, and a connection over which nothing comes.
    assert_eq!(causes(&[page(4_000, 116_000)]), none);
    assert_eq!(causes(&[page(70_000, 0)]), none);
}

#[test]
fn a_staging_buffer_that_is_full() {
    let evidence = |buffer: &str, held: u64, evicted: u64| {
        let warnings = ["WARNING: The cache block is in the storage, but it can't be retrieved"; 4];
        let page = format!(
            "# TYPE lmcache:local_cache_usage gauge\nlmcache:local_cache_usage{{worker_id=\"0\"}} {held}\n# TYPE lmcache:pinned_memory_objs_count gauge\nlmcache:pinned_memory_objs_count{{worker_id=\"0\"}} 0\n# TYPE lmcache:local_cpu_evict_count_total counter\nlmcache:local_cpu_evict_count_total{{worker_id=\"0\"}} {evicted}\n"
        );
        let config =
            format!("chunk_size: 256\nlocal_cpu: true\nmax_local_cpu_size: 40\n{buffer}\n");
        causes(&[engine(&warnings), ("metrics.prom", page), ("lmcache_config.yaml", config)])
    };
    let gib = 1 << 30;
    let refused = "l1-alloc-failure";
    assert_eq!(evidence("nixl_buffer_size: 2147483648", 2 * gib, 0)[0], refused);
    assert_eq!(evidence("gds_buffer_size: 4096", 4 * gib, 0)[0], refused);
    for other in [
        evidence("nixl_buffer_size: 2147483648", gib, 0),
        evidence("nixl_buffer_size: 2147483648", 2 * gib, 40),
        evidence("", 2 * gib, 0),
    ] {
        assert_eq!(other, ["remote-data-missing"]);
    }
}

#[test]
fn a_controller_that_hashes_with_another_seed() {
    let controller = |none_hash: &str, warn: bool| {
        let mut text = "[2026-01-10 09:00:01,063] LMCache INFO: Start health check thread, interval: 5 (a.py:1:lmcache.v1.a)\n".to_owned();
        if warn {
            text.push_str("[2026-01-10 09:00:01,064] LMCache WARNING: Using builtin hash without PYTHONHASHSEED set. For production environments (non-testing scenarios), you MUST set PYTHONHASHSEED to ensure consistent hashing across processes. Example: export PYTHONHASHSEED=0 (a.py:1:lmcache.v1.a)\n");
        }
        if !none_hash.is_empty() {
            writeln!(text, "[2026-01-10 09:00:01,065] LMCache INFO: Initialized NONE_HASH={none_hash} from vLLM (>= PR#20511) (a.py:1:lmcache.v1.a)").unwrap();
        }
        ("controller.log", text)
    };
    let own = |hash: &str| {
        let line = format!("INFO: Initialized NONE_HASH={hash} from vLLM (>= PR#20511)");
        engine(&[&line, "INFO: Using hash algorithm: builtin"])
    };
    let router = |env: &str| {
        let spec = format!(
            r#"{{"containers": [{{"name": "router-container", "image": "x/router:1", "args": ["--port", "8000", "--routing-logic", "kvaware", "--lmcache-controller-port", "9000"], "env": [{{"name": "LMCACHE_LOG_LEVEL", "value": "INFO"}}{env}]}}]}}"#
        );
        ("router-pod-spec.json", spec)
    };
    let seed = |n: &str| format!(r#", {{"name": "PYTHONHASHSEED", "value": "{n}"}}"#);
    let unset = Some("hash-seed-unset");
    assert_eq!(first(&[command(VLLM), own("-5"), controller("7", true)]).as_deref(), unset);
    assert_eq!(first(&[command(VLLM), controller("", true)]).as_deref(), unset);
    assert_eq!(first(&[command(VLLM), router("")]).as_deref(), unset);
    assert_eq!(first(&[command(VLLM), router(&seed("42"))]).as_deref(), unset);
    let none: [&str; 0] = [];
    assert_eq!(causes(&[command(VLLM), router(&seed("0"))]), none);
    assert_eq!(causes(&[command(VLLM), own("-5"), controller("-5", false)]), none);
    // Nobody asks this controller for chunks, and nobody set a seed.
    let unseeded = VLLM.replace(r#""PYTHONHASHSEED": "0""#, r#""A": "0""#);
    assert_eq!(causes(&[command(&unseeded), own("-5"), controller("7", false)]), none);
}

#[test]
fn repeats_that_hit_at_one_engine_only() {
    let shared = VLLM.replace(
        r#""PYTHONHASHSEED": "0""#,
        r#""PYTHONHASHSEED": "0", "LMCACHE_REMOTE_URL": "redis://cache:6379""#,
    );
    let stores = engine(&[
        "INFO: Using hash algorithm: builtin",
        "INFO: Stored 2048 out of total 2048 tokens. size: 0.25 GB, cost 11.1 ms, throughput: 14.2 GB/s; offload_time: 10.8 ms, put_time: 0.3 ms",
    ]);
    let requests = |key: &str, hit: &str, elsewhere: u64| {
        let mut text = String::new();
        for (engine, hits) in [("a", 0), ("a", 2048), ("b", elsewhere), ("b", 2048)] {
            for prompt in ["p0", "p1", "p2"] {
                writeln!(text, r#"{{"{key}": "{engine}", "prompt_sha": "{prompt}", "prompt_tokens": 2100, "{hit}": {hits}}}"#).unwrap();
            }
        }
        ("requests.jsonl", text)
    };
    for (key, hit) in
        [("replica", "external_hit_tokens"), ("pod", "cached_tokens"), ("backend", "hit_tokens")]
    {
        let all = [command(&shared), stores.clone(), requests(key, hit, 0)];
        assert_eq!(first(&all).as_deref(), Some("hash-algorithm-unstable"), "{key} {hit}");
    }
    let none: [&str; 0] = [];
    assert_eq!(
        causes(&[command(&shared), stores.clone(), requests("pod", "cached_tokens", 2048)]),
        none
    );
    let sha = engine(&["INFO: Using hash algorithm: sha256_cbor"]);
    assert_eq!(causes(&[command(&shared), sha, requests("pod", "cached_tokens", 0)]), none);
}

#[test]
fn prompts_that_change_inside() {
    let turns = |blocks: &dyn Fn(usize) -> String| {
        let mut text = String::new();
        for turn in 0..6 {
            writeln!(
                text,
                r#"{{"rid": "r{turn}", "session": "s", "turn": {turn}, "prompt_tokens": {}, {}}}"#,
                4000 + 500 * turn,
                blocks(turn)
            )
            .unwrap();
        }
        causes(&[("requests.jsonl", text)])
    };
    let volatile = ["volatile-prompt-prefix"];
    assert_eq!(
        turns(&|t| format!(
            r#""system_blocks": [{{"sha1": "a"}}, {{"sha1": "m{t}"}}, {{"sha1": "z"}}]"#
        )),
        volatile
    );
    assert_eq!(turns(&|t| format!(r#""segments": ["a", "m{t}", "z"]"#)), volatile);
    assert_eq!(
        turns(&|t| format!(r#""prompt_parts": [{{"digest": "m{t}"}}, {{"digest": "z"}}]"#)),
        volatile
    );
    let none: [&str; 0] = [];
    // The last block is the new message; blocks may be added at the end.
    assert_eq!(turns(&|t| format!(r#""segments": ["a", "z", "m{t}"]"#)), none);
    assert_eq!(turns(&|t| format!(r#""segments": ["a", "z"{}]"#, r#", "m""#.repeat(t))), none);
}

#[test]
fn turns_that_do_not_repeat_what_came_before() {
    let evidence = |kept: usize| {
        let (mut requests, mut hashes) = (String::new(), String::new());
        for turn in 0..8_usize {
            let chunks = 10 + turn;
            writeln!(
                requests,
                r#"{{"rid": "r{turn}", "session": "s", "prompt_tokens": {}}}"#,
                chunks * 256
            )
            .unwrap();
            let ids: Vec<String> = (0..chunks)
                .map(|i| format!("\"0x{:016x}\"", if i < kept { i } else { 1000 * (turn + 1) + i }))
                .collect();
            writeln!(
                hashes,
                r#"{{"timestamp": {turn}.5, "request_id": "r{turn}", "model_name": "m", "chunk_size": 256, "seq_len": {}, "chunk_hashes": [{}]}}"#,
                chunks * 256,
                ids.join(", ")
            )
            .unwrap();
        }
        causes(&[("requests.jsonl", requests), ("lookup_hashes_1.jsonl", hashes)])
    };
    assert_eq!(evidence(2), ["volatile-prompt-prefix"]);
    let none: [&str; 0] = [];
    assert_eq!(evidence(9), none);
}

#[test]
fn a_quota_of_nothing_is_no_lack_of_memory() {
    let salts = "[2026-07-07 02:31:51,514] LMCache INFO: cache_salt='team-a' over quota (bytes=981467136, limit=0, watermark=0.80); evicting ratio=1.00. (a.py:1:lmcache.v1.a)\n";
    let page = "# TYPE lmcache_mp_l1_write_chunks_total counter\nlmcache_mp_l1_write_chunks_total 205000\n# TYPE lmcache_mp_l1_evicted_chunks_total counter\nlmcache_mp_l1_evicted_chunks_total 204430\n# TYPE lmcache_mp_l1_eviction_loop_triggered_total counter\nlmcache_mp_l1_eviction_loop_triggered_total 3120\n# TYPE lmcache_mp_lookup_requested_tokens_total counter\nlmcache_mp_lookup_requested_tokens_total{cache_salt=\"team-a\"} 54000000\n# TYPE lmcache_mp_lookup_hit_tokens_total counter\nlmcache_mp_lookup_hit_tokens_total{cache_salt=\"team-a\"} 170000\n";
    let page = || ("metrics.prom", page.to_owned());
    assert_eq!(causes(&[page()]), ["l1-too-small"]);
    let log = |limit: &str| ("lmcache.log", salts.replace("limit=0", limit));
    assert_eq!(causes(&[page(), log("limit=0")]), ["tenant-isolation-misconfig"]);
    // A quota that is there and passed is no such thing.
    assert_eq!(causes(&[page(), log("limit=900000000")]), ["l1-too-small"]);
}
