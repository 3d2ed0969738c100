//! Every rule on its own example and counter-example, and the registry's own order.

#![allow(clippy::unwrap_used, clippy::panic)]

mod evidence;

use std::collections::BTreeSet;

use coverage_model::Mode;
use diagnosis_rules::{Example, Kind, RULES, Rule};
use evidence::checked;
use inferguard::report::{CheckReport, Options};
use lmcache_prom::contract::Catalog;

/// What a user declares beside an example of a rule that is about declarations.
fn declared(rule: &Rule) -> Options {
    let expect_mode = (rule.code == "lmcache_mode_mismatch").then_some(Mode::Embedded);
    Options { expect_mode, ..Options::default() }
}

fn run(catalog: &Catalog, example: &Example, options: &Options) -> CheckReport {
    checked(catalog, example.files.iter().map(|file| (file.name, file.bytes)), options)
}

fn codes(report: &CheckReport) -> Vec<&str> {
    report.findings.iter().map(|f| f.code.as_str()).collect()
}

/// Each example fires its rule, and beside it only what it explains, what explains it, and what its
/// `also` names, all of it.
#[test]
fn examples_fire_exactly_their_rule() {
    let catalog = Catalog::new();
    let mut wrong = Vec::new();
    for rule in RULES {
        let report = run(&catalog, &rule.example, &declared(rule));
        let Some(own) = report.findings.iter().find(|f| f.code == rule.code) else {
            wrong.push(format!("{}: its example gives {:?}", rule.code, codes(&report)));
            continue;
        };
        let mut also: BTreeSet<&str> = rule.example.also.iter().copied().collect();
        for other in report.findings.iter().filter(|f| f.code != rule.code) {
            let named = also.remove(other.code.as_str())
                | other.cause.as_deref().is_some_and(|cause| also.remove(cause));
            let follows =
                other.explained_by.contains(&own.code) || own.explained_by.contains(&other.code);
            if !named && !follows {
                wrong.push(format!("{}: its example gives {}", rule.code, other.code));
            }
        }
        if !also.is_empty() {
            wrong.push(format!("{}: its example does not give {also:?}", rule.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn counter_examples_do_not() {
    let catalog = Catalog::new();
    let mut wrong = Vec::new();
    for rule in RULES {
        let report = run(&catalog, &rule.counter_example, &Options::default());
        if codes(&report).contains(&rule.code) {
            wrong.push(format!("{}: its counter-example gives {:?}", rule.code, codes(&report)));
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
