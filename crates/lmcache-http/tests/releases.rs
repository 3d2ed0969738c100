//! What routes, statuses and captures say of a release.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lmcache_http::{
    Answer, Component, HttpEvidence, Method, Presence, Reader, Reading, captures, release_evidence,
};

const GONE: &str = r#"{"detail":"Not Found"}"#;

fn reader() -> Reader {
    Reader::with_salt(*b"releases").unwrap()
}

fn ask(reader: &Reader, path: &str, status: u16, body: &str) -> Reading {
    reader.read(&Answer {
        path: Some(path),
        status: Some(status),
        body: body.as_bytes(),
        ..Answer::default()
    })
}

#[test]
fn routes_that_are_there_and_routes_that_are_not_narrow_the_release() {
    let reader = reader();
    let status = r#"{"is_healthy":true,"engine_type":"MPCacheEngine","gpu_context_meta":{},
        "active_prefetch_jobs":0,"storage_manager":{}}"#;
    let readings = [
        ask(&reader, "/api/healthcheck", 200, r#"{"status":"healthy"}"#),
        ask(&reader, "/healthcheck", 404, GONE),
        ask(&reader, "/status", 404, GONE),
        ask(&reader, "/api/status", 200, status),
    ];
    let found = HttpEvidence::of(reader.routes(), &readings);
    assert_eq!(found.release.component, Some(Component::MpServer));
    assert_eq!(found.release.releases, ["0.4.4"], "{:?}", found.release);
    assert!(found.release.contradictions.is_empty());
    assert!(found.booleans["is_healthy"] && found.failure_reasons.is_empty());
    // Of two paths of one endpoint the one that answered stands.
    assert_eq!(found.endpoints["status"].path.as_deref(), Some("/api/status"));
}

#[test]
fn answers_that_are_none_of_the_server_say_nothing_of_its_release() {
    let reader = reader();
    let page = "# HELP lmcache_mp_x y\n# TYPE lmcache_mp_x counter\nlmcache_mp_x_total 1\n";
    for (status, body) in
        [(200, "<!doctype html>log in"), (404, ""), (200, page), (302, ""), (502, "bad gateway")]
    {
        for path in ["/config", "/conf", "/healthcheck", "/api/status"] {
            let reading = ask(&reader, path, status, body);
            assert_eq!(reading.route, Presence::Unknown, "{path} {status} {body}");
        }
    }
    // 404 with words of its own comes from a handler: the route is there.
    let own = ask(&reader, "/cache/prefetches/a", 404, r#"{"detail":"no such job"}"#);
    assert_eq!(
        (own.route, own.path.as_deref()),
        (Presence::Present, Some("/cache/prefetches/{request_id}"))
    );
}

#[test]
fn routes_that_somebody_hides_do_not_narrow() {
    let reader = reader();
    let status = r#"{"is_healthy":true,"engine_type":"MPCacheServer","chunk_size":256}"#;
    let readings = [
        ask(&reader, "/status", 200, status),
        ask(&reader, "/config", 404, GONE),
        // Every release that has /status has it.
        ask(&reader, "/healthcheck", 404, GONE),
    ];
    let found = release_evidence(reader.routes(), &readings);
    assert_eq!(found.hidden, ["GET /healthcheck is not there"]);
    assert_eq!(found.releases.last().map(String::as_str), Some("0.5.6"), "{found:?}");
    assert!(found.contradictions.is_empty());
}

#[test]
fn only_a_route_of_health_makes_a_server_error_unhealthy() {
    let reader = reader();
    let body = r#"{"detail":"the adapter cannot list"}"#;
    for (path, want) in [
        ("/cache/objects", "unknown"),
        ("/controller/workers", "unknown"),
        ("/status", "unhealthy"),
    ] {
        let found = HttpEvidence::of(reader.routes(), &[ask(&reader, path, 503, body)]);
        let (_, endpoint) = found.endpoints.first_key_value().unwrap();
        assert_eq!(endpoint.status, want, "{path}");
    }
}

#[test]
fn a_silent_server_has_no_route_and_no_health() {
    let reader = reader();
    let reading = reader.read(&Answer {
        path: Some("/status"),
        error: Some("timed out"),
        ..Answer::default()
    });
    let found = HttpEvidence::of(reader.routes(), &[reading]);
    assert_eq!(found.endpoints["status"].status, "unavailable");
    assert_eq!(found.endpoints["status"].route, Presence::Unknown);
    assert!(found.release.releases.is_empty() && !found.booleans["is_healthy"]);
}

#[test]
fn a_file_name_does_not_tell_old_paths_from_new() {
    let reader = reader();
    let answer = |file, body: &'static str| {
        reader.read(&Answer { file: Some(file), body: body.as_bytes(), ..Answer::default() })
    };
    let readings = [
        answer("lmcache_health.txt", r#"{"status":"healthy"}"#),
        answer(
            "lmcache_status.txt",
            r#"{"is_healthy":true,"engine_type":"MPCacheEngine","chunk_size":256,"gpu_context_meta":{}}"#,
        ),
    ];
    let found = release_evidence(reader.routes(), &readings);
    // An old server may have answered under /api.
    assert_eq!(found.releases.first().map(String::as_str), Some("0.4.1"));
    assert_eq!(found.releases.last().map(String::as_str), Some("0.4.6"));
}

#[test]
fn capture_files() {
    let lines = b"{\"url\":\"http://h:8080/healthcheck\",\"status\":200,\"body\":\"{\\\"status\\\":\\\"healthy\\\"}\"}\nnoise\n{\"endpoint\":\"/status\",\"method\":\"GET\",\"status\":null,\"error\":\"timed out\"}\n";
    let records = captures(lines).unwrap();
    assert_eq!(records.iter().map(|r| r.line).collect::<Vec<_>>(), [1, 3]);
    let reading = reader().read(&records[0].answer("x", None));
    assert_eq!(
        (reading.origin.as_deref(), reading.name.as_str()),
        (Some("http://h:8080"), "health")
    );
    assert_eq!(records[1].error.as_deref(), Some("timed out"));

    let har = br#"{"log":{"entries":[{"request":{"method":"GET","url":"http://h/lmc_version"},
        "response":{"status":200,"content":{"mimeType":"application/json","text":"\"0.5.6\""}}},
        {"request":{"method":"POST","url":"http://h/cache/clear"},
        "response":{"status":200,"content":{"encoding":"base64","text":"e30="}}}]}}"#;
    let records = captures(har).unwrap();
    assert_eq!(records[0].body.as_deref(), Some(&b"\"0.5.6\""[..]));
    assert_eq!((records[1].method, records[1].body.as_deref()), (Some(Method::Post), None));

    let raw = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"healthy\"}";
    let records = captures(raw).unwrap();
    assert_eq!(records[0].status, Some(200));
    assert_eq!(records[0].body.as_deref(), Some(&b"{\"status\":\"healthy\"}"[..]));

    // A manifest of this tool: each path that was tried is a record, the last one's body a file.
    let manifest = br#"{"files":[{"name":"lmcache_conf","file":"lmcache_conf.txt","source":"http://h/conf","status":"ok",
        "http_status":200,"attempts":[{"url":"http://h/config","http_status":404,"body":"{\"detail\":\"Not Found\"}"},
        {"url":"http://h/conf","http_status":200}]}]}"#;
    let records = captures(manifest).unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!((records[0].status, records[0].file.as_deref()), (Some(404), None));
    assert_eq!(records[1].file.as_deref(), Some("lmcache_conf.txt"));
    for none in ["", "plain text", r#"{"is_healthy": true}"#] {
        assert!(captures(none.as_bytes()).is_none(), "{none}");
    }
}

#[test]
fn secrets_and_tenants_do_not_leave() {
    let reader = reader();
    let conf = r#"{"mp":{"chunk_size":256},"storage_manager":{"adapters":[
        {"aws_secret_access_key":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY","url":"redis://user:hunter2secret@cache-7.corp.example:6379"}]}}"#;
    let mut readings = vec![
        ask(&reader, "/config", 200, conf),
        ask(&reader, "/quota/acme-tenant", 200, "{}"),
        ask(&reader, "/cache/prefetches/pod-acme-tenant/chatcmpl-deadbeef", 200, "{}"),
        ask(
            &reader,
            "/status",
            500,
            r#"{"error":"redis://user:hunter2secret@cache-7.corp.example"}"#,
        ),
    ];
    readings.push(reader.read(&Answer {
        path: Some("/version"),
        error: Some("GET http://user:hunter2secret@cache-7.corp.example:80 failed"),
        ..Answer::default()
    }));
    let text = serde_json::to_string(&HttpEvidence::of(reader.routes(), &readings)).unwrap();
    for planted in ["wJalrXUtnFEMI", "hunter2secret", "corp.example", "acme-tenant", "deadbeef"] {
        assert!(!text.contains(planted), "{planted} in {text}");
    }
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/packets")
}

fn files(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

#[test]
fn the_releases_of_the_shipped_packets_are_told() {
    let reader = reader();
    let mut all = Vec::new();
    files(&fixtures(), &mut all);
    all.sort();
    let mut servers: BTreeMap<PathBuf, Vec<Reading>> = BTreeMap::new();
    for path in &all {
        let directory = path.parent().unwrap();
        if !directory.components().any(|c| c.as_os_str().to_string_lossy().starts_with("http")) {
            continue;
        }
        let name = path.strip_prefix(fixtures()).unwrap().display().to_string();
        let body = std::fs::read(path).unwrap();
        let answer = Answer { file: Some(&name), body: &body, ..Answer::default() };
        servers.entry(directory.to_owned()).or_default().push(reader.read(&answer));
    }
    let mut exact = 0;
    for (directory, readings) in servers {
        let found = release_evidence(reader.routes(), &readings);
        let directory = directory.strip_prefix(fixtures()).unwrap().display().to_string();
        assert!(found.contradictions.is_empty(), "{directory}: {found:?}");
        let Some(stated) = &found.stated else { continue };
        assert!(directory.contains(stated.as_str()), "{directory}: {stated}");
        assert!(found.releases.is_empty() || found.releases.contains(stated), "{directory}");
        let of =
            if directory.contains("embedded") { Component::Embedded } else { Component::MpServer };
        assert_eq!(found.component, Some(of), "{directory}");
        exact += usize::from(found.releases.len() == 1);
    }
    assert!(exact >= 2, "{exact}");
}

#[test]
fn an_index_names_the_files_beside_it() {
    let mut seen = 0;
    let mut all = Vec::new();
    files(&fixtures(), &mut all);
    for path in
        all.iter().filter(|p| p.ends_with("http_index.json") || p.ends_with("timeline.jsonl"))
    {
        for record in captures(&std::fs::read(path).unwrap()).unwrap_or_default() {
            assert!(record.status.is_some() || record.error.is_some());
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen}");
}
