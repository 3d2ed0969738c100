//! Answers of HTTP APIs: servers are kept apart, a 404 is a fact about the release, and captures
//! of other tools are read.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;
use std::net::TcpStream;
use std::path::Path;

use common::server::{ANY, Server, lmcache, reply};
use common::{PAGE, run};
use serde_json::{Value, json};

const GONE: &[u8] = br#"{"detail":"Not Found"}"#;

/// A server of 0.4.5 or 0.4.6: it has `/conf`, and neither `/config` nor adapters.
fn old(path: &str, stream: &mut TcpStream) {
    let json = |stream: &mut TcpStream, body: &str| {
        reply(stream, "200 OK", "application/json", body.as_bytes());
    };
    match path {
        "/metrics" => {
            reply(stream, "200 OK", "text/plain", b"lmcache_mp_l1_memory_usage_bytes 7\n");
        }
        "/healthcheck" => json(stream, r#"{"status":"healthy"}"#),
        "/conf" => {
            json(stream, r#"{"mp":{"chunk_size":256},"storage_manager":{},"observability":{}}"#);
        }
        "/status" => {
            json(stream, r#"{"is_healthy":true,"engine_type":"MPCacheEngine","chunk_size":256}"#);
        }
        "/version" | "/lmc_version" => json(stream, "{}"),
        path if ANY.contains(&path) => json(stream, "{}"),
        _ => reply(stream, "404 Not Found", "application/json", GONE),
    }
}

fn collect(dir: &Path, args: &[&str]) -> common::Run {
    let out = dir.to_str().unwrap();
    let fast = ["--samples", "1", "--timeout-seconds", "5"];
    run(&[&["collect-lmcache", "--output-dir", out], args, &fast[..]].concat())
}

fn check(path: &Path) -> Value {
    run(&["check", path.to_str().unwrap(), "--json"]).json()
}

fn rows(report: &Value) -> &[Value] {
    report["http"].as_array().unwrap()
}

#[test]
fn servers_of_one_packet_are_kept_apart() {
    let (a, b) = (Server::start("127.0.0.1:0", lmcache), Server::start("127.0.0.1:0", old));
    let engine = Server::start("127.0.0.1:0", |path, stream| match path {
        "/version" => reply(stream, "200 OK", "application/json", br#"{"version":"0.32.0"}"#),
        _ => reply(stream, "404 Not Found", "application/json", GONE),
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    let roles = (format!("new={}", a.url), format!("old={}", b.url));
    let args = ["--lmcache-url", &roles.0, "--lmcache-url", &roles.1, "--engine-url", &engine.url];
    assert_eq!(collect(&out, &args).code, Some(0));
    let report = check(&out);
    let found: Vec<(&str, &Value)> =
        rows(&report).iter().map(|r| (r["server"].as_str().unwrap(), r)).collect();
    assert_eq!(found.len(), 3, "{found:?}");
    for (url, releases) in [(&a.url, json!(["0.5.6"])), (&b.url, json!(["0.4.5", "0.4.6"]))] {
        let (_, row) = found.iter().find(|(server, _)| server == url).unwrap();
        let release = &row["release"];
        let stated = release["stated"].as_str().map_or(json!(release["releases"]), |s| json!([s]));
        assert_eq!(stated, releases, "{url}: {release}");
        assert_eq!(release["contradictions"], json!([]), "{url}");
    }
    let (_, row) = found.iter().find(|(server, _)| *server == engine.url).unwrap();
    assert_eq!(row["release"]["component"], "vllm");
    assert!(row["endpoints"]["engine_version"].is_object(), "{row}");
}

#[test]
fn a_404_narrows_the_release_and_is_no_health() {
    let server = Server::start("127.0.0.1:0", old);
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    assert_eq!(collect(&out, &["--lmcache-url", &server.url]).code, Some(0));
    let report = check(&out);
    let [row] = rows(&report) else { panic!("{report}") };
    assert_eq!(row["booleans"]["is_healthy"], true);
    assert_eq!(row["failure_reasons"], json!([]));
    assert_eq!(row["endpoints"]["conf"]["path"], "/conf");
    let gone = &row["endpoints"]["adapters"];
    assert_eq!((&gone["route"], &gone["status"]), (&json!("absent"), &json!("unavailable")));
    let release = &report["releases"]["lmcache"];
    assert_eq!((&release["min"], &release["max"]), (&json!("0.4.5"), &json!("0.4.6")), "{release}");
    assert!(release.to_string().contains("GET /reconfigure/backends is not there"), "{release}");
    assert_eq!(release["contradictions"], json!([]));
    // The evidence of the packet names what was left alone.
    let text = fs::read_to_string(out.join("lmcache_http_evidence.json")).unwrap();
    let evidence: Value = serde_json::from_str(&text).unwrap();
    assert!(evidence["skipped_endpoints"].as_array().unwrap().len() > 50);
    assert!(!report["findings"].to_string().contains("lmcache_http_"));
}

#[test]
fn a_port_of_metrics_gives_no_answers() {
    // The metrics server answers its page whatever is asked.
    let server = Server::start("127.0.0.1:0", |_, stream| {
        reply(stream, "200 OK", "text/plain", PAGE.as_bytes());
    });
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("p");
    assert_eq!(collect(&out, &["--lmcache-url", &server.url]).code, Some(0));
    let text = fs::read_to_string(out.join("packet_manifest.json")).unwrap();
    assert!(text.contains("is this the port of the metrics?"), "{text}");
    let report = check(&out);
    assert_eq!(report["targets"].as_array().unwrap().len(), 1);
    assert_eq!(report["targets"][0]["scrapes"].as_array().unwrap().len(), 1);
    let live = run(&["check", &server.url, "--samples", "1", "--json"]).json();
    assert_eq!(live["targets"][0]["scrapes"].as_array().unwrap().len(), 1, "{}", live["targets"]);
    assert_eq!(rows(&live).len(), 0);
}

#[test]
fn captures_of_other_tools_are_read() {
    let status =
        r#"{"is_healthy":true,"engine_type":"MPCacheServer","chunk_size":256,"kv_events":{}}"#;
    let entry = |method: &str, url: &str, status: u16, body: &str| {
        json!({"startedDateTime": "2026-01-01T00:00:00Z", "request": {"method": method, "url": url},
            "response": {"status": status, "content": {"mimeType": "application/json", "text": body}}})
    };
    let har = json!({"log": {"version": "1.2", "entries": [
        entry("GET", "http://a:8080/status", 200, status),
        entry("GET", "http://b:8080/lmc_version", 200, "\"0.5.2\""),
        entry("POST", "http://a:8080/cache/clear", 200, "{}"),
    ]}});
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path
    };
    let report = check(&write("session.har", &har.to_string()));
    let servers: Vec<&str> = rows(&report).iter().map(|r| r["server"].as_str().unwrap()).collect();
    assert_eq!(servers, ["http://a:8080", "http://b:8080"], "{report}");
    assert!(rows(&report)[0]["endpoints"]["cache_clear"].is_null());
    assert_eq!(rows(&report)[0]["release"]["releases"], json!(["0.5.6"]));

    let head = format!(
        "HTTP/1.1 200 OK\r\nserver: uvicorn\r\ncontent-type: application/json\r\n\r\n{status}"
    );
    let report = check(&write("status.txt", &head));
    assert_eq!(report["inputs"][0]["kind"], "http_answer");
    assert_eq!(rows(&report)[0]["endpoints"]["status"]["http_status"], 200, "{report}");
    assert_eq!(report["mode"], "mp");

    let lines = [
        json!({"t": 1.0, "kind": "http", "url": "http://a:8080/conf", "status": 404, "body": {"detail": "Not Found"}}),
        json!({"t": 2.0, "kind": "http", "url": "http://a:8080/status", "status": 200, "body": status}),
        json!({"t": 3.0, "kind": "http", "url": "http://a:8080/quota", "error": "timed out"}),
    ];
    let text = lines.map(|l| l.to_string()).join("\n");
    let report = check(&write("timeline.jsonl", &text));
    let [row] = rows(&report) else { panic!("{report}") };
    assert_eq!(row["endpoints"]["quota"]["error"], "timed out");
    assert_eq!(row["endpoints"]["conf"]["route"], "absent");
    assert_eq!(report["releases"]["lmcache"]["min"], "0.5.6", "{}", report["releases"]);
}
