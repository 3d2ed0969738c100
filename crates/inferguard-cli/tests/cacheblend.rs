//! `inferguard cacheblend-report` on a real packet and on boundary evidence of both formats.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::fs;

use common::run;

const PACKET: &str = "fixtures/packets/lmcache-0.5.6-cacheblend";

#[test]
fn the_screen_and_the_numbers_of_a_real_packet() {
    let screen = run(&["cacheblend-report", PACKET]);
    assert_eq!(screen.code, Some(0), "{}", screen.stderr);
    assert!(screen.stdout.lines().all(|l| l.chars().count() <= 80), "{}", screen.stdout);
    insta::assert_snapshot!("cacheblend-screen", screen.stdout);
    let report = run(&["cacheblend-report", PACKET, "--json"]).json();
    let found = &report["cacheblend_metrics"];
    insta::assert_json_snapshot!("cacheblend-metrics", found);
    assert_eq!(report["serde"]["present"], false);
    assert_eq!(report["lifecycle"]["present"], false);
    assert_eq!(report["lifecycle"]["boundary_evidence"], serde_json::Value::Null);
    // One page alone says the same of the whole life, and nothing of a window.
    let page = format!("{PACKET}/lmcache-1.prom");
    let alone = run(&["cacheblend-report", "--metrics-file", &page, "--json"]).json();
    assert_eq!(alone["cacheblend_metrics"]["counters"], found["counters"]);
    assert_eq!(alone["cacheblend_metrics"]["blend_hit_rate"], found["blend_hit_rate"]);
    assert_eq!(alone["cacheblend_metrics"]["windows"], 0);
    assert_eq!(
        alone["cacheblend_metrics"]["in_windows"]["blend_hit_rate"],
        serde_json::Value::Null
    );
}

#[test]
fn a_page_without_cacheblend_says_so() {
    let page = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay/lmcache-6.prom";
    let report = run(&["cacheblend-report", "--metrics-file", page, "--json"]);
    assert_eq!(report.code, Some(0), "{}", report.stderr);
    assert_eq!(report.json()["cacheblend_metrics"]["present"], false);
    let screen = run(&["cacheblend-report", page]).stdout;
    assert!(screen.contains("no CacheBlend counter on these pages"), "{screen}");
}

#[test]
fn boundary_evidence_in_both_formats() {
    let dir = tempfile::tempdir().unwrap();
    let page = format!("{PACKET}/lmcache-1.prom");
    let report = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        let args = [
            "cacheblend-report",
            "--metrics-file",
            &page,
            "--boundary-evidence-file",
            path.to_str().unwrap(),
            "--json",
        ];
        let done = run(&args);
        assert_eq!(done.code, Some(0), "{}", done.stderr);
        done.json()["lifecycle"]["boundary_evidence"].clone()
    };
    let loose = report("a.jsonl", "{\"stage\":\"store\",\"event\":\"end\",\"num_chunks\":3}\n");
    assert_eq!((&loose["claim_status"], &loose["row_count"]), (&"measured".into(), &1.into()));
    assert_eq!(loose["event_counts"]["store.end"], 1);
    let schema = "\"schema_version\":\"inferguard-l0-block-boundary-event/v1\"";
    let strict = report(
        "b.jsonl",
        &format!(
            "{{{schema},\"stage\":\"store\",\"num_chunks\":1}}\n\
             {{{schema},\"stage\":\"store\",\"token_ids\":[151644,872]}}\n{{\"stage\":\"store\"}}\nnot json\n"
        ),
    );
    assert_eq!(strict["claim_status"], "blocked");
    assert_eq!((&strict["accepted_count"], &strict["rejected_count"]), (&1.into(), &3.into()));
    assert!(!strict.to_string().contains("151644"), "{strict}");
    for code in ["forbidden_raw_fields", "schema_mismatch", "malformed_json"] {
        assert!(strict.to_string().contains(&format!("lmcache_l0_boundary_{code}")), "{strict}");
    }
    let gone = dir.path().join("gone");
    let args =
        ["cacheblend-report", &page, "--boundary-evidence-file", gone.to_str().unwrap(), "--json"];
    let done = run(&args);
    assert_eq!(done.code, Some(0), "{}", done.stderr);
    let evidence = &done.json()["lifecycle"]["boundary_evidence"];
    assert_eq!(evidence["present"], false);
    assert_eq!(evidence["failure_reasons"][0]["code"], "lmcache_l0_boundary_file_unreadable");
}

#[test]
fn outcomes() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(run(&["cacheblend-report"]).code, Some(2));
    let gone = run(&["cacheblend-report", "--metrics-file", "/no/such"]);
    assert_eq!(gone.code, Some(3));
    assert!(gone.stderr.contains("/no/such: there is no such file"), "{}", gone.stderr);
    let binary = dir.path().join("b");
    fs::write(&binary, [0_u8, 159, 146, 150]).unwrap();
    let done = run(&["cacheblend-report", "--metrics-file", binary.to_str().unwrap(), "--json"]);
    assert_eq!(done.code, Some(3), "{}", done.stderr);
    assert_eq!(done.json()["cacheblend_metrics"]["present"], false);
    let out = dir.path().join("r.json");
    let args = ["cacheblend-report", PACKET, "--output", out.to_str().unwrap()];
    assert_eq!(run(&args).code, Some(0));
    let written: serde_json::Value = serde_json::from_slice(&fs::read(&out).unwrap()).unwrap();
    assert_eq!(written["cacheblend_metrics"]["present"], true);
}
