//! What must come out of the lines that matter, in every prefix that they come in.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::type_complexity, missing_docs)]

use lmcache_logs::{LogEvidence, LogOptions, read};

fn evidence(log: &str) -> LogEvidence {
    read(log.as_bytes(), LogOptions::default()).unwrap()
}

fn lmcache(message: &str) -> String {
    format!("[2026-11-24 03:04:05,123] LMCache INFO: {message} (a.py:1:lmcache.x)\n")
}

#[test]
fn numbers_of_each_wording() {
    let table: &[(&str, &str, &[(&str, f64)])] = &[
        ("Stored 512 tokens in 0.25 seconds", "mp.store", &[("tokens", 512.0), ("seconds", 0.25)]),
        ("Retrieved 512 tokens in 0.25 seconds", "mp.retrieve", &[("tokens", 512.0)]),
        (
            "[req_id=a-1] Stored 1536 out of total 1600 tokens. size: 0.0029 GB, cost 7.1 ms, throughput: 0.4 GB/s; offload_time: 2.8 ms, put_time: 0.08 ms",
            "embedded.store",
            &[
                ("tokens", 1536.0),
                ("total_tokens", 1600.0),
                ("gb", 0.0029),
                ("ms", 7.1),
                ("gb_per_s", 0.4),
                ("offload_ms", 2.8),
                ("put_ms", 0.08),
            ],
        ),
        (
            "Stored 256 out of total 300 tokens. size: 0.03 gb, cost 7.1 ms, throughput: 4.5 GB/s; offload_time: 2.8 ms, put_time: 0.08 ms",
            "embedded.store",
            &[("tokens", 256.0), ("gb_per_s", 4.5)],
        ),
        (
            "[req_id=a] Retrieved 512 out of 512 required tokens (from 768 total tokens). size: 0.1 gb, cost 3.0 ms, throughput: 33.3 GB/s;",
            "embedded.retrieve",
            &[("required_tokens", 512.0), ("total_tokens", 768.0), ("gb_per_s", 33.3)],
        ),
        (
            "Reqid: a, Total tokens 1576, Inference Engine computed tokens: 0, LMCache hit tokens: 1536, need to load: 1536",
            "connector.lookup",
            &[("hit_tokens", 1536.0), ("need_to_load", 1536.0)],
        ),
        (
            "Reqid: a, Total tokens 100, LMCache hit tokens: 64, need to load: -16",
            "connector.lookup",
            &[("need_to_load", -16.0)],
        ),
        (
            "Prefetch request completed (L1+L2): 6/8 retained keys (4 L1, 2 L2) in 1.5 ms (external_request_id=a, prefetch_request_id=3)",
            "mp.prefetch_done",
            &[
                ("hit_chunks", 6.0),
                ("chunks", 8.0),
                ("l1_chunks", 4.0),
                ("l2_chunks", 2.0),
                ("ms", 1.5),
            ],
        ),
        (
            "EventBus queue full (max_queue_size=16), 240 event(s) discarded so far",
            "mp.bus.drops",
            &[("dropped_total", 240.0)],
        ),
        (
            "L1 memory usage 0.91 above watermark 0.80; triggering eviction.",
            "mp.l1.evicting",
            &[("usage", 0.91), ("watermark", 0.8)],
        ),
        (
            "Force unpinned 3 timeout objects in 9 pinned_objects within 300 seconds",
            "embedded.force_unpin",
            &[("objects", 3.0)],
        ),
        (
            "TokenHasher initialized: chunk_size=256, hash_algorithm=blake3",
            "hash.tokenhasher",
            &[("chunk_size", 256.0)],
        ),
    ];
    for (message, id, fields) in table {
        let evidence = evidence(&lmcache(message));
        let event = evidence.event(id).unwrap_or_else(|| panic_like(id, &evidence));
        for (field, value) in *fields {
            assert_eq!(event.fields.get(*field).map(|f| f.last), Some(*value), "{id} {field}");
        }
    }
}

#[allow(clippy::panic)]
fn panic_like(id: &str, evidence: &LogEvidence) -> ! {
    panic!("no {id}: {:?}", evidence.events.keys())
}

#[test]
fn prefixes_do_not_hide_lines() {
    let line = lmcache("Stored 512 tokens in 0.25 seconds");
    let line = line.trim_end();
    let json = serde_json::json!({"log": format!("{line}\n"), "stream": "stderr", "time": "t"});
    for wrapped in [
        line.to_owned(),
        format!("{line}\r"),
        format!("(EngineCore_DP0 pid=77) {line}"),
        format!("2026-11-24T03:04:05.123456789Z {line}"),
        format!("2026-11-24T03:04:05.123456789Z stderr F {line}"),
        format!("[pod/engine-0/vllm] {line}"),
        format!("[pod/engine-0/vllm] 2026-11-24T03:04:05.123456789Z (Worker_TP0 pid=3) {line}"),
        format!("lmcache-1  | {line}"),
        json.to_string(),
        line.replace("[2026", "\u{1b}[32;20m[2026").replace("INFO:", "INFO:\u{1b}[0m"),
    ] {
        let evidence = evidence(&format!("{wrapped}\n"));
        assert_eq!(evidence.count("mp.store"), 1, "{wrapped}");
    }
    let raw = [b"\xff\xfe ".as_slice(), line.as_bytes(), b"\n", line.as_bytes()].concat();
    let evidence = read(raw.as_slice(), LogOptions::default()).unwrap();
    assert_eq!((evidence.coverage.not_utf8, evidence.count("mp.store")), (1, 1));
    assert!(evidence.coverage.truncated_end);
}

#[test]
fn requests_are_summed() {
    let evidence = evidence(
        &[
            "Reqid: a, Total tokens 100, Inference Engine computed tokens: 0, LMCache hit tokens: 0, need to load: 0",
            "Reqid: b, Total tokens 100, Inference Engine computed tokens: 96, LMCache hit tokens: 64, need to load: -32",
            "Reqid: c, Total tokens 100, Inference Engine computed tokens: 0, LMCache hit tokens: 64, need to load: 64",
        ]
        .map(lmcache)
        .concat(),
    );
    let r = &evidence.requests;
    assert_eq!((r.count, r.hit_zero, r.need_to_load_negative, r.hit_not_needed), (3, 1, 1, 1));
    assert_eq!((r.total_tokens, r.hit_tokens, r.need_to_load_tokens), (300.0, 128.0, 64.0));
}

#[test]
fn the_start_is_only_covered_by_a_first_line() {
    let open = "INFO 11-24 03:00:00 [api.py:1] vLLM API server version 0.32.0\n";
    let serve = lmcache("Stored 512 tokens in 0.25 seconds");
    let table = [
        (format!("{open}{serve}"), true, false),
        (format!("{serve}{open}"), false, true),
        (serve.clone(), false, true),
        ("INFO:     Application startup complete.\n".to_owned(), false, false),
    ];
    for (log, covers, truncated) in table {
        let evidence = evidence(&log);
        assert_eq!(
            (evidence.covers_start(), evidence.coverage.truncated_start),
            (covers, truncated),
            "{log}"
        );
    }
}

#[test]
fn tracebacks_of_interleaved_processes() {
    let log = "\
(A pid=1) ERROR 11-24 03:00:00 [c.py:1] Traceback (most recent call last):
(B pid=2) ERROR 11-24 03:00:00 [c.py:1] Traceback (most recent call last):
(A pid=1) ERROR 11-24 03:00:00 [c.py:1]   File \"a.py\", line 1, in f
(B pid=2) ERROR 11-24 03:00:00 [c.py:1]   File \"b.py\", line 2, in g
(A pid=1) ERROR 11-24 03:00:00 [c.py:1] ValueError: worker 1 failed
(B pid=2) ERROR 11-24 03:00:00 [c.py:1] ValueError: worker 2 failed
Traceback (most recent call last):
  File \"c.py\", line 3, in h
    call()
torch.AcceleratorError: CUDA error: mapping of buffer object failed
";
    let evidence = evidence(log);
    let got: Vec<(&str, u64, usize)> = evidence
        .tracebacks
        .iter()
        .map(|t| (t.last_line.as_str(), t.count, t.frames.len()))
        .collect();
    assert_eq!(
        got,
        [
            ("ValueError: worker 1 failed", 2, 1),
            ("torch.AcceleratorError: CUDA error: mapping of buffer object failed", 1, 1)
        ]
    );
    assert_eq!(evidence.count("gpu.ipc_failed"), 1);
}

#[test]
fn settings_and_names() {
    let log = format!(
        "(APIServer pid=1) INFO 11-24 03:00:00 [u.py:1] non-default args: {{'model': 'm', 'kv_transfer_config': KVTransferConfig(kv_connector='LMCacheConnectorV1', kv_role='kv_both')}}\n{}{}",
        lmcache(
            "Creating LMCacheEngine with config: {'chunk_size': 256, 'enable_p2p': True, 'remote_url': None}"
        ),
        lmcache(
            "LMCache initialized for role KVConnectorRole.WORKER with version 0.5.6, vllm version 0.32.0, lmcache cache_engine metadata: None"
        ),
    );
    let evidence = evidence(&log);
    assert_eq!(evidence.config_value("chunk_size"), Some("256"));
    assert_eq!(evidence.config_value("kv_role"), Some("kv_both"));
    assert_eq!(evidence.config.enable_p2p, Some(true));
    assert_eq!(evidence.connectors, ["LMCacheConnectorV1"]);
    assert_eq!(evidence.roles, ["KVConnectorRole.WORKER", "kv_both"]);
    assert_eq!(evidence.versions["lmcache"], ["0.5.6"]);
    assert_eq!(evidence.mode_candidates, ["embedded"]);
}
