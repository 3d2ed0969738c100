//! Every rule on its own example and counter-example, and the registry's own order.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::collections::BTreeSet;

use diagnosis_rules::{Example, Kind, RULES};
use inferguard::packet::{Input, Limits, open};
use inferguard::report::{CheckReport, Options, check};
use lmcache_prom::contract::Catalog;

/// Rules that a declaration of the user answers, not evidence.
const DECLARED: &[&str] = &["lmcache_mode_mismatch"];

fn run(catalog: &Catalog, example: &Example) -> CheckReport {
    let dir = tempfile::tempdir().unwrap();
    for file in example.files {
        let path = dir.path().join(file.name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, file.bytes).unwrap();
    }
    let packet = open(&[Input::Path(dir.path().to_path_buf())], &Limits::default());
    check(catalog, packet, &Options::default())
}

fn told(report: &CheckReport) -> Vec<(String, Option<String>)> {
    report.findings.iter().map(|f| (f.code.clone(), f.cause.clone())).collect()
}

#[test]
fn examples_fire_their_rule_and_no_other_cause() {
    let catalog = Catalog::new();
    let mut wrong = Vec::new();
    for rule in RULES.iter().filter(|r| !DECLARED.contains(&r.code)) {
        let found = told(&run(&catalog, &rule.example));
        if !found.iter().any(|(code, _)| code == rule.code) {
            wrong.push(format!("{}: its example gives {found:?}", rule.code));
        }
        for (code, cause) in &found {
            let Some(cause) = cause.as_deref() else { continue };
            if rule.cause != Some(cause) && !rule.example.also.contains(&cause) {
                wrong.push(format!("{}: its example gives the cause {cause} ({code})", rule.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn counter_examples_do_not() {
    let catalog = Catalog::new();
    let mut wrong = Vec::new();
    for rule in RULES {
        let found = told(&run(&catalog, &rule.counter_example));
        if found.iter().any(|(code, _)| code == rule.code) {
            wrong.push(format!("{}: its counter-example gives {found:?}", rule.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn codes_are_unique_and_texts_are_whole() {
    let mut names = BTreeSet::new();
    for rule in RULES {
        for name in std::iter::once(&rule.code).chain(rule.aliases) {
            assert!(names.insert(*name), "{name} twice");
        }
        assert!(
            rule.code.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'),
            "{}",
            rule.code
        );
        for text in [rule.title, rule.explanation, rule.confirm, rule.action, rule.false_positives]
        {
            assert!(!text.is_empty() && !text.contains("TODO"), "{}", rule.code);
        }
        assert!(!rule.title.ends_with('.'), "{}: a title is no sentence", rule.code);
        assert_eq!(rule.cause.is_some(), rule.kind == Kind::Cause, "{}", rule.code);
        let thresholds: BTreeSet<&str> = rule.thresholds.iter().map(|t| t.name).collect();
        assert_eq!(thresholds.len(), rule.thresholds.len(), "{}", rule.code);
    }
}

#[test]
fn rules_name_each_other_by_codes_that_exist() {
    for rule in RULES {
        for name in rule.explains.iter().chain(rule.related) {
            assert!(diagnosis_rules::rule(name).is_some(), "{} names {name}", rule.code);
            assert_ne!(*name, rule.code, "{} names itself", rule.code);
        }
    }
}
