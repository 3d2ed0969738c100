//! `inferguard collect-lmcache` against servers that behave and servers that do not.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::time::{Duration, Instant};

use common::server::{Server, assert_clean, entry, lmcache, manifest, reply};
use common::{PAGE, command, root, run};

fn collect(dir: &Path, args: &[&str]) -> common::Run {
    let out = dir.to_str().unwrap();
    let fast = ["--interval-seconds", "0.05", "--timeout-seconds", "5"];
    run(&[&["collect-lmcache", "--output-dir", out], args, &fast[..]].concat())
}

#[test]
fn a_server_gives_a_packet_that_check_reads() {
    let server = Server::start("127.0.0.1:0", lmcache);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("packet");
    let done = collect(&out, &["--lmcache-url", &server.url, "--samples", "3"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert!(done.stdout.contains("detected_mode=mp claim_status=measured"), "{}", done.stdout);
    let m = manifest(&out);
    assert_eq!(m["schema_version"], "inferguard-lmcache-packet/v1");
    assert_eq!(entry(&m, "lmcache_health")["status"], "ok");
    assert_eq!(entry(&m, "lmcache_meta")["status"], "no_such_route");
    assert!(m["scrape_errors"].as_array().unwrap().is_empty(), "{m}");
    for file in m["files"].as_array().unwrap().iter().filter(|f| !f["file"].is_null()) {
        let bytes = fs::read(out.join(file["file"].as_str().unwrap())).unwrap();
        assert_eq!(file["bytes"], bytes.len());
    }
    let report = run(&["check", out.to_str().unwrap(), "--json"]).json();
    assert_eq!(report["mode"], "mp");
    let scrapes = report["targets"][0]["scrapes"].as_array().unwrap();
    assert_eq!(scrapes.len(), 3, "{scrapes:?}");
    // In the order of their capture, and the packet's own reports are no evidence.
    assert!(scrapes[2]["artifact"].as_str().unwrap().ends_with("lmcache_metrics.prom"));
    // Nothing names this machine's staging directory.
    let text = fs::read_to_string(out.join("lmcache_compat_report.json")).unwrap();
    assert!(!text.contains(".partial"), "{text}");
}

#[test]
fn only_safe_routes_are_asked_and_only_by_get() {
    const NEVER: &[&str] = &[
        "/env",
        "/inference_info",
        "/run_script",
        "/cache/",
        "/clear",
        "/reset",
        "/reconfigure/dax",
        "/loglevel?",
        "generate",
        "/objects",
        "/keys",
        "/prefetches",
    ];
    let server = Server::start("127.0.0.1:0", lmcache);
    let dir = tempfile::tempdir().unwrap();
    let urls = ["--lmcache-url", &server.url, "--engine-url", &server.url];
    let more = ["--lmcache-http-thread-name", "a/../b"];
    assert_eq!(collect(&dir.path().join("p"), &[&urls[..], &more[..]].concat()).code, Some(0));
    let base = ["--lmcache-http-base-url", &server.url];
    collect(&dir.path().join("q"), &base);
    // One server under two flags would be asked twice.
    assert_eq!(collect(&dir.path().join("r"), &[&urls[..], &base[..]].concat()).code, Some(2));
    let lines = server.lines();
    assert!(lines.len() > 30, "{lines:?}");
    for line in &lines {
        let path = line.split(' ').nth(1).unwrap();
        assert!(line.starts_with("GET ") && line.ends_with(" HTTP/1.1"), "{line}");
        assert!(!NEVER.iter().any(|n| path.contains(n)), "{line}");
    }
    assert!(lines.iter().any(|l| l.starts_with("GET /periodic-threads/a%2F%2E%2E%2Fb ")));
    let skipped = manifest(&dir.path().join("p"))["skipped_endpoints"].clone();
    let list = skipped.as_array().unwrap();
    assert!(list.iter().any(|s| s["status"] == "sensitive_skipped" && s["endpoint"] == "GET /env"));
    assert!(list.iter().any(|s| s["status"] == "destructive_skipped"));
}

#[test]
fn the_environment_is_only_read_on_demand_and_through_the_list() {
    let server = Server::start("127.0.0.1:0", lmcache);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    assert_eq!(collect(&out, &["--lmcache-url", &server.url, "--include-env"]).code, Some(0));
    let env = fs::read_to_string(out.join("lmcache_env.json")).unwrap();
    assert!(env.contains("PYTHONHASHSEED") && env.contains("AWS_SECRET_ACCESS_KEY"), "{env}");
    assert!(!env.contains("PLANTED"), "{env}");
}

#[test]
fn headers_and_tokens_are_sent_and_never_written() {
    let server = Server::start("127.0.0.1:0", lmcache);
    let dir = tempfile::tempdir().unwrap();
    let (out, token) = (dir.path().join("p"), dir.path().join("token"));
    fs::write(&token, "PLANTED-token\n").unwrap();
    let url = server.url.replace("http://", "http://me:PLANTED-password@");
    let args = [
        "--lmcache-metrics-url",
        &format!("{url}/metrics?key=PLANTED-query"),
        "--bearer-token-file",
        token.to_str().unwrap(),
        "--header",
        "x-scope: PLANTED-header",
    ];
    assert_eq!(collect(&out, &args).code, Some(0));
    let sent = server.requests.lock().unwrap().join("\n");
    assert!(sent.contains("PLANTED-token") && sent.contains("PLANTED-header"), "{sent}");
    assert!(sent.contains("/metrics?key=PLANTED-query"));
    assert_clean(&out, &["PLANTED"]);
}

#[test]
fn servers_that_misbehave_cost_their_deadline_and_are_told() {
    let silent = Server::start("127.0.0.1:0", |_, stream| {
        // Holds the connection until the other side gives up.
        let _ = stream.read(&mut [0; 1]);
    });
    let drip = Server::start("127.0.0.1:0", |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            let _ = stream.flush();
            std::thread::park_timeout(Duration::from_millis(100));
        }
    });
    let far = Server::start("127.0.0.1:0", |_, stream| {
        let head =
            "HTTP/1.1 302 Found\r\nlocation: http://other.invalid/\r\ncontent-length: 0\r\n\r\n";
        let _ = stream.write_all(head.as_bytes());
    });
    let login = Server::start("127.0.0.1:0", |_, stream| {
        reply(stream, "200 OK", "text/html", b"<!doctype html><html>log in</html>");
    });
    let dying = Server::start("127.0.0.1:0", |_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nlmcache_mp_l1");
    });
    let zipped = Server::start("127.0.0.1:0", |_, stream| {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(PAGE.as_bytes()).unwrap();
        let body = gz.finish().unwrap();
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes());
        let _ = stream.write_all(&body);
    });
    let plain_tls = silent.url.replace("http://", "https://");
    let no_tls = login.url.replace("http://", "https://");
    let cases: [(&str, &str, &str, Option<i32>); 8] = [
        (&silent.url, "not_fetched", "no whole answer within", Some(3)),
        (&drip.url, "not_fetched", "no whole answer within", Some(3)),
        (&far.url, "http_error", "a redirect: it is not followed", Some(3)),
        (&login.url, "not_what_was_asked_for", "no metrics page", Some(3)),
        (&dying.url, "not_fetched", "connection failed", Some(3)),
        (&plain_tls, "not_fetched", "", Some(3)),
        (&no_tls, "not_fetched", "", Some(3)),
        (&zipped.url, "ok", "", Some(0)),
    ];
    for (url, status, why, code) in cases {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("p");
        let started = Instant::now();
        let args = [
            "collect-lmcache",
            "--output-dir",
            out.to_str().unwrap(),
            "--lmcache-metrics-url",
            url,
            "--samples",
            "1",
            "--timeout-seconds",
            "1",
        ];
        let done = run(&args);
        assert!(started.elapsed() < Duration::from_secs(5), "{url}");
        let found = entry(&manifest(&out), "lmcache_metrics");
        assert_eq!(found["status"], status, "{url}: {found}");
        let error = found["error"].as_str().unwrap_or("");
        assert!(error.contains(why), "{url}: {error}");
        assert_eq!(done.code, code, "{url}: {}", done.stderr);
        let m = manifest(&out);
        assert_eq!(
            m["claim_status"],
            if status == "ok" { "measured" } else { "not_proven" },
            "{url}"
        );
    }
}

#[test]
fn an_answer_without_end_is_cut_at_the_limit() {
    let endless = Server::start("127.0.0.1:0", |path, stream| {
        if path != "/status" {
            return lmcache(path, stream);
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10000000000\r\n\r\n");
        let block = vec![b'x'; 1 << 20];
        while stream.write_all(&block).is_ok() {}
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let done = collect(&out, &["--lmcache-url", &endless.url, "--samples", "1"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let status = entry(&manifest(&out), "lmcache_status");
    assert_eq!(status["status"], "not_fetched");
    assert!(matches!(status["error_code"].as_str(), Some("too_large" | "timeout")), "{status}");
    // The others are there.
    assert_eq!(entry(&manifest(&out), "lmcache_health")["status"], "ok");
}

#[test]
fn old_routes_are_found_behind_new_ones() {
    let old = Server::start("127.0.0.1:0", |path, stream| match path {
        "/api/healthcheck" => {
            reply(stream, "200 OK", "application/json", br#"{"status":"healthy"}"#);
        }
        "/api/status" => {
            reply(
                stream,
                "503 Service Unavailable",
                "application/json",
                br#"{"is_healthy":false}"#,
            );
        }
        "/conf" => reply(stream, "200 OK", "application/json", b"{}"),
        _ => reply(stream, "404 Not Found", "application/json", b"{}"),
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    collect(&out, &["--lmcache-http-base-url", &old.url]);
    let m = manifest(&out);
    let health = entry(&m, "lmcache_health");
    assert!(health["source"].as_str().unwrap().ends_with("/api/healthcheck"), "{health}");
    assert_eq!(health["attempts"].as_array().unwrap().len(), 2);
    assert!(entry(&m, "lmcache_conf")["source"].as_str().unwrap().ends_with("/conf"));
    // What an unhealthy server says of itself is kept, and told as an error.
    let status = entry(&m, "lmcache_status");
    assert_eq!((&status["status"], &status["http_status"]), (&"http_error".into(), &503.into()));
    assert!(out.join("lmcache_status.txt").exists());
}

#[test]
fn ipv6_works() {
    let Ok(probe) = TcpListener::bind("[::1]:0") else { return };
    drop(probe);
    let server = Server::start("[::1]:0", lmcache);
    let dir = tempfile::tempdir().unwrap();
    let done = collect(&dir.path().join("p"), &["--lmcache-metrics-url", &server.url]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
}

#[test]
fn two_engines_are_kept_apart_by_their_roles() {
    let page = |n: u32| {
        format!("vllm:prompt_tokens_total{{model_name=\"m\"}} {n}\nvllm:num_requests_running 0\n")
    };
    let serve = |n: u32| {
        let page = page(n);
        Server::start("127.0.0.1:0", move |path, stream| match path {
            "/metrics" => reply(stream, "200 OK", "text/plain", page.as_bytes()),
            _ => reply(stream, "404 Not Found", "text/plain", b""),
        })
    };
    let (a, b) = (serve(1), serve(2));
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let (a, b) = (format!("prefill={}", a.url), format!("decode={}", b.url));
    assert_eq!(collect(&out, &["--engine-url", &a, "--engine-url", &b]).code, Some(0));
    assert!(out.join("prefill/engine_metrics.prom").exists());
    let report = run(&["check", out.to_str().unwrap(), "--json"]).json();
    let mut roles: Vec<&str> =
        report["targets"].as_array().unwrap().iter().map(|t| t["role"].as_str().unwrap()).collect();
    roles.sort_unstable();
    assert_eq!(roles, ["decode", "prefill"]);
    let same = collect(&dir.path().join("q"), &["--engine-url", &a[8..], "--engine-url", &b[7..]]);
    assert_eq!(same.code, Some(2), "{}", same.stderr);
}

/// Every file below a directory with its content.
fn contents(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    fn walk(root: &Path, dir: &Path, out: &mut BTreeMap<String, Vec<u8>>) {
        for item in fs::read_dir(dir).unwrap() {
            let path = item.unwrap().path();
            if path.is_dir() {
                walk(root, &path, out);
            } else {
                let name = path.strip_prefix(root).unwrap().display().to_string();
                out.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut out = BTreeMap::new();
    walk(dir, dir, &mut out);
    out
}

const LOOKUP: &str = "{\"timestamp\": 1.5, \"model_name\": \"m\", \"chunk_size\": 256, \"seq_len\": 512, \"chunk_hashes\": [\"aa11\", \"bb22\"]}\n";

#[test]
fn sources_are_never_touched_wherever_the_output_lies() {
    // The output in the source tree, the source in the output, both the same directory.
    for (source, output) in [("a", "a/out"), ("out/a", "out"), ("a", "a")] {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join(source), dir.path().join(output));
        fs::create_dir_all(from.join("lookup")).unwrap();
        fs::write(from.join("lookup/lookup_hashes_1.jsonl"), LOOKUP).unwrap();
        fs::write(from.join("mine.txt"), "mine").unwrap();
        let before = contents(&from);
        let path = from.to_str().unwrap();
        for _ in 0..2 {
            let done = collect(&to, &["--lmcache-lookup-hash-path", path, "--force"]);
            let after = contents(&from);
            for (name, bytes) in &before {
                assert_eq!(
                    after.get(name),
                    Some(bytes),
                    "{source} {output} {name}: {}",
                    done.stderr
                );
            }
        }
    }
}

#[test]
fn names_of_copied_files_do_not_tell_a_tenant() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("src");
    fs::create_dir(&from).unwrap();
    let row = LOOKUP.replace("\"seq_len\"", "\"cache_salt\": \"acme-a\", \"seq_len\"");
    for name in ["lookup_acme_a.jsonl", "lookup_acme-a.jsonl", "acme%2Da.jsonl"] {
        fs::write(from.join(name), &row).unwrap();
    }
    let out = dir.path().join("p");
    let done = collect(&out, &["--lmcache-lookup-hash-path", from.to_str().unwrap()]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let copied = contents(&out);
    let word = |name: &str| name.split("redacted-salt-").nth(1).map(|w| w[..12].to_owned());
    let words: Vec<String> = copied.keys().filter_map(|name| word(name)).collect();
    // Three files still, all of them of one tenant.
    assert_eq!(words.len(), 3, "{:?}", copied.keys());
    assert!(words.iter().all(|w| *w == words[0]), "{words:?}");
    for (name, bytes) in &copied {
        assert!(!name.contains("acme"), "{name}");
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("acme"), "{name}: {text}");
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_and_a_source_of_our_own_name_stays() {
    let dir = tempfile::tempdir().unwrap();
    let from = dir.path().join("src");
    fs::create_dir(&from).unwrap();
    fs::write(dir.path().join("outside.jsonl"), LOOKUP).unwrap();
    std::os::unix::fs::symlink(dir.path().join("outside.jsonl"), from.join("l.jsonl")).unwrap();
    fs::hard_link(dir.path().join("outside.jsonl"), from.join("hard.jsonl")).unwrap();
    let out = dir.path().join("p");
    let args = ["--lmcache-lookup-hash-path", from.to_str().unwrap()];
    assert_eq!(collect(&out, &args).code, Some(0));
    assert!(out.join("src/hard.jsonl").exists() && !out.join("src/l.jsonl").exists());
    assert_eq!(fs::read_to_string(dir.path().join("outside.jsonl")).unwrap(), LOOKUP);
    // The source is what we would write: it stays, and nothing is written.
    let same = dir.path().join("same");
    fs::create_dir(&same).unwrap();
    fs::write(same.join("lmcache_metrics.prom"), PAGE).unwrap();
    let page = same.join("lmcache_metrics.prom");
    let done = collect(&same, &["--lmcache-metrics-file", page.to_str().unwrap()]);
    assert_eq!(done.code, Some(4), "{}", done.stderr);
    assert_eq!(fs::read_to_string(&page).unwrap(), PAGE);
    assert_eq!(fs::read_dir(&same).unwrap().count(), 1);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_a_whole_packet_marked_partial() {
    let server = Server::start("127.0.0.1:0", lmcache);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let args = [
        "collect-lmcache",
        "--output-dir",
        out.to_str().unwrap(),
        "--lmcache-url",
        &server.url,
        "--samples",
        "1000",
        "--interval-seconds",
        "0.05",
    ];
    let mut child = command(&args).stdout(std::process::Stdio::null()).spawn().unwrap();
    // It listens for signals before it asks for anything.
    while server.lines().iter().filter(|l| l.starts_with("GET /metrics ")).count() < 3 {
        std::thread::park_timeout(Duration::from_millis(5));
    }
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &id]).status().unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let m = manifest(&out);
    assert_eq!(m["partial"], true);
    assert_eq!(run(&["check", out.to_str().unwrap(), "--json"]).json()["mode"], "mp");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "nothing is left over");
}

#[test]
fn usage_errors_and_outputs_that_cannot_be() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    assert_eq!(collect(&dir.path().join("x"), &[]).code, Some(2));
    assert_eq!(run(&["collect-lmcache"]).code, Some(2));
    let page = root().join("fixtures/packets/lmcache-0.5.6-l1-prefix-replay/lmcache-6.prom");
    let page = page.to_str().unwrap();
    assert_eq!(collect(&file, &["--lmcache-metrics-file", page]).code, Some(4));
    let gone = collect(&dir.path().join("y"), &["--lmcache-metrics-file", "/no/such"]);
    assert_eq!(gone.code, Some(3), "{}", gone.stderr);
    assert!(gone.stderr.contains("/no/such"), "{}", gone.stderr);
    let bad = collect(
        &dir.path().join("z"),
        &["--lmcache-metrics-url", "foo", "--lmcache-metrics-file", page],
    );
    assert_eq!(bad.code, Some(0));
    let scheme = collect(&dir.path().join("w"), &["--lmcache-metrics-url", "file:///etc/hostname"]);
    assert_eq!(scheme.code, Some(3));
    assert!(scheme.stderr.contains("only http and https"), "{}", scheme.stderr);
}

#[test]
fn check_of_a_url_scrapes_twice_asks_safe_routes_and_writes_nothing() {
    let server = Server::start("127.0.0.1:0", lmcache);
    let done = run(&["check", &server.url, "--interval-seconds", "0.05", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let report = done.json();
    assert_eq!(report["mode"], "mp");
    let scrapes = report["targets"][0]["scrapes"].as_array().unwrap();
    assert_eq!(scrapes.len(), 2, "{scrapes:?}");
    // The version route names the release; the status route is one server's with it.
    assert_eq!(report["http"].as_array().unwrap().len(), 1, "{}", report["http"]);
    let lines = server.lines();
    assert!(lines.iter().all(|l| l.starts_with("GET ")), "{lines:?}");
    assert!(!lines.iter().any(|l| l.contains("/env") || l.contains("/v1/models")), "{lines:?}");
    assert_eq!(lines.iter().filter(|l| l.starts_with("GET /metrics ")).count(), 2);
    // A server that says that it is not healthy is told.
    let sick = Server::start("127.0.0.1:0", |path, stream| match path {
        "/healthcheck" => reply(
            stream,
            "503 Service Unavailable",
            "application/json",
            br#"{"status":"unhealthy","reason":"cache engine not initialized"}"#,
        ),
        other => lmcache(other, stream),
    });
    let done = run(&["check", &sick.url, "--samples", "1", "--json"]);
    assert!(done.stdout.contains("lmcache_http_health"), "{}", done.stdout);
}

#[test]
fn check_of_a_dead_server_costs_one_line_and_spares_the_others() {
    let server = Server::start("127.0.0.1:0", lmcache);
    let dead = "http://127.0.0.1:1";
    let done = run(&["check", dead, &server.url, "--interval-seconds", "0.05", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    assert_eq!(done.stderr.matches("127.0.0.1:1/metrics").count(), 1, "{}", done.stderr);
    assert_eq!(done.json()["targets"].as_array().unwrap().len(), 1);
    let alone = run(&["check", dead]);
    assert_eq!(alone.code, Some(3), "{}", alone.stdout);
}
