//! Diagnosis on the command line: what is first, policies, thresholds, explanations.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

const DEAD: &str = "fixtures/cases/041-isolated-lru-kills-l1-eviction";
const HEALTHY: &str = "fixtures/packets/lmcache-0.5.6-l1-prefix-replay";

#[test]
fn the_cause_stands_first_and_names_what_it_explains() {
    let report = common::run(&["check", DEAD, "--json"]).json();
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(findings[0]["cause"], "eviction-stalled");
    assert_eq!(findings[0]["kind"], "cause");
    let explained: Vec<&str> =
        findings[0]["explains"].as_array().unwrap().iter().filter_map(|c| c.as_str()).collect();
    assert!(explained.contains(&"lmcache_mp_l1_failures"), "{explained:?}");
    let failures = findings.iter().find(|f| f["code"] == "lmcache_mp_l1_failures").unwrap();
    assert_eq!(failures["explained_by"][0], "eviction_stalled");
    assert_eq!(findings[0]["ruled_out"][0]["cause"], "l1-too-small");
    for finding in findings {
        assert!(!finding["evidence"].as_array().unwrap().is_empty(), "{finding}");
        assert!(!finding["confidence_reasons"].as_array().unwrap().is_empty(), "{finding}");
    }
}

#[test]
fn the_policy_decides_the_exit_code() {
    for (policy, dead, healthy) in
        // Only `info` counts remarks: the healthy packet has the empty salt of a single tenant.
        [
            ("never", 0, 0),
            ("critical", 1, 0),
            ("warning", 1, 0),
            ("any", 1, 0),
            ("info", 1, 1),
        ]
    {
        assert_eq!(common::run(&["check", DEAD, "--fail-on", policy]).code, Some(dead), "{policy}");
        let run = common::run(&["check", HEALTHY, "--fail-on", policy]);
        assert_eq!(run.code, Some(healthy), "{policy}: {}", run.stdout);
    }
}

#[test]
fn a_threshold_of_the_configuration_decides() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("inferguard.toml");
    let case = "fixtures/cases/039-forced-unpin-after-300s";
    let causes = |args: &[&str]| -> Vec<String> {
        let report = common::run(args).json();
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|f| f["cause"].as_str().map(str::to_owned))
            .collect()
    };
    assert!(causes(&["check", case, "--json"]).contains(&"l1-alloc-failure".to_owned()));
    std::fs::write(&file, "[rules.l1_alloc_failure]\nmin_failures = 1000\n").unwrap();
    let path = file.to_str().unwrap();
    let with = causes(&["check", case, "--json", "--config", path]);
    assert!(!with.contains(&"l1-alloc-failure".to_owned()), "{with:?}");
    std::fs::write(&file, "[rules.l1_alloc_failure]\nmin_failure = 1000\n").unwrap();
    let run = common::run(&["check", case, "--config", path]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("inferguard.toml"), "{}", run.stderr);
    assert!(run.stderr.contains("did you mean min_failures?"), "{}", run.stderr);
}

#[test]
fn a_finding_is_explained_by_code_and_by_cause() {
    for name in ["eviction_stalled", "eviction-stalled"] {
        let run = common::run(&["explain", name]);
        assert_eq!(run.code, Some(0));
        assert!(run.stdout.contains("IsolatedLRU"), "{}", run.stdout);
        assert!(run.stdout.lines().all(|l| l.chars().count() <= 80));
        let json = common::run(&["explain", name, "--json"]).json();
        assert_eq!(json["rules"][0]["code"], "eviction_stalled");
    }
    let run = common::run(&["explain", "eviction-stalld"]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("did you mean eviction-stalled?"), "{}", run.stderr);
    let list = common::run(&["explain", "--list", "--json"]).json();
    assert!(list["rules"].as_array().unwrap().len() >= 38);
}

#[test]
fn a_note_is_markdown_without_paths() {
    let run = common::run(&["check", DEAD, "--format", "note"]);
    assert_eq!(run.code, Some(0));
    assert!(run.stdout.starts_with("**Something is wrong.**"), "{}", run.stdout);
    for inner in ["fixtures/", ".log", ".prom", "eviction_stalled"] {
        assert!(!run.stdout.contains(inner), "{inner}: {}", run.stdout);
    }
}

#[test]
fn a_seed_is_not_missed_where_the_engine_needs_none() {
    let case = "fixtures/own-cases/d-h02-no-hash-seed-on-new-vllm";
    for (file, vllm) in [("engine-a.log", None), ("engine-a.log", Some("0.28.0"))] {
        let dir = tempfile::tempdir().unwrap();
        let text = std::fs::read_to_string(
            std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(case).join(file),
        )
        .unwrap();
        let text = match vllm {
            Some(release) => {
                text.replace("server version 0.30.0", &format!("server version {release}"))
            }
            None => text,
        };
        std::fs::write(dir.path().join(file), text).unwrap();
        let report = common::run(&["check", dir.path().to_str().unwrap(), "--json"]).json();
        let named = report["findings"].to_string().contains("hash-seed-unset");
        assert_eq!(named, vllm.is_some(), "{vllm:?}: {}", report["findings"]);
    }
}

#[test]
fn a_silenced_rule_is_told_and_never_clear() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("inferguard.toml");
    let case = "fixtures/packets/lmcache-0.5.6-l2-store-fails";
    let path = file.to_str().unwrap();
    let code = "lmcache_mp_l2_store_failures";
    let before = common::run(&["check", case, "--json"]).json();
    let has = |report: &serde_json::Value, list: &str| {
        report["silent_rules"][list].as_array().is_some_and(|l| l.iter().any(|c| c == code))
    };
    assert!(before["configuration"].is_null() && before["silent_rules"]["silenced"].is_null());
    std::fs::write(&file, format!("[rules.{code}]\nenabled = false\n")).unwrap();
    let after = common::run(&["check", case, "--json", "--config", path]).json();
    assert!(before["findings"].to_string().contains(code));
    assert!(!after["findings"].as_array().unwrap().iter().any(|f| f["code"] == code));
    assert!(has(&after, "silenced") && !has(&after, "clear"), "{}", after["silent_rules"]);
    assert_eq!(after["configuration"]["silenced"][0], code);
    // Every command and every form that asks rules says so, where nothing is wrong as well.
    let out = dir.path().join("out");
    for args in [
        &["check", case][..],
        &["check", HEALTHY],
        &["check", HEALTHY, "--all"],
        &["check", HEALTHY, "--format", "note"],
        &["observability-coverage", HEALTHY],
        &["observability-coverage", HEALTHY, "--format", "markdown"],
        &["diagnose-bottleneck", "--job-dir", HEALTHY, "--output-dir", out.to_str().unwrap()],
    ] {
        let run = common::run(&[args, &["--config", path][..]].concat());
        let says = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(says.contains(&format!("1 rule silenced, not asked: {code}")), "{args:?}: {says}");
    }
    // What means nothing ends the command before anything is read.
    for (text, says) in [
        ("[rules.lmcache_mp_l2_store_failure]\nenabled = false\n", "no rule has the code"),
        ("[rules.lmcache_mp_low_hit_rate_after_warmup]\nlow_hit_rate = 30\n", "from 0 to 1"),
    ] {
        std::fs::write(&file, text).unwrap();
        let run = common::run(&["check", HEALTHY, "--config", path]);
        assert_eq!(run.code, Some(2));
        assert!(run.stderr.contains(says), "{}", run.stderr);
    }
}
