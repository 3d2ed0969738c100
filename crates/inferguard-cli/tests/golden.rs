//! Golden reports of every imported packet: the screen in 80 columns, and every status.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;

fn packets() -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(common::root().join("fixtures/packets"))
        .unwrap()
        .map(|e| e.unwrap())
        .filter(|e| e.path().is_dir())
        .map(|e| e.file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn screens_are_as_agreed() {
    assert!(packets().len() >= 12);
    for name in packets() {
        let run = common::run(&["check", &format!("fixtures/packets/{name}")]);
        assert_eq!(run.code, Some(0), "{name}: {}", run.stderr);
        for line in run.stdout.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
            assert!(!line.contains('\u{1b}'), "{name}: colour in a pipe");
        }
        insta::assert_snapshot!(format!("screen-{name}"), run.stdout);
    }
}

#[test]
fn statuses_are_as_agreed_and_reports_repeat_to_the_byte() {
    for name in packets() {
        let args = ["check", &format!("fixtures/packets/{name}"), "--json"];
        let run = common::run(&args);
        assert_eq!(run.stdout, common::run(&args).stdout, "{name}");
        let report = run.json();
        let statuses: BTreeMap<String, String> = report["families"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| {
                let key =
                    format!("{}/{}", f["surface"].as_str().unwrap(), f["family"].as_str().unwrap());
                let status = f["status"].as_str().unwrap().to_owned();
                assert!(
                    !f["because"].as_str().unwrap().is_empty(),
                    "{name}: {key} gives no reason"
                );
                (key, status)
            })
            .collect();
        let releases: Vec<String> = ["lmcache", "vllm", "sglang"]
            .iter()
            .map(|p| {
                format!("{p}: {} {}", report["releases"][p]["min"], report["releases"][p]["max"])
            })
            .collect();
        let head = serde_json::json!({
            "answer": report["answer"],
            "mode": report["mode"],
            "architecture": report["architecture"]["headline"],
            "releases": releases,
            "findings": report["findings"].as_array().unwrap().iter().map(|f| &f["code"]).collect::<Vec<_>>(),
            "families": statuses,
        });
        insta::assert_json_snapshot!(format!("statuses-{name}"), head);
    }
}

#[test]
fn windows_of_packet_a_are_windows_and_not_one_lifetime() {
    let report =
        common::run(&["check", "fixtures/packets/lmcache-0.5.6-l1-prefix-replay", "--json"]).json();
    let rates: Vec<f64> = report["targets"][0]["windows"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|w| w["ratios"].as_array().unwrap())
        .filter(|r| r["ratio"] == "lookup_hit_rate")
        .filter_map(|r| r["rate"].as_f64())
        .collect();
    assert_eq!(rates, [0.4375, 1.0, 0.75, 0.75, 0.75, 0.75]);
}

#[test]
fn the_readme_shows_what_its_command_prints() {
    let readme = std::fs::read_to_string(common::root().join("README.md")).unwrap();
    let mut blocks = readme.split("```text\n").skip(1);
    for all in [&[][..], &["--all"]] {
        let shown = blocks.next().unwrap().split("```").next().unwrap();
        let packet = ["check", "fixtures/packets/lmcache-0.5.6-l1-prefix-replay"];
        let printed = common::run(&[&packet[..], all].concat());
        let mut lines = printed.stdout.lines();
        for line in shown.lines().filter(|line| *line != "...") {
            let found = lines.any(|printed| printed == line);
            assert!(found, "not printed, or not in this order: {line}");
        }
    }
}

#[test]
fn what_is_healthy_is_told_in_five_lines() {
    let mut told = 0;
    for name in packets() {
        let run = common::run(&["check", &format!("fixtures/packets/{name}")]);
        if !run.stdout.starts_with("NOTHING WRONG") {
            continue;
        }
        told += 1;
        assert_eq!(run.stdout.lines().count(), 5, "{name}: {}", run.stdout);
        assert!(run.stdout.lines().all(|l| l.chars().count() <= 80), "{name}: {}", run.stdout);
    }
    assert!(told >= 5, "{told}");
}
