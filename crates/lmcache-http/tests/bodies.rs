//! No bytes panic; the bodies of the shipped packets are told.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

use std::path::Path;

use std::sync::LazyLock;

use lmcache_http::{Answer, Body, HttpEvidence, Reader, captures, path_of};
use proptest::prelude::*;

static READER: LazyLock<Reader> = LazyLock::new(|| Reader::with_salt(*b"bodies").unwrap());

fn read_body(bytes: &[u8]) -> Body {
    READER.read_body(bytes)
}

proptest! {
    #[test]
    fn no_body_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = read_body(&bytes);
    }

    #[test]
    fn no_json_panics(text in r#"[\[\]{}":,a-z0-9._ -]{0,200}"#) {
        let answer = Answer { file: Some(&text), body: text.as_bytes(), ..Answer::default() };
        let evidence = HttpEvidence::of(READER.routes(), &[READER.read(&answer)]);
        let written = serde_json::to_string(&evidence).unwrap();
        let back: HttpEvidence = serde_json::from_str(&written).unwrap();
        prop_assert_eq!(serde_json::to_string(&back).unwrap(), written);
        let _ = captures(text.as_bytes());
    }

    #[test]
    fn any_url_has_a_path(url in "\\PC{0,60}") {
        prop_assert!(!path_of(&url).is_empty());
    }
}

#[test]
fn deep_nesting_ends() {
    let deep = "[".repeat(100_000);
    assert!(matches!(read_body(deep.as_bytes()), Body::Text));
}

#[test]
fn the_answers_of_the_shipped_packets_are_told() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets");
    let (mut status, mut config, mut version, mut health, mut text) = (0, 0, 0, 0, 0);
    for packet in std::fs::read_dir(root).unwrap() {
        let Ok(http) = std::fs::read_dir(packet.unwrap().path().join("http")) else { continue };
        for file in http {
            let path = file.unwrap().path();
            let body = read_body(&std::fs::read(&path).unwrap());
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            match name.as_str() {
                "status.json" => {
                    assert!(matches!(body, Body::Status(_)), "{}: {body:?}", path.display());
                    status += 1;
                }
                "config.json" => {
                    config += usize::from(matches!(body, Body::Config { .. }));
                }
                "lmc_version.json" => {
                    assert!(matches!(body, Body::Version { .. } | Body::Error { .. }), "{body:?}");
                    version += 1;
                }
                "healthcheck.json" => {
                    assert!(matches!(body, Body::Health { .. } | Body::Error { .. }), "{body:?}");
                    health += 1;
                }
                "threads.txt" | "threads" => {
                    let Body::Stacks(stacks) = body else { panic!("{}: {body:?}", path.display()) };
                    assert_eq!(stacks.stated, Some(stacks.total), "{}", path.display());
                    text += 1;
                }
                "loglevel.txt" | "loglevel" => {
                    let Body::LogLevels(levels) = body else { panic!("{}", path.display()) };
                    assert!(levels.levels.contains_key("lmcache"), "{levels:?}");
                    text += 1;
                }
                _ => {}
            }
        }
    }
    assert!(text >= 2, "{text}");
    assert!(
        status >= 4 && config >= 2 && version >= 4 && health >= 4,
        "{status} {config} {version} {health}"
    );
}

#[test]
fn a_stack_dump_is_told_by_thread() {
    let text = "Thread: <_MainThread(MainThread, started 139905221462912)>\nStack trace:\n  \
        File \"/venv/bin/lmcache\", line 8, in <module>\n    sys.exit(main())\n  \
        File \"/home/someone/site-packages/lmcache/v1/http_server.py\", line 154, in run\n    \
        server.run()\n  File \"/site-packages/uvicorn/server.py\", line 86, in run\n    return x\n\
        \n\nThread: <Thread(l2-loader_0, started daemon 17)>\nNo stack trace available\n\
        \n\n=== Thread Summary ===\nTotal threads: 2\n";
    let Body::Stacks(stacks) = read_body(text.as_bytes()) else { panic!("no stack dump") };
    assert_eq!((stacks.total, stacks.stated), (2, Some(2)));
    let main = &stacks.threads[0];
    assert_eq!((main.name.as_str(), main.daemon, main.depth), ("MainThread", false, 3));
    assert_eq!(main.innermost.as_deref(), Some("server.py:86 in run"));
    assert_eq!(main.innermost_lmcache.as_deref(), Some("http_server.py:154 in run"));
    let loader = &stacks.threads[1];
    assert_eq!((loader.name.as_str(), loader.daemon, loader.depth), ("l2-loader_0", true, 0));
    // Cut off: what is missing is not counted as absent.
    let Body::Stacks(cut) = read_body(&text.as_bytes()[..200]) else { panic!("no stack dump") };
    assert_eq!(cut.stated, None);
}

#[test]
fn quota_is_told_by_salt_and_no_salt_is_told() {
    let list = r#"{"users":{"customer-4711":{"limit_gb":0.02,"current_usage_gb":0.005}}}"#;
    let one = r#"{"cache_salt":"customer-4711","limit_gb":0.0,"current_usage_gb":0.0,
        "exists":false}"#;
    let coordinator = r#"{"total_gb":1.5,"by_cache_salt":{"customer-4711":{"usage_gb":1.5}}}"#;
    let mut names = Vec::new();
    for (text, users, limit, usage, exists) in [
        (list, Some(1), Some(0.02), Some(0.005), Some(true)),
        (one, None, Some(0.0), Some(0.0), Some(false)),
        (coordinator, Some(1), None, Some(1.5), None),
    ] {
        let body = read_body(text.as_bytes());
        assert!(!format!("{body:?}").contains("4711"), "{body:?}");
        let Body::Quota(quota) = body else { panic!("no quota: {text}") };
        let salt = &quota.salts[0];
        assert_eq!(
            (quota.users, salt.limit_gb, salt.usage_gb, salt.exists),
            (users, limit, usage, exists),
            "{text}"
        );
        names.push(salt.salt.clone());
    }
    // One salt has one placeholder, as a key and as a value.
    assert!(names.iter().all(|name| name == &names[0] && !name.is_empty()), "{names:?}");
    let default = read_body(br#"{"cache_salt":"_default","limit_gb":0.0,"exists":false}"#);
    let Body::Quota(default) = default else { panic!("no quota") };
    assert_eq!(default.salts[0].salt, "_default");
}

#[test]
fn chunk_statistics_log_levels_and_single_threads_are_told() {
    let text = r#"{"enabled":true,"total_requests":4,"total_chunks":40,"unique_chunks":10,
        "duplicate_chunks":30,"reuse_rate":0.75,"timing":{"overhead_percentage":1.5},
        "async_queue":{"full_blocks":2},"timestamp":1.0,"auto_exit_enabled":false}"#;
    let Body::ChunkStatistics(chunks) = read_body(text.as_bytes()) else { panic!("no statistics") };
    assert_eq!((chunks.total_chunks, chunks.duplicate_chunks), (Some(40), Some(30)));
    assert_eq!((chunks.overhead_percentage, chunks.queue_full_blocks), (Some(1.5), Some(2)));
    // A client that cannot count says so; that is no statistic.
    let none = r#"{"error":"Not available","message":"Client does not support statistics."}"#;
    assert!(matches!(read_body(none.as_bytes()), Body::Error { .. }));

    let text = "=== Loggers and Levels ===\nlmcache: INFO\ntorch: WARNING\nlmcache.x: NOTSET\n\
        vllm.core: DEBUG\n";
    let Body::LogLevels(levels) = read_body(text.as_bytes()) else { panic!("no levels") };
    assert_eq!(levels.loggers, 4);
    let kept: Vec<_> = levels.levels.iter().map(|(n, l)| (n.as_str(), l.as_str())).collect();
    assert_eq!(kept, [("lmcache", "INFO"), ("vllm.core", "DEBUG")]);

    let text = r#"{"name":"pin-monitor","level":"high","interval":30.0,"is_running":false,
        "is_active":false,"last_run_ago":900.5,"total_runs":7,"failed_runs":1}"#;
    let Body::Threads(threads) = read_body(text.as_bytes()) else { panic!("no thread") };
    assert_eq!((threads.total, threads.running, threads.failed_runs), (1, 0, 1));
    assert_eq!(threads.unhealthy, ["pin-monitor"]);
    assert_eq!(threads.threads[0].last_run_ago, Some(900.5));

    let text = r#"{"openapi":"3.1.0","info":{"title":"LMCache HTTP API","version":"0.1.0"},
        "paths":{"/status":{"get":{}},"/quota/{cache_salt}":{"get":{},"put":{},"x-note":1}}}"#;
    let Body::Openapi(routes) = read_body(text.as_bytes()) else { panic!("no list of routes") };
    assert_eq!(routes.title.as_deref(), Some("LMCache HTTP API"));
    let quota: Vec<&str> = routes.methods["/quota/{cache_salt}"].iter().map(|m| &**m).collect();
    assert_eq!(quota, ["GET", "PUT"]);
}
