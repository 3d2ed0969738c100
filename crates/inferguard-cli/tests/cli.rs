//! Flags, policies, exit codes, endpoints.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use common::{PAGE, run, run_with};

const PACKET: &str = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay";

#[test]
fn policies_decide_the_exit_code() {
    let page = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay/lmcache-6.prom";
    let base = ["lmcache-compat", "--lmcache-metrics-file", page];
    let with = |more: &[&str]| run(&[&base[..], more].concat()).code;
    assert_eq!(with(&[]), Some(0));
    assert_eq!(with(&["--expect-mode", "mp", "--fail-on", "missing-required"]), Some(0));
    assert_eq!(with(&["--expect-mode", "embedded", "--fail-on", "mode-mismatch"]), Some(1));
    assert_eq!(with(&["--expect-mode", "embedded"]), Some(0));
    assert_eq!(with(&["--mp-metrics-disabled", "--fail-on", "missing-required"]), Some(1));
    // Declared and not shown: a breach, until the artifact is given.
    let trace = ["--mp-trace-recording-enabled", "--fail-on", "missing-required"];
    assert_eq!(with(&trace), Some(1));
    let lct = format!("{PACKET}/trace.lct");
    assert_eq!(with(&[&trace[..], &["--lmcache-trace-evidence-file", &lct]].concat()), Some(0));
    assert_eq!(with(&["--mp-tracing-enabled", "--fail-on", "missing-required"]), Some(1));
    assert_eq!(with(&["--mp-metrics-sample-rate", "1.5"]), Some(2));
    assert_eq!(with(&["--mp-prometheus-port", "0"]), Some(2));
    assert_eq!(with(&["--expect-mode", "sideways"]), Some(2));
    assert_eq!(run(&["lmcache-compat"]).code, Some(2));
    assert_eq!(run(&["check"]).code, Some(2));
    assert_eq!(run(&["nonsense"]).code, Some(2));
}

#[test]
fn a_family_that_a_scraper_drops_breaches_the_policy_with_its_proof() {
    let path = common::root().join(PACKET).join("lmcache-6.prom");
    let text = std::fs::read_to_string(path).unwrap();
    let kept: String = text
        .lines()
        .filter(|l| {
            !l.contains("lmcache_mp_lookup_requested")
                && !l.contains("lmcache_mp_lookup_hit_tokens")
        })
        .flat_map(|l| [l, "\n"])
        .collect();
    let args = [
        "lmcache-compat",
        "--lmcache-metrics-file",
        "-",
        "--fail-on",
        "missing-required",
        "--json",
    ];
    let run = run_with(&args, kept.as_bytes());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let failures = run.json()["failure_reasons"].clone();
    assert_eq!(failures.as_array().unwrap().len(), 1, "{failures}");
    assert_eq!(failures[0]["family"], "lookup_tokens");
    assert!(
        failures[0]["message"].as_str().unwrap().contains("it should be there: "),
        "{failures}"
    );
}

#[test]
fn holes_all_over_a_page_are_an_excerpt_and_prove_nothing() {
    let path = common::root().join(PACKET).join("lmcache-6.prom");
    let text = std::fs::read_to_string(path).unwrap();
    let kept: String = text
        .lines()
        .filter(|l| !l.contains("lmcache_mp_lookup_") && !l.contains("lmcache_mp_event_bus_"))
        .flat_map(|l| [l, "\n"])
        .collect();
    let report = run_with(&["check", "-", "--json"], kept.as_bytes()).json();
    for row in report["families"].as_array().unwrap() {
        assert_ne!(row["status"], "missing", "{row}");
        if row["family"] == "event_bus" {
            assert_eq!(row["status"], "unknown");
            assert!(row["because"].as_str().unwrap().contains("excerpt"), "{row}");
        }
    }
    let told = report["not_evaluable"].as_array().unwrap();
    assert!(told.iter().any(|n| n["code"] == "page_is_an_excerpt"), "{told:?}");
}

#[test]
fn declared_facts_count_and_contradictions_are_told() {
    let packet = ["check", PACKET, "--json"];
    let l2 = run(&[&packet[..], &["--l2-configured"]].concat()).json();
    let row = l2["families"]
        .as_array()
        .unwrap()
        .iter()
        .find(|f| f["family"] == "l2_counters")
        .unwrap()
        .clone();
    assert_eq!(row["status"], "not_emitted", "{row}");
    let told = run(&[&packet[..], &["--release", "0.4.5"]].concat()).json();
    assert_eq!(told["answer"], "something_wrong");
    assert!(
        told["findings"].as_array().unwrap().iter().any(|f| f["code"] == "release_contradiction")
    );
    let fits = run(&[&packet[..], &["--release", "0.5.6"]].concat()).json();
    assert_eq!(fits["releases"]["lmcache"]["max"], "0.5.6");
    // What remains is what an operator should merely know: the empty salt of a single tenant.
    let loud = |f: &serde_json::Value| f["severity"] != "info";
    assert!(!fits["findings"].as_array().unwrap().iter().any(loud));
}

#[test]
fn idle_busy_and_silent_are_three_different_answers() {
    let idle = run(&["check", &format!("{PACKET}/lmcache-0.prom"), "--json"]).json();
    assert_eq!(idle["answer"], "nothing_seen");
    assert_eq!(idle["targets"][0]["traffic"], "idle");
    let busy = run(&["check", PACKET, "--json"]).json();
    assert_eq!(busy["answer"], "nothing_wrong_in_what_was_seen");
    let silent = run(&["check", "fixtures/packets/lmcache-0.5.6-no-metrics/lmcache-0.prom"]);
    let text = silent.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("this page carries no LMCache metrics"), "{text}");
    assert!(text.contains("would settle it:"), "{text}");
}

#[test]
fn the_catalog_answers() {
    let show = run(&["catalog", "show", "lmcache_mp_l1_evicted_keys_total", "--json"]).json();
    assert_eq!(show["signal"], "mp.l1.evictions");
    let names: Vec<&str> =
        show["history"].as_array().unwrap().iter().map(|h| h["name"].as_str().unwrap()).collect();
    assert_eq!(names.last(), Some(&"lmcache_mp_l1_evicted_chunks_total"));
    let diff = run(&["catalog", "diff", "0.4.5", "0.4.6", "--json"]).json();
    assert_eq!(
        diff["renamed"].as_array().unwrap().len(),
        22,
        "the great rename has 22 exposed families"
    );
    let lost = run(&["catalog", "show", "lmcache_mp_l1_evicted_chunk"]);
    assert_eq!(lost.code, Some(2));
    assert!(lost.stderr.contains("nearest"), "{}", lost.stderr);
    let drift = run_with(
        &["catalog", "drift", "-", "--json"],
        b"lmcache_mp_l1_read_keys_total 1\nlmcache_mp_new_thing 2\n",
    );
    let drift = drift.json();
    assert_eq!(drift["renamed"][0]["name"], "lmcache_mp_l1_read_keys_total");
    assert_eq!(drift["unknown"][0]["name"], "lmcache_mp_new_thing");
}

#[test]
fn a_release_that_the_contract_does_not_reach_is_told_first() {
    let page = format!("{PAGE}lmcache_mp_brand_new_total 3\n");
    let drift = run_with(&["catalog", "drift", "-", "--json"], page.as_bytes()).json();
    let note = drift["refresh"]["lmcache"]["note"].as_str().unwrap();
    assert!(note.contains("in no examined release, of which the newest"), "{note}");
    assert!(note.contains("catalog import --product lmcache --version RELEASE"), "{note}");
    let drift =
        run_with(&["catalog", "drift", "-", "--release", "9.1.0", "--json"], page.as_bytes())
            .json();
    let note = drift["refresh"]["lmcache"]["note"].as_str().unwrap();
    assert!(note.contains("--version 9.1.0"), "{note}");
    // What a known release has lost may be renamed in a newer one.
    for inputs in [
        &["check", "-"][..],
        &["lmcache-compat", "--lmcache-metrics-file", "-"],
        &["observability-coverage", "-"],
        &["observability-coverage", "-", "--format", "markdown"],
    ] {
        let told = |release: &'static str| {
            let args: Vec<&str> = inputs.iter().copied().chain(["--release", release]).collect();
            run_with(&args, page.as_bytes()).stdout
        };
        let newer = told("9.1.0");
        let first = newer.lines().take(4).collect::<Vec<_>>().join(" ");
        assert!(first.contains("9.1.0 is newer than the newest"), "{inputs:?}: {newer}");
        assert!(!told("0.5.6").contains("is newer than"), "{inputs:?}");
    }
    let json = ["check", "-", "--release", "9.1.0", "--json"];
    let report = run_with(&json, page.as_bytes()).json();
    assert_eq!(report["releases"]["lmcache"]["newer_than_catalog"]["release"], "9.1.0");
    let missing = report["families"].as_array().unwrap().iter();
    assert_eq!(missing.filter(|f| f["status"] == "missing").count(), 0);
}

#[test]
fn unknown_series_are_kept_and_listed() {
    let report = run_with(
        &["check", "-", "--json"],
        format!("{PAGE}lmcache_mp_brand_new_total 3\n").as_bytes(),
    )
    .json();
    assert_eq!(report["targets"][0]["unknown_names"][0], "lmcache_mp_brand_new_total");
}

/// A server that gives one answer to one connection.
fn serve(answer: &'static [u8]) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let handle = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0u8; 4096];
        let n = stream.read(&mut request).unwrap_or(0);
        let _ = stream.write_all(answer);
        String::from_utf8_lossy(&request[..n]).into_owned()
    });
    (url, handle)
}

#[test]
fn a_url_and_a_file_given_together_both_count() {
    let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 31\r\n\r\nvllm:num_requests_running 0\nx 1\n";
    let (url, server) = serve(answer);
    let file = format!("{PACKET}/lmcache-6.prom");
    let args =
        ["lmcache-compat", "--engine-metrics-url", &url, "--lmcache-metrics-file", &file, "--json"];
    let run = run(&args);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let report = run.json();
    assert_eq!(report["observed"]["vllm"], true);
    assert_eq!(report["observed"]["lmcache_mp"], true);
    let request = server.join().unwrap();
    assert!(request.starts_with("GET /metrics "), "{request}");
}

#[test]
fn redirects_are_not_followed_and_refusals_are_told() {
    let (url, server) =
        serve(b"HTTP/1.1 302 Found\r\nlocation: http://localhost:1/\r\ncontent-length: 0\r\n\r\n");
    let run_redirect = run(&["lmcache-compat", "--lmcache-metrics-url", &url]);
    assert_eq!(run_redirect.code, Some(3));
    assert!(run_redirect.stderr.contains("redirect"), "{}", run_redirect.stderr);
    server.join().unwrap();
    let refused = run(&[
        "lmcache-compat",
        "--lmcache-metrics-url",
        "http://user:hunter2@127.0.0.1:1/metrics",
    ]);
    assert_eq!(refused.code, Some(3));
    assert!(!refused.stderr.contains("hunter2") && !refused.stdout.contains("hunter2"));
    let scheme = run(&["lmcache-compat", "--lmcache-metrics-url", "file:///etc/hostname"]);
    assert_eq!(scheme.code, Some(3));
    assert!(scheme.stderr.contains("only http and https"), "{}", scheme.stderr);
}
